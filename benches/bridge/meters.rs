//! What is published: sensors that measure what wanders, and count their messages, so that one that is missing is noticed.

use std::collections::HashMap;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;

/// Sensors, each with a topic of its own.
pub struct Meters {
    prefix: &'static str,
    meters: Vec<Meter>,
    dice: StdRng,
}

/// What one of them measures, in its smallest unit.
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
        Self { prefix, meters, dice }
    }

    /// The next message, of any of them: its topic, and a payload of about 120 bytes.
    pub fn next(&mut self) -> (String, String) {
        let index = self.dice.random_range(0..self.meters.len());
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
#[derive(Default)]
pub struct Ledger {
    last: HashMap<String, u64>,
    /// How many messages have come.
    pub arrived: u64,
}

impl Ledger {
    /// Takes in a message. Those of one topic have to come in order, each once.
    pub fn handle(&mut self, topic: &str, payload: &[u8]) {
        let payload: Value = serde_json::from_slice(payload).unwrap();
        let count = payload["count"].as_u64().unwrap();
        let last = match self.last.get_mut(topic) {
            Some(last) => last,
            None => self.last.entry(topic.to_owned()).or_default(),
        };
        assert_eq!(count, *last + 1, "the next message of {topic}");
        *last = count;
        self.arrived += 1;
    }
}
