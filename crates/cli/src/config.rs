//! The configuration that a command is given.

use std::path::Path;

use mqtt_twister_bridge::config::{BridgeConfig, BridgeName, ConfigFile};

use crate::error::CliError;

/// The bridges of a configuration, or the one that is asked for.
pub(crate) fn bridges(path: &Path, wanted: Option<&BridgeName>) -> Result<Vec<BridgeConfig>, CliError> {
    let loaded = ConfigFile::load(path).map_err(|source| CliError::Config { path: path.to_owned(), source })?;
    let bridges: Vec<BridgeConfig> = loaded.bridges.into_iter().map(|bridge| bridge.config).collect();
    let Some(wanted) = wanted else { return Ok(bridges) };
    match bridges.iter().find(|bridge| bridge.name == *wanted) {
        Some(bridge) => Ok(vec![bridge.clone()]),
        None => Err(CliError::NoSuchBridge {
            path: path.to_owned(),
            bridge: wanted.to_string(),
            has: bridges.iter().map(|bridge| bridge.name.to_string()).collect(),
        }),
    }
}
