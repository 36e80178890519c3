//! A `twisterd` that the suite starts: a home of its own, free ports, and one other node that it knows.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rand::distr::{Alphanumeric, SampleString as _};
use tempfile::TempDir;
use tokio::net::{TcpListener, UdpSocket};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;
use twister::{Credentials, NodeUrl, RpcError};

use crate::node::{Node, becomes};
use crate::patience;
use crate::support::{signal, terminate};

/// DHT and swarms listen so far above the port of the block chain's network.
const DHT_OFFSET: u16 = 1000;

const USER: &str = "user";

/// How much of what a node has said is shown when it does not start.
const TAIL: usize = 2000;

/// The ports of one node.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    pub chain: u16,
    rpc: u16,
}

/// The node, whether it runs at the moment or not. Killed when dropped.
pub struct Daemon {
    program: PathBuf,
    arguments: Vec<String>,
    home: TempDir,
    ports: Ports,
    password: String,
    process: Mutex<Option<Child>>,
}

impl Ports {
    /// Ports that were free a moment ago.
    pub async fn free() -> Result<Self, String> {
        for _ in 0..100 {
            let chain = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| error.to_string())?;
            let rpc = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| error.to_string())?;
            let (chain, rpc) = (port(&chain)?, port(&rpc)?);
            let Some(dht) = chain.checked_add(DHT_OFFSET) else { continue };
            let is_free = TcpListener::bind(("127.0.0.1", dht)).await.is_ok()
                && UdpSocket::bind(("127.0.0.1", dht)).await.is_ok();
            if is_free && rpc != dht {
                return Ok(Self { chain, rpc });
            }
        }
        Err("no free ports were found".to_owned())
    }
}

impl Daemon {
    /// Starts a node of a private network, connected to the one at `peer`.
    pub async fn start(program: &Path, arguments: &[String], ports: Ports, peer: Ports) -> Result<Self, String> {
        let home = TempDir::new().map_err(|error| error.to_string())?;
        let password = Alphanumeric.sample_string(&mut rand::rng(), 24);
        let folder = home.path().join(".twister");
        fs::create_dir(&folder).map_err(|error| error.to_string())?;
        let config = format!("rpcuser={USER}\nrpcpassword={password}\n");
        fs::write(folder.join("twister.conf"), config).map_err(|error| error.to_string())?;
        let own = [
            format!("-datadir={}", folder.display()),
            format!("-port={}", ports.chain),
            format!("-rpcport={}", ports.rpc),
            format!("-connect=127.0.0.1:{}", peer.chain),
            "-checkpoints=0".to_owned(),
            "-dnsseed=0".to_owned(),
            "-listen=1".to_owned(),
        ];
        let arguments = own.into_iter().chain(arguments.iter().cloned()).collect();
        let program = program.to_owned();
        let daemon = Self { program, arguments, home, ports, password, process: Mutex::new(None) };
        daemon.start_again().await?;
        Ok(daemon)
    }

    /// How it is reached.
    pub fn node(&self) -> Node {
        Node::new(NodeUrl::loopback(self.ports.rpc), Credentials::new(USER, self.password.as_str()))
    }

    /// Starts it on the data that it has, and waits until it answers.
    pub async fn start_again(&self) -> Result<(), String> {
        let said = File::create(self.said()).map_err(|error| error.to_string())?;
        let errors = said.try_clone().map_err(|error| error.to_string())?;
        let mut process = Command::new(&self.program)
            .args(&self.arguments)
            .env("HOME", self.home.path())
            .stdin(Stdio::null())
            .stdout(said)
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", self.program.display()))?;
        let client = self.node().client;
        let mut ended = None;
        let answers = becomes(patience(), async || {
            ended = process.try_wait().ok().flatten();
            ended.is_some() || !matches!(client.info().await, Err(RpcError::Unreachable { .. } | RpcError::Node { .. }))
        });
        let has_answered = answers.await;
        if let Some(status) = ended {
            return Err(format!("twisterd ended with {status} instead of answering. It said:\n{}", self.tail()));
        }
        *self.process.lock().await = Some(process);
        match has_answered {
            true => client.info().await.map(drop).map_err(|error| error.to_string()),
            false => Err(format!("twisterd does not answer. It said:\n{}", self.tail())),
        }
    }

    /// Kills it in the middle of whatever it does.
    pub async fn kill(&self) {
        if let Some(process) = self.process.lock().await.as_mut() {
            signal(process, "KILL");
            let _ = process.wait().await;
        }
    }

    /// Has it end cleanly.
    pub async fn stop(&self) {
        if let Some(mut process) = self.process.lock().await.take() {
            terminate(&process);
            if tokio::time::timeout(patience(), process.wait()).await.is_err() {
                let _ = process.kill().await;
            }
        }
    }

    fn said(&self) -> PathBuf {
        self.home.path().join("said")
    }

    /// The end of what it has printed and logged.
    fn tail(&self) -> String {
        let files = [self.said(), self.home.path().join(".twister/debug.log")];
        let texts = files.iter().filter_map(|file| fs::read(file).ok()).map(|bytes| {
            String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(TAIL)..]).replace(&self.password, "***")
        });
        texts.collect::<Vec<_>>().join("\n")
    }
}

fn port(listener: &TcpListener) -> Result<u16, String> {
    listener.local_addr().map(|address| address.port()).map_err(|error| error.to_string())
}
