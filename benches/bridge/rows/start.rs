//! How long a bridge takes from its start until messages can cross.

use std::time::Instant;

use mqtt_twister_benches::{Effort, Measure, Row};
use tempfile::TempDir;

use crate::pair::{bridge, network};
use crate::support::Mosquitto;

pub async fn measure(effort: Effort) -> Vec<Row> {
    let (network, broker) = tokio::join!(network(&[]), Mosquitto::start());
    let folder = TempDir::new().unwrap();
    let rules = "following = ['mqtt_bob']\npublications = ['doors/#']\nsubscriptions = ['fridges/#']\n\
                 forwards = [{ from = 'doors/#', type = 'private', to = ['mqtt_bob'] }]";
    let mut times = Vec::new();
    // The first one makes the database and the profile: that is no start as all others are.
    for run in 0..=effort.of(10, 3) {
        let began = Instant::now();
        let alice = bridge(&folder, "alice", &network.node(0).url(), &broker, rules);
        alice.ready().await;
        if run > 0 {
            times.push(began.elapsed().as_secs_f64() * 1000.0);
        }
        alice.stop().await;
    }
    let mut row = Row::new(
        "start",
        "`mqtt-twister-cli run` from its start to its line `ready`, with broker and node on the same machine",
    );
    row.add(Measure::new("until ready", "ms", times).at_most(300.0));
    vec![row]
}
