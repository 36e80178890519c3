//! SIGKILL at any instant loses nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tempfile::TempDir;

use crate::support::{BridgeProcess, Client, Message, Mosquitto, Network, PASSWORD, toml_bridge};

const KILLS: usize = 10;
const MESSAGES: usize = 500;

/// The seed is printed when the test fails; set it here to see the same instants again.
const SEED_VARIABLE: &str = "KILL_SEED";

#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_while_500_messages_flow_lose_none() {
    let seed: u64 = std::env::var(SEED_VARIABLE).ok().map_or_else(rand::random, |text| text.parse().unwrap());
    eprintln!("{SEED_VARIABLE}={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let (network, alice_broker, bob_broker) =
        tokio::join!(Network::of_alice_and_bob(), Mosquitto::start(), Mosquitto::start());
    let alice_rules = "following = ['mqtt_bob']\npublications = ['#']\n\
                       forwards = [{ from = 'open/#' }, { from = 'closed/#', type = 'private', to = ['mqtt_bob'] }]";
    let bob_rules = "following = ['mqtt_alice']\nsubscriptions = ['open/#', 'closed/#']";
    let alice_config = toml_bridge("alice", "mqtt_alice", &network.url(0), &alice_broker.address(), alice_rules);
    let bob_config = toml_bridge("bob", "mqtt_bob", &network.url(1), &bob_broker.address(), bob_rules);
    let (alice_dir, bob_dir) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let start = || {
        let alice_password = [("MQTT_TWISTER_ALICE_NODE_PASSWORD", PASSWORD)];
        let bob_password = [("MQTT_TWISTER_BOB_NODE_PASSWORD", PASSWORD)];
        let alice = BridgeProcess::start(alice_dir.path(), &alice_config, &alice_password);
        let bob = BridgeProcess::start(bob_dir.path(), &bob_config, &bob_password);
        (alice, bob)
    };
    let at_bob = Client::watching(bob_broker.port(), "#").await;
    let alice_person = Client::connect(alice_broker.port(), "alice").await;
    // From their first start on, alice's broker keeps for the bridge what comes while it is gone.
    let (mut alice, mut bob) = start();
    tokio::join!(alice.ready(), bob.ready());

    let mut next = 0;
    for kill in 1..=KILLS {
        let instant = Duration::from_millis(random.random_range(20..500));
        // The kill comes at the instant: while messages are published, or while those that were published travel.
        let publish = tokio::time::timeout(instant, publish_until(&alice_person, &mut next, MESSAGES * kill / KILLS));
        let _ = tokio::join!(publish, tokio::time::sleep(instant));
        tokio::join!(alice.kill(), bob.kill());
        let arrived = at_bob.messages().len();
        eprintln!("kill {kill} after {instant:?}: {next} published, {arrived} arrived");
        (alice, bob) = start();
    }
    publish_until(&alice_person, &mut next, MESSAGES).await;

    let expected: BTreeSet<usize> = (0..MESSAGES).collect();
    let messages = at_bob.while_they_come(|messages| numbers(messages) == expected).await;
    let arrived = numbers(&messages);
    let missing: Vec<_> = expected.difference(&arrived).collect();
    assert!(missing.is_empty(), "{} messages are lost: {missing:?}", missing.len());
    eprintln!("all {MESSAGES} messages arrived, and {} copies", messages.len() - MESSAGES);
    tokio::join!(alice.ready(), bob.ready());
    tokio::join!(alice.stop(), bob.stop());
}

/// Publishes the messages up to number `end`, half of them public and half private.
async fn publish_until(person: &Client, next: &mut usize, end: usize) {
    while *next < end {
        let topic = if next.is_multiple_of(2) { "open/1" } else { "closed/1" };
        person.publish(topic, next.to_string()).await;
        *next += 1;
    }
}

fn numbers(messages: &[Message]) -> BTreeSet<usize> {
    messages.iter().map(|message| str::from_utf8(&message.payload).unwrap().parse().unwrap()).collect()
}
