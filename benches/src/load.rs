//! What the machine's processors do while messages cross, and how near that is to all that they can.

use std::time::Duration;

use crate::row::{Measure, median};

/// The time of all processors together since the machine started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Processors {
    /// All of it.
    pub all: Duration,
    /// In which they were neither idle nor waiting for a disk.
    pub busy: Duration,
    /// In which other machines on the same hardware had them; it counts as busy.
    pub stolen: Duration,
}

/// One run: what was spent in it, and how many messages crossed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Run {
    /// How long it took.
    pub elapsed: Duration,
    /// How many messages crossed.
    pub messages: u64,
    /// What the processors did meanwhile.
    pub processors: Processors,
    /// What both bridges had of them.
    pub bridges: Duration,
    /// What both brokers had of them.
    pub brokers: Duration,
    /// What the publisher, the subscriber and both nodes had of them.
    pub others: Duration,
}

/// All runs of a benchmark.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Load {
    runs: Vec<Run>,
}

impl Processors {
    /// Reads the first line of Linux' `/proc/stat`, which has hundredths of a second; none if it is something else.
    pub fn read(stat: &str) -> Option<Self> {
        let mut fields = stat.lines().next()?.split_whitespace();
        if fields.next() != Some("cpu") {
            return None;
        }
        // What comes after these eight is in the first two already.
        let ticks: Vec<u64> = fields.take(8).map(|ticks| ticks.parse().ok()).collect::<Option<_>>()?;
        let [_user, _nice, _system, idle, waiting, _interrupts, _soft_interrupts, stolen] = ticks[..] else {
            return None;
        };
        let all: u64 = ticks.iter().sum();
        let time = |ticks: u64| Duration::from_millis(10 * ticks);
        Some(Self { all: time(all), busy: time(all - idle - waiting), stolen: time(stolen) })
    }

    /// What they did since `before`.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            all: self.all.saturating_sub(before.all),
            busy: self.busy.saturating_sub(before.busy),
            stolen: self.stolen.saturating_sub(before.stolen),
        }
    }
}

impl Run {
    fn rate(&self) -> f64 {
        self.messages as f64 / self.elapsed.as_secs_f64()
    }

    /// So many messages would cross in a second if the processors were never idle.
    fn bound(&self) -> f64 {
        self.rate() * self.processors.all.div_duration_f64(self.processors.busy)
    }

    fn percent(&self, part: Duration) -> f64 {
        100.0 * part.div_duration_f64(self.processors.all)
    }
}

impl Load {
    /// Another run has ended.
    pub fn add(&mut self, run: Run) {
        self.runs.push(run);
    }

    /// How many messages crossed in a second. If not even processors that are never idle would let `goal` across, that is said.
    pub fn rate(&self, goal: f64) -> Measure {
        let measure = Measure::new("messages a second", "", self.of(Run::rate)).at_least(goal);
        match median(&self.of(Run::bound)) {
            Some(bound) if bound < goal && measure.is_reached() == Some(false) => measure.note(format!(
                "The limit is the processors. They were busy {:.0} % of the time, and the brokers, clients, nodes and both bridges \
                 share them: were they never idle, {bound:.0} messages a second would cross",
                median(&self.of(|run| run.percent(run.processors.busy))).unwrap_or_default()
            )),
            _ => measure,
        }
    }

    /// What a message costs both bridges, in microseconds of a processor, run by run.
    pub fn costs(&self) -> Vec<f64> {
        self.of(|run| run.bridges.as_secs_f64() * 1e6 / run.messages as f64)
    }

    /// Who had how much of the processors.
    pub fn shares(&self) -> Vec<Measure> {
        let share = |name: &str, part: fn(&Run) -> Duration| {
            Measure::new(&format!("processors, {name}"), "%", self.of(|run| run.percent(part(run))))
        };
        vec![
            share("both bridges", |run| run.bridges),
            share("both brokers", |run| run.brokers),
            share("clients and nodes", |run| run.others),
            share("busy with these and the network between them", |run| run.processors.busy),
            share("had by other machines meanwhile", |run| run.processors.stolen),
            Measure::new("messages a second, were they never idle", "", self.of(Run::bound)),
        ]
    }

    fn of(&self, value: impl Fn(&Run) -> f64) -> Vec<f64> {
        self.runs.iter().map(value).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// A second of two processors, of which so many percent were busy.
    fn run(messages: u64, busy: u32) -> Run {
        let all = Duration::from_secs(2);
        let percent = |percent: u32| all * percent / 100;
        Run {
            elapsed: Duration::from_secs(1),
            messages,
            processors: Processors { all, busy: percent(busy), stolen: percent(1) },
            bridges: percent(60),
            brokers: percent(20),
            others: percent(10),
        }
    }

    fn load(runs: &[Run]) -> Load {
        Load { runs: runs.to_vec() }
    }

    #[test]
    fn what_other_machines_had_counts_as_busy_and_what_a_disk_had_as_idle() {
        let stat = "cpu  100 10 50 1000 40 5 5 20 7 7\ncpu0 1 2 3\n";
        let time = Duration::from_millis;
        let read = Processors { all: time(12_300), busy: time(1900), stolen: time(200) };
        assert_eq!(Processors::read(stat), Some(read));
        let nothing = Processors { all: time(0), busy: time(0), stolen: time(0) };
        assert_eq!(read.since(read), nothing);
        assert_eq!(["", "cpu 1 2", "cpu a b c d e f g h", "intr 1 2 3 4 5 6 7 8"].map(Processors::read), [None; 4]);
    }

    #[test]
    fn a_rate_that_the_processors_do_not_allow_has_that_as_its_limit() {
        let note = |runs: &[Run]| load(runs).rate(6000.0).note;
        let limit = note(&[run(5000, 100), run(5400, 95), run(5200, 95)]).unwrap();
        assert!(limit.contains("busy 95 %") && limit.contains("5474 messages"), "{limit}");
        // With idle processors it could be reached, so something else is the limit.
        assert_eq!(note(&[run(5000, 80)]), None);
        assert_eq!(note(&[run(6100, 100)]), None);
    }

    #[test]
    fn a_message_costs_what_the_bridges_had_of_the_processors() {
        assert_eq!(load(&[run(6000, 95), run(12_000, 95)]).costs(), [200.0, 100.0]);
    }

    #[test]
    fn shares_are_of_the_time_of_all_processors() {
        let shares = load(&[run(5000, 80)]).shares();
        let figures: Vec<f64> = shares.iter().map(|share| share.median().unwrap().round()).collect();
        assert_eq!(figures, [60.0, 20.0, 10.0, 80.0, 1.0, 6250.0]);
    }
}
