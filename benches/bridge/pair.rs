//! Two people: each with a broker, a node and a bridge.

use std::time::Duration;

use mqtt_twister_sandbox::{Arrivals, Network, NodeConfig, PostPace, Via};
use serde_json::Value;
use tempfile::TempDir;

use crate::clients::connected;
use crate::support::{BridgeProcess, Mosquitto, ask, toml_bridge_as};

/// What every node wants to hear.
pub const USER: &str = "user";
pub const PASSWORD: &str = "xyzzy-plugh";

/// Blocks enough for half an hour of posts at the highest pace.
const HEIGHT: u32 = 25_000;

/// How long a post takes from one node to another, as measured.
const PROPAGATION: Duration = Duration::from_millis(1);

/// Everybody may read what alice publishes below it.
pub const PUBLIC: &str = "public";
/// Only bob may read what alice publishes below it.
pub const PRIVATE: &str = "private";

/// Alice, whose messages go out, and bob, to whom they come.
pub struct Pair {
    pub network: Network,
    pub alice: BridgeProcess,
    pub bob: BridgeProcess,
    pub alice_broker: Mosquitto,
    pub bob_broker: Mosquitto,
    folders: [TempDir; 2],
}

/// What is special about a [`Pair`].
#[derive(Default)]
pub struct Special {
    /// Rules of alice's that no message fits.
    pub idle_rules: usize,
    /// Accounts that bob follows beside alice, and that post nothing.
    pub silent_accounts: usize,
}

impl Pair {
    pub async fn start() -> Self {
        Self::start_with(Special::default()).await
    }

    pub async fn start_with(special: Special) -> Self {
        let silent: Vec<String> = (0..special.silent_accounts).map(|index| format!("silent_{index}")).collect();
        let network = network(&silent).await;
        let (alice_broker, bob_broker) = tokio::join!(Mosquitto::start(), Mosquitto::start());
        let idle: String =
            (0..special.idle_rules).map(|index| format!("{{ from = '{PUBLIC}/idle/{index}/#' }}, ")).collect();
        let alice_rules = format!(
            "following = ['mqtt_bob']\npublications = ['{PUBLIC}/#', '{PRIVATE}/#']\nforwards = [{idle}{{ from = '{PUBLIC}/#' }}, \
             {{ from = '{PRIVATE}/#', type = 'private', to = ['mqtt_bob'] }}]"
        );
        let followed: String = silent.iter().map(|name| format!("'{name}', ")).collect();
        let bob_rules = format!(
            "following = [{followed}'mqtt_alice']\nsubscriptions = ['{PUBLIC}/#', '{PRIVATE}/#']\n\
             peers = {{ mqtt_alice = {{ messages_per_minute = 6000000 }} }}\nlimits = {{ deliver_per_second = 100000 }}"
        );
        let folders = [TempDir::new().unwrap(), TempDir::new().unwrap()];
        let node = |index: usize| network.node(index).url();
        let alice = bridge(&folders[0], "alice", &node(0), &alice_broker, &alice_rules);
        let bob = bridge(&folders[1], "bob", &node(1), &bob_broker, &bob_rules);
        tokio::join!(alice.ready(), bob.ready());
        // After a message of each kind they know of each other what they have to.
        connected(alice_broker.port(), bob_broker.port(), &[PUBLIC, PRIVATE]).await;
        Self { network, alice, bob, alice_broker, bob_broker, folders }
    }

    /// How many messages alice's bridge has taken from its broker.
    pub async fn taken(&self) -> u64 {
        let lines = ask(self.folders[0].path(), &["status"]).await;
        let counter = |line: &Value| line["state"]["counters"]["taken"].as_u64();
        lines.iter().find_map(counter).expect("the status has counters")
    }

    /// What both bridges have had of the processor.
    pub fn processor_time(&self) -> Duration {
        self.alice.processor_time() + self.bob.processor_time()
    }

    /// Stops both bridges cleanly.
    pub async fn stop(self) {
        tokio::join!(self.alice.stop(), self.bob.stop());
    }
}

/// A bridge as a process, with its data in `folder`.
pub fn bridge(folder: &TempDir, name: &str, node: &str, broker: &Mosquitto, rules: &str) -> BridgeProcess {
    let config = toml_bridge_as(USER, name, &format!("mqtt_{name}"), node, &broker.address(), rules);
    let variable = format!("MQTT_TWISTER_{}_NODE_PASSWORD", name.to_uppercase());
    BridgeProcess::start_as_service(folder.path(), &config, &[(&variable, PASSWORD)])
}

/// Two nodes that take their time: mqtt_alice is on node 0, mqtt_bob and the others are on node 1.
pub async fn network(others: &[String]) -> Network {
    let node = || NodeConfig::new().user(USER).password(PASSWORD);
    let far = others.iter().fold(node().account("mqtt_bob"), |node, name| node.account(name));
    let builder = Network::builder().start_height(HEIGHT).node(node().account("mqtt_alice")).node(far);
    let network = builder.start().await.unwrap();
    for node in network.nodes() {
        node.set_post_pace(Some(PostPace::MEASURED));
        node.set_arrivals(Via::Peer, Arrivals::After(PROPAGATION));
    }
    network
}
