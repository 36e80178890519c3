//! `run`: the bridges of a configuration file, until told to stop.

use mqtt_twister_bridge::config::{ConfigFile, LoadedBridge};
use mqtt_twister_bridge::secrets::{SecretError, Secrets};

use crate::args::RunArgs;
use crate::bridges::Bridges;
use crate::data_dir;
use crate::error::CliError;
use crate::output::Output;
use crate::shutdown::Shutdown;

pub(crate) async fn run(args: RunArgs, output: &Output) -> Result<(), CliError> {
    let mut shutdown = Shutdown::listen().map_err(CliError::Runtime)?;
    let loaded =
        ConfigFile::load(&args.config).map_err(|source| CliError::Config { path: args.config.clone(), source })?;
    let data_dir = data_dir::or_default(args.data_dir)?;
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
