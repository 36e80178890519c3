//! How a network is to be.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use rand::Rng;
use rand::distr::Alphanumeric;

use crate::clock::{BlockTime, Clock};

/// The user name that a node expects unless told otherwise.
pub const DEFAULT_USER: &str = "user";

/// Height of a new network's chain unless told otherwise. Accounts made at the start may use 218 post numbers at once.
pub const DEFAULT_HEIGHT: u32 = 100;

/// How long a node waits for better replies once a look into the DHT has found something, as measured at real nodes.
pub const DEFAULT_DHT_WAIT: Duration = Duration::from_millis(100);

/// Length of passwords drawn by chance. A real node protects only passwords under 20 characters from guessing.
const PASSWORD_LEN: usize = 16;

/// How one node of a network is to be.
#[derive(Clone)]
pub struct NodeConfig {
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: Option<String>,
    pub(crate) accounts: Vec<String>,
}

impl NodeConfig {
    /// A node on any free port, with the user name [`DEFAULT_USER`], a password drawn by chance, and no accounts.
    pub fn new() -> Self {
        Self { port: 0, user: DEFAULT_USER.to_owned(), password: None, accounts: Vec::new() }
    }

    /// The port of 127.0.0.1 at which the node's RPC listens; 0 for any free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The user name that callers have to give.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = user.into();
        self
    }

    /// The password that callers have to give.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// An account that is in the node's wallet from the start: registered, and following itself.
    #[must_use]
    pub fn account(mut self, name: impl Into<String>) -> Self {
        self.accounts.push(name.into());
        self
    }

    /// The password, or one drawn by chance.
    pub(crate) fn password_or_random(&self) -> String {
        let random = || rand::rng().sample_iter(Alphanumeric).take(PASSWORD_LEN).map(char::from).collect();
        self.password.clone().unwrap_or_else(random)
    }
}

impl Default for NodeConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for NodeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeConfig")
            .field("port", &self.port)
            .field("user", &self.user)
            .field("accounts", &self.accounts)
            .finish_non_exhaustive()
    }
}

/// How a network is to be. Made by [`Network::builder`](crate::Network::builder), ended by `start`.
#[derive(Debug, Clone)]
pub struct Builder {
    pub(crate) nodes: Vec<NodeConfig>,
    pub(crate) clock: Clock,
    pub(crate) block_time: BlockTime,
    pub(crate) start_height: u32,
    pub(crate) swarms_joined: bool,
    pub(crate) dht_wait: Duration,
    pub(crate) state_dir: Option<PathBuf>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            nodes: Vec::new(),
            clock: Clock::System,
            block_time: BlockTime::Manual,
            start_height: DEFAULT_HEIGHT,
            swarms_joined: true,
            dht_wait: DEFAULT_DHT_WAIT,
            state_dir: None,
        }
    }

    /// Adds a node.
    #[must_use]
    pub fn node(mut self, node: NodeConfig) -> Self {
        self.nodes.push(node);
        self
    }

    /// Adds `count` nodes on free ports, without accounts.
    #[must_use]
    pub fn nodes(mut self, count: usize) -> Self {
        self.nodes.extend(std::iter::repeat_n(NodeConfig::new(), count));
        self
    }

    /// Where posts, blocks and DHT entries take their time from; the system's clock unless set.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// When blocks are made; only when asked for, unless set.
    #[must_use]
    pub fn block_time(mut self, block_time: BlockTime) -> Self {
        self.block_time = block_time;
        self
    }

    /// Height of the chain at the start, [`DEFAULT_HEIGHT`] unless set; at least 2, as younger chains accept no posts.
    /// Accounts of the configuration are registered in block 1, so they have two more post numbers for each block.
    #[must_use]
    pub fn start_height(mut self, height: u32) -> Self {
        self.start_height = height.max(2);
        self
    }

    /// Whether the swarms of all nodes are joined at the start. They are unless set.
    #[must_use]
    pub fn swarms_joined(mut self, joined: bool) -> Self {
        self.swarms_joined = joined;
        self
    }

    /// How long a look into the DHT takes that finds something; [`DEFAULT_DHT_WAIT`] unless set.
    #[must_use]
    pub fn dht_wait(mut self, wait: Duration) -> Self {
        self.dht_wait = wait;
        self
    }

    /// A folder in which the network keeps its state, and from which it is restored; none unless set.
    ///
    /// Kept are accounts with their keys, posts, direct messages, groups, the DHT and the chain. Ports, passwords, joined
    /// swarms and faults are not. The file holds private keys, so that only its owner may read it.
    #[must_use]
    pub fn state_dir(mut self, dir: impl Into<Option<PathBuf>>) -> Self {
        self.state_dir = dir.into();
        self
    }
}
