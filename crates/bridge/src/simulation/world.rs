//! The members with all that is theirs, and the loop of events.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use twister::PostNumber;

use super::bridge::Bridge;
use super::network::Network;
use super::nodes::Node;
use super::plain::Plain;
use super::plan::{DAY, Kind, MINUTE, Plan, Publication, Troubles, config};
use super::promises;
use super::record::{MessageIndex, Record};
use super::trace::Trace;
use crate::clock::Now;
use crate::frame::v1::{self, Stream};
use crate::store::RowId;

/// What the clocks show at the beginning of a run, in milliseconds since 1970.
const BEGIN_MS: u64 = 1_750_000_000_000;

/// How long after the troubles are over everything has to be settled.
const SETTLING: u64 = 3 * DAY;

/// Events of a run at most; a run with more does not come to rest.
const MOST_EVENTS: usize = 20_000;

/// What a run came to.
pub(super) struct Life {
    /// Of everything that happened.
    pub hash: u64,
    /// The promise that was broken.
    pub breach: Option<String>,
    /// The last events in words, if asked for.
    pub lines: Vec<String>,
    pub tally: BTreeMap<&'static str, usize>,
}

/// Something that a member does whenever there is something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Task {
    Take,
    Send,
    Look,
    Poll,
    Deliver,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    Do(Task, usize),
    Publish(MessageIndex),
    Begin(usize),
    Hear {
        member: usize,
        of: usize,
        packed: bool,
    },
    /// A node has a post now.
    Visible {
        node: usize,
        author: usize,
        number: u32,
    },
    ReadBack {
        member: usize,
        life: u32,
    },
    Delivered {
        member: usize,
        life: u32,
        rows: Vec<RowId>,
    },
    Restart(usize),
    Block,
    Crash(usize),
    DiskFills(usize),
    DiskEmpties(usize),
    NodeLeaves(usize),
    BrokerLeaves(usize),
    BrokerReturns(usize),
    ClockJumps(usize),
    Heal,
}

/// The members, their nodes and what is between them.
pub(super) struct World {
    pub plan: Plan,
    pub troubles: Troubles,
    pub now: u64,
    pub rng: StdRng,
    queue: BinaryHeap<Reverse<(u64, u64, Event)>>,
    order: u64,
    agenda: BTreeMap<(Task, usize), u64>,
    pub network: Network,
    pub bridges: BTreeMap<usize, Bridge>,
    pub plains: BTreeMap<usize, Plain>,
    pub nodes: Vec<Node>,
    pub record: Record,
    pub trace: Trace,
    pub tally: BTreeMap<&'static str, usize>,
    pub breach: Option<String>,
}

impl World {
    pub(super) fn new(seed: u64, in_words: bool) -> Self {
        let plan = Plan::draw(seed);
        v1::write_plain(!plan.compressed);
        let mut rng = StdRng::seed_from_u64(seed ^ 0x5eed);
        let network = Network::new(plan.members.iter().map(|member| (member.name.clone(), member.posts_left)));
        let mut bridges = BTreeMap::new();
        let mut plains = BTreeMap::new();
        for (index, member) in plan.members.iter().enumerate() {
            match member.kind {
                Kind::Bridge => {
                    let stream = Stream::from_number(rng.random());
                    bridges.insert(index, Bridge::new(stream, config(member)));
                }
                Kind::Plain { ids } => {
                    plains.insert(index, Plain::new(ids, Stream::from_number(rng.random())));
                }
            }
        }
        let nodes = plan.members.iter().map(|_| Node::default()).collect();
        let mut world = Self {
            troubles: plan.troubles.clone(),
            plan,
            now: 0,
            rng,
            queue: BinaryHeap::new(),
            order: 0,
            agenda: BTreeMap::new(),
            network,
            bridges,
            plains,
            nodes,
            record: Record::default(),
            trace: Trace::new(in_words),
            tally: BTreeMap::new(),
            breach: None,
        };
        world.begin();
        world
    }

    /// Lives through all of it.
    pub(super) fn live(mut self) -> Life {
        let mut events = 0;
        while let Some(Reverse((at, _, event))) = self.queue.pop() {
            self.now = at;
            events += 1;
            if at > self.plan.heals_at + SETTLING || events > MOST_EVENTS {
                let next = format!("{event:?}");
                self.break_promise(|| format!("it does not come to rest: after {events} events there is still {next}"));
            }
            if self.breach.is_some() {
                break;
            }
            self.handle(event);
        }
        if self.breach.is_none() {
            self.breach = promises::check(&mut self).err();
        }
        *self.tally.entry("events").or_default() += events;
        let Self { trace, breach, tally, bridges, .. } = self;
        bridges.into_values().for_each(Bridge::end);
        Life { hash: trace.hash(), breach, lines: trace.lines(), tally }
    }

    /// What `member` takes for now.
    pub(super) fn clock(&self, member: usize) -> Now {
        let bridge = &self.bridges[&member];
        let began = bridge.running.as_ref().map_or(self.now, |running| running.began_at);
        let wall_ms = (BEGIN_MS + self.now).saturating_add_signed(bridge.clock_error_ms);
        Now { wall_ms, mono: Duration::from_millis(self.now - began) }
    }

    pub(super) fn after(&mut self, pause: u64, event: Event) {
        self.at(self.now + pause, event);
    }

    pub(super) fn at(&mut self, at: u64, event: Event) {
        self.order += 1;
        self.queue.push(Reverse((at, self.order, event)));
    }

    /// Has events that would come later than in a minute come within one.
    pub(super) fn hasten(&mut self, is_meant: impl Fn(&Event) -> bool) {
        for (at, order, event) in std::mem::take(&mut self.queue).into_sorted_vec().into_iter().map(|entry| entry.0) {
            let soon = is_meant(&event) && at > self.now + MINUTE;
            let at = if soon { self.now + self.rng.random_range(0..MINUTE) } else { at };
            self.queue.push(Reverse((at, order, event)));
        }
    }

    /// Has `member` do something after `pause`, or earlier if that was planned.
    pub(super) fn plan(&mut self, task: Task, member: usize, pause: u64) {
        let at = self.now + pause;
        if self.agenda.get(&(task, member)).is_none_or(|planned| *planned > at) {
            self.agenda.insert((task, member), at);
            self.at(at, Event::Do(task, member));
        }
    }

    pub(super) fn chance(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.rng.random_bool(probability)
    }

    pub(super) fn count(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    /// A promise does not hold. Only the first breach counts.
    pub(super) fn break_promise(&mut self, words: impl FnOnce() -> String) {
        self.breach.get_or_insert_with(words);
    }

    pub(super) fn member(&self, name: &twister::Username) -> Option<usize> {
        self.plan.members.iter().position(|member| member.name == *name)
    }

    fn begin(&mut self) {
        for publication in self.plan.publications.clone() {
            let at = publication.at;
            let message = self.record.add_message(publication);
            self.at(at, Event::Publish(message));
        }
        for member in 0..self.plan.members.len() {
            let begins_at = self.plan.members[member].begins_at;
            self.at(begins_at, Event::Begin(member));
            for of in 0..self.plan.members.len() {
                for (at, packed) in self.plan.members[member].hears[of].clone() {
                    let at = at.max(begins_at).max(self.plan.members[of].begins_at);
                    self.at(at, Event::Hear { member, of, packed });
                }
                let joins_at = match self.troubles.apart {
                    true if self.rng.random_bool(0.3) => None,
                    true => Some(self.rng.random_range(0..self.plan.heals_at)),
                    false => Some(0),
                };
                self.nodes[member].joins_at.insert(of, joins_at);
            }
        }
        self.plan_troubles();
        self.after(10 * MINUTE, Event::Block);
        self.at(self.plan.heals_at, Event::Heal);
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Do(task, member) => {
                if self.agenda.get(&(task, member)) != Some(&self.now) {
                    return;
                }
                self.agenda.remove(&(task, member));
                match task {
                    _ if self.plains.contains_key(&member) => self.look_plain(member),
                    Task::Take => self.take(member),
                    Task::Send => self.send(member),
                    Task::Look => self.look(member),
                    Task::Poll => self.poll(member),
                    Task::Deliver => self.deliver(member),
                }
            }
            Event::Publish(message) => self.publish(message),
            Event::Begin(member) => self.begin_member(member),
            Event::Hear { member, of, packed } => self.hear(member, of, packed),
            Event::Visible { node, author, number } => self.handle_visible(node, author, number),
            Event::ReadBack { member, life } => self.read_back(member, life),
            Event::Delivered { member, life, rows } => self.handle_delivered(member, life, rows),
            Event::Restart(member) => self.start(member),
            Event::Block => self.handle_block(),
            Event::Heal => self.heal(),
            trouble if self.now < self.plan.heals_at => self.strike(trouble),
            Event::DiskEmpties(member) => self.empty_disk(member),
            Event::BrokerReturns(member) => self.return_broker(member),
            _ => {}
        }
    }

    fn publish(&mut self, message: MessageIndex) {
        let Publication { by, .. } = self.record.messages[message];
        match self.bridges.get_mut(&by) {
            Some(bridge) => {
                if bridge.handle_published(message, &self.record.messages[message]) {
                    self.plan(Task::Take, by, 0);
                }
            }
            None => self.publish_plain(by, message),
        }
    }

    fn begin_member(&mut self, member: usize) {
        if self.now > 0 {
            self.count("members that begin late");
        }
        if self.bridges.contains_key(&member) {
            self.start(member);
        }
        for of in 0..self.plan.members.len() {
            let last = self.nodes[member].has.get(&of).and_then(|has| has.last().copied());
            let begins_at = last.map_or(self.network.first(of), |last| PostNumber(last + 1));
            self.nodes[member].news.remove(&of);
            match self.bridges.get_mut(&member) {
                Some(bridge) => drop(bridge.met.insert(of, begins_at)),
                None => drop(self.plains.get_mut(&member).unwrap().met.insert(of, begins_at)),
            }
        }
    }
}
