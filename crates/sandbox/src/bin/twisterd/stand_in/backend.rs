//! The sandbox network behind the stand-in: its own, or that of the stand-in that it joined.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mqtt_twister_sandbox::{Clock, ManualClock, Network, Node, SandboxError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;

use super::StartError;
use super::options::Options;
use super::script::Script;

/// How many others can join a network.
const MOST_MEMBERS: usize = 7;

/// When a node that has met nobody has its newest block from: long ago, in Unix seconds.
const LONG_AGO: i64 = 1_388_000_000;

/// How often it is looked whether blocks are to be made.
const GENERATE_LOOK: Duration = Duration::from_millis(100);

/// A node of a sandbox network, and how to call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Door {
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: String,
}

/// What answers for the stand-in.
pub(crate) struct Backend {
    /// Its own network, once it has one: that of a public node, or a private one that others join.
    own: OnceCell<Network>,
    /// What a node is that has met nobody.
    alone: Network,
    port: u16,
    others: Vec<String>,
    state_dir: PathBuf,
    /// Who joined, in the order of their nodes; none in a network that nobody can join.
    members: Option<Mutex<Members>>,
    state: Mutex<State>,
}

struct Members {
    file: PathBuf,
    identities: Vec<String>,
}

#[derive(Default)]
struct State {
    /// The node in another stand-in's network.
    joined: Option<(Door, String)>,
    /// Connections that nobody has introduced themselves on.
    strangers: BTreeSet<SocketAddr>,
    /// How many stand-ins have joined and are there.
    guests: usize,
    generate: bool,
    threads: i64,
}

impl Backend {
    pub(crate) async fn start(options: &Options, script: &Script) -> Result<Self, StartError> {
        let long_ago = Clock::Manual(ManualClock::new(LONG_AGO));
        let file = options.data_dir.join("stand-in-members");
        let identities = std::fs::read_to_string(&file).unwrap_or_default().lines().map(str::to_owned).collect();
        let backend = Self {
            own: OnceCell::new(),
            alone: Network::builder().nodes(1).start_height(2).clock(long_ago).start().await?,
            port: options.port,
            others: options.others(),
            state_dir: options.data_dir.join("sandbox"),
            members: (!options.is_public()).then(|| Mutex::new(Members { file, identities })),
            state: Mutex::default(),
        };
        if options.is_public() {
            let builder = Network::builder().nodes(2).start_height(script.height).state_dir(backend.state_dir.clone());
            backend.own.set(builder.start().await?).ok();
        } else if backend.others.is_empty() {
            backend.host().await?;
        }
        Ok(backend)
    }

    pub(crate) async fn stop(self) -> Result<(), StartError> {
        match self.own.into_inner() {
            Some(own) => Ok(own.stop().await?),
            None => Ok(()),
        }
    }

    /// Those whose network it is to join.
    pub(crate) fn others(&self) -> &[String] {
        &self.others
    }

    /// Its own private network, which others can join; it is made if there is none yet.
    async fn host(&self) -> Result<&Network, SandboxError> {
        let start = async || {
            let builder = Network::builder().nodes(1 + MOST_MEMBERS).start_height(2);
            let network = builder.state_dir(self.state_dir.clone()).start().await?;
            for node in &network.nodes()[1..] {
                node.take_down().await;
            }
            Ok(network)
        };
        self.own.get_or_try_init(start).await
    }

    /// The node that answers for this stand-in now.
    pub(crate) fn door(&self) -> Door {
        let own = || Door::of(self.own.get().unwrap_or(&self.alone).node(0));
        self.state().joined.as_ref().map_or_else(own, |(door, _)| door.clone())
    }

    /// Whether it is the first node of a private network, which has nobody to catch up with.
    pub(crate) fn is_first(&self) -> bool {
        self.members.is_some() && self.own.get().is_some()
    }

    /// Whether it has joined another stand-in's network.
    pub(crate) fn has_joined(&self) -> bool {
        self.state().joined.is_some()
    }

    /// Where that other stand-in can be reached.
    pub(crate) fn joined_host(&self) -> Option<String> {
        self.state().joined.as_ref().map(|(_, host)| host.clone())
    }

    pub(crate) fn set_joined(&self, joined: Option<(Door, String)>) {
        self.state().joined = joined;
    }

    /// Somebody connected.
    pub(crate) fn greet(&self, stranger: SocketAddr) {
        self.state().strangers.insert(stranger);
    }

    /// Somebody who connected is gone, or has said who they are.
    pub(crate) fn forget(&self, stranger: SocketAddr) {
        self.state().strangers.remove(&stranger);
    }

    /// Addresses of those who connected and said nothing.
    pub(crate) fn strangers(&self) -> Vec<SocketAddr> {
        self.state().strangers.iter().copied().collect()
    }

    /// A node for the stand-in at `port` that joins; none if there is no room, or this is not a network's first. Of two that are
    /// each to join the other, the one with the lower port is the first.
    pub(crate) async fn admit(&self, identity: &str, port: u16) -> Option<(usize, Door)> {
        let is_mutual = || self.others.iter().any(|other| other.ends_with(&format!(":{port}")));
        if self.own.get().is_none() && !(self.port < port && is_mutual()) {
            return None;
        }
        let index = self.members.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner).place(identity)?;
        let node = self.host().await.ok()?.node(index);
        node.bring_up().await.ok()?;
        self.state().guests += 1;
        Some((index, Door::of(node)))
    }

    /// A stand-in that had joined is gone.
    pub(crate) async fn see_off(&self, index: usize) {
        self.state().guests -= 1;
        if let Some(own) = self.own.get() {
            own.node(index).take_down().await;
        }
    }

    pub(crate) fn set_generate(&self, on: bool, threads: i64) {
        let mut state = self.state();
        state.generate = on && threads != 0;
        state.threads = threads;
    }

    pub(crate) fn generates(&self) -> bool {
        self.state().generate
    }

    /// Calls the node that answers for this stand-in: status and body of its reply.
    pub(crate) async fn call(&self, body: &[u8]) -> io::Result<(u16, Vec<u8>)> {
        self.door().call(body).await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets the node make blocks when it was told to, and is connected to anybody: alone, a twisterd takes itself to be offline.
pub(crate) async fn generate(backend: Arc<Backend>) {
    let mut told = None;
    loop {
        let (makes, threads) = {
            let state = backend.state();
            let is_connected = state.guests > 0 || state.joined.is_some() || !state.strangers.is_empty();
            (state.generate && is_connected, state.threads)
        };
        let wanted = (makes, backend.door());
        if told.as_ref() != Some(&wanted) && (wanted.0 || told.is_some()) {
            let body = serde_json::json!({ "id": 0, "method": "setgenerate", "params": [wanted.0, threads] });
            if wanted.1.call(body.to_string().as_bytes()).await.is_ok() {
                told = Some(wanted);
            }
        }
        tokio::time::sleep(GENERATE_LOOK).await;
    }
}

impl Members {
    /// The node of a member, a new one if it was not here before.
    fn place(&mut self, identity: &str) -> Option<usize> {
        if let Some(index) = self.identities.iter().position(|known| known == identity) {
            return Some(index + 1);
        }
        if self.identities.len() == MOST_MEMBERS {
            return None;
        }
        self.identities.push(identity.to_owned());
        std::fs::write(&self.file, self.identities.join("\n")).ok()?;
        Some(self.identities.len())
    }
}

impl Door {
    fn of(node: &Node) -> Self {
        Self { port: node.port(), user: node.user().to_owned(), password: node.password().to_owned() }
    }

    async fn call(&self, body: &[u8]) -> io::Result<(u16, Vec<u8>)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        let login = BASE64_STANDARD.encode(format!("{}:{}", self.user, self.password));
        let head = format!(
            "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {login}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body).await?;
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).await?;
        parse_reply(&reply).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

/// Status and body of a reply that ends with its connection.
fn parse_reply(reply: &[u8]) -> Option<(u16, Vec<u8>)> {
    let head_len = reply.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&reply[..head_len]).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, reply[head_len + 4..].to_vec()))
}
