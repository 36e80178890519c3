//! What a bridge takes while nothing happens, as on a small computer most of the time.

use std::time::Duration;

use mqtt_twister_benches::{Effort, Measure, Row};

use crate::pair::{Pair, Special};

/// Until a bridge has noticed that it is quiet.
const REST: Duration = Duration::from_secs(90);

/// How long it is looked at.
const WINDOW: Duration = Duration::from_secs(8);

pub async fn measure(effort: Effort) -> Vec<Row> {
    let runs = effort.of(5, 1);
    let pair = Pair::start_with(Special { silent_accounts: 99, ..Special::default() }).await;
    tokio::time::sleep(effort.of(REST, REST / 4)).await;
    let (mut shares, mut rates) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let (processor, calls) = (pair.bob.processor_time(), calls(&pair));
        tokio::time::sleep(WINDOW).await;
        shares.push(100.0 * (pair.bob.processor_time() - processor).as_secs_f64() / WINDOW.as_secs_f64());
        rates.push((self::calls(&pair) - calls) as f64 / WINDOW.as_secs_f64());
    }
    let memory = vec![pair.bob.peak_memory_mib() as f64];
    pair.stop().await;
    let mut row = Row::new("quiet", "one bridge that follows 100 accounts, a minute and a half after the last message");
    row.add(Measure::new("of a core", "%", shares).at_most(0.5));
    row.add(Measure::new("calls a second at its node", "", rates).at_most(2.0));
    row.add(Measure::new("memory at most", "MiB", memory).at_most(30.0));
    vec![row]
}

fn calls(pair: &Pair) -> u64 {
    pair.network.node(1).calls().values().sum()
}
