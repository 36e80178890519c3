//! What ends the program with an exit code other than 0.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use mqtt_twister_bridge::StoreError;
use mqtt_twister_bridge::check::CheckError;
use mqtt_twister_bridge::config::{BridgeName, ConfigError, TlsFileError};
use mqtt_twister_bridge::control::ControlError;
use mqtt_twister_bridge::secrets::SecretError;
use mqtt_twister_sandbox::SandboxError;
use mqtt_twister_tryout::TryoutError;

use crate::commands::trace::TraceError;
use crate::edit::EditError;

/// Why the program ends before it was told to. The text says what happened, why, and what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The configuration cannot be read or is not valid.
    #[error("{} cannot be used: {source}", path.display())]
    Config { path: PathBuf, source: ConfigError },
    /// A file that the configuration names cannot be used.
    #[error("the bridge {bridge} cannot run: {source}")]
    Files { bridge: BridgeName, source: TlsFileError },
    /// The recording cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Trace { path: PathBuf, source: io::Error },
    /// The recording has a line that cannot be used.
    #[error("{}: {source}", path.display())]
    TraceLine { path: PathBuf, source: TraceError },
    /// A bridge that the configuration does not have.
    #[error("{} has no bridge {bridge}: it has {}", path.display(), has.join(", "))]
    NoSuchBridge { path: PathBuf, bridge: String, has: Vec<String> },
    /// Several bridges, and one is meant.
    #[error("{} has several bridges: say which with --bridge NAME ({})", path.display(), has.join(", "))]
    WhichBridge { path: PathBuf, has: Vec<String> },
    /// The configuration cannot be changed as asked.
    #[error("{} was not changed: {source}", path.display())]
    Edit { path: PathBuf, source: EditError },
    /// A configuration that would have been written over.
    #[error("{} is there already, and is not written over: name another file, or move it away", path.display())]
    ConfigExists { path: PathBuf },
    /// There are no more answers.
    #[error("the answers ended before all was asked, so nothing was written: run it again")]
    NoAnswer,
    /// The answers cannot be read.
    #[error("the answer cannot be read: {0}")]
    Answer(#[source] io::Error),
    /// A password cannot be had.
    #[error("{0}")]
    Secrets(#[source] SecretError),
    /// A secret key cannot be read.
    #[error("the secret key cannot be read from file descriptor {number}: {source}")]
    Key { number: u32, source: io::Error },
    /// An account that is to be made is in the wallet already.
    #[error("{account} is in the node's wallet already: `account register` sends its registration, if that is missing")]
    AccountExists { account: String },
    /// An account that is to be registered is not in the wallet.
    #[error("the node's wallet has no key for {account}: `account create` makes a new account")]
    NotInWallet { account: String },
    /// The node does not do what was asked.
    #[error("{0}")]
    Node(#[from] CheckError),
    /// Metrics would be open to everybody.
    #[error(
        "{address} is no address of this machine alone, and everybody who reaches it could read the metrics: use \
         127.0.0.1, or add --metrics-from-anywhere if that is meant"
    )]
    MetricsNotLocal { address: SocketAddr },
    /// The port for metrics cannot be had.
    #[error("metrics cannot be offered at {address}: {source}. Name another port, or 0 for any free one")]
    MetricsPort { address: SocketAddr, source: io::Error },
    /// There is no running bridge to ask.
    #[error("none of the bridges runs, so there is nothing to see: start them with `run`")]
    NoneRuns,
    /// The system does not say where a user's data belongs.
    #[error("this system names no folder for a user's data: say where with --data-dir DIR")]
    NoDataDir,
    /// Numbers of messages without the bridge whose they are.
    #[error("--id names messages of one bridge: say which with --bridge NAME")]
    WhoseId,
    /// Everything would be dropped.
    #[error("this would drop all that waits: say which with --to, --topic or --id, or --all if all is meant")]
    DropsAll,
    /// A running bridge did not do what was asked.
    #[error("{bridge}: {source}")]
    Control { bridge: BridgeName, source: ControlError },
    /// A bridge's database cannot be used.
    #[error("{bridge}: {source}")]
    Store { bridge: BridgeName, source: StoreError },
    /// A bridge holds its database and cannot be asked.
    #[error(
        "{bridge} runs, as its database in {} is in use, and does not answer there. It may be starting or stopping: ask \
         again; if that does not help, restart it", folder.display()
    )]
    NotAnswering { bridge: BridgeName, folder: PathBuf },
    /// An account on a node that there is none of.
    #[error("--user {name}@{node}: there is no node {node}; with --nodes {nodes} they are 0 to {}", nodes - 1)]
    NoSuchNode { name: String, node: usize, nodes: usize },
    /// More ports than nodes.
    #[error("--port is given {ports} times for {nodes} nodes: leave out some, or raise --nodes")]
    TooManyPorts { ports: usize, nodes: usize },
    /// No bridge could start; each has said why.
    #[error("no bridge could be started, for the reasons above")]
    NoneStarted,
    /// Some bridges ran, others could not start.
    #[error("{failed} of {all} bridges could not be started, for the reasons told at the start")]
    SomeNotStarted { failed: usize, all: usize },
    /// The sandbox network failed.
    #[error("the sandbox network could not be started: {0}")]
    Sandbox(#[from] SandboxError),
    /// The demonstration's parts failed.
    #[error("the demo could not be started: {0}")]
    Tryout(#[from] TryoutError),
    /// A second signal came while the bridges were stopping.
    #[error("stopped at once by a second signal. What was taken over is safe and goes on at the next start")]
    StoppedTwice,
    /// The operating system gives no threads or signals.
    #[error("the program cannot run here: {0}")]
    Runtime(#[source] io::Error),
}

impl CliError {
    /// The exit code, as `--help` lists them.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Config { .. }
            | Self::Files { .. }
            | Self::Trace { .. }
            | Self::TraceLine { .. }
            | Self::NoSuchBridge { .. }
            | Self::WhichBridge { .. }
            | Self::Edit { .. }
            | Self::ConfigExists { .. }
            | Self::NoAnswer
            | Self::Answer(_)
            | Self::Secrets(_)
            | Self::Key { .. }
            | Self::AccountExists { .. }
            | Self::NotInWallet { .. }
            | Self::MetricsNotLocal { .. }
            | Self::NoDataDir
            | Self::WhoseId
            | Self::DropsAll
            | Self::NoSuchNode { .. }
            | Self::TooManyPorts { .. } => 2,
            Self::NoneStarted
            | Self::SomeNotStarted { .. }
            | Self::Node(_)
            | Self::MetricsPort { .. }
            | Self::NoneRuns
            | Self::Control { .. }
            | Self::Store { .. }
            | Self::NotAnswering { .. }
            | Self::Sandbox(_)
            | Self::Tryout(_)
            | Self::StoppedTwice
            | Self::Runtime(_) => 1,
        }
    }
}
