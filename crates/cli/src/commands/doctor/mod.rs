//! `doctor`: looks at everything that the bridges of a configuration stand on, whether they run or not, and says in plain
//! words what is wrong and what to do.
//!
//! It asks the engine's own rooms and changes nothing. What is found out from a node's measurement is
//! [`mqtt_twister_bridge::network`]'s; here are the words.

mod broker;
mod finding;
mod node;
mod report;
mod words;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use mqtt_twister_bridge::config::{BridgeConfig, BridgeName, ConfigFile, LoadedBridge};
use mqtt_twister_bridge::event::{BridgeState, PartState, Phase, ProblemCode};
use mqtt_twister_bridge::loops;
use mqtt_twister_bridge::network::Severity;
use mqtt_twister_bridge::secrets::{SecretKind, Secrets, Sources};
use serde::Serialize;

use self::finding::{Code, Found};
use self::report::{Report, Well};
use crate::args::DoctorArgs;
use crate::commands::check::warnings;
use crate::data_dir;
use crate::error::CliError;
use crate::output::Output;
use crate::reach::reach;
use crate::secrets;

/// What it ends with if nothing but warnings was found, and if a fault was.
const EXIT_WARNINGS: u8 = 3;
const EXIT_FAULTS: u8 = 4;

/// One line of the diagnosis.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    /// Something that works.
    Well {
        bridge: &'a BridgeName,
        #[serde(flatten)]
        well: &'a Well,
    },
    /// Something that does not.
    Finding {
        bridge: &'a BridgeName,
        #[serde(flatten)]
        found: &'a Found,
    },
    /// That was all.
    Diagnosis { bridges: usize, faults: usize, warnings: usize, notices: usize },
}

/// Returns the exit code.
pub(crate) async fn run(args: DoctorArgs, output: &Output) -> Result<u8, CliError> {
    let sources = secrets::sources(args.secrets)?;
    let loaded =
        ConfigFile::load(&args.config).map_err(|source| CliError::Config { path: args.config.clone(), source })?;
    let data_dir = data_dir::or_default(args.data_dir)?;
    let listening = Duration::from_secs(args.listen);
    let configs: Vec<BridgeConfig> = loaded.bridges.iter().map(|bridge| bridge.config.clone()).collect();
    let mut severities = Vec::new();
    let mut bridges = 0;
    for bridge in loaded.bridges {
        if args.bridge.as_ref().is_some_and(|wanted| *wanted != bridge.config.name) {
            continue;
        }
        bridges += 1;
        let name = bridge.config.name.clone();
        let mut report = examine(bridge, &sources, &data_dir, listening).await;
        report.join(rounds(&name, &configs));
        report.sort();
        output.text(format_args!("{name}:"));
        for well in report.wells() {
            output.line(&Line::Well { bridge: &name, well });
        }
        for found in report.findings() {
            output.line(&Line::Finding { bridge: &name, found });
        }
        severities.extend(report.findings().iter().map(|found| found.severity));
    }
    if let (0, Some(wanted)) = (bridges, args.bridge) {
        let has = configs.iter().map(|config| config.name.to_string()).collect();
        return Err(CliError::NoSuchBridge { path: args.config, bridge: wanted.to_string(), has });
    }
    let count = |severity| severities.iter().filter(|found| **found == severity).count();
    let (faults, warnings) = (count(Severity::Fault), count(Severity::Warning));
    output.line(&Line::Diagnosis { bridges, faults, warnings, notices: count(Severity::Notice) });
    Ok(match (faults, warnings) {
        (0, 0) => 0,
        (0, _) => EXIT_WARNINGS,
        _ => EXIT_FAULTS,
    })
}

/// Looks at one bridge.
async fn examine(bridge: LoadedBridge, sources: &Sources, data_dir: &Path, listening: Duration) -> Report {
    let config = bridge.config.clone();
    let mut report = Report::default();
    let state = match ask_running(&config.name, data_dir).await {
        Ok(state) => state,
        Err(found) => {
            report.found(found);
            BridgeState::stopped(config.name.clone())
        }
    };
    let is_running = state.phase == Phase::Running;
    match is_running {
        true if state.ready => report.well("bridge", "it runs, and messages can cross"),
        true => report.well("bridge", "it runs"),
        false if report.findings().is_empty() => {
            report.found(Found::notice(Code::NotRunning, "the bridge does not run: start it with `run`"));
        }
        false => {}
    }
    report.join(in_the_clear(&config));
    let secrets = match secrets::load(bridge, sources.clone()).await {
        Ok(secrets) => Some(secrets),
        Err(error) => {
            report.found(Found::fault(Code::KeyringUnavailable, error.to_string()));
            None
        }
    };
    let (node, broker) =
        tokio::join!(node_side(&config, secrets.as_ref(), &state), broker_side(&config, secrets.as_ref(), listening));
    report.join(node);
    report.join(broker);
    for warning in warnings::of(&config) {
        report.found(Found::warning(Code::RuleWithoutEffect, warning.to_string()));
    }
    for part in [&state.broker, &state.node, &state.account, &state.network] {
        let PartState::Down { problem } = part else { continue };
        if !report.findings().iter().any(|found| found.code == Code::Problem(problem.code)) {
            let message = format!("the running bridge says: {}", problem.message);
            report.found(Found::fault(Code::Problem(problem.code), message));
        }
    }
    report
}

/// What the bridge says of itself if it runs.
async fn ask_running(bridge: &BridgeName, data_dir: &Path) -> Result<BridgeState, Found> {
    let asked = async { reach(bridge, data_dir).await?.status().await };
    asked.await.map(|status| status.state).map_err(|error| match error {
        CliError::Store { source, .. } => Found::fault(Code::Problem(ProblemCode::StorageFailed), source.to_string()),
        other => Found::warning(Code::NotAnswering, other.to_string()),
    })
}

async fn node_side(config: &BridgeConfig, secrets: Option<&Secrets>, state: &BridgeState) -> Report {
    let has_user = !config.twister.user.is_empty();
    let mut report = Report::default();
    match secrets {
        None if has_user => {}
        Some(secrets) if has_user && secrets.node.is_empty() => {
            let text = format!(
                "the node wants the password of {}, and none is known. Put it into the keyring (`init` does), or hand it over \
                 as {}",
                config.twister.user,
                SecretKind::Node.variable(&config.name)
            );
            report.found(Found::fault(Code::PasswordMissing, text));
        }
        _ => {
            let password = secrets.map(|secrets| secrets.node.clone()).unwrap_or_default();
            report.join(node::examine(config, &password, state).await);
        }
    }
    report
}

async fn broker_side(config: &BridgeConfig, secrets: Option<&Secrets>, listening: Duration) -> Report {
    match secrets {
        None if !config.broker.user.is_empty() => Report::default(),
        _ => {
            let password = secrets.map(|secrets| secrets.broker.clone()).unwrap_or_default();
            broker::examine(config, &password, listening).await
        }
    }
}

/// Passwords that others on the way can read.
fn in_the_clear(config: &BridgeConfig) -> Report {
    let mut report = Report::default();
    let (url, broker) = (&config.twister.url, &config.broker);
    if !config.twister.user.is_empty() && !is_local(url.host()) {
        let text = format!(
            "the node's password goes over the network to {url} for everybody on the way to read, and who has it has the \
             keys of all its accounts. Use a tunnel (ssh -L 28332:127.0.0.1:28332), and the node's address on this machine"
        );
        report.found(Found::warning(Code::PasswordInTheClear, text));
    }
    if !broker.user.is_empty() && !broker.url.is_tls() && !is_local(broker.url.host()) {
        let text = format!(
            "the broker's password and all messages go over the network to {} for everybody on the way to read. Use \
             mqtts:// or wss:// if the broker offers it",
            broker.url
        );
        report.found(Found::notice(Code::PasswordInTheClear, text));
    }
    report
}

fn is_local(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Rules of this bridge by which messages would go round.
fn rounds(bridge: &BridgeName, configs: &[BridgeConfig]) -> Report {
    let mut report = Report::default();
    for warning in loops::find(configs) {
        if warning.rules().0.bridge == *bridge {
            report.found(Found::warning(Code::MessagesGoRound, warning.to_string()));
        }
    }
    report
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Well { well: Well { part, message }, .. } => write!(f, "  {:<8} {part}: {message}", "ok"),
            Self::Finding { found, .. } => found.fmt(f),
            Self::Diagnosis { faults: 0, warnings: 0, .. } => f.write_str("all is well"),
            Self::Diagnosis { faults, warnings, .. } => {
                let plural = |count: &usize| if *count == 1 { "" } else { "s" };
                write!(f, "{faults} fault{}, {warnings} warning{}", plural(faults), plural(warnings))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_of_this_machine_is_known_by_its_name_or_address() {
        for host in ["localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"] {
            assert!(is_local(host), "{host}");
        }
        for host in ["node.local", "192.168.1.2", "127.0.0.1.example.org"] {
            assert!(!is_local(host), "{host}");
        }
    }
}
