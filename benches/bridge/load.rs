//! Reads what processes and processors have spent, around a run.

use std::fs;
use std::time::{Duration, Instant};

use mqtt_twister_benches::{Processors, Run};

use crate::pair::Pair;
use crate::support::processor_time;

/// A run that has begun.
pub struct Begun {
    at: Instant,
    processors: Processors,
    bridges: Duration,
    brokers: Duration,
    others: Duration,
}

impl Begun {
    pub fn now(pair: &Pair) -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap();
        Self {
            at: Instant::now(),
            processors: Processors::read(&stat).expect("its first line is of all processors"),
            bridges: pair.processor_time(),
            brokers: pair.alice_broker.processor_time() + pair.bob_broker.processor_time(),
            others: processor_time(std::process::id()),
        }
    }

    /// The run is over; so many messages have crossed, the last of them at `end`.
    pub fn end(self, pair: &Pair, messages: u64, end: Instant) -> Run {
        let now = Self::now(pair);
        Run {
            elapsed: end - self.at,
            messages,
            processors: now.processors.since(self.processors),
            bridges: now.bridges - self.bridges,
            brokers: now.brokers - self.brokers,
            others: now.others - self.others,
        }
    }
}
