//! The benchmark of a bridge on which nothing happens, as on a small computer most of the time: what `mqtt-twister-cli run` takes of
//! memory and of a core. `make bench-quiet` runs it, with the release build.

use std::time::Duration;

use tempfile::TempDir;

use crate::support::{BridgeProcess, Mosquitto, Network, PASSWORD, toml_bridge};

/// Set it to a number of seconds for a shorter or a longer one.
const SECONDS_VARIABLE: &str = "QUIET_SECONDS";

/// What it may use, in MiB.
const MEMORY: u64 = 30;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark: make bench-quiet"]
async fn a_quiet_bridge_runs_in_thirty_megabytes() {
    let seconds = std::env::var(SECONDS_VARIABLE).ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let (network, broker) = tokio::join!(Network::of_alice_and_bob(), Mosquitto::start());
    let rules = "following = ['mqtt_bob']\npublications = ['doors/#']\nsubscriptions = ['fridges/#']\n\
                 forwards = [{ from = 'doors/#', type = 'private', to = ['mqtt_bob'] }]";
    let config = toml_bridge("alice", "mqtt_alice", &network.url(0), &broker.address(), rules);
    let dir = TempDir::new().unwrap();
    let settings = [("MQTT_TWISTER_ALICE_NODE_PASSWORD", PASSWORD)];
    let alice = BridgeProcess::start(dir.path(), &config, &settings);
    alice.ready().await;

    let before = alice.processor_time();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let share = (alice.processor_time() - before).as_secs_f64() / seconds as f64;
    let memory = alice.peak_memory_mib();
    eprintln!("One quiet bridge for {seconds} s: {memory} MiB at most, {:.2} % of a core.", 100.0 * share);
    assert!(memory <= MEMORY, "{memory} MiB");
    alice.stop().await;
}
