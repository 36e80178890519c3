//! What a message costs when there is more of everything.

use std::time::Duration;

use mqtt_twister_benches::{Effort, Measure, Row};

use super::throughput::Stream;
use crate::pair::{PUBLIC, Pair, Special};

/// How long messages flow before it is measured.
const WARM_UP: Duration = Duration::from_secs(1);

pub async fn measure(effort: Effort) -> Vec<Row> {
    let runs = effort.of(5, 1);
    let (mut accounts, mut topics, mut rules) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        let few = cost(Special::default(), 200).await;
        let many_accounts = Special { silent_accounts: 999, ..Special::default() };
        accounts.push(cost(many_accounts, 200).await / few);
        let many_rules = Special { idle_rules: 999, ..Special::default() };
        rules.push(cost(many_rules, 200).await / few);
        topics.push(cost(Special::default(), 100_000).await / cost(Special::default(), 10).await);
    }
    let mut row = Row::new(
        "growth",
        "processor time of both bridges a message, with much of something divided by that with little of it. Not faster than the \
         logarithm: a factor of 10 may add as much as the little costs, so 4 times for 1 → 1,000, 5 times for 10 → 100,000",
    );
    row.add(Measure::new("followed accounts, 1 → 1,000", "×", accounts).at_most(4.0));
    row.add(Measure::new("rules, 1 → 1,000", "×", rules).at_most(4.0));
    row.add(Measure::new("topics, 10 → 100,000", "×", topics).at_most(5.0));
    vec![row]
}

/// Microseconds of processor time a message.
async fn cost(special: Special, topics: usize) -> f64 {
    let pair = Pair::start_with(special).await;
    let ports = (pair.alice_broker.port(), pair.bob_broker.port());
    let mut stream = Stream::with_topics(ports.0, ports.1, PUBLIC, 5000, topics).await;
    // Each topic is used once first.
    stream.pass(topics as u64).await;
    stream.flow(WARM_UP).await;
    let before = pair.processor_time();
    let arrived = stream.flow(Duration::from_secs(2)).await;
    let spent = pair.processor_time() - before;
    stream.run_dry().await;
    pair.stop().await;
    spent.as_secs_f64() * 1e6 / arrived as f64
}
