//! Reading the configuration again while bridges run. Each takes over what it can while it runs; one whose node, account,
//! broker or password is another one is restarted, and the others do not notice. What cannot be used is told, and the old
//! settings stay.

use std::fmt;
use std::path::PathBuf;

use mqtt_twister_bridge::config::{BridgeConfig, BridgeName, ConfigFile, LoadedBridge};
use mqtt_twister_bridge::secrets::{Secrets, Sources};
use serde::Serialize;

use crate::bridges::{Bridges, Running};
use crate::output::Output;
use crate::secrets;

/// Where the settings come from.
pub(super) struct Reload {
    pub(super) config: PathBuf,
    pub(super) data_dir: PathBuf,
    pub(super) sources: Sources,
}

/// What became of the bridges.
#[derive(Debug, Default, Serialize)]
#[serde(tag = "type", rename = "reloaded")]
struct ReloadedLine {
    /// They go on with other rules, limits or accounts to follow.
    changed: Vec<BridgeName>,
    /// They were stopped and started.
    restarted: Vec<BridgeName>,
    /// They are new, or could not be started before.
    started: Vec<BridgeName>,
    /// They are not in the file any more.
    stopped: Vec<BridgeName>,
}

/// The settings, or those of one bridge, were not taken over.
#[derive(Serialize)]
#[serde(tag = "type", rename = "not_reloaded")]
struct NotReloadedLine {
    bridge: Option<BridgeName>,
    message: String,
}

impl Reload {
    /// Reads the file and has the bridges go on with it; tells what became of them.
    pub(super) async fn carry_out(&self, bridges: &mut Bridges, output: &Output) {
        let loaded = match ConfigFile::load(&self.config) {
            Ok(loaded) => loaded.bridges,
            Err(error) => {
                let message = format!("{} cannot be used: {error}", self.config.display());
                return output.warning(&NotReloadedLine { bridge: None, message });
            }
        };
        let mut line = ReloadedLine::default();
        let is_wanted = |name: &BridgeName| loaded.iter().any(|bridge| bridge.config.name == *name);
        let names = bridges.running.iter().map(|running| running.bridge.name().clone());
        let gone: Vec<BridgeName> = names.filter(|name| !is_wanted(name)).collect();
        for name in gone {
            bridges.remove(&name).await;
            line.stopped.push(name);
        }
        bridges.forget_failed(is_wanted);
        for bridge in loaded {
            self.take_over(bridge, bridges, &mut line, output).await;
        }
        output.line(&line);
    }

    /// Has one bridge go on with its settings.
    async fn take_over(&self, next: LoadedBridge, bridges: &mut Bridges, line: &mut ReloadedLine, output: &Output) {
        let name = next.config.name.clone();
        let config = next.config.clone();
        let running = bridges.running.iter().find(|running| *running.bridge.name() == name);
        let secrets = match secrets::load(next, self.sources.clone()).await {
            Ok(secrets) => secrets,
            Err(error) if running.is_some() => return not_taken_over(name, error, output),
            Err(error) => return bridges.not_started(&name, error, output),
        };
        match running {
            Some(Running { bridge, secrets: old }) if *bridge.config() == config && *old == secrets => {}
            Some(Running { bridge, secrets: old }) if !bridge.config().needs_restart(&config) && *old == secrets => {
                match bridge.reconfigure(config).await {
                    Ok(()) => line.changed.push(name),
                    Err(error) => not_taken_over(name, error, output),
                }
            }
            Some(_) => match config.broker.check_files() {
                Ok(()) => {
                    bridges.remove(&name).await;
                    self.start(config, secrets, bridges, &mut line.restarted, output).await;
                }
                // It would not start again.
                Err(error) => not_taken_over(name, error, output),
            },
            None => self.start(config, secrets, bridges, &mut line.started, output).await,
        }
    }

    async fn start(
        &self,
        config: BridgeConfig,
        secrets: Secrets,
        bridges: &mut Bridges,
        started: &mut Vec<BridgeName>,
        output: &Output,
    ) {
        let name = config.name.clone();
        if bridges.start(config, secrets, &self.data_dir, output, None).await {
            started.push(name);
        }
    }
}

fn not_taken_over(bridge: BridgeName, reason: impl fmt::Display, output: &Output) {
    output.warning(&NotReloadedLine { bridge: Some(bridge), message: reason.to_string() });
}

impl fmt::Display for ReloadedLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lists = [
            (&self.changed, "goes on with other settings"),
            (&self.restarted, "was restarted"),
            (&self.started, "was started"),
            (&self.stopped, "was stopped"),
        ];
        let words: Vec<String> =
            lists.iter().flat_map(|(names, what)| names.iter().map(move |name| format!("{name} {what}"))).collect();
        match words.as_slice() {
            [] => f.write_str("reloaded: nothing has changed"),
            words => write!(f, "reloaded: {}", words.join(", ")),
        }
    }
}

impl fmt::Display for NotReloadedLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.bridge {
            Some(bridge) => {
                write!(f, "{bridge}: goes on as before, for its new settings cannot be used: {}", self.message)
            }
            None => write!(f, "the bridges go on as before: {}", self.message),
        }
    }
}
