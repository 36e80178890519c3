//! The configuration that a command is given.

use std::path::Path;

use mqtt_twister_bridge::config::{BridgeConfig, BridgeName, ConfigFile, LoadedBridge};

use crate::error::CliError;

/// The bridges of a configuration, or the one that is asked for.
pub(crate) fn bridges(path: &Path, wanted: Option<&BridgeName>) -> Result<Vec<BridgeConfig>, CliError> {
    match wanted {
        None => Ok(load(path)?.into_iter().map(|bridge| bridge.config).collect()),
        Some(_) => Ok(vec![bridge(path, wanted)?.config]),
    }
}

/// The bridge of a configuration that is asked for, or its only one, with what the file says of its password.
pub(crate) fn bridge(path: &Path, wanted: Option<&BridgeName>) -> Result<LoadedBridge, CliError> {
    only(load(path)?, path, wanted)
}

/// The bridge that is asked for, or the only one.
pub(crate) fn only(
    mut bridges: Vec<LoadedBridge>,
    path: &Path,
    wanted: Option<&BridgeName>,
) -> Result<LoadedBridge, CliError> {
    let meant = match wanted {
        Some(wanted) => bridges.iter().position(|bridge| bridge.config.name == *wanted),
        None => (bridges.len() == 1).then_some(0),
    };
    match meant {
        Some(index) => Ok(bridges.swap_remove(index)),
        None => {
            let (path, has) = (path.to_owned(), bridges.iter().map(|bridge| bridge.config.name.to_string()).collect());
            Err(match wanted {
                Some(wanted) => CliError::NoSuchBridge { path, bridge: wanted.to_string(), has },
                None => CliError::WhichBridge { path, has },
            })
        }
    }
}

fn load(path: &Path) -> Result<Vec<LoadedBridge>, CliError> {
    let loaded = ConfigFile::load(path).map_err(|source| CliError::Config { path: path.to_owned(), source })?;
    Ok(loaded.bridges)
}
