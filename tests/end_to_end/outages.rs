//! What goes away comes back: nodes, brokers, and post numbers that another client took. Nothing is lost meanwhile.

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{BridgeProcess, Client, Message, Mosquitto, Network, alice_json, bob_json};

/// Alice and bob, whose bridges are ready.
struct Pair {
    network: Network,
    alice_broker: Mosquitto,
    bob_broker: Mosquitto,
    alice: BridgeProcess,
    bob: BridgeProcess,
    _dirs: [TempDir; 2],
}

impl Pair {
    async fn ready() -> Self {
        let (network, alice_broker, bob_broker) =
            tokio::join!(Network::of_alice_and_bob(), Mosquitto::start(), Mosquitto::start());
        let dirs = [TempDir::new().unwrap(), TempDir::new().unwrap()];
        let alice = BridgeProcess::start(dirs[0].path(), &alice_json(&alice_broker, &network), &[]);
        let bob = BridgeProcess::start(dirs[1].path(), &bob_json(&bob_broker, &network), &[]);
        tokio::join!(alice.ready(), bob.ready());
        Self { network, alice_broker, bob_broker, alice, bob, _dirs: dirs }
    }

    async fn stop(self) {
        tokio::join!(self.alice.stop(), self.bob.stop());
    }
}

fn numbered(topic: &str, numbers: std::ops::Range<usize>) -> Vec<Message> {
    numbers.map(|number| Message::new(topic, number.to_string())).collect()
}

/// The messages without the copies of earlier ones.
fn first_copies(messages: &[Message]) -> Vec<Message> {
    let is_first = |(index, message): &(usize, &Message)| !messages[..*index].contains(message);
    messages.iter().enumerate().filter(is_first).map(|(_, message)| message.clone()).collect()
}

async fn publish(person: &Client, messages: &[Message]) {
    for message in messages {
        person.publish(&message.topic, message.payload.clone()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sender_s_node_goes_down_and_comes_back_and_nothing_is_lost() {
    let pair = Pair::ready().await;
    let at_bob = Client::watching(pair.bob_broker.port(), "#").await;
    let alice_person = Client::connect(pair.alice_broker.port(), "alice").await;
    let sent = numbered("doors/1", 0..20);
    publish(&alice_person, &sent[..5]).await;
    pair.network.take_down(0).await;
    publish(&alice_person, &sent[5..15]).await;
    pair.alice.problem("mqtt_alice", "node_unreachable").await;
    pair.network.bring_up(0).await;
    publish(&alice_person, &sent[15..]).await;
    assert_eq!(at_bob.wait_for(20).await, sent);
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_receiver_s_node_goes_down_and_comes_back_and_nothing_is_lost() {
    let pair = Pair::ready().await;
    let at_bob = Client::watching(pair.bob_broker.port(), "#").await;
    let alice_person = Client::connect(pair.alice_broker.port(), "alice").await;
    let sent = numbered("doors/1", 0..20);
    publish(&alice_person, &sent[..5]).await;
    pair.network.take_down(1).await;
    publish(&alice_person, &sent[5..]).await;
    pair.bob.problem("mqtt_bob", "node_unreachable").await;
    pair.network.bring_up(1).await;
    let mut arrived = at_bob.wait_for(20).await;
    arrived.sort_by_key(|message| message.payload.iter().fold(0, |n, digit| n * 10 + u32::from(digit - b'0')));
    assert_eq!(arrived, sent);
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_receiver_s_broker_goes_down_and_comes_back_and_nothing_is_lost() {
    let mut pair = Pair::ready().await;
    let at_bob = Client::watching(pair.bob_broker.port(), "#").await;
    let alice_person = Client::connect(pair.alice_broker.port(), "alice").await;
    let sent = numbered("doors/1", 0..20);
    publish(&alice_person, &sent[..5]).await;
    at_bob.wait_for(5).await;
    pair.bob_broker.stop().await;
    publish(&alice_person, &sent[5..]).await;
    pair.bob.problem("mqtt_bob", "broker_unreachable").await;
    let fifteen = |state: &Value| state["counters"]["waiting_in"].as_u64() >= Some(15);
    pair.bob.state("mqtt_bob", "fifteen waiting messages", fifteen).await;
    pair.bob_broker.start_again().await;
    // What it had not acknowledged when it went down, it got again: QoS 1 is at least once.
    let arrived = at_bob.wait_until("the last message", |messages| messages.last() == sent.last()).await;
    assert_eq!(first_copies(&arrived), sent);
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sender_s_broker_goes_down_and_comes_back_and_nothing_is_lost() {
    let mut pair = Pair::ready().await;
    let at_bob = Client::watching(pair.bob_broker.port(), "#").await;
    let sent = numbered("doors/1", 0..20);
    publish(&Client::connect(pair.alice_broker.port(), "alice").await, &sent[..10]).await;
    pair.alice_broker.stop().await;
    pair.alice.problem("mqtt_alice", "broker_unreachable").await;
    pair.alice_broker.start_again().await;
    publish(&Client::connect(pair.alice_broker.port(), "alice").await, &sent[10..]).await;
    // What the bridge had not acknowledged yet, the broker gave it again: QoS 1 is at least once.
    let arrived = at_bob.wait_until("the last message", |messages| messages.last() == sent.last()).await;
    assert_eq!(first_copies(&arrived), sent);
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stopped_bridge_misses_comes_after_its_start() {
    let (network, alice_broker, bob_broker) =
        tokio::join!(Network::of_alice_and_bob(), Mosquitto::start(), Mosquitto::start());
    let dirs = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let (alice_config, bob_config) = (alice_json(&alice_broker, &network), bob_json(&bob_broker, &network));
    let at_bob = Client::watching(bob_broker.port(), "#").await;
    let bob = BridgeProcess::start(dirs[1].path(), &bob_config, &[]);
    let alice = BridgeProcess::start(dirs[0].path(), &alice_config, &[]);
    tokio::join!(alice.ready(), bob.ready());
    let sent = numbered("doors/1", 0..20);
    let alice_person = Client::connect(alice_broker.port(), "alice").await;
    publish(&alice_person, &sent[..5]).await;
    bob.state("mqtt_bob", "five acknowledged messages", |state| state["counters"]["delivered"] == 5).await;

    bob.stop().await;
    publish(&alice_person, &sent[5..10]).await;
    alice.state("mqtt_alice", "ten posts", |state| state["counters"]["posted"] == 10).await;
    alice.stop().await;
    publish(&alice_person, &sent[10..]).await;
    let bob = BridgeProcess::start(dirs[1].path(), &bob_config, &[]);
    let alice = BridgeProcess::start(dirs[0].path(), &alice_config, &[]);
    assert_eq!(at_bob.wait_for(20).await, sent);
    tokio::join!(alice.stop(), bob.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_whose_number_another_client_took_is_posted_again() {
    let pair = Pair::ready().await;
    let at_alice = Client::watching(pair.alice_broker.port(), "fridges/#").await;
    let at_bob = Client::watching(pair.bob_broker.port(), "doors/#").await;
    let alice_person = Client::connect(pair.alice_broker.port(), "alice").await;
    let bob_person = Client::connect(pair.bob_broker.port(), "bob").await;
    let (doors, fridges) = (numbered("doors/1", 0..10), numbered("fridges/1", 0..10));
    pair.network.steal_numbers("mqtt_alice", 4);
    pair.network.steal_numbers("mqtt_bob", 4);
    tokio::join!(publish(&alice_person, &doors), publish(&bob_person, &fridges));
    // What is posted again comes after what was posted meanwhile.
    let sorted = |mut messages: Vec<Message>| {
        messages.sort();
        messages
    };
    assert_eq!(sorted(at_bob.wait_for(10).await), doors);
    assert_eq!(sorted(at_alice.wait_for(10).await), fridges);
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_broker_s_clients_are_told_whether_the_bridge_is_ready_and_when_it_is_gone() {
    let (network, broker) = tokio::join!(Network::of_alice_and_bob(), Mosquitto::start());
    let dir = TempDir::new().unwrap();
    let config = alice_json(&broker, &network);
    let watcher = Client::watching(broker.port(), "mqtt-twister/#").await;
    let alice = BridgeProcess::start(dir.path(), &config, &[]);
    watcher.wait_for_state("mqtt_alice", "ready").await;
    network.take_down(0).await;
    watcher.wait_for_state("mqtt_alice", "not_ready").await;
    alice.kill().await;
    watcher.wait_for_state("mqtt_alice", "offline").await;

    network.bring_up(0).await;
    let alice = BridgeProcess::start(dir.path(), &config, &[]);
    watcher.wait_for_state("mqtt_alice", "ready").await;
    alice.stop().await;
    watcher.wait_for_state("mqtt_alice", "offline").await;
}
