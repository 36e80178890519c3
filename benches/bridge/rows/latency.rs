//! How long one message takes.

use std::time::{Duration, Instant};

use mqtt_twister_benches::{Effort, Measure, Row, median, percentile};

use crate::clients::{Sink, Source};
use crate::pair::{PRIVATE, PUBLIC, Pair};

/// Between one message and the next: longer than messages wait for others, so that each is alone.
const PAUSE: Duration = Duration::from_millis(300);

pub async fn measure(effort: Effort) -> Vec<Row> {
    let (runs, messages) = (effort.of(5, 1), effort.of(30, 20));
    let pair = Pair::start().await;
    let mut road = Road::between(&pair).await;
    let mut row = Row::new(
        "latency",
        "one QoS 1 message of 120 bytes, 0.3 s after the one before; from its publication at one person's broker until a \
         subscriber of the other person's broker has it",
    );
    for prefix in [PRIVATE, PUBLIC] {
        let (mut medians, mut slowest) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            let times = road.travel(prefix, messages, PAUSE).await;
            medians.extend(median(&times));
            slowest.extend(percentile(&times, 0.99));
        }
        row.add(Measure::new(&format!("{prefix}, median"), "ms", medians).at_most(40.0));
        row.add(Measure::new(&format!("{prefix}, p99"), "ms", slowest).at_most(120.0));
    }
    let rested =
        road.travel(PRIVATE, effort.of(5, 1), effort.of(Duration::from_secs(10), Duration::from_secs(3))).await;
    row.add(Measure::new("private, after a silence of 10 s", "ms", rested).note(
        "A node cannot call: whoever waits for posts has to ask for them. A bridge asks every 20 ms while messages come, and less \
         and less often the longer none has come, down to every 2 s: a hundredth of the silence so far is added to the time of \
         the message that ends it.",
    ));
    pair.stop().await;
    vec![row]
}

/// From one broker to another.
pub struct Road {
    source: Source,
    sink: Sink,
    count: u64,
}

impl Road {
    pub async fn between(pair: &Pair) -> Self {
        Self::from_to(pair.alice_broker.port(), pair.bob_broker.port()).await
    }

    pub async fn from_to(from: u16, to: u16) -> Self {
        Self { source: Source::connect(from).await, sink: Sink::subscribe(to, "#").await, count: 0 }
    }

    /// The times in milliseconds that so many messages take, one after the other.
    pub async fn travel(&mut self, prefix: &str, messages: usize, pause: Duration) -> Vec<f64> {
        let mut times = Vec::new();
        for _ in 0..messages {
            tokio::time::sleep(pause).await;
            self.count += 1;
            let topic = format!("{prefix}/house/{:03}/climate", self.count % 200);
            let payload = format!(
                "{{\"battery\":87,\"count\":{},\"humidity\":48.25,\"linkquality\":112,\"pressure\":1013.2,\"temperature\":21.43,\"voltage\":3005}}",
                self.count
            );
            let began = Instant::now();
            self.source.publish(&topic, payload.clone()).await;
            loop {
                let arrival = self.sink.next().await;
                if arrival.payload == payload.as_bytes() {
                    times.push((arrival.at - began).as_secs_f64() * 1000.0);
                    break;
                }
            }
        }
        times
    }
}
