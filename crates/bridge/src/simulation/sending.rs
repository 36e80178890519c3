//! Drives the sending half of a bridge: what its tasks do with a broker and a node, here with simulated ones.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::Rng as _;
use twister::{PostNumber, Username};

use super::bridge::{Halt, Made};
use super::network::{Body, Refusal};
use super::nodes::Reply;
use super::plan::{Audience, Kind, SECOND};
use super::world::{Event, Task, World};
use crate::message::{Message, Qos};
use crate::outgoing::{Fate, Outcome, PeerTerms};
use crate::pack::Pace;
use crate::route::{Receiver, Route};
use crate::store::{FrameRow, SentMessage, Taken};

/// Frames that are posted before the look whether they are out.
const BATCH: usize = 16;

/// How long messages for an account that the node does not know wait.
const UNKNOWN_PAUSE: u64 = 30 * SECOND;

impl World {
    /// Takes what the broker offers.
    pub(super) fn take(&mut self, member: usize) {
        if let Err(halt) = self.try_take(member) {
            self.handle_halt(member, Task::Take, halt);
        }
    }

    fn try_take(&mut self, member: usize) -> Result<(), Halt> {
        self.step(member)?;
        let bridge = self.bridges.get_mut(&member).unwrap();
        if bridge.broker_away {
            return Ok(());
        }
        bridge.release()?;
        if bridge.to_take.is_empty() {
            return Ok(());
        }
        let count = self.rng.random_range(1..=self.bridges[&member].to_take.len());
        let offered: Vec<_> = self.bridges[&member].to_take.iter().take(count).copied().collect();
        let batch: Vec<Taken> =
            offered.iter().map(|offered| self.taken(member, offered.message, offered.again)).collect();
        // Of a QoS 2 message that was taken before it is the packet that is known again.
        let unreleased = self.bridges[&member]
            .store
            .run(|tx| tx.prepare_cached("SELECT packet FROM unreleased")?.query_map([], |row| row.get(0))?.collect());
        let unreleased: Vec<u16> = unreleased.map_err(Halt::Store)?;
        if offered.iter().any(|offered| offered.again) {
            self.count("messages offered again by a broker");
        }
        // From here on the broker may have to offer them again.
        self.bridges.get_mut(&member).unwrap().to_take.iter_mut().take(count).for_each(|offered| offered.again = true);
        self.sending(member, |outgoing, now| outgoing.take(&batch, now))?;
        for (offered, taken) in offered.iter().zip(&batch) {
            let known = taken.again && taken.unreleased.is_some_and(|packet| unreleased.contains(&packet));
            if !known {
                self.note_commit(member, offered.message);
            }
        }
        let pause = self.rng.random_range(0..5);
        self.plan(Task::Send, member, pause);
        // Being killed here means that the broker is not told.
        self.step(member)?;
        let bridge = self.bridges.get_mut(&member).unwrap();
        bridge.to_take.drain(..count);
        bridge.to_release.extend(batch.iter().filter_map(|taken| taken.unreleased));
        bridge.release()?;
        if !bridge.to_take.is_empty() {
            self.plan(Task::Take, member, 1);
        }
        Ok(())
    }

    fn taken(&self, member: usize, message: usize, again: bool) -> Taken {
        let publication = &self.record.messages[message];
        let heard = &self.bridges[&member].heard;
        let mut routes = Vec::new();
        if let Some(rule) = self.plan.members[member].rule(&publication.topic) {
            let route = |receiver| Route {
                receiver,
                message: Message {
                    topic: publication.topic.clone(),
                    payload: publication.payload.clone(),
                    qos: publication.qos,
                    retain: publication.retain,
                    properties: publication.properties.clone(),
                    path: publication.path.clone(),
                },
                waiting: rule.waiting,
                compatible: rule.compatible,
            };
            match &rule.audience {
                Audience::Everybody => routes.push(route(Receiver::Everybody)),
                Audience::Members(members) => {
                    let may_want =
                        |to: &&usize| !heard.contains_key(to) || self.plan.members[**to].wants(&publication.topic);
                    let names = members.iter().filter(may_want).map(|to| self.plan.members[*to].name.clone());
                    routes.extend(names.map(|name| route(Receiver::Account(name))));
                }
            }
        }
        let unreleased = (publication.qos == Qos::ExactlyOnce).then_some(message as u16);
        Taken { routes, refused: false, unreleased, again }
    }

    /// A peer's subscriptions have become known.
    pub(super) fn hear(&mut self, member: usize, of: usize, packed: bool) {
        let wanted = self.plan.members[of].filters();
        let name = self.plan.members[of].name.clone();
        let Some(bridge) = self.bridges.get_mut(&member) else { return };
        if bridge.running.is_none() {
            return self.after(SECOND, Event::Hear { member, of, packed });
        }
        let before = bridge.heard.insert(of, packed);
        if before == Some(false) && packed {
            self.count("peers that change from v0 to v1");
        }
        if self.now > self.plan.members[member].begins_at {
            self.count("peers heard of late");
        }
        self.trace.note(self.now, ("hear", member, of), || format!("{member} hears of {of}, which packs: {packed}"));
        let heard = self.sending(member, |outgoing, _| outgoing.handle_published(&name, &wanted));
        self.plan(Task::Send, member, 0);
        if let Err(halt) = heard {
            self.handle_halt(member, Task::Send, halt);
        }
    }

    /// Packs and posts, and says when to do so again.
    pub(super) fn send(&mut self, member: usize) {
        match self.try_send(member) {
            Ok(None) => {}
            Ok(Some(pause)) => self.plan(Task::Send, member, pause),
            Err(halt) => {
                self.plan_read_back(member);
                if let Some(running) = self.bridges.get_mut(&member).and_then(|bridge| bridge.running.as_mut()) {
                    running.failures += 1;
                }
                self.handle_halt(member, Task::Send, halt);
            }
        }
    }

    fn try_send(&mut self, member: usize) -> Result<Option<u64>, Halt> {
        let now = self.now;
        let running = self.step(member)?;
        if !running.posted.is_empty() || running.starving {
            return Ok(None);
        }
        running.unreachable.retain(|_, until| *until > now);
        if self.nodes[member].up_at > self.now {
            return Err(Halt::Node);
        }
        self.settle_doubtful(member)?;
        let next = self.next_number(member)?;
        let (peers, pace) = (self.peers(member), self.pace(member, next));
        self.sending(member, |outgoing, _| outgoing.set_peers(peers))?;
        self.sending(member, |outgoing, _| {
            outgoing.set_pace(pace);
            Ok(())
        })?;
        let outcomes = self.sending(member, |outgoing, now| outgoing.pack(now))?;
        self.handle_outcomes(member, outcomes);
        let frames = self.sending(member, |outgoing, _| outgoing.frames_to_post(BATCH))?;
        if frames.is_empty() {
            let timeout = self.sending(member, |outgoing, now| outgoing.timeout(now))?;
            if self.sending(member, |outgoing, _| outgoing.is_stuck())? {
                return Err(Halt::QuotaExhausted);
            }
            let running = self.step(member)?;
            running.failures = 0;
            let until = |at: Duration| (at.saturating_sub(Duration::from_millis(now - running.began_at))).as_micros();
            let pause = timeout.map(|at| (until(at).div_ceil(1000) as u64).max(1));
            let unknown = running.unreachable.values().min().map(|until| until - now);
            self.trace.note(now, ("idle", member, pause), || format!("{member} has nothing to post for {pause:?} ms"));
            return Ok(pause.into_iter().chain(unknown).min());
        }
        self.post_frames(member, frames, next)?;
        Ok(if self.plan_read_back(member) { None } else { Some(1) })
    }

    /// Plans the look whether what was posted is out; false if nothing was.
    fn plan_read_back(&mut self, member: usize) -> bool {
        let life = self.bridges[&member].life;
        let is_made = self.bridges[&member].running.as_ref().is_some_and(|running| !running.posted.is_empty());
        if is_made {
            let pause = self.rng.random_range(1..50);
            self.after(pause, Event::ReadBack { member, life });
        }
        is_made
    }

    fn peers(&self, member: usize) -> BTreeMap<Username, PeerTerms> {
        let Some(bridge) = self.bridges.get(&member) else { return BTreeMap::new() };
        let unreachable = bridge.running.as_ref().map(|running| &running.unreachable);
        let me = &self.plan.members[member];
        let terms = |other: usize| PeerTerms {
            packed: bridge.heard.get(&other) == Some(&true),
            receipts: me.follows.contains(&other),
            reachable: bridge.heard.contains_key(&other)
                && !unreachable.is_some_and(|unreachable| unreachable.contains_key(&other)),
        };
        let others = (0..self.plan.members.len()).filter(|other| *other != member);
        others.map(|other| (self.plan.members[other].name.clone(), terms(other))).collect()
    }

    fn pace(&self, member: usize, next: PostNumber) -> Pace {
        Pace::of((self.network.allowed(member).0 + 1).saturating_sub(next.0))
    }

    /// The next number that nobody has used, as far as this bridge and its node know.
    fn next_number(&mut self, member: usize) -> Result<PostNumber, Halt> {
        let query = "SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM identity WHERE name = 'next_number'";
        let tried = self.bridges[&member].store.run(|tx| tx.prepare_cached(query)?.query_row([], |row| row.get(0)))?;
        Ok(self.network.last(member).map_or(PostNumber(tried), |last| last.next().max(PostNumber(tried))))
    }

    fn settle_doubtful(&mut self, member: usize) -> Result<(), Halt> {
        for frame in self.sending(member, |outgoing, _| outgoing.doubtful_frames())? {
            let Some(number) = frame.post else { continue };
            let listed = self.network.post(member, number).filter(|post| post.listed_at <= self.now);
            let is_it = listed.is_some_and(|post| post.body == body(&frame));
            self.settle(member, frame.id, number, if is_it { Fate::Out } else { Fate::Absent })?;
        }
        Ok(())
    }

    fn settle(&mut self, member: usize, frame: i64, number: PostNumber, fate: Fate) -> Result<(), Halt> {
        self.trace
            .note(self.now, ("settle", member, frame), || format!("{member} settles frame row {frame}: {fate:?}"));
        let outcomes = self.sending(member, |outgoing, now| outgoing.settle_post(frame, number, fate, now))?;
        self.handle_outcomes(member, outcomes);
        Ok(())
    }

    fn post_frames(&mut self, member: usize, frames: Vec<FrameRow>, mut next: PostNumber) -> Result<(), Halt> {
        for frame in frames {
            let to = match &frame.receiver {
                Receiver::Everybody => None,
                Receiver::Account(name) => self.member(name),
            };
            if to.is_some_and(|to| {
                self.bridges[&member].running.as_ref().is_some_and(|running| running.unreachable.contains_key(&to))
            }) {
                continue;
            }
            if next > self.network.allowed(member) {
                return Err(Halt::QuotaExhausted);
            }
            let id = frame.id;
            self.sending(member, |outgoing, _| outgoing.assign_post(id, next))?;
            self.step(member)?;
            let reply = self.make_post(member, next, body(&frame));
            self.trace.note(self.now, ("post", member, id, next.0), || {
                let FrameRow { receiver, number, tries, awaited, .. } = &frame;
                let awaited = if *awaited { ", awaited" } else { "" };
                let said = match &reply {
                    Reply::Posted(signature) => format!("signature {signature}"),
                    Reply::Open => "no reply".to_owned(),
                    Reply::Refused(refusal) => format!("{refusal:?}"),
                    Reply::UnknownReceiver => "unknown receiver".to_owned(),
                    Reply::Down => "node down".to_owned(),
                };
                format!(
                    "{member} posts frame row {id} (number {number:?}, try {tries}{awaited}) to {receiver} as {next}: {said}"
                )
            });
            match reply {
                Reply::Posted(signature) => {
                    self.step(member)?.posted.push(Made { frame, number: next, signature });
                    next = next.next();
                }
                Reply::Open => return Err(Halt::Node),
                Reply::Down => {
                    self.settle(member, id, next, Fate::Absent)?;
                    return Err(Halt::Node);
                }
                Reply::UnknownReceiver => {
                    let until = self.now + UNKNOWN_PAUSE;
                    if let Some(to) = to {
                        self.step(member)?.unreachable.insert(to, until);
                    }
                    self.settle(member, id, next, Fate::Absent)?;
                }
                Reply::Refused(Refusal::QuotaExhausted) => {
                    self.break_promise(|| format!("{member} tries the number {next}, which the quota does not allow"));
                }
                Reply::Refused(Refusal::TooLarge) => {
                    let len = frame.text.len();
                    self.break_promise(|| format!("{member} makes a post of {len} bytes, which is too large"));
                }
            }
        }
        Ok(())
    }

    /// Looks whether what was posted is out.
    pub(super) fn read_back(&mut self, member: usize, life: u32) {
        if self.bridges[&member].life != life {
            return;
        }
        if let Err(halt) = self.try_read_back(member) {
            self.handle_halt(member, Task::Send, halt);
        }
    }

    fn try_read_back(&mut self, member: usize) -> Result<(), Halt> {
        self.plan(Task::Send, member, 1);
        let posted = std::mem::take(&mut self.step(member)?.posted);
        if self.nodes[member].up_at > self.now {
            return Err(Halt::Node);
        }
        for Made { frame, number, signature } in posted {
            let listed = self.network.post(member, number).filter(|post| post.listed_at <= self.now);
            let fate = match listed {
                Some(post) if post.signature == signature => Fate::Out,
                Some(_) => Fate::Stolen,
                None => Fate::Absent,
            };
            self.settle(member, frame.id, number, fate)?;
        }
        Ok(())
    }

    pub(super) fn handle_outcomes(&mut self, member: usize, outcomes: Vec<Outcome>) {
        for outcome in outcomes {
            match outcome {
                Outcome::Posted(..) => self.count("told posted"),
                Outcome::Seen(_) => self.count("told seen"),
                Outcome::Acked(sent) => {
                    self.count("told acked");
                    self.check_acked(member, &sent.receiver, &sent.message);
                }
                Outcome::Expired(_) | Outcome::Superseded(_) => {}
                Outcome::TooLarge(SentMessage { receiver, message, .. }) => {
                    let Some(index) = self.record.find(member, &message) else { continue };
                    self.record.too_large.insert((receiver, index));
                }
            }
        }
    }

    /// Whoever is told that the far broker has a message can rely on it.
    fn check_acked(&mut self, member: usize, receiver: &Receiver, message: &Message) {
        let Receiver::Account(name) = receiver else {
            return self.break_promise(|| format!("{member} is told that everybody has {}", message.topic));
        };
        let Some(index) = self.record.find(member, message) else {
            return self.break_promise(|| format!("{member} is told that {name} has what was never sent"));
        };
        let to = self.member(name).unwrap();
        let receiver = &self.plan.members[to];
        let came_through = self.record.messages[index].path.contains(&receiver.name);
        let wanted = receiver.wants(&message.topic) && receiver.follows.contains(&member) && !came_through;
        let may_expire = self.expiry(index).is_some();
        let has_it = self.record.copies.contains_key(&(to, index));
        if wanted && !may_expire && !has_it && self.plan.members[to].kind == Kind::Bridge {
            self.break_promise(|| {
                format!("{member} is told that {name} has message {index}, which its broker has not")
            });
        }
    }
}

/// What is posted for a frame.
fn body(frame: &FrameRow) -> Body {
    let FrameRow { receiver, text, number, .. } = frame;
    Body::Frame { receiver: receiver.clone(), text: text.clone(), packed: number.is_some() }
}
