//! The session against a real broker.

use std::time::Duration;

use mqtt_twister_broker::{Broker, BrokerOptions};
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::packets::without_covered;
use super::*;
use crate::config::BrokerUrl;
use crate::message::Qos;
use crate::secrets::Password;

/// No step of these tests takes longer.
const LIMIT: Duration = Duration::from_secs(20);

/// A session and the ends of its channels.
struct Running {
    commands: mpsc::UnboundedSender<Command>,
    incoming: mpsc::Receiver<Incoming>,
    deliveries: mpsc::UnboundedReceiver<Delivery>,
    board: Board,
    task: JoinHandle<()>,
}

async fn broker(folder: &TempDir) -> Broker {
    let options = BrokerOptions::on(([127, 0, 0, 1], 0)).with_data_dir(folder.path().join("broker"));
    Broker::start(options).await.unwrap()
}

async fn start(broker: &Broker, store: &Store) -> Running {
    let board = Board::new("home".parse().unwrap());
    let setup = Setup {
        login: Login {
            url: BrokerUrl::new("127.0.0.1", broker.addr().port()),
            user: String::new(),
            password: Password::default(),
        },
        client_id: "mqtt-twister-home".to_owned(),
        publications: vec!["doors/#".parse().unwrap()],
        board: board.clone(),
        store: store.clone(),
    };
    let (commands, commands_in) = mpsc::unbounded_channel();
    let (incoming_out, incoming) = mpsc::channel(INCOMING_CAPACITY);
    let (deliveries_out, deliveries) = mpsc::unbounded_channel();
    let unreleased = store.unreleased().await.unwrap();
    let (session, eventloop) = Session::new(setup, unreleased, commands_in, incoming_out, deliveries_out);
    let task = tokio::spawn(session.drive(eventloop));
    let mut states = board.watch();
    let up = states.wait_for(|state| state.broker == crate::event::PartState::Up);
    timeout(LIMIT, up).await.unwrap().unwrap();
    Running { commands, incoming, deliveries, board, task }
}

impl Running {
    async fn next(&mut self) -> Incoming {
        timeout(LIMIT, self.incoming.recv()).await.unwrap().unwrap()
    }

    async fn next_delivery(&mut self) -> Delivery {
        timeout(LIMIT, self.deliveries.recv()).await.unwrap().unwrap()
    }

    /// Ends as a killed process would: nothing is said to the broker.
    async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

/// Publishes as another client would, and returns when the broker has the message.
async fn publish(broker: &Broker, qos: Qos, payload: &str) {
    let url = BrokerUrl::new("127.0.0.1", broker.addr().port());
    let config = crate::config::BrokerConfig { url, user: String::new() };
    let message = Message::new("doors/1".parse().unwrap(), payload, qos);
    crate::publish::publish(&config, &Password::default(), message).await.unwrap();
}

/// A client that hears everything.
async fn listener(broker: &Broker) -> mpsc::UnboundedReceiver<String> {
    let options = MqttOptions::new("listener", "127.0.0.1", broker.addr().port());
    let (client, mut eventloop) = AsyncClient::new(options, 10);
    client.subscribe("doors/#", QoS::ExactlyOnce).await.unwrap();
    let (heard_out, heard) = mpsc::unbounded_channel();
    let (subscribed_out, mut subscribed) = mpsc::channel(1);
    tokio::spawn(async move {
        let _keep = client;
        while let Ok(event) = eventloop.poll().await {
            match event {
                Event::Incoming(Packet::SubAck(_)) => drop(subscribed_out.try_send(())),
                Event::Incoming(Packet::Publish(publish)) => {
                    let _ = heard_out.send(String::from_utf8_lossy(&publish.payload).into_owned());
                }
                _ => {}
            }
        }
    });
    timeout(LIMIT, subscribed.recv()).await.unwrap().unwrap();
    heard
}

#[tokio::test]
async fn a_message_that_was_not_acknowledged_comes_again_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let broker = broker(&folder).await;
    let mut session = start(&broker, &store).await;
    publish(&broker, Qos::AtLeastOnce, "kept").await;
    assert_eq!(session.next().await.payload, b"kept");
    session.kill().await;

    let mut session = start(&broker, &store).await;
    let again = session.next().await;
    assert_eq!(again.payload, b"kept");
    session.commands.send(Command::Acknowledge(again.receipt)).unwrap();
    publish(&broker, Qos::AtLeastOnce, "next").await;
    assert_eq!(session.next().await.payload, b"next");
}

#[tokio::test]
async fn a_message_released_only_after_a_kill_does_not_break_the_session() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let broker = broker(&folder).await;
    let mut session = start(&broker, &store).await;
    for number in 0..5 {
        publish(&broker, Qos::ExactlyOnce, &format!("once {number}")).await;
    }
    for _ in 0..5 {
        let incoming = session.next().await;
        session.commands.send(Command::Acknowledge(incoming.receipt)).unwrap();
    }
    // Killed somewhere between the acknowledgements and the releases; the database knows nothing of them.
    session.kill().await;

    let mut session = start(&broker, &store).await;
    publish(&broker, Qos::ExactlyOnce, "after").await;
    loop {
        let incoming = session.next().await;
        session.commands.send(Command::Acknowledge(incoming.receipt)).unwrap();
        if incoming.payload == b"after" {
            break;
        }
    }
}

#[tokio::test]
async fn what_the_bridge_delivers_does_not_come_back_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let broker = broker(&folder).await;
    let mut heard = listener(&broker).await;
    let mut session = start(&broker, &store).await;
    assert_eq!(session.next_delivery().await, Delivery::StartOver);
    for (row, qos) in [(1, Qos::AtMostOnce), (2, Qos::AtLeastOnce), (3, Qos::ExactlyOnce)] {
        let message = Message::new("doors/1".parse().unwrap(), row.to_string(), qos);
        session.commands.send(Command::Deliver { generation: 1, row, message }).unwrap();
        assert_eq!(session.next_delivery().await, Delivery::Done(row));
        assert_eq!(timeout(LIMIT, heard.recv()).await.unwrap(), Some(row.to_string()));
    }
    publish(&broker, Qos::AtLeastOnce, "from another").await;
    assert_eq!(session.next().await.payload, b"from another");
}

#[tokio::test]
async fn a_delivery_from_before_the_session_was_lost_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let broker = broker(&folder).await;
    let mut heard = listener(&broker).await;
    let mut session = start(&broker, &store).await;
    assert_eq!(session.next_delivery().await, Delivery::StartOver);
    let message = |text: &str| Message::new("doors/1".parse().unwrap(), text, Qos::AtLeastOnce);
    session.commands.send(Command::Deliver { generation: 0, row: 1, message: message("old") }).unwrap();
    session.commands.send(Command::Deliver { generation: 1, row: 1, message: message("new") }).unwrap();
    assert_eq!(timeout(LIMIT, heard.recv()).await.unwrap(), Some("new".to_owned()));
    assert_eq!(session.next_delivery().await, Delivery::Done(1));
}

/// Waits for a retained state that says `state`, as a client that comes later sees it.
async fn state_says(broker: &Broker, state: &str) {
    let options = MqttOptions::new("late", "127.0.0.1", broker.addr().port());
    let (client, mut eventloop) = AsyncClient::new(options, 10);
    client.subscribe("mqtt-twister/home/state", QoS::AtLeastOnce).await.unwrap();
    let wanted = format!("\"state\":\"{state}\"");
    let said = async {
        loop {
            if let Event::Incoming(Packet::Publish(publish)) = eventloop.poll().await.unwrap()
                && String::from_utf8_lossy(&publish.payload).contains(&wanted)
            {
                return;
            }
        }
    };
    timeout(LIMIT, said).await.unwrap();
}

#[tokio::test]
async fn wish_8_the_state_is_on_a_topic_of_the_local_broker_and_true_even_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let broker = broker(&folder).await;
    let session = start(&broker, &store).await;
    state_says(&broker, "not_ready").await;
    for part in [Part::Node, Part::Account, Part::Network] {
        session.board.up(part);
    }
    state_says(&broker, "ready").await;
    session.kill().await;
    state_says(&broker, "offline").await;

    let Running { commands, task, .. } = start(&broker, &store).await;
    state_says(&broker, "not_ready").await;
    drop(commands);
    timeout(LIMIT, task).await.unwrap().unwrap();
    state_says(&broker, "offline").await;
}

#[tokio::test]
async fn a_broker_that_comes_back_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let first = broker(&folder).await;
    let addr = first.addr();
    let mut session = start(&first, &store).await;
    first.stop().await;
    let mut states = session.board.watch();
    let down = states.wait_for(|state| matches!(state.broker, crate::event::PartState::Down { .. }));
    timeout(LIMIT, down).await.unwrap().unwrap();
    let options = BrokerOptions::on(addr).with_data_dir(folder.path().join("broker"));
    let second = Broker::start(options).await.unwrap();
    let up = states.wait_for(|state| state.broker == crate::event::PartState::Up);
    timeout(LIMIT, up).await.unwrap().unwrap();
    publish(&second, Qos::AtLeastOnce, "hello again").await;
    assert_eq!(session.next().await.payload, b"hello again");
}

#[test]
fn a_filter_within_another_is_not_subscribed_to() {
    let filters: Vec<TopicFilter> = ["sensors/+", "sensors/#", "doors/1", "sensors/#", "doors/+/x"]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    let kept: Vec<_> = without_covered(&filters).iter().map(|filter| filter.as_str()).collect();
    assert_eq!(kept, ["sensors/#", "doors/1", "doors/+/x"]);
}
