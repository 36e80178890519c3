//! What the stand-in does.

mod backend;
mod folder;
mod front;
mod joining;
mod options;
mod rpc;
mod script;

use std::fmt;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use mqtt_twister_sandbox::SandboxError;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use backend::Backend;
use folder::Folder;
use options::Options;
use rpc::Rpc;
use script::{Crash, Script};

/// Why it does not start, in the words that twisterd has for it.
#[derive(Debug)]
enum StartError {
    NoDataDir,
    NoPassword,
    Locked(String),
    NoPort(u16),
    Asked,
    Io(io::Error),
    Sandbox(SandboxError),
}

/// Runs until it is asked to stop.
#[tokio::main]
pub(crate) async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), StartError> {
    let mut terminate = signal(SignalKind::terminate())?;
    let options = Options::read(std::env::args().skip(1))?;
    let folder = Arc::new(Folder::take(&options.data_dir)?);
    folder.log("Twister version v0.9.40.0-unk-beta (stand-in)");
    let script = Script::read(&options.data_dir)?;
    if script.crash == Some(Crash::AtStart) {
        return Err(StartError::Asked);
    }
    let peers = TcpListener::bind(("0.0.0.0", options.port)).await.map_err(|_| StartError::NoPort(options.port))?;
    let callers = TcpListener::bind(("127.0.0.1", options.rpc_port)).await;
    let callers = callers.map_err(|_| StartError::NoPort(options.rpc_port))?;
    let backend = Arc::new(Backend::start(&options, &script).await?);
    folder.log("init message: Done loading");

    let mut tasks = JoinSet::new();
    tasks.spawn(joining::accept(peers, Arc::clone(&backend)));
    if !backend.others().is_empty() {
        let hello = joining::Hello { identity: folder.identity()?, port: options.port };
        tasks.spawn(joining::join(hello, Arc::clone(&backend)));
    }
    tasks.spawn(backend::generate(Arc::clone(&backend)));
    let rpc = Arc::new(Rpc::new(Arc::clone(&backend), Arc::clone(&folder), &script));
    if script.answers {
        tasks.spawn(front::serve(callers, options.authorization(), Arc::clone(&rpc)));
    }
    tokio::select! {
        () = rpc.stopped() => folder.log("stop: asked by RPC"),
        _ = terminate.recv() => folder.log("stop: SIGTERM"),
    }
    tasks.shutdown().await;
    drop(rpc);
    if let Some(backend) = Arc::into_inner(backend) {
        backend.stop().await?;
    }
    folder.log("Shutdown : done");
    Ok(())
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDataDir => f.write_str("Specified directory does not exist"),
            Self::NoPassword => f.write_str("To use twisterd, you must set a rpcpassword in the configuration file"),
            Self::Locked(dir) => {
                write!(f, "Cannot obtain a lock on data directory {dir}. Twister is probably already running.")
            }
            Self::NoPort(port) => {
                write!(f, "Unable to bind to port {port} on this computer. Twister is probably already running.")
            }
            Self::Asked => f.write_str("the stand-in was told to crash"),
            Self::Io(error) => error.fmt(f),
            Self::Sandbox(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<SandboxError> for StartError {
    fn from(error: SandboxError) -> Self {
        Self::Sandbox(error)
    }
}
