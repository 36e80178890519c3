//! A session and the ends of its channels, other clients of its broker, and a gate between session and broker.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mqtt_twister_broker::{Broker, BrokerOptions};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet as Wire;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use tempfile::TempDir;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::mosquitto::Mosquitto;
use crate::config::{BrokerConfig, BrokerUrl, ProtocolChoice};
use crate::engine::Board;
use crate::event::{BridgeEvent, Part, PartState};
use crate::message::{Message, Qos};
use crate::mqtt::Login;
use crate::mqtt::session::{Command, Delivery, INCOMING_CAPACITY, Incoming, Session, Setup};
use crate::secrets::Password;
use crate::store::{RowId, Store};
use crate::topic::TopicFilter;

/// No step of these tests takes longer.
pub const LIMIT: Duration = Duration::from_secs(20);

pub const BOTH: [ProtocolChoice; 2] = [ProtocolChoice::V5, ProtocolChoice::V311];

/// A running session.
pub struct Running {
    pub commands: mpsc::UnboundedSender<Command>,
    pub incoming: mpsc::Receiver<Incoming>,
    pub deliveries: mpsc::UnboundedReceiver<Delivery>,
    pub board: Board,
    pub task: JoinHandle<()>,
    pub publications: watch::Sender<Vec<TopicFilter>>,
    events: broadcast::Receiver<BridgeEvent>,
    generation: u64,
}

/// A broker and a database.
pub struct Place {
    pub store: Store,
    pub broker: Served,
}

/// A broker of one kind or the other.
pub enum Served {
    Embedded(Broker),
    Mosquitto(Mosquitto),
}

impl Served {
    pub fn addr(&self) -> SocketAddr {
        match self {
            Self::Embedded(broker) => broker.addr(),
            Self::Mosquitto(broker) => broker.addr(),
        }
    }
}

impl Place {
    /// A place with the embedded broker, which keeps nothing on disk.
    pub async fn new() -> Self {
        let broker = Broker::start(BrokerOptions::on(([127, 0, 0, 1], 0))).await.unwrap();
        Self { store: Store::in_memory(), broker: Served::Embedded(broker) }
    }

    /// Two places: one with the embedded broker, one with Mosquitto.
    pub async fn each() -> [Self; 2] {
        let broker = Served::Mosquitto(Mosquitto::start().await);
        [Self::new().await, Self { store: Store::in_memory(), broker }]
    }

    /// A session that has connected and subscribed to `doors/#`.
    pub async fn start(&self, protocol: ProtocolChoice) -> Running {
        start(self.broker.addr(), &self.store, protocol, &["doors/#"]).await
    }

    /// Publishes as another client would, and returns when the broker has the message.
    pub async fn publish(&self, qos: Qos, payload: &str) {
        publish(self.broker.addr(), Message::new(topic(), payload, qos)).await;
    }

    /// What a client that subscribes to `doors/#` hears.
    pub async fn listen(&self) -> Heard {
        listen(self.broker.addr(), "listener").await
    }

    /// The same for a client of another name, which hears what is retained too.
    pub async fn listen_as(&self, name: &str) -> Heard {
        listen(self.broker.addr(), name).await
    }
}

pub async fn broker_on(addr: SocketAddr, folder: &TempDir) -> Broker {
    Broker::start(BrokerOptions::on(addr).with_data_dir(folder.path().join("broker"))).await.unwrap()
}

pub fn topic() -> crate::topic::Topic {
    "doors/1".parse().unwrap()
}

pub fn message(payload: &str, qos: Qos) -> Message {
    Message::new(topic(), payload, qos)
}

/// A session that has connected and subscribed.
pub async fn start(broker: SocketAddr, store: &Store, protocol: ProtocolChoice, publications: &[&str]) -> Running {
    let running = start_anyhow(broker, store, protocol, publications).await;
    running.is_up().await;
    running
}

/// A session that may not be able to connect.
pub async fn start_anyhow(
    broker: SocketAddr,
    store: &Store,
    protocol: ProtocolChoice,
    publications: &[&str],
) -> Running {
    let config = BrokerConfig { protocol, ..BrokerConfig::new(url(broker)) };
    start_at(Login::new(&config, Password::default()).unwrap(), store, publications).await
}

pub async fn start_at(login: Login, store: &Store, publications: &[&str]) -> Running {
    let board = Board::new("home".parse().unwrap());
    let filters = publications.iter().map(|filter| filter.parse().unwrap()).collect();
    let (publications_in, publications) = watch::channel(filters);
    let setup = Setup {
        login,
        client_id: "mqtt-twister-home".to_owned(),
        publications,
        subscribed: Arc::default(),
        board: board.clone(),
        store: store.clone(),
    };
    let (commands, commands_in) = mpsc::unbounded_channel();
    let (incoming_out, incoming) = mpsc::channel(INCOMING_CAPACITY);
    let (deliveries_out, deliveries) = mpsc::unbounded_channel();
    let known = store.broker_session().await.unwrap();
    let session = Session::new(setup, known, commands_in, incoming_out, deliveries_out);
    let events = board.events();
    let (task, publications) = (tokio::spawn(session.drive()), publications_in);
    Running { commands, incoming, deliveries, board, task, publications, events, generation: 0 }
}

pub fn url(broker: SocketAddr) -> BrokerUrl {
    BrokerUrl::new(broker.ip().to_string(), broker.port())
}

impl Running {
    pub async fn is_up(&self) {
        let mut states = self.board.watch();
        let up = states.wait_for(|state| state.broker == PartState::Up);
        assert!(timeout(LIMIT, up).await.is_ok(), "{:?}", self.board.state().broker);
    }

    pub async fn is_down(&self) {
        let mut states = self.board.watch();
        let down = states.wait_for(|state| matches!(state.broker, PartState::Down { .. }));
        timeout(LIMIT, down).await.unwrap().unwrap();
    }

    /// Waits until the session has told of trouble with its database.
    pub async fn has_stumbled(&mut self) {
        let told = async {
            loop {
                if let BridgeEvent::Problem(problem) = self.events.recv().await.unwrap()
                    && problem.part == Part::Storage
                {
                    return;
                }
            }
        };
        timeout(LIMIT, told).await.unwrap();
    }

    /// A `StartOver` was taken out of `deliveries` by hand.
    pub fn started_over(&mut self) {
        self.generation += 1;
    }

    /// The next message of the broker, not acknowledged.
    pub async fn next(&mut self) -> Incoming {
        timeout(LIMIT, self.incoming.recv()).await.unwrap().unwrap()
    }

    /// The payload of the next message, which is acknowledged.
    pub async fn take(&mut self) -> String {
        let incoming = self.next().await;
        self.commands.send(Command::Acknowledge(incoming.receipt)).unwrap();
        String::from_utf8(incoming.payload).unwrap()
    }

    /// Hands a message over in the generation that is the present one.
    pub fn deliver(&mut self, row: RowId, message: Message) {
        while let Ok(Delivery::StartOver) = self.deliveries.try_recv() {
            self.generation += 1;
        }
        self.commands.send(Command::Deliver { generation: self.generation, row, message }).unwrap();
    }

    /// What became of the next message that was handed over.
    pub async fn outcome(&mut self) -> Delivery {
        loop {
            match timeout(LIMIT, self.deliveries.recv()).await.unwrap().unwrap() {
                Delivery::StartOver => self.generation += 1,
                outcome => return outcome,
            }
        }
    }

    /// Ends as a killed process would: nothing is said to the broker.
    pub async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    /// Ends in order.
    pub async fn stop(self) {
        drop(self.commands);
        timeout(LIMIT, self.task).await.unwrap().unwrap();
    }
}

/// Publishes as another client would, and returns when the broker has the message.
pub async fn publish(broker: SocketAddr, message: Message) {
    let config = BrokerConfig::new(url(broker));
    crate::publish::publish(&config, &Password::default(), message).await.unwrap();
}

/// Messages that a client hears.
pub struct Heard(mpsc::UnboundedReceiver<rumqttc::v5::mqttbytes::v5::Publish>);

impl Heard {
    pub async fn publish(&mut self) -> rumqttc::v5::mqttbytes::v5::Publish {
        timeout(LIMIT, self.0.recv()).await.unwrap().unwrap()
    }

    pub async fn payload(&mut self) -> String {
        String::from_utf8(self.publish().await.payload.to_vec()).unwrap()
    }

    /// All payloads up to `last`.
    pub async fn until(&mut self, last: &str) -> Vec<String> {
        let mut payloads = Vec::new();
        while payloads.last().is_none_or(|payload| payload != last) {
            let Ok(Some(publish)) = timeout(LIMIT, self.0.recv()).await else {
                panic!("{last} does not come after {payloads:?}");
            };
            payloads.push(String::from_utf8(publish.payload.to_vec()).unwrap());
        }
        payloads
    }
}

pub async fn listen(broker: SocketAddr, name: &str) -> Heard {
    let mut options = MqttOptions::new(name, broker.ip().to_string(), broker.port());
    options.set_keep_alive(Duration::from_secs(60));
    let (client, mut eventloop) = AsyncClient::new(options, 10);
    client.subscribe("doors/#", QoS::ExactlyOnce).await.unwrap();
    let (heard_out, heard) = mpsc::unbounded_channel();
    let (subscribed_out, mut subscribed) = mpsc::channel(1);
    tokio::spawn(async move {
        let _keep = client;
        while let Ok(event) = eventloop.poll().await {
            match event {
                Event::Incoming(Wire::SubAck(_)) => drop(subscribed_out.try_send(())),
                Event::Incoming(Wire::Publish(publish)) => drop(heard_out.send(publish)),
                _ => {}
            }
        }
    });
    timeout(LIMIT, subscribed.recv()).await.unwrap().unwrap();
    Heard(heard)
}
