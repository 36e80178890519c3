//! `check`: reads a configuration, and the files that it names, as `run` would and says in words what each rule does. It
//! connects to nothing, so it says nothing of passwords, accounts and addresses beyond their form.

mod overlap;
mod warnings;

use std::fmt;
use std::path::Path;

use mqtt_twister_bridge::config::{BridgeConfig, ConfigFile, Forward, Visibility};
use mqtt_twister_bridge::topic::TopicFilter;
use serde::Serialize;

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
    /// What may come in.
    Subscriptions { bridge: &'a str, from: Vec<&'a str>, topics: &'a [TopicFilter] },
    /// Something that works, but probably not as meant.
    Warning { bridge: &'a str, message: String },
    /// All is read, and nothing stands in the way of `run`.
    Valid { path: &'a Path, bridges: usize, warnings: usize },
}

/// What a forward does, in words.
struct Does<'a>(&'a Forward);

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
    output.line(&Line::Valid { path, bridges: loaded.bridges.len(), warnings });
    Ok(())
}

fn rules(config: &BridgeConfig) -> impl Iterator<Item = Line<'_>> {
    let bridge = config.name.as_str();
    let forwards = config.forwards.iter().enumerate();
    let wanted = Line::Subscriptions {
        bridge,
        from: config.following.iter().map(|account| account.as_str()).collect(),
        topics: &config.subscriptions,
    };
    forwards
        .map(move |(index, forward)| Line::Forward { bridge, index, does: Does(forward) })
        .chain((!config.subscriptions.is_empty()).then_some(wanted))
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
                let topics: Vec<&str> = topics.iter().map(TopicFilter::as_str).collect();
                write!(f, "  subscriptions: {} may come in from {}", topics.join(", "), from.join(", "))
            }
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

impl fmt::Display for Does<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Forward { from, visibility, to } = self.0;
        match visibility {
            Visibility::Public => write!(f, "{from} goes out for everybody to read, as posts"),
            Visibility::Private => {
                let to: Vec<&str> = to.iter().map(|account| account.as_str()).collect();
                write!(f, "{from} goes to {}, encrypted, as far as they subscribe to it", to.join(", "))
            }
        }
    }
}

impl Serialize for Does<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
