//! Everything that a person needs to see two bridges at work on one machine: a sandbox network with the accounts of alice and
//! bob, a broker for each of them, and the configurations of their bridges. "Try it" in the app and `demo` on the command
//! line are both made of it.
//!
//! Deliberately not in it: running the bridges. Whoever shows them starts and stops them.

use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mqtt_twister_bridge::config::{BridgeConfig, BridgeName, BrokerUrl, ConfigError, ConfigFile};
use mqtt_twister_bridge::secrets::{Password, Secrets};
use mqtt_twister_broker::{Broker, BrokerError, BrokerOptions};
use mqtt_twister_sandbox::{BlockTime, Network, Node, NodeConfig, SandboxError};
use tempfile::TempDir;
use twister::NodeUrl;

/// The bridges, but for their addresses.
const BRIDGES: &str = include_str!("bridges.toml");

/// The chain's height at the start: two posts for each block and account, plenty for an afternoon.
const START_HEIGHT: u32 = 1000;

/// The chain goes on, as a real one would, but faster than its ten minutes: whoever makes a new account waits for a block.
const BLOCK_TIME: Duration = Duration::from_secs(30);

/// A sandbox network and two brokers that run, and the bridges that could join them. Dropping it stops all, without waiting.
pub struct Tryout {
    network: Network,
    brokers: Vec<Broker>,
    bridges: Vec<TryoutBridge>,
    bridges_dir: PathBuf,
    /// Holds everything when nothing is to be kept.
    _temporary: Option<TempDir>,
}

/// A bridge to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TryoutBridge {
    /// What it is to do.
    pub config: BridgeConfig,
    /// What it logs in with.
    pub secrets: Secrets,
}

/// What could not be started.
#[derive(Debug, thiserror::Error)]
pub enum TryoutError {
    /// The folder cannot be made.
    #[error("the folder {} cannot be made: {source}. Choose another one, or free some space", path.display())]
    Folder {
        /// Which folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The sandbox network does not start.
    #[error("the sandbox network does not start: {0}")]
    Network(#[from] SandboxError),
    /// The bridges that this program brings are not valid. A test sees to it that they are.
    #[error("the bridges to try out are not valid: {0}")]
    Bridges(#[from] ConfigError),
    /// A broker does not start.
    #[error("{bridge}'s broker does not start: {source}")]
    Broker {
        /// Whose.
        bridge: BridgeName,
        /// Why.
        source: BrokerError,
    },
}

impl Tryout {
    /// Starts network and brokers on free ports of the loopback address. What they hold is kept in `data_dir` and found again
    /// there; without one it is forgotten at the end.
    ///
    /// # Errors
    /// [`TryoutError`]; nothing runs then.
    pub async fn start(data_dir: Option<&Path>) -> Result<Self, TryoutError> {
        let (dir, temporary) = match data_dir {
            Some(dir) => (dir.to_owned(), None),
            None => temporary_folder()?,
        };
        std::fs::create_dir_all(&dir).map_err(|source| TryoutError::Folder { path: dir.clone(), source })?;
        let configs = ConfigFile::parse_toml(BRIDGES)?.bridges;
        let network = start_network(&configs, dir.join("network")).await?;
        let mut brokers = Vec::new();
        let mut bridges = Vec::new();
        for (mut config, node) in configs.into_iter().zip(network.nodes()) {
            let options = BrokerOptions::on((Ipv4Addr::LOCALHOST, 0));
            let options = options.with_data_dir(dir.join("brokers").join(config.name.as_str()));
            let started = Broker::start(options).await;
            let broker = started.map_err(|source| TryoutError::Broker { bridge: config.name.clone(), source })?;
            config.broker.url = BrokerUrl::new(broker.addr().ip().to_string(), broker.addr().port());
            brokers.push(broker);
            bridges.push(TryoutBridge::at_node(config, node));
        }
        Ok(Self { network, brokers, bridges, bridges_dir: dir.join("bridges"), _temporary: temporary })
    }

    /// The bridges, alice's and bob's.
    pub fn bridges(&self) -> &[TryoutBridge] {
        &self.bridges
    }

    /// Where the bridges can keep their data, as long as this network keeps its own: they belong together.
    pub fn bridges_dir(&self) -> &Path {
        &self.bridges_dir
    }

    /// Stops brokers and network. What cannot be written to disk then is lost, and logged.
    pub async fn stop(self) {
        for broker in self.brokers {
            broker.stop().await;
        }
        if let Err(error) = self.network.stop().await {
            tracing::error!(%error, "the sandbox network is not kept");
        }
    }
}

impl TryoutBridge {
    fn at_node(mut config: BridgeConfig, node: &Node) -> Self {
        config.twister.url = NodeUrl::loopback(node.port());
        config.twister.user = node.user().to_owned();
        Self { config, secrets: Secrets { node: Password::new(node.password()), broker: Password::default() } }
    }
}

fn temporary_folder() -> Result<(PathBuf, Option<TempDir>), TryoutError> {
    let folder = TempDir::new().map_err(|source| TryoutError::Folder { path: std::env::temp_dir(), source })?;
    Ok((folder.path().to_owned(), Some(folder)))
}

/// A node for each bridge, with its account in the wallet.
async fn start_network(configs: &[BridgeConfig], state_dir: PathBuf) -> Result<Network, SandboxError> {
    let mut builder =
        Network::builder().start_height(START_HEIGHT).block_time(BlockTime::Every(BLOCK_TIME)).state_dir(state_dir);
    for config in configs {
        builder = builder.node(NodeConfig::new().account(config.twister.account.as_str()));
    }
    let network = builder.start().await?;
    // A network that was kept for days would take itself for out of date until its next block.
    network.mine(1);
    Ok(network)
}
