//! `run`: the bridges of a configuration file, until told to stop; SIGHUP has it read the file again.

mod reload;

use std::fmt;
use std::net::SocketAddr;

use mqtt_twister_bridge::config::ConfigFile;
use serde::Serialize;

use self::reload::Reload;
use crate::args::RunArgs;
use crate::bridges::Bridges;
use crate::data_dir;
use crate::error::CliError;
use crate::metrics;
use crate::output::Output;
use crate::secrets;
use crate::shutdown::{Hangup, Shutdown, Wish};

/// Where the metrics are.
#[derive(Serialize)]
#[serde(tag = "type", rename = "metrics")]
struct MetricsLine {
    url: String,
    health_url: String,
}

pub(crate) async fn run(args: RunArgs, output: &Output) -> Result<(), CliError> {
    let mut shutdown = Shutdown::listen().map_err(CliError::Runtime)?;
    let mut hangup = Hangup::listen().map_err(CliError::Runtime)?;
    let sources = secrets::sources(args.secrets)?;
    let loaded =
        ConfigFile::load(&args.config).map_err(|source| CliError::Config { path: args.config.clone(), source })?;
    let data_dir = data_dir::or_default(args.data_dir)?;
    let listener = match args.metrics {
        Some(address) => Some(metrics::listen(address, args.metrics_from_anywhere).await?),
        None => None,
    };
    let mut bridges = Bridges::new();
    // It ends with this function.
    let _metrics = match listener {
        Some((listener, address)) => {
            output.line(&MetricsLine::at(address));
            Some(metrics::serve(listener, bridges.states()))
        }
        None => None,
    };
    for bridge in loaded.bridges {
        match secrets::load(bridge.clone(), sources.clone()).await {
            Ok(secrets) => drop(bridges.start(bridge.config, secrets, &data_dir, output, None).await),
            Err(error) => bridges.not_started(&bridge.config.name, error, output),
        }
    }
    bridges.check_started()?;
    let reload = Reload { config: args.config, data_dir, sources };
    let mut is_told = false;
    loop {
        tokio::select! {
            () = bridges.ready(), if !is_told => {
                bridges.tell_ready(output);
                is_told = true;
            }
            () = shutdown.requested() => return bridges.stop(&mut shutdown).await,
            wish = hangup.requested() => match wish {
                Wish::Reload => reload.carry_out(&mut bridges, output).await,
                Wish::Stop => return bridges.stop(&mut shutdown).await,
            },
        }
    }
}

impl MetricsLine {
    fn at(address: SocketAddr) -> Self {
        Self { url: format!("http://{address}/metrics"), health_url: format!("http://{address}/healthz") }
    }
}

impl fmt::Display for MetricsLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "metrics at {}, health at {}", self.url, self.health_url)
    }
}
