//! The command line.

mod account;
mod doctor;
mod edit;
mod queue;
mod secrets;

pub(crate) use account::{AccountArgs, AccountCommand, AtNode, ImportAccount, OneAccount};
pub(crate) use doctor::DoctorArgs;
pub(crate) use edit::{FollowArgs, InitArgs, SubscribeArgs, TailArgs};
pub(crate) use queue::{QueueArgs, QueueCommand, StatusArgs};
pub(crate) use secrets::SecretArgs;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Parser, Subcommand, ValueEnum};
use mqtt_twister_bridge::config::BridgeName;
use mqtt_twister_bridge::message::Qos;
use mqtt_twister_bridge::topic::Topic;
use tracing_subscriber::EnvFilter;
use twister::Username;

use crate::commands::estimate::LONGEST_ACCOUNT;

const EXIT_CODES: &str = "\
Exit codes:
  0  it did what was asked, and stopped when it was told to (SIGINT, SIGTERM)
  1  something failed while it ran: a bridge could not start, a port is in use, ...
  2  it could not begin: wrong arguments, or a configuration that cannot be read or is not valid
  3, 4  doctor has found warnings, or faults

Passwords are never given on the command line. A bridge's passwords are looked for in this order: lines of NAME=VALUE from
the file descriptor that --secrets-fd names; the credentials of systemd in $CREDENTIALS_DIRECTORY, one called NAME or the
same lines in one called mqtt-twister-secrets; the environment variables MQTT_TWISTER_<BRIDGE>_NODE_PASSWORD and
MQTT_TWISTER_<BRIDGE>_BROKER_PASSWORD (the bridge's name in capitals, with _ for -), which are the NAMEs elsewhere, too; a
mosquitto-twister file's URL; the system's keyring.";

/// Joins MQTT brokers over the Twister peer-to-peer network, with no server in the middle.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES)]
pub(crate) struct Args {
    /// Print one JSON object a line, for programs to read
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Log to standard error what happens inside, as debug or mqtt_twister_bridge=trace (default: RUST_LOG)
    #[arg(long, global = true, value_name = "FILTER", value_parser = log_filter)]
    pub(crate) log: Option<LogFilter>,

    /// How standard error is written. As json, problems and the log are one JSON object a line
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a configuration from the answers to a few questions
    ///
    /// Asks for the node, the account (a new one is registered), the broker and the rules, tries each out, and writes a
    /// commented file. Passwords go to the system's keyring. Answers are read line by line, so they may come from a program.
    Init(InitArgs),
    /// Run the bridges of a configuration until told to stop
    ///
    /// Prints a line "ready" once messages can cross on every bridge, and problems to standard error as they come. What a
    /// bridge cannot reach it tries again by itself; nothing is lost meanwhile. On SIGHUP it reads the configuration again:
    /// rules change while messages flow, and only a bridge whose node, account, broker or password is another one is
    /// restarted. A configuration that cannot be used is told, and the bridges go on as before.
    Run(RunArgs),
    /// Say what is wrong with the bridges of a configuration, in plain words
    ///
    /// Looks at the node, the network, the account and its profile, the posts left, the broker and whether the rules are about
    /// anything there, whether the bridges run or not. It changes nothing.
    #[command(after_help = doctor::EXIT_CODES)]
    Doctor(DoctorArgs),
    /// List, make, register and import the node's accounts
    Account(AccountArgs),
    /// Let messages of more accounts in; a running bridge does so at once
    ///
    /// Changes the configuration and leaves its comments as they are.
    Follow(FollowArgs),
    /// Subscribe to more topics of the network; a running bridge does so at once
    ///
    /// Changes the configuration and leaves its comments as they are.
    Subscribe(SubscribeArgs),
    /// Show messages of running bridges as they move
    Tail(TailArgs),
    /// Run a Twister network inside this program, to try things out
    ///
    /// The network lives in this process, on this machine's loopback address: nothing leaves it. It prints each node's
    /// URL with its user and password, to be copied.
    Sandbox(SandboxArgs),
    /// See two bridges at work: a sandbox network, two brokers, and messages that cross
    ///
    /// Starts everything that is needed on this machine, publishes a few messages and shows them cross, then waits for
    /// yours.
    Demo(DemoArgs),
    /// Check a configuration and say what each rule does
    ///
    /// Reads the configuration as run would, and connects to nothing.
    Check(CheckArgs),
    /// Say how many posts a recording of MQTT traffic would cost in packed frames
    ///
    /// Packs the messages into frames v1, over the recording's own time, and sends nothing. The recording has one JSON object a line: {"t":seconds,"topic":"a/b","payload":"text" or {"base64":"..."},"qos":0,"retain":false}
    Estimate(EstimateArgs),
    /// Say what the rules of a configuration would do with a message or a recording
    ///
    /// Which rules fire, the resulting topic, who can read it, and what it costs in posts, alone on a quiet bridge. With
    /// --from it says what a message of that account would become here. With --trace it packs a recording's messages, over
    /// the recording's own time, and tells the posts of each rule; the recording is one as for estimate. It connects to
    /// nothing, so it does not know what the receivers of private messages have subscribed to.
    Rehearse(RehearseArgs),
    /// Say how the bridges of a configuration are, and what waits
    ///
    /// Asks each bridge that runs, as the same user: its state, problems, posts left, what has crossed, and what waits for
    /// whom and why. Of one that does not run it says what waits.
    Status(StatusArgs),
    /// List what waits to go out; hold, release, drop or retry it
    ///
    /// Works on bridges that run, and on the database of those that do not. A message can be held or dropped as long as no
    /// part of it is in a frame (state packed); one that is out (posted) is given up with drop, if all that shares its post
    /// is dropped. What comes later overtakes what is held.
    Queue(QueueArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// The configuration: TOML with [[bridge]] tables, or a mosquitto-twister JSON file
    pub(crate) config: PathBuf,

    /// Where the bridges keep what they have taken over and not yet passed on [default: mqtt-twister in the user's data folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// Answer /metrics (for Prometheus) and /healthz by HTTP there, as 127.0.0.1:9464; port 0 is any free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) metrics: Option<SocketAddr>,

    /// Let other machines read the metrics, too
    #[arg(long, requires = "metrics")]
    pub(crate) metrics_from_anywhere: bool,

    #[command(flatten)]
    pub(crate) secrets: SecretArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SandboxArgs {
    /// How many nodes
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) nodes: u16,

    /// A node's port; give it again for the next node. Nodes without one take a free port
    #[arg(long = "port", value_name = "P")]
    pub(crate) ports: Vec<u16>,

    /// An account to register, and the node that holds its key, as alice@0; nodes count from 0. May be given again
    #[arg(long = "user", value_name = "NAME@NODE")]
    pub(crate) users: Vec<UserAt>,

    /// The nodes' password instead of a random one
    #[arg(long, env = "MQTT_TWISTER_SANDBOX_PASSWORD", hide_env_values = true)]
    pub(crate) password: Option<String>,

    /// Seconds between two blocks of the chain
    #[arg(long, value_name = "S", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) block_seconds: u64,

    /// The nodes' swarms are not joined, as where routers let nothing in: posts travel by the DHT alone
    #[arg(long)]
    pub(crate) swarms_apart: bool,

    /// Where to keep the network, to go on with it next time [default: it is forgotten]
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// Where to keep network, brokers and bridges, to go on with them next time [default: they are forgotten]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// The configuration: TOML with [[bridge]] tables, or a mosquitto-twister JSON file
    pub(crate) config: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct EstimateArgs {
    /// The recording
    pub(crate) trace: PathBuf,

    /// Tell of every post
    #[arg(long)]
    pub(crate) per_post: bool,

    /// As direct messages to this account
    #[arg(long, value_name = "NAME")]
    pub(crate) private: Option<Username>,

    /// As public posts; so it is unless --private is given
    #[arg(long, conflicts_with = "private")]
    pub(crate) public: bool,

    /// The account that posts: the shorter its name, the more fits a post
    #[arg(long, value_name = "NAME", default_value = LONGEST_ACCOUNT)]
    pub(crate) account: Username,

    /// How long a message may wait for others to share its post
    #[arg(long, value_name = "N", default_value_t = 250, value_parser = clap::value_parser!(u64).range(..=86_400_000))]
    pub(crate) max_wait_ms: u64,

    /// As if posts were scarce: every message waits as long as it may
    #[arg(long)]
    pub(crate) scarce: bool,

    /// A newer message replaces an older one of its topic that waits
    #[arg(long)]
    pub(crate) latest_only: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RehearseArgs {
    /// The configuration: TOML with [[bridge]] tables, or a mosquitto-twister JSON file
    pub(crate) config: PathBuf,

    /// The message's topic: at the local broker, or with --from on the network
    #[arg(long, value_name = "TOPIC", required_unless_present = "trace")]
    pub(crate) topic: Option<Topic>,

    /// The message's payload
    #[arg(long, value_name = "TEXT", default_value = "", conflicts_with = "trace")]
    pub(crate) payload: String,

    /// The message's quality of service
    #[arg(long, value_name = "0-2", default_value = "0", value_parser = qos, conflicts_with = "trace")]
    pub(crate) qos: Qos,

    /// The message is retained
    #[arg(long, conflicts_with = "trace")]
    pub(crate) retain: bool,

    /// The message comes from this account
    #[arg(long, value_name = "NAME", conflicts_with = "trace")]
    pub(crate) from: Option<Username>,

    /// A recording in the place of a message
    #[arg(long, value_name = "FILE", conflicts_with = "topic")]
    pub(crate) trace: Option<PathBuf>,

    /// As if posts were scarce: every message of the recording waits as long as its rule allows
    #[arg(long, requires = "trace")]
    pub(crate) scarce: bool,

    /// Only this bridge of the configuration
    #[arg(long, value_name = "NAME")]
    pub(crate) bridge: Option<BridgeName>,
}

/// An account and the node that holds its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserAt {
    pub(crate) name: Username,
    pub(crate) node: usize,
}

/// Why a text is no [`UserAt`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UserAtError {
    #[error("write it as NAME@NODE, for example alice@0 for the first node")]
    Form,
    #[error(transparent)]
    Name(#[from] twister::names::UsernameError),
}

impl FromStr for UserAt {
    type Err = UserAtError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, node) = text.split_once('@').ok_or(UserAtError::Form)?;
        Ok(Self { name: name.parse()?, node: node.parse().map_err(|_| UserAtError::Form)? })
    }
}

/// How standard error is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object a line
    Json,
}

/// A log filter that has been read once, so that a wrong one is an error of the command line.
#[derive(Debug, Clone)]
pub(crate) struct LogFilter(String);

impl LogFilter {
    pub(crate) fn into_filter(self) -> EnvFilter {
        EnvFilter::new(self.0)
    }
}

fn qos(text: &str) -> Result<Qos, String> {
    let number: u8 = text.parse().map_err(|_| "write 0, 1 or 2".to_owned())?;
    Qos::try_from(number).map_err(|error| error.to_string())
}

fn log_filter(text: &str) -> Result<LogFilter, String> {
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(LogFilter(text.to_owned())),
        Err(error) => Err(format!("{error}; write a level, as info or debug, or part=level, as twister=debug")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn an_account_names_its_node() {
        let alice: UserAt = "alice@1".parse().unwrap();
        assert_eq!((alice.name.as_str(), alice.node), ("alice", 1));
        for text in ["alice", "alice@", "alice@b"] {
            assert_eq!(text.parse::<UserAt>().unwrap_err(), UserAtError::Form, "{text:?}");
        }
        assert!(matches!("Alice@0".parse::<UserAt>(), Err(UserAtError::Name(_))));
    }
}
