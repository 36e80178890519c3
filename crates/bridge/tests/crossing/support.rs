//! Two people with a node, a broker and a bridge each.

use std::path::Path;
use std::time::Duration;

use mqtt_twister_bridge::Bridge;
use mqtt_twister_bridge::config::{BridgeConfig, BrokerConfig, BrokerUrl, TwisterConfig};
use mqtt_twister_bridge::event::{BridgeEvent, BridgeState, Problem, ProblemCode};
use mqtt_twister_bridge::message::{Message, Qos};
use mqtt_twister_bridge::publish::publish;
use mqtt_twister_bridge::secrets::{Password, Secrets};
use mqtt_twister_broker::{Broker, BrokerOptions};
use mqtt_twister_sandbox::{Network, NodeConfig};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Filter, Packet};
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::{broadcast, mpsc};
use tokio::time::timeout;
use twister::{NodeUrl, Username};

/// No step of these tests takes longer.
pub const LIMIT: Duration = Duration::from_secs(30);

/// Two nodes whose swarms are joined, with `mqtt_alice` on one and `mqtt_bob` on the other.
pub async fn network() -> Network {
    network_of(&["mqtt_alice", "mqtt_bob"]).await
}

/// Nodes whose swarms are joined, with one of these accounts on each.
pub async fn network_of(accounts: &[&str]) -> Network {
    let builder = Network::builder().start_height(5000).dht_wait(Duration::ZERO);
    let node = |account: &&str| NodeConfig::new().account(*account);
    accounts.iter().map(node).fold(builder, |builder, node| builder.node(node)).start().await.unwrap()
}

/// One side: a broker, a client at it that hears everything, and the bridge's configuration.
pub struct Side {
    _broker: Broker,
    pub config: BridgeConfig,
    pub secrets: Secrets,
    pub data: TempDir,
    heard: mpsc::UnboundedReceiver<Heard>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub topic: String,
    pub payload: Vec<u8>,
    pub qos: u8,
    /// The broker kept it, and tells a newcomer of it.
    pub retained: bool,
}

impl Side {
    /// `rules` has the fields of a configuration that differ: following, publications, forwards, subscriptions.
    pub async fn new(network: &Network, node: usize, account: &str, rules: serde_json::Value) -> Self {
        let broker = Broker::start(BrokerOptions::on(([127, 0, 0, 1], 0))).await.unwrap();
        let node = network.node(node);
        let twister = TwisterConfig {
            url: NodeUrl::loopback(node.port()),
            user: node.user().to_owned(),
            account: account.parse().unwrap(),
        };
        let mut fields = json!({
            "name": account,
            "twister": twister,
            "broker": BrokerConfig::new(BrokerUrl::new("127.0.0.1", broker.addr().port())),
        });
        fields.as_object_mut().unwrap().extend(rules.as_object().unwrap().clone());
        let heard = listen(&broker, &["#"]).await;
        Self {
            _broker: broker,
            config: mqtt_twister_bridge::config::parse_bridge(fields).unwrap(),
            secrets: Secrets { node: Password::new(node.password()), broker: Password::default() },
            data: tempfile::tempdir().unwrap(),
            heard,
        }
    }

    pub async fn start(&self) -> Bridge {
        self.start_in(self.data.path()).await
    }

    pub async fn start_in(&self, data: &Path) -> Bridge {
        Bridge::start(self.config.clone(), self.secrets.clone(), data).await.unwrap()
    }

    pub async fn start_ready(&self) -> Bridge {
        let bridge = self.start().await;
        until(&bridge, |state| state.ready).await;
        bridge
    }

    /// Publishes at this side's broker as an ordinary client.
    pub async fn publish(&self, topic: &str, payload: &[u8], qos: Qos) {
        let message = Message::new(topic.parse().unwrap(), payload, qos);
        publish(&self.config.broker, &Password::default(), message).await.unwrap();
    }

    /// The same, to be kept by the broker; an empty payload clears what it keeps.
    pub async fn publish_retained(&self, topic: &str, payload: &[u8]) {
        let message = Message { retain: true, ..Message::new(topic.parse().unwrap(), payload, Qos::AtLeastOnce) };
        publish(&self.config.broker, &Password::default(), message).await.unwrap();
    }

    /// What this side's broker keeps on `topic`, as a new subscriber gets it.
    pub async fn retained(&self, topic: &str) -> Option<Vec<u8>> {
        let mut newcomer = listen(&self._broker, &[topic]).await;
        // There is no word for nothing: whoever is not told anything for a while finds nothing kept.
        let told = timeout(Duration::from_millis(500), newcomer.recv()).await.ok().flatten();
        told.filter(|heard| heard.retained).map(|heard| heard.payload)
    }

    /// Waits until this side's broker keeps this on `topic`.
    pub async fn until_retained(&self, topic: &str, wanted: Option<&[u8]>) {
        let kept = async { while self.retained(topic).await.as_deref() != wanted {} };
        timeout(LIMIT, kept).await.expect("the broker keeps it in time");
    }

    /// The next message at this side's broker, whoever published it.
    pub async fn hear(&mut self) -> Heard {
        timeout(LIMIT, self.heard.recv()).await.expect("a message is heard in time").unwrap()
    }

    /// The next message on `topic`.
    pub async fn hear_on(&mut self, topic: &str) -> Heard {
        loop {
            let heard = self.hear().await;
            if heard.topic == topic {
                return heard;
            }
        }
    }

    pub fn account(&self) -> Username {
        self.config.twister.account.clone()
    }
}

/// Waits until a bridge's state is as wanted.
pub async fn until(bridge: &Bridge, wanted: impl FnMut(&BridgeState) -> bool) {
    let mut states = bridge.watch_state();
    let reached = timeout(LIMIT, states.wait_for(wanted)).await;
    if reached.is_err() {
        panic!("the state is not reached in time: {:#?}", bridge.state());
    }
}

/// The next problem of this kind.
pub async fn problem(events: &mut broadcast::Receiver<BridgeEvent>, code: ProblemCode) -> Problem {
    let next = async {
        loop {
            match events.recv().await.unwrap() {
                BridgeEvent::Problem(problem) if problem.code == code => return problem,
                _ => {}
            }
        }
    };
    timeout(LIMIT, next).await.expect("the problem is told in time")
}

async fn listen(broker: &Broker, filters: &[&str]) -> mpsc::UnboundedReceiver<Heard> {
    let name = format!("listener-{:x}", rand::random::<u64>());
    let mut options = MqttOptions::new(name, "127.0.0.1", broker.addr().port());
    options.set_max_packet_size(Some(1_000_000));
    let (client, mut eventloop) = AsyncClient::new(options, 10);
    let filters: Vec<Filter> = filters.iter().map(|filter| Filter::new(*filter, QoS::ExactlyOnce)).collect();
    client.subscribe_many(filters).await.unwrap();
    let (heard_out, heard) = mpsc::unbounded_channel();
    let (subscribed_out, mut subscribed) = mpsc::channel(1);
    tokio::spawn(async move {
        let _keep = client;
        loop {
            match eventloop.poll().await {
                Ok(Event::Incoming(Packet::SubAck(_))) => drop(subscribed_out.try_send(())),
                Ok(Event::Incoming(Packet::Publish(publish))) => {
                    let topic = String::from_utf8(publish.topic.to_vec()).unwrap();
                    if topic.starts_with("mqtt-twister/") {
                        continue; // The bridge's own state.
                    }
                    let (payload, qos) = (publish.payload.to_vec(), publish.qos as u8);
                    let heard = Heard { topic, payload, qos, retained: publish.retain };
                    if heard_out.send(heard).is_err() {
                        return;
                    }
                }
                Ok(_) => {}
                Err(_) => return,
            }
        }
    });
    timeout(LIMIT, subscribed.recv()).await.unwrap().unwrap();
    heard
}
