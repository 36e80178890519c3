//! All that a bridge in the app has around it: a network, a broker with something to say, and somebody who wants to hear it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mqtt_twister_benches::Meters;
use mqtt_twister_bridge::Bridge;
use mqtt_twister_bridge::config::ConfigFile;
use mqtt_twister_bridge::secrets::{Password, Secrets};
use mqtt_twister_broker::{Broker, BrokerOptions};
use mqtt_twister_sandbox::{BlockTime, Network, Node, NodeConfig, PostPace};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use tempfile::TempDir;
use tokio::time::{Instant, MissedTickBehavior, timeout};

use crate::ui::support::Machine;

/// Blocks of the chain at the start: with two posts a block, no one who measures runs out of them.
const HEIGHT: u32 = 50_000;

const BLOCK_TIME: Duration = Duration::from_secs(30);

const TOPICS: usize = 200;

/// Messages on their way to a broker, at most.
const UNDER_WAY: usize = 100;

/// How long anything may take to come up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A network with the accounts of alice and bob, a broker for each, and bob's bridge, which wants what alice's sensors say. Alice's
/// bridge is the app's. It all stays in this process, and so does what it costs.
pub struct Neighbours {
    network: Network,
    alices_broker: Broker,
    bobs_broker: Broker,
    bobs_bridge: Bridge,
    arrived: Arc<AtomicU64>,
    _data: TempDir,
}

impl Neighbours {
    /// Starts them, and waits until bob's bridge is ready.
    pub async fn start() -> Self {
        let mut builder = Network::builder().start_height(HEIGHT).block_time(BlockTime::Every(BLOCK_TIME));
        for account in ["mqtt_alice", "mqtt_bob"] {
            builder = builder.node(NodeConfig::new().account(account));
        }
        let network = builder.start().await.unwrap();
        for node in network.nodes() {
            node.set_post_pace(Some(PostPace::MEASURED));
        }
        let (alices_broker, bobs_broker) = (broker().await, broker().await);
        let data = TempDir::new().unwrap();
        let bob =
            settings("bob", network.node(1), &bobs_broker, "following = ['mqtt_alice']\nsubscriptions = ['sensors/#']");
        let bob = ConfigFile::parse_toml(&bob).unwrap().bridges.remove(0);
        let secrets = Secrets { node: Password::new(network.node(1).password()), broker: Password::default() };
        let bobs_bridge = Bridge::start(bob, secrets, data.path()).await.unwrap();
        let mut state = bobs_bridge.watch_state();
        timeout(PATIENCE, state.wait_for(|state| state.ready)).await.expect("bob's bridge gets ready").unwrap();
        let arrived = listen(&bobs_broker).await;
        Self { network, alices_broker, bobs_broker, bobs_bridge, arrived, _data: data }
    }

    /// A machine on which alice has set up her bridge, and which she left while it ran: it runs again when the app starts.
    pub fn machine(&self) -> Machine {
        let node = self.network.node(0);
        let rules = "following = ['mqtt_bob']\npublications = ['sensors/#']\nforwards = [{ from = 'sensors/#' }]";
        Machine::new()
            .app_file("config.toml", &settings("alice", node, &self.alices_broker, rules))
            .app_file("running", "alice")
            .variable("MQTT_TWISTER_ALICE_NODE_PASSWORD", node.password())
    }

    /// Has alice's sensors say so much a second, for so long. Returns how many messages that were.
    pub async fn publish(&self, a_second: u32, during: Duration) -> u64 {
        let (client, mut events) = AsyncClient::new(options("sensors", &self.alices_broker), UNDER_WAY);
        let driver = tokio::spawn(async move { while events.poll().await.is_ok() {} });
        let mut beats = tokio::time::interval(Duration::from_secs(1) / a_second);
        beats.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let (began, mut sent) = (Instant::now(), 0);
        let mut meters = Meters::new("sensors", TOPICS, 1);
        while began.elapsed() < during {
            beats.tick().await;
            let (topic, payload) = meters.measure();
            client.publish(topic, QoS::AtLeastOnce, false, payload).await.unwrap();
            sent += 1;
        }
        client.disconnect().await.unwrap();
        driver.await.unwrap();
        sent
    }

    /// How many messages have come to bob's broker.
    pub fn arrived(&self) -> u64 {
        self.arrived.load(Ordering::Relaxed)
    }

    /// Ends them all.
    pub async fn stop(self) {
        self.bobs_bridge.stop().await;
        self.alices_broker.stop().await;
        self.bobs_broker.stop().await;
        self.network.stop().await.unwrap();
    }
}

async fn broker() -> Broker {
    Broker::start(BrokerOptions::on(([127, 0, 0, 1], 0))).await.unwrap()
}

fn settings(name: &str, node: &Node, broker: &Broker, rules: &str) -> String {
    format!(
        "[[bridge]]\nname = \"{name}\"\n{rules}\n\
         [bridge.twister]\nurl = \"http://127.0.0.1:{}\"\nuser = \"{}\"\naccount = \"mqtt_{name}\"\n\
         [bridge.broker]\nurl = \"mqtt://{}\"\n",
        node.port(),
        node.user(),
        broker.addr()
    )
}

fn options(name: &str, broker: &Broker) -> MqttOptions {
    MqttOptions::new(name, broker.addr().ip().to_string(), broker.addr().port())
}

/// Counts what comes to a broker from alice's sensors.
async fn listen(broker: &Broker) -> Arc<AtomicU64> {
    let (client, mut events) = AsyncClient::new(options("listener", broker), UNDER_WAY);
    client.subscribe("sensors/#", QoS::AtLeastOnce).await.unwrap();
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        // Without its client, the connection would end.
        let _client = client;
        while let Ok(event) = events.poll().await {
            if let Event::Incoming(Packet::Publish(_)) = event {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    count
}
