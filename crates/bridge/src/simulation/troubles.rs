//! The troubles that come from outside, and how they end. Those of single posts are where posts are made (`nodes`).

use rand::Rng as _;

use super::plan::{DAY, HOUR, MINUTE, SECOND, Troubles};
use super::world::{Event, Task, World};

impl World {
    /// Plans all of them.
    pub(super) fn plan_troubles(&mut self) {
        if self.troubles.wrong_clocks {
            self.count("wrong clocks");
            self.bridges.values_mut().for_each(|bridge| {
                bridge.clock_error_ms = self.rng.random_range(-(DAY as i64)..DAY as i64);
            });
        }
        let Troubles { crashes, full_disks, outages, broker_absences, clock_jumps, .. } = self.troubles;
        self.scatter(crashes, Event::Crash);
        self.scatter(full_disks, Event::DiskFills);
        self.scatter(outages, Event::NodeLeaves);
        self.scatter(broker_absences, Event::BrokerLeaves);
        self.scatter(clock_jumps, Event::ClockJumps);
    }

    /// Has something happen to bridges so many times. Half of it strikes when there is something going on.
    fn scatter(&mut self, times: usize, event: impl Fn(usize) -> Event) {
        let bridges: Vec<usize> = self.bridges.keys().copied().collect();
        let busy: Vec<u64> = self.plan.publications.iter().map(|publication| publication.at).collect();
        for _ in 0..times {
            let at = match busy.is_empty() || self.rng.random_bool(0.5) {
                true => self.rng.random_range(0..self.plan.heals_at),
                false => busy[self.rng.random_range(0..busy.len())] + self.rng.random_range(0..30 * SECOND),
            };
            let bridge = bridges[self.rng.random_range(0..bridges.len())];
            self.at(at, event(bridge));
        }
    }

    pub(super) fn strike(&mut self, trouble: Event) {
        self.trace.note(self.now, format!("{trouble:?}"), || format!("{trouble:?}"));
        match trouble {
            Event::Crash(member) => self.light_fuse(member),
            Event::DiskFills(member) => {
                self.fill_disk(member);
                let pause = self.rng.random_range(SECOND..30 * MINUTE);
                self.after(pause, Event::DiskEmpties(member));
            }
            Event::DiskEmpties(member) => self.empty_disk(member),
            Event::NodeLeaves(member) => {
                let pause = (MINUTE as f64 * 1000_f64.powf(self.rng.random_range(0.0..1.0))) as u64;
                self.nodes[member].up_at = (self.now + pause).min(self.plan.heals_at);
            }
            Event::BrokerLeaves(member) => {
                self.count("times that a broker is away");
                self.bridges.get_mut(&member).unwrap().broker_away = true;
                let pause = self.rng.random_range(MINUTE..12 * HOUR);
                self.after(pause, Event::BrokerReturns(member));
            }
            Event::BrokerReturns(member) => self.return_broker(member),
            Event::ClockJumps(member) => {
                self.count("jumps of a clock");
                let jump = self.rng.random_range(-6 * HOUR as i64..6 * HOUR as i64);
                self.bridges.get_mut(&member).unwrap().clock_error_ms += jump;
            }
            _ => {}
        }
    }

    pub(super) fn return_broker(&mut self, member: usize) {
        self.bridges.get_mut(&member).unwrap().broker_away = false;
        self.plan(Task::Deliver, member, 0);
        self.plan(Task::Take, member, 0);
    }

    pub(super) fn handle_block(&mut self) {
        self.network.add_blocks(1);
        if self.now < self.plan.heals_at {
            let mean = if self.troubles.famine { 3 * HOUR } else { 10 * MINUTE };
            let pause = self.rng.random_range(1..2 * mean);
            self.after(pause, Event::Block);
        }
        self.wake_starving();
    }

    /// The troubles are over: from here on everything works, and what is under way arrives soon.
    pub(super) fn heal(&mut self) {
        self.trace.note(self.now, "heal", || "the troubles are over".to_owned());
        self.troubles = Troubles::default();
        self.network.add_blocks(10_000);
        for node in &mut self.nodes {
            node.up_at = self.now;
            node.joins_at.values_mut().for_each(|joins_at| *joins_at = Some(0));
        }
        self.hasten(|event| matches!(event, Event::Visible { .. } | Event::Restart(_)));
        for member in self.bridges.keys().copied().collect::<Vec<_>>() {
            self.bridges.get_mut(&member).unwrap().clock_error_ms = 0;
            self.empty_disk(member);
            self.return_broker(member);
            self.plan(Task::Send, member, 0);
        }
    }
}
