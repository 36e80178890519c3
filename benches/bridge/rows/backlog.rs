//! How fast a bridge gets rid of what has waited on its disk.

use std::time::{Duration, Instant};

use mqtt_twister_benches::{Effort, Ledger, Load, Measure, Meters, Row};
use mqtt_twister_sandbox::PostPace;

use crate::clients::{Sink, Source};
use crate::load::Begun;
use crate::pair::{PUBLIC, Pair};

/// A node that takes next to nothing, for as long as the backlog grows.
const HARDLY: PostPace = PostPace { a_second: 5, ..PostPace::MEASURED };

pub async fn measure(effort: Effort) -> Vec<Row> {
    let (runs, messages) = (effort.of(5, 1), effort.of(100_000, 20_000));
    let (mut load, mut memory) = (Load::default(), Vec::new());
    for run in 0..runs {
        let pair = Pair::start().await;
        let mut sink = Sink::subscribe(pair.bob_broker.port(), &format!("{PUBLIC}/house/#")).await;
        let mut source = Source::connect(pair.alice_broker.port()).await;
        let (mut meters, mut ledger) = (Meters::new(PUBLIC, 200, run), Ledger::default());
        pair.network.node(0).set_post_pace(Some(HARDLY));
        for _ in 0..messages {
            let (topic, payload) = meters.measure();
            source.publish(&topic, payload).await;
        }
        source.settled().await;
        while pair.taken().await < messages {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        sink.take().iter().for_each(|arrival| ledger.handle(&arrival.topic, &arrival.payload).unwrap());
        let (waiting, begun, mut last) = (messages - ledger.arrived(), Begun::now(&pair), Instant::now());
        pair.network.node(0).set_post_pace(Some(PostPace::MEASURED));
        while ledger.arrived() < messages {
            let arrival = sink.next().await;
            ledger.handle(&arrival.topic, &arrival.payload).unwrap();
            last = arrival.at;
        }
        load.add(begun.end(&pair, waiting, last));
        memory.push(pair.alice.peak_memory_mib().max(pair.bob.peak_memory_mib()) as f64);
        pair.stop().await;
    }
    let mut row = Row::new(
        "backlog",
        "100,000 messages of 120 bytes wait in a bridge's database because its node takes none; then the node takes 90 posts a second \
         again, until the last message has come to the other person's subscriber",
    );
    row.add(load.rate(5000.0));
    row.add(Measure::new("memory of the larger bridge", "MiB", memory).at_most(150.0));
    load.shares().into_iter().for_each(|share| row.add(share));
    vec![row]
}
