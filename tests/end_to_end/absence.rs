//! Whoever was away for a week finds everything, in order, and neither bridge nor broker is overrun by it.

use std::time::Instant;

use tempfile::TempDir;

use crate::support::{BridgeProcess, Client, Mosquitto, Network, PASSWORD, toml_bridge};

const MESSAGES: usize = 100_000;

/// How many messages a second bob's broker may be given.
const RATE: usize = 4_000;

/// What a bridge may use, in MiB.
const MEMORY: u64 = 150;

#[tokio::test(flavor = "multi_thread")]
async fn wish_2_a_hundred_thousand_messages_of_a_week_arrive_in_order_and_no_faster_than_is_set() {
    let (network, alice_broker, bob_broker) =
        tokio::join!(Network::of_alice_and_bob(), Mosquitto::start(), Mosquitto::start());
    let alice_rules = "following = ['mqtt_bob']\npublications = ['meters/#']\n\
                       forwards = [{ from = 'meters/#', type = 'private', to = ['mqtt_bob'], max_wait_ms = 5000 }]";
    let bob_rules = format!(
        "following = ['mqtt_alice']\nsubscriptions = ['meters/#']\n\
         peers = {{ mqtt_alice = {{ messages_per_minute = 1000000 }} }}\nlimits = {{ deliver_per_second = {RATE} }}"
    );
    let alice_config = toml_bridge("alice", "mqtt_alice", &network.url(0), &alice_broker.address(), alice_rules);
    let bob_config = toml_bridge("bob", "mqtt_bob", &network.url(1), &bob_broker.address(), &bob_rules);
    let (alice_dir, bob_dir) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let start_bob =
        || BridgeProcess::start(bob_dir.path(), &bob_config, &[("MQTT_TWISTER_BOB_NODE_PASSWORD", PASSWORD)]);
    let settings = [("MQTT_TWISTER_ALICE_NODE_PASSWORD", PASSWORD)];
    let alice = BridgeProcess::start(alice_dir.path(), &alice_config, &settings);
    let bob = start_bob();
    tokio::join!(alice.ready(), bob.ready());
    let at_bob = Client::watching(bob_broker.port(), "meters/#").await;
    let alice_person = Client::connect(alice_broker.port(), "alice").await;
    alice_person.publish("meters/1", "0").await;
    at_bob.wait_for(1).await;
    bob.stop().await;

    alice_person.publish_all("meters/1", (1..MESSAGES).map(|number| number.to_string())).await;
    alice.all_out("alice", MESSAGES as u64).await;

    let bob = start_bob();
    let progress = at_bob.progress_to(MESSAGES).await;
    let arrived: Vec<usize> =
        at_bob.messages().iter().map(|message| str::from_utf8(&message.payload).unwrap().parse().unwrap()).collect();
    assert!(arrived.iter().copied().eq(0..MESSAGES), "everything arrives once and in order");
    let rate = mean_rate(&progress);
    let (alice_mib, bob_mib) = (alice.peak_memory_mib(), bob.peak_memory_mib());
    eprintln!("{rate:.0} messages a second; alice used {alice_mib} MiB, bob {bob_mib} MiB");
    assert!(rate <= RATE as f64 * 1.1, "{rate:.0} messages a second");
    assert!(alice_mib < MEMORY && bob_mib < MEMORY, "alice used {alice_mib} MiB, bob {bob_mib} MiB");
    tokio::join!(alice.stop(), bob.stop());
}

/// How many messages a second came, from the first of the backlog to the last. What the test sees of a message may be later than
/// what happened to it, so shorter times say nothing.
fn mean_rate(progress: &[(Instant, usize)]) -> f64 {
    let (first, before) = progress.iter().find(|(_, arrived)| *arrived > 1).expect("something came");
    let (last, all) = progress.last().expect("something came");
    (all - before) as f64 / (*last - *first).as_secs_f64()
}
