//! `check`: reads a configuration, and the files that it names, as `run` would and says in words what each rule does. It
//! connects to nothing, so it says nothing of passwords, accounts and addresses beyond their form.

mod does;
pub(crate) mod warnings;

use std::fmt;
use std::path::Path;

use mqtt_twister_bridge::config::{BridgeConfig, ConfigFile, Subscription};
use mqtt_twister_bridge::loops;
use mqtt_twister_bridge::topic::TopicFilter;
use serde::Serialize;

use self::does::Does;
use self::warnings::Warning;
use crate::args::CheckArgs;
use crate::error::CliError;
use crate::output::Output;

/// One line of the report.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    /// A bridge begins.
    Bridge(&'a BridgeConfig),
    /// A rule for what goes out.
    Forward { bridge: &'a str, index: usize, does: Does<'a> },
    /// What may come in as it is, of everybody who is followed.
    Subscriptions { bridge: &'a str, from: Vec<&'a str>, topics: Vec<&'a TopicFilter> },
    /// A rule for what comes in that says more.
    Subscription { bridge: &'a str, index: usize, does: Does<'a> },
    /// Something that works, but probably not as meant.
    Warning { bridge: &'a str, message: String },
    /// All is read, and nothing stands in the way of `run`.
    Valid { path: &'a Path, bridges: usize, warnings: usize },
}

pub(crate) fn run(args: &CheckArgs, output: &Output) -> Result<(), CliError> {
    let path = &args.config;
    let loaded = ConfigFile::load(path).map_err(|source| CliError::Config { path: path.clone(), source })?;
    let mut warnings = 0;
    for bridge in &loaded.bridges {
        let config = &bridge.config;
        let unusable = |source| CliError::Files { bridge: config.name.clone(), source };
        config.broker.check_files().map_err(unusable)?;
        output.line(&Line::Bridge(config));
        for line in rules(config) {
            output.line(&line);
        }
        for warning in warnings::of(config).into_iter().chain(readable_password(path, bridge.node_password.is_some())) {
            warnings += 1;
            output.warning(&Line::Warning { bridge: config.name.as_str(), message: warning.to_string() });
        }
    }
    let configs: Vec<BridgeConfig> = loaded.bridges.iter().map(|bridge| bridge.config.clone()).collect();
    for warning in loops::find(&configs) {
        warnings += 1;
        let (rule, _) = warning.rules();
        output.warning(&Line::Warning { bridge: rule.bridge.as_str(), message: warning.to_string() });
    }
    output.line(&Line::Valid { path, bridges: loaded.bridges.len(), warnings });
    Ok(())
}

fn rules(config: &BridgeConfig) -> Vec<Line<'_>> {
    let bridge = config.name.as_str();
    let forwards = config.forwards.iter().enumerate();
    let mut lines: Vec<Line<'_>> =
        forwards.map(|(index, forward)| Line::Forward { bridge, index, does: Does::Forward(forward) }).collect();
    let is_plain = |rule: &Subscription| *rule == Subscription::from(rule.filter.clone());
    let topics: Vec<_> = config.subscriptions.iter().filter(|rule| is_plain(rule)).map(|rule| &rule.filter).collect();
    if !topics.is_empty() {
        let from = config.following.iter().map(|account| account.as_str()).collect();
        lines.push(Line::Subscriptions { bridge, from, topics });
    }
    let special = config.subscriptions.iter().enumerate().filter(|(_, rule)| !is_plain(rule));
    lines.extend(special.map(|(index, rule)| Line::Subscription { bridge, index, does: Does::Subscription(rule) }));
    lines
}

/// A warning if others on this machine can read the password in the file.
#[cfg(unix)]
fn readable_password(path: &Path, has_password: bool) -> Option<Warning> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = path.metadata().ok()?.permissions().mode();
    (has_password && mode & 0o044 != 0).then_some(Warning::ReadablePassword)
}

#[cfg(not(unix))]
fn readable_password(_: &Path, _: bool) -> Option<Warning> {
    None
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bridge(config) => write!(
                f,
                "{}: account {} at the node {}, broker {}",
                config.name, config.twister.account, config.twister.url, config.broker.url
            ),
            Self::Forward { index, does, .. } => write!(f, "  forwards[{index}]: {does}"),
            Self::Subscriptions { from, topics, .. } => {
                let topics: Vec<&str> = topics.iter().map(|filter| filter.as_str()).collect();
                write!(f, "  subscriptions: {} may come in from {}", topics.join(", "), from.join(", "))
            }
            Self::Subscription { index, does, .. } => write!(f, "  subscriptions[{index}]: {does}"),
            Self::Warning { bridge, message } => write!(f, "{bridge}: warning: {message}"),
            Self::Valid { path, warnings, .. } => {
                write!(f, "{} is valid", path.display())?;
                match warnings {
                    0 => Ok(()),
                    1 => f.write_str(", with 1 warning"),
                    n => write!(f, ", with {n} warnings"),
                }
            }
        }
    }
}
