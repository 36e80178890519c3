//! The bridge beside others, in turns on the same machine.

use std::time::{Duration, Instant};

use mqtt_twister_benches::{Effort, Measure, Row, median};

use super::latency::Road;
use super::throughput::Stream;
use crate::clients::connected;
use crate::pair::{PUBLIC, Pair, network};
use crate::rivals::mosquitto_twister::MosquittoTwister;
use crate::support::Mosquitto;

/// Longer than messages wait for others.
const PAUSE: Duration = Duration::from_millis(300);

pub async fn measure(effort: Effort) -> Vec<Row> {
    let rounds = effort.of(5, 1);
    let (mut direct, mut script) = (Ratios::default(), Ratios::default());
    for _ in 0..rounds {
        let ours = bridge(effort).await;
        direct.add(&ours, &mosquitto_bridge(effort).await);
        script.add(&ours, &mosquitto_twister(effort).await);
    }
    let mut row = Row::new(
        "rivals",
        "the bridge's figure divided by the other's, each round all three in turns: 4 s of as many messages of 120 bytes as get \
         through, then single ones. Mosquitto's own bridge needs the other broker in reach and takes no detour; mosquitto-twister is \
         re-created: one message a post, one look for posts a loop",
    );
    for (name, ratios) in [("Mosquitto's bridge", direct), ("mosquitto-twister", script)] {
        row.add(Measure::new(&format!("throughput, times {name}'s"), "×", ratios.throughput));
        row.add(Measure::new(&format!("time of a message, times {name}'s"), "×", ratios.latency));
    }
    vec![row]
}

/// What one of them can do.
struct Figures {
    messages_a_second: f64,
    latency_ms: f64,
}

#[derive(Default)]
struct Ratios {
    throughput: Vec<f64>,
    latency: Vec<f64>,
}

impl Ratios {
    fn add(&mut self, ours: &Figures, other: &Figures) {
        self.throughput.push(ours.messages_a_second / other.messages_a_second);
        self.latency.push(ours.latency_ms / other.latency_ms);
    }
}

async fn bridge(effort: Effort) -> Figures {
    let pair = Pair::start().await;
    let figures = figures(effort, pair.alice_broker.port(), pair.bob_broker.port(), 20_000).await;
    pair.stop().await;
    figures
}

async fn mosquitto_bridge(effort: Effort) -> Figures {
    let here = Mosquitto::start().await;
    let there = Mosquitto::start_bridged(here.port(), &format!("{PUBLIC}/#")).await;
    figures(effort, here.port(), there.port(), 20_000).await
}

async fn mosquitto_twister(effort: Effort) -> Figures {
    let (network, here, there) = tokio::join!(network(&[]), Mosquitto::start(), Mosquitto::start());
    let _there = MosquittoTwister::receiving(&network, 1, "mqtt_bob", there.port(), "mqtt_alice");
    let _here = MosquittoTwister::sending(&network, 0, "mqtt_alice", here.port(), PUBLIC);
    // It posts them one after the other: more would only wait.
    figures(effort, here.port(), there.port(), 200).await
}

async fn figures(effort: Effort, from: u16, to: u16, on_the_way: u64) -> Figures {
    connected(from, to, &[PUBLIC]).await;
    let mut stream = Stream::new(from, to, PUBLIC, on_the_way).await;
    let began = Instant::now();
    let arrived = stream.flow(effort.of(Duration::from_secs(4), Duration::from_secs(3))).await;
    let messages_a_second = arrived as f64 / began.elapsed().as_secs_f64();
    stream.run_dry().await;
    drop(stream);
    let times = Road::from_to(from, to).await.travel(PUBLIC, effort.of(8, 3), PAUSE).await;
    Figures { messages_a_second, latency_ms: median(&times).unwrap() }
}
