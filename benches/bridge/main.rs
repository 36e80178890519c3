//! The bridge's numbers, taken from the real program: two bridges as processes, real Mosquitto brokers, and a sandbox network whose
//! nodes take their time as real ones were measured to. Rivals run beside it on the same brokers and the same network.
//!
//! `cargo bench --workspace --bench bridge` measures all rows; names of rows behind `--` measure those.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod clients;
#[path = "../../crates/bridge/tests/home/mod.rs"]
mod home;
mod load;
mod pair;
mod rivals;
mod rows;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use mqtt_twister_benches::{Effort, folder};

/// How long something may take before the benchmark gives up.
fn patience() -> Duration {
    Duration::from_secs(300)
}

#[tokio::main]
async fn main() {
    // Cargo says by an option that this is a benchmark.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let effort = Effort::asked_for();
    for (name, measure) in rows::ALL {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == name) {
            continue;
        }
        let began = Instant::now();
        println!("{name} …");
        for row in measure(effort).await {
            for measure in &row.measures {
                let median = measure.median().unwrap_or(f64::NAN);
                println!("  {}: {median:.2} {} of {:.2?}", measure.name, measure.unit, measure.samples);
            }
            row.write(&folder()).unwrap();
        }
        println!("  in {} s", began.elapsed().as_secs());
    }
}
