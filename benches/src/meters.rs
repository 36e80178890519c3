//! What is published: sensors that measure what wanders, and count their messages, so that one that is missing is noticed.

use std::collections::HashMap;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;

/// Sensors, each with a topic of its own.
#[derive(Debug)]
pub struct Meters {
    prefix: &'static str,
    meters: Vec<Meter>,
    dice: StdRng,
    /// How many have said something.
    awake: usize,
}

/// What one of them measures, in its smallest unit.
#[derive(Debug)]
struct Meter {
    count: u64,
    temperature: i64,
    humidity: i64,
    pressure: i64,
    quality: i64,
    voltage: i64,
}

impl Meters {
    /// Sensors with topics below `prefix`; equal seeds give equal messages.
    pub fn new(prefix: &'static str, count: usize, seed: u64) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        let meters = (0..count).map(|_| Meter::new(&mut dice)).collect();
        Self { prefix, meters, dice, awake: 0 }
    }

    /// The next message: its topic, and a payload of about 120 bytes. At first it is of each of them in turn, then of any.
    pub fn measure(&mut self) -> (String, String) {
        let index = match self.awake < self.meters.len() {
            true => self.awake,
            false => self.dice.random_range(0..self.meters.len()),
        };
        self.awake = self.meters.len().min(self.awake + 1);
        let payload = self.meters[index].measure(&mut self.dice);
        (format!("{}/house/{index:03}/climate", self.prefix), payload)
    }
}

impl Meter {
    fn new(dice: &mut StdRng) -> Self {
        Self {
            count: 0,
            temperature: dice.random_range(1600..2600),
            humidity: dice.random_range(3500..7000),
            pressure: dice.random_range(9900..10_300),
            quality: dice.random_range(100..200),
            voltage: dice.random_range(2900..3100),
        }
    }

    fn measure(&mut self, dice: &mut StdRng) -> String {
        self.count += 1;
        self.temperature += dice.random_range(-3..=3);
        self.humidity += dice.random_range(-5..=5);
        self.pressure += dice.random_range(-1..=1);
        self.quality = (self.quality + dice.random_range(-4..=4)).clamp(100, 255);
        format!(
            "{{\"battery\":87,\"count\":{},\"humidity\":{}.{:02},\"linkquality\":{},\"pressure\":{}.{},\"temperature\":{}.{:02},\"voltage\":{}}}",
            self.count,
            self.humidity / 100,
            self.humidity % 100,
            self.quality,
            self.pressure / 10,
            self.pressure % 10,
            self.temperature / 100,
            self.temperature % 100,
            self.voltage,
        )
    }
}

/// Notices what is missing, and what comes twice or in another order.
#[derive(Debug, Default)]
pub struct Ledger {
    last: HashMap<String, u64>,
    arrived: u64,
}

/// A message that should not have come, or not yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// It is none of a [`Meters`].
    #[error("{topic} has no count")]
    Strange {
        /// Its topic.
        topic: String,
    },
    /// Another one should have come.
    #[error("{topic}: message {count} came where {expected} should have")]
    OutOfOrder {
        /// Its topic.
        topic: String,
        /// Its number.
        count: u64,
        /// That of the one that should have come.
        expected: u64,
    },
}

impl Ledger {
    /// Takes in a message. Those of one topic have to come in order, each once.
    ///
    /// # Errors
    /// It is not the next of its topic.
    pub fn handle(&mut self, topic: &str, payload: &[u8]) -> Result<(), LedgerError> {
        let count = serde_json::from_slice::<Value>(payload).ok().and_then(|payload| payload["count"].as_u64());
        let count = count.ok_or_else(|| LedgerError::Strange { topic: topic.to_owned() })?;
        let last = match self.last.get_mut(topic) {
            Some(last) => last,
            None => self.last.entry(topic.to_owned()).or_default(),
        };
        let expected = *last + 1;
        if count != expected {
            return Err(LedgerError::OutOfOrder { topic: topic.to_owned(), count, expected });
        }
        *last = count;
        self.arrived += 1;
        Ok(())
    }

    /// How many messages have come.
    pub fn arrived(&self) -> u64 {
        self.arrived
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_meter_speaks_once_before_any_speaks_again_and_about_120_bytes() {
        let mut meters = Meters::new("public", 50, 7);
        let first: Vec<_> = (0..50).map(|_| meters.measure()).collect();
        assert_eq!(first.iter().map(|(topic, _)| topic).collect::<BTreeSet<_>>().len(), 50);
        let mut ledger = Ledger::default();
        for (topic, payload) in first.into_iter().chain((0..200).map(|_| meters.measure())) {
            assert!((105..=130).contains(&payload.len()), "{payload}");
            ledger.handle(&topic, payload.as_bytes()).unwrap();
        }
        assert_eq!(ledger.arrived(), 250);
    }

    #[test]
    fn a_ledger_notices_what_is_missing_and_what_comes_twice() {
        let mut ledger = Ledger::default();
        let mut handle = |count: u64| ledger.handle("public/1", format!("{{\"count\":{count}}}").as_bytes());
        assert_eq!([handle(1), handle(2)], [Ok(()), Ok(())]);
        for count in [2, 4] {
            let error = LedgerError::OutOfOrder { topic: "public/1".to_owned(), count, expected: 3 };
            assert_eq!(handle(count), Err(error));
        }
        assert_eq!(handle(3), Ok(()));
        assert!(matches!(ledger.handle("public/1", b"hello"), Err(LedgerError::Strange { .. })));
    }
}
