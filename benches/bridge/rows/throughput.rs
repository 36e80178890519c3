//! How many messages cross in a second.

use std::time::{Duration, Instant};

use mqtt_twister_benches::{Effort, Ledger, Load, Measure, Meters, Row};

use crate::clients::{Sink, Source};
use crate::load::Begun;
use crate::pair::{PUBLIC, Pair};

/// Messages that may be on their way. More would only wait, fewer could leave a part of the way idle.
const ON_THE_WAY: u64 = 20_000;

/// Until as many are on their way as may be.
const WARM_UP: Duration = Duration::from_secs(5);

const TOPICS: usize = 200;

pub async fn measure(effort: Effort) -> Vec<Row> {
    let (runs, seconds) = (effort.of(5, 1), effort.of(60, 10));
    let pair = Pair::start().await;
    let mut stream = Stream::new(pair.alice_broker.port(), pair.bob_broker.port(), PUBLIC, ON_THE_WAY).await;
    let (mut load, mut posts) = (Load::default(), Vec::new());
    stream.flow(WARM_UP).await;
    for _ in 0..runs {
        let (posted, begun) = (calls(&pair), Begun::now(&pair));
        let arrived = stream.flow(Duration::from_secs(seconds)).await;
        let run = begun.end(&pair, arrived, Instant::now());
        posts.push((calls(&pair) - posted) as f64 / run.elapsed.as_secs_f64());
        load.add(run);
    }
    stream.run_dry().await;
    pair.stop().await;
    let mut row = Row::new(
        "throughput",
        "QoS 1, JSON of 120 bytes on 200 topics, for everybody; 60 s at a time, with 20,000 messages on their way; nodes that take 90 \
         posts a second. Every message has to come once and in order",
    );
    let costs = load.costs();
    let history = costs.last().zip(costs.first()).map(|(last, first)| last / first);
    row.add(load.rate(6000.0));
    row.add(Measure::new("posts a second", "", posts));
    row.add(Measure::new("processor time of both bridges, a message", "µs", costs));
    row.add(
        Measure::new("the same after all runs, times that of the first", "×", history.into_iter().collect())
            .at_most(7.0),
    );
    load.shares().into_iter().for_each(|share| row.add(share));
    vec![row]
}

fn calls(pair: &Pair) -> u64 {
    pair.network.node(0).calls().get("newpostcustom").copied().unwrap_or_default()
}

/// Messages from one broker to another, as many as get through.
pub struct Stream {
    source: Source,
    sink: Sink,
    meters: Meters,
    ledger: Ledger,
    sent: u64,
    on_the_way: u64,
}

impl Stream {
    /// Lets so many messages be on their way at most.
    pub async fn new(from: u16, to: u16, prefix: &'static str, on_the_way: u64) -> Self {
        Self::with_topics(from, to, prefix, on_the_way, TOPICS).await
    }

    /// The same, on so many topics.
    pub async fn with_topics(from: u16, to: u16, prefix: &'static str, on_the_way: u64, topics: usize) -> Self {
        Self {
            source: Source::connect(from).await,
            sink: Sink::subscribe(to, &format!("{prefix}/house/#")).await,
            meters: Meters::new(prefix, topics, 1),
            ledger: Ledger::default(),
            sent: 0,
            on_the_way,
        }
    }

    /// Lets messages flow for so long. Returns how many came.
    pub async fn flow(&mut self, time: Duration) -> u64 {
        let (began, before) = (Instant::now(), self.ledger.arrived());
        while began.elapsed() < time {
            self.go_on().await;
        }
        self.take();
        self.ledger.arrived() - before
    }

    /// Lets so many messages flow.
    pub async fn pass(&mut self, messages: u64) {
        let end = self.sent + messages;
        while self.sent < end {
            self.go_on().await;
        }
    }

    /// Sends one more message, unless too many are on their way.
    async fn go_on(&mut self) {
        self.take();
        if self.sent - self.ledger.arrived() >= self.on_the_way {
            return tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let (topic, payload) = self.meters.measure();
        self.source.publish(&topic, payload).await;
        self.sent += 1;
    }

    /// Waits until all that was published has come.
    pub async fn run_dry(&mut self) {
        self.source.settled().await;
        while self.ledger.arrived() < self.sent {
            let arrival = self.sink.next().await;
            self.ledger.handle(&arrival.topic, &arrival.payload).unwrap();
        }
    }

    fn take(&mut self) {
        for arrival in self.sink.take() {
            self.ledger.handle(&arrival.topic, &arrival.payload).unwrap();
        }
    }
}
