//! Two people with mosquitto-twister's own example files, on two nodes and with a broker each.

use tempfile::TempDir;

use crate::support::{BridgeProcess, Client, Message, Mosquitto, Network, alice_json, bob_json};

/// A payload of each kind that a careless program would damage.
fn payloads() -> [Vec<u8>; 3] {
    [Vec::new(), (0..=255).collect(), "Tür auf – 门开了 🚪".into()]
}

fn messages(topic: &str) -> Vec<Message> {
    payloads().map(|payload| Message::new(topic, payload)).into()
}

async fn publish_all(person: &Client, topic: &str) {
    for payload in payloads() {
        person.publish(topic, payload).await;
    }
}

/// What has come on topics that begin so; the order between a person's posts and direct messages is not promised.
fn on(prefix: &str, messages: &[Message]) -> Vec<Message> {
    messages.iter().filter(|message| message.topic.starts_with(prefix)).cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn public_and_private_messages_arrive_once_and_nothing_else_arrives() {
    let (network, alice_broker, bob_broker) =
        tokio::join!(Network::of_alice_and_bob(), Mosquitto::start(), Mosquitto::start());
    let (alice_dir, bob_dir) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let alice_config = alice_json(&alice_broker, &network);
    let bob_config = bob_json(&bob_broker, &network);
    let alice = BridgeProcess::start(alice_dir.path(), &alice_config, &[]);
    let bob = BridgeProcess::start(bob_dir.path(), &bob_config, &[]);
    let at_alice = Client::watching(alice_broker.port(), "fridges/#").await;
    let at_bob = Client::watching(bob_broker.port(), "#").await;
    tokio::join!(alice.ready(), bob.ready());
    let alice_person = Client::connect(alice_broker.port(), "alice").await;
    let bob_person = Client::connect(bob_broker.port(), "bob").await;

    publish_all(&alice_person, "sensors/kitchen").await;
    publish_all(&alice_person, "doors/1").await;
    alice_person.publish("windows/1", "not in publications").await;
    publish_all(&bob_person, "fridges/1").await;
    at_bob.wait_until("the doors", |messages| on("doors/", messages).len() >= 3).await;
    assert_eq!(at_alice.wait_for(3).await, messages("fridges/1"));
    // The public messages were seen, and bob.json does not subscribe to them.
    bob.state("mqtt_bob", "three unwanted messages", |state| state["counters"]["unwanted"] == 3).await;
    bob.state("mqtt_bob", "three delivered messages", |state| {
        state["counters"]["delivered"] == 3 && state["counters"]["waiting_in"] == 0
    })
    .await;

    // What came is not brought again by the next start.
    tokio::join!(alice.stop(), bob.stop());
    let alice = BridgeProcess::start(alice_dir.path(), &alice_config, &[]);
    let bob = BridgeProcess::start(bob_dir.path(), &bob_config, &[]);
    tokio::join!(alice.ready(), bob.ready());
    alice_person.publish("doors/2", "the last").await;
    bob_person.publish("fridges/2", "the last").await;
    let last = |topic| move |messages: &[Message]| messages.last().is_some_and(|message| message.topic == topic);
    let at_bob = at_bob.wait_until("the last door", last("doors/2")).await;
    let at_alice = at_alice.wait_until("the last fridge", last("fridges/2")).await;
    tokio::join!(alice.stop(), bob.stop());

    let mut doors = messages("doors/1");
    doors.push(Message::new("doors/2", "the last"));
    let mut fridges = messages("fridges/1");
    fridges.push(Message::new("fridges/2", "the last"));
    assert_eq!(at_alice, fridges);
    assert_eq!(on("doors/", &at_bob), doors);
    // Bob's own messages are on his broker anyway, once.
    assert_eq!(on("fridges/", &at_bob), fridges);
    assert_eq!(at_bob.len(), doors.len() + fridges.len(), "something else arrived: {at_bob:?}");
}
