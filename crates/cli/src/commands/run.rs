//! `run`: the bridges of a configuration file, until told to stop.

use std::path::PathBuf;

use mqtt_twister_bridge::config::{ConfigFile, LoadedBridge};
use mqtt_twister_bridge::secrets::{SecretError, Secrets};

use crate::args::RunArgs;
use crate::bridges::Bridges;
use crate::error::CliError;
use crate::output::Output;
use crate::shutdown::Shutdown;

/// The folder's name inside the user's data folder.
const DATA_FOLDER: &str = "mqtt-twister";

pub(crate) async fn run(args: RunArgs, output: &Output) -> Result<(), CliError> {
    let mut shutdown = Shutdown::listen().map_err(CliError::Runtime)?;
    let loaded =
        ConfigFile::load(&args.config).map_err(|source| CliError::Config { path: args.config.clone(), source })?;
    let data_dir = args.data_dir.or_else(default_data_dir).ok_or(CliError::NoDataDir)?;
    let mut bridges = Bridges::new();
    for bridge in loaded.bridges {
        match secrets(bridge.clone()).await {
            Ok(secrets) => bridges.start(bridge.config, secrets, &data_dir, output, |_| None).await,
            Err(error) => bridges.not_started(&bridge.config.name, error, output),
        }
    }
    bridges.run_until(&mut shutdown, output, async {}).await
}

/// Asks for the passwords beside the other tasks: a keyring may wait for a person to unlock it.
async fn secrets(bridge: LoadedBridge) -> Result<Secrets, SecretError> {
    match tokio::task::spawn_blocking(move || bridge.secrets()).await {
        Ok(secrets) => secrets,
        Err(stopped) => std::panic::resume_unwind(stopped.into_panic()),
    }
}

fn default_data_dir() -> Option<PathBuf> {
    dirs::data_dir().map(|dir| dir.join(DATA_FOLDER))
}
