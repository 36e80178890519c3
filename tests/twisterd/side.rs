//! People with an account at one of the nodes, a broker, and a bridge between them.

use std::sync::Arc;

use tempfile::TempDir;
use twister::Username;

use crate::network::Network;
use crate::support::{BridgeProcess, Client, Mosquitto, toml_bridge_as};

/// One person's side. The bridge runs from [`start`](Self::start) on.
pub struct Side {
    pub name: &'static str,
    pub account: Username,
    pub broker: Mosquitto,
    config: String,
    password: String,
    dir: TempDir,
    bridge: Option<BridgeProcess>,
}

/// Alice at node A and bob at node B, on accounts of their own.
pub struct Pair {
    pub network: Arc<Network>,
    pub alice: Side,
    pub bob: Side,
}

impl Side {
    /// Someone on a node. The rules are those of a configuration.
    pub async fn new(network: &Network, node: usize, name: &'static str, account: Username, rules: &str) -> Self {
        let node = network.node(node);
        let broker = Mosquitto::start().await;
        let (user, url) = (node.credentials.user(), node.url.to_string());
        let config = toml_bridge_as(user, name, account.as_str(), &url, &broker.address(), rules);
        let password = node.credentials.expose_password().to_owned();
        Self { name, account, broker, config, password, dir: TempDir::new().unwrap(), bridge: None }
    }

    /// Starts the bridge on the data that it has.
    pub fn start(&mut self) {
        let variable = format!("MQTT_TWISTER_{}_NODE_PASSWORD", self.name.to_uppercase());
        let settings = [(variable.as_str(), self.password.as_str())];
        self.bridge = Some(BridgeProcess::start(self.dir.path(), &self.config, &settings));
    }

    pub fn bridge(&self) -> &BridgeProcess {
        self.bridge.as_ref().expect("the bridge runs")
    }

    pub async fn kill(&mut self) {
        self.bridge.take().expect("the bridge runs").kill().await;
    }

    pub async fn stop(&mut self) {
        let bridge = self.bridge.take().expect("the bridge runs");
        assert!(!bridge.has_said(&self.password), "the password was printed");
        bridge.stop().await;
    }

    /// A client at the broker.
    pub async fn person(&self) -> Client {
        Client::connect(self.broker.port(), self.name).await
    }

    /// A client that has never been at the broker before.
    pub async fn newcomer(&self, filter: &str) -> Client {
        let name = format!("newcomer-{:x}", rand::random::<u64>());
        let newcomer = Client::connect(self.broker.port(), &name).await;
        newcomer.subscribe(filter).await;
        newcomer
    }

    /// A client at the broker that hears what matches `filter`.
    pub async fn watcher(&self, filter: &str) -> Client {
        Client::watching(self.broker.port(), filter).await
    }
}

impl Pair {
    /// Two bridges that are ready. In the rules, `{alice}` and `{bob}` stand for the accounts.
    pub async fn ready(network: Arc<Network>, alice_rules: &str, bob_rules: &str) -> Self {
        let accounts = (network.account(0).await, network.account(1).await);
        let rules = |rules: &str| rules.replace("{alice}", accounts.0.as_str()).replace("{bob}", accounts.1.as_str());
        let (alice_rules, bob_rules) = (rules(alice_rules), rules(bob_rules));
        let (alice, bob) = tokio::join!(
            Side::new(&network, 0, "alice", accounts.0.clone(), &alice_rules),
            Side::new(&network, 1, "bob", accounts.1.clone(), &bob_rules),
        );
        let mut pair = Self { network, alice, bob };
        pair.start();
        tokio::join!(pair.alice.bridge().ready(), pair.bob.bridge().ready());
        pair
    }

    /// Everything that alice publishes below `out/` is for bob alone.
    pub async fn private(network: Arc<Network>) -> Self {
        let alice = "following = ['{bob}']\npublications = ['out/#']\n\
                     forwards = [{ from = 'out/#', type = 'private', to = ['{bob}'] }]";
        let bob = "following = ['{alice}']\nsubscriptions = ['out/#']";
        Self::ready(network, alice, bob).await
    }

    /// Everything that alice publishes below `out/` is for everybody, and bob wants it.
    pub async fn public(network: Arc<Network>) -> Self {
        let alice = "following = ['{bob}']\npublications = ['out/#']\nforwards = [{ from = 'out/#' }]";
        let bob = "following = ['{alice}']\nsubscriptions = ['out/#']";
        Self::ready(network, alice, bob).await
    }

    pub fn start(&mut self) {
        self.alice.start();
        self.bob.start();
    }

    pub async fn stop(mut self) {
        tokio::join!(self.alice.stop(), self.bob.stop());
    }
}
