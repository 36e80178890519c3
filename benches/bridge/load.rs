//! What the machine's processors do while something is measured, and how near that is to all that they can.

use std::fs;
use std::time::Duration;

use mqtt_twister_benches::{Measure, median};

use crate::pair::Pair;
use crate::support::processor_time;

/// The time of all processors together since some moment.
#[derive(Debug, Clone, Copy)]
struct Reading {
    all: Duration,
    /// Neither idle nor waiting for a disk.
    busy: Duration,
    bridges: Duration,
    brokers: Duration,
    /// This process: the publisher, the subscriber and both nodes.
    others: Duration,
}

/// What the processors did in each run of a benchmark.
#[derive(Debug, Default)]
pub struct Load {
    began: Option<Reading>,
    runs: Vec<Run>,
}

#[derive(Debug)]
struct Run {
    spent: Reading,
    /// How many messages crossed in a second.
    rate: f64,
}

impl Load {
    /// A run begins.
    pub fn begin(&mut self, pair: &Pair) {
        self.began = Some(Reading::now(pair));
    }

    /// The run ends, in which so many messages crossed a second.
    pub fn end(&mut self, pair: &Pair, rate: f64) {
        let spent = self.began.take().map(|began| Reading::now(pair).since(began));
        self.runs.extend(spent.map(|spent| Run { spent, rate }));
    }

    /// How many messages crossed a second. If not even processors that are never idle would let `goal` across, that is said.
    pub fn rate(&self, goal: f64) -> Measure {
        let measure = Measure::new("messages a second", "", self.of(|run| run.rate)).at_least(goal);
        match median(&self.of(Run::bound)) {
            Some(bound) if bound < goal && measure.is_reached() == Some(false) => measure.note(format!(
                "The limit is the processors. They were busy {:.0} % of the time, and the brokers, clients, nodes and both bridges \
                 share them: were they never idle, {bound:.0} messages a second would cross",
                median(&self.of(|run| run.percent(run.spent.busy))).unwrap_or_default()
            )),
            _ => measure,
        }
    }

    /// Who had how much of the processors.
    pub fn shares(&self) -> Vec<Measure> {
        let share = |name: &str, part: fn(&Reading) -> Duration| {
            Measure::new(&format!("processors, {name}"), "%", self.of(|run| run.percent(part(&run.spent))))
        };
        vec![
            share("both bridges", |spent| spent.bridges),
            share("both brokers", |spent| spent.brokers),
            share("clients and nodes", |spent| spent.others),
            share("busy with these and the network between them", |spent| spent.busy),
            Measure::new("messages a second, were they never idle", "", self.of(Run::bound)),
        ]
    }

    fn of(&self, value: impl Fn(&Run) -> f64) -> Vec<f64> {
        self.runs.iter().map(value).collect()
    }
}

impl Run {
    /// So many messages would cross a second if the processors were never idle.
    fn bound(&self) -> f64 {
        self.rate * self.spent.all.div_duration_f64(self.spent.busy)
    }

    fn percent(&self, part: Duration) -> f64 {
        100.0 * part.div_duration_f64(self.spent.all)
    }
}

impl Reading {
    fn now(pair: &Pair) -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap();
        // Of all processors: user, nice, system, idle, waiting for disks, interrupts, soft interrupts, had by other machines.
        let ticks: Vec<u64> = stat
            .lines()
            .next()
            .unwrap()
            .split_whitespace()
            .skip(1)
            .take(8)
            .map(|ticks| ticks.parse().unwrap())
            .collect();
        let all: u64 = ticks.iter().sum();
        let time = |ticks: u64| Duration::from_millis(10 * ticks);
        Self {
            all: time(all),
            busy: time(all - ticks[3] - ticks[4]),
            bridges: pair.processor_time(),
            brokers: pair.alice_broker.processor_time() + pair.bob_broker.processor_time(),
            others: processor_time(std::process::id()),
        }
    }

    fn since(self, before: Self) -> Self {
        Self {
            all: self.all - before.all,
            busy: self.busy - before.busy,
            bridges: self.bridges - before.bridges,
            brokers: self.brokers - before.brokers,
            others: self.others - before.others,
        }
    }
}
