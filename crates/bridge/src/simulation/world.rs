//! The loop of events, and the troubles among them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use twister::PostNumber;

use super::bridge::Bridge;
use super::network::{Body, Network, Post, Refusal};
use super::plain::Plain;
use super::plan::{DAY, HOUR, Kind, MINUTE, Plan, Publication, SECOND, Troubles, config};
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

/// What became of a post at the node.
pub(super) enum Reply {
    Posted(u64),
    /// No reply came.
    Open,
    Refused(Refusal),
    UnknownReceiver,
    Down,
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

/// A member's node.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// It does not answer before.
    pub up_at: u64,
    /// The numbers of others that it has.
    pub has: BTreeMap<usize, BTreeSet<u32>>,
    /// Those of them that its member has not looked at.
    pub news: BTreeMap<usize, BTreeSet<u32>>,
    /// When its swarm of an author joins that of the author's node; never, if there is none.
    joins_at: BTreeMap<usize, Option<u64>>,
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

    fn at(&mut self, at: u64, event: Event) {
        self.order += 1;
        self.queue.push(Reverse((at, self.order, event)));
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
        if self.troubles.wrong_clocks {
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
        self.after(10 * MINUTE, Event::Block);
        self.at(self.plan.heals_at, Event::Heal);
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

    fn strike(&mut self, trouble: Event) {
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
                self.count("broker absences");
                self.bridges.get_mut(&member).unwrap().broker_away = true;
                let pause = self.rng.random_range(MINUTE..12 * HOUR);
                self.after(pause, Event::BrokerReturns(member));
            }
            Event::BrokerReturns(member) => self.return_broker(member),
            Event::ClockJumps(member) => {
                let jump = self.rng.random_range(-6 * HOUR as i64..6 * HOUR as i64);
                self.bridges.get_mut(&member).unwrap().clock_error_ms += jump;
            }
            _ => {}
        }
    }

    fn return_broker(&mut self, member: usize) {
        self.bridges.get_mut(&member).unwrap().broker_away = false;
        self.plan(Task::Deliver, member, 0);
        self.plan(Task::Take, member, 0);
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

    fn handle_block(&mut self) {
        self.network.add_blocks(1);
        if self.now < self.plan.heals_at {
            let mean = if self.troubles.famine { 3 * HOUR } else { 10 * MINUTE };
            let pause = self.rng.random_range(1..2 * mean);
            self.after(pause, Event::Block);
        }
        self.wake_starving();
    }

    /// The troubles are over: from here on everything works, and what is under way arrives soon.
    fn heal(&mut self) {
        self.trace.note(self.now, "heal", || "the troubles are over".to_owned());
        self.troubles = Troubles::default();
        self.network.add_blocks(10_000);
        for node in &mut self.nodes {
            node.up_at = self.now;
            node.joins_at.values_mut().for_each(|joins_at| *joins_at = Some(0));
        }
        for (at, order, event) in std::mem::take(&mut self.queue).into_sorted_vec().into_iter().map(|entry| entry.0) {
            let soon = matches!(event, Event::Visible { .. } | Event::Restart(_)) && at > self.now + MINUTE;
            let at = if soon { self.now + self.rng.random_range(0..MINUTE) } else { at };
            self.queue.push(Reverse((at, order, event)));
        }
        for member in self.bridges.keys().copied().collect::<Vec<_>>() {
            self.bridges.get_mut(&member).unwrap().clock_error_ms = 0;
            self.empty_disk(member);
            self.return_broker(member);
            self.plan(Task::Send, member, 0);
        }
    }

    /// Has a node make a post.
    pub(super) fn make_post(&mut self, author: usize, number: PostNumber, body: Body) -> Reply {
        if self.nodes[author].up_at > self.now {
            return Reply::Down;
        }
        if self.network.post(author, number).is_none() && self.chance(self.troubles.theft) {
            self.count("thefts");
            let signature = self.network.sign();
            let foreign = Post { body: Body::Foreign, signature, listed_at: self.now };
            if self.network.check(author, number, &foreign.body).is_ok() && self.network.store(author, number, foreign)
            {
                self.spread(author, number);
            }
        }
        let direct = matches!(&body, Body::Frame { receiver: crate::route::Receiver::Account(_), .. });
        if direct && self.chance(self.troubles.unknown) {
            return Reply::UnknownReceiver;
        }
        if let Err(refusal) = self.network.check(author, number, &body) {
            return Reply::Refused(refusal);
        }
        let signature = self.network.sign();
        let (ghost, open) = (self.chance(self.troubles.ghost), self.chance(self.troubles.open));
        let stored = !(ghost || open && self.chance(0.5));
        let lag = if self.chance(self.troubles.lag) { self.rng.random_range(0..10 * MINUTE) } else { 0 };
        if stored && self.network.post(author, number).is_none() {
            if !self.record.note_post(author, signature, &body) {
                self.break_promise(|| format!("{author} posts what cannot be read or was never published: {body:?}"));
            }
            self.network.store(author, number, Post { body, signature, listed_at: self.now + lag });
            self.count("posts");
            self.spread(author, number);
        }
        if open { Reply::Open } else { Reply::Posted(signature) }
    }

    /// Has a post reach the nodes of those who follow its author.
    fn spread(&mut self, author: usize, number: PostNumber) {
        for node in 0..self.plan.members.len() {
            if node == author || !self.plan.members[node].follows.contains(&author) {
                continue;
            }
            if self.chance(self.troubles.loss) {
                self.count("losses");
                continue;
            }
            let mut at = self.now + self.rng.random_range(1..500);
            if self.chance(self.troubles.delay) {
                at += (MINUTE as f64 * 4000_f64.powf(self.rng.random_range(0.0..1.0))) as u64;
            }
            // While the swarms are apart, the author's carrier brings it.
            let joins_at = self.nodes[node].joins_at[&author];
            if joins_at.is_none_or(|joins_at| joins_at > at) {
                let slow = self.rng.random_bool(0.2);
                at += self.rng.random_range(400..if slow { HOUR } else { 5 * SECOND });
            }
            self.at(at, Event::Visible { node, author, number: number.0 });
        }
    }

    fn handle_visible(&mut self, node: usize, author: usize, number: u32) {
        let up_at = self.nodes[node].up_at;
        if up_at > self.now {
            return self.at(up_at, Event::Visible { node, author, number });
        }
        let begins_at = self.bridges.get(&node).and_then(|bridge| bridge.met.get(&author));
        if begins_at.is_none_or(|begins_at| number >= begins_at.0) {
            self.nodes[node].news.entry(author).or_default().insert(number);
        }
        self.nodes[node].has.entry(author).or_default().insert(number);
        let pause = self.rng.random_range(0..1000);
        self.plan(Task::Look, node, pause);
    }
}
