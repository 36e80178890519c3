//! What the engine promises, checked on what was seen from outside.
//!
//! - A message of QoS 1 or 2 reaches every member that it is for and that wants its topic. Where the receiver sends receipts
//!   (both speak v1 and follow each other) it does so whatever is lost between them; elsewhere if all of it was in posts that
//!   the receiver's bridge has looked at. Not promised for what expires, and of what only the latest counts, only that.
//! - All of it is in posts that the network has, whatever it was told of their numbers.
//! - It does so once for each time that it was taken from its broker; a plain member without ids may be handed copies.
//! - For each sender, topic and QoS the order is that in which messages were taken: always where there are receipts (for QoS
//!   0 there, if no frame was looked at after a later one); in other packed streams if no frame was looked at more than
//!   [`PATIENCE`] after a later one, or after the first look at the stream had found a later one.
//! - Nothing arrives that was not sent, or not to this member, or not wanted, or that has expired or been here before.
//! - In the end nothing is left in any table of what waits.
//! - Without troubles, posts are not wasted.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{Audience, Kind, Member, Rule, SECOND};
use super::record::{Commit, Handed, Look, MessageIndex, Posted};
use super::world::World;
use crate::message::Qos;
use crate::route::Receiver;
use crate::store::InboxRow;

/// How long the engine waits for a frame that may never come, in milliseconds, with some room for how the test looks.
const PATIENCE: u64 = 110 * SECOND;

/// How long a message is worth anything from when it was taken, in milliseconds: rounded up to seconds twice.
const ROUNDING: u64 = 2 * SECOND;

impl World {
    pub(super) fn note_commit(&mut self, member: usize, message: MessageIndex) {
        self.trace.note(self.now, ("commit", member, message), || {
            let of = &self.record.messages[message];
            let (topic, len, qos) = (of.topic.as_str(), of.payload.len(), u8::from(of.qos));
            format!("{member} takes message {message} ({topic}, {len} bytes, QoS {qos})")
        });
        self.record.add_commit(Commit { at: self.now, by: member, message });
    }

    fn rule_of(&self, message: MessageIndex) -> Option<&Rule> {
        let publication = &self.record.messages[message];
        self.plan.members[publication.by].rule(&publication.topic)
    }

    /// How long a message is worth anything, in milliseconds.
    pub(super) fn expiry(&self, message: MessageIndex) -> Option<u64> {
        let own = self.record.messages[message].properties.expiry_s.map(|seconds| u64::from(seconds) * SECOND);
        let rules = self.rule_of(message).and_then(|rule| rule.waiting.expires_after);
        own.into_iter().chain(rules.map(|after| after.as_millis() as u64)).min()
    }

    /// What is promised of a single message when a bridge hands it to its broker.
    pub(super) fn check_handed(&mut self, to: usize, row: &InboxRow, message: MessageIndex) {
        let sent = &self.record.messages[message];
        let from = sent.by;
        let (me, author) = (&self.plan.members[to], &self.plan.members[from]);
        let mut broken = Vec::new();
        if !me.follows.contains(&from) {
            broken.push("its sender is not followed");
        }
        if !me.wants(&sent.topic) {
            broken.push("its topic was not subscribed");
        }
        let rule = self.rule_of(message);
        if !rule.is_some_and(|rule| rule.is_for(to) && rule.is_public() == row.public) {
            broken.push("it was not for this member");
        }
        if row.message.qos != sent.qos {
            broken.push("its quality of service has changed");
        }
        let packed = author.is_bridge()
            && rule.is_some_and(|rule| match rule.audience {
                Audience::Everybody => !rule.compatible,
                // What was sent before v1 was announced went as v0.
                Audience::Members(_) => author.hears[to].iter().all(|(_, packed)| *packed),
            });
        if packed {
            let mut properties = row.message.properties.clone();
            properties.expiry_s = sent.properties.expiry_s;
            if row.message.retain != sent.retain || properties != sent.properties {
                broken.push("its flag or properties have changed");
            }
            let path: Vec<_> = sent.path.iter().chain([&author.name]).cloned().collect();
            if row.message.path != path {
                broken.push("its path is not the one that it came");
            }
            if path.contains(&me.name) {
                broken.push("it was here before");
            }
            let taken = self.record.taken_at(message);
            let is_late = |expiry| self.now > taken + expiry + ROUNDING;
            if self.plan.troubles.clocks_are_right() && self.expiry(message).is_some_and(is_late) {
                broken.push("it has expired");
            }
        }
        let copies = self.record.copies.get(&(to, message)).copied().unwrap_or_default();
        let takes = match author.kind {
            Kind::Plain { ids: false } => self.record.posts_with(message),
            _ => self.record.takes.get(&message).copied().unwrap_or_default(),
        };
        if copies > takes {
            broken.push("it was handed over more often than it was sent");
        }
        if let Some(words) = broken.first() {
            let (row, sent) = (format!("{:?}", row.message), format!("{sent:?}"));
            self.break_promise(|| format!("{to} is handed message {message} of {from}: {words}\n{row}\n{sent}"));
        }
    }
}

/// What is promised of a whole run.
pub(super) fn check(world: &mut World) -> Result<(), String> {
    check_rest(world)?;
    for from in 0..world.plan.members.len() {
        for to in (0..world.plan.members.len()).filter(|to| *to != from) {
            for public in [false, true] {
                let pair = Pair::new(world, from, to, public);
                pair.check_posted()?;
                pair.check_arrival()?;
                let ordered = pair.check_order()?;
                let Pair { handed, .. } = pair;
                let counts = [("handed over", handed.len()), ("ordered", if ordered { handed.len() } else { 0 })];
                for (what, count) in counts {
                    *world.tally.entry(what).or_default() += count;
                }
            }
        }
    }
    check_thrift(world)
}

/// In the end nothing waits.
fn check_rest(world: &World) -> Result<(), String> {
    for (member, bridge) in &world.bridges {
        let leftovers = bridge.leftovers();
        if !leftovers.is_empty() || !bridge.to_take.is_empty() {
            let frames: Vec<String> = bridge.store.run(|tx| tx.prepare("select id || ' to ' || receiver || ' nr ' || ifnull(number,'-') || ' post ' || ifnull(post,'-') || ' out ' || out || ' aw ' || awaited || ' seen ' || seen || ' tries ' || tries || ' packed ' || (select group_concat(message) from packed where frame=frame.id) from frame")?.query_map([], |r| r.get(0))?.collect()).unwrap();
            return Err(format!(
                "in the end, {member} has left {leftovers:?}, and its broker {:?} {frames:#?}",
                bridge.to_take
            ));
        }
    }
    Ok(())
}

/// Without troubles, each message costs as many posts as it is long, and some for receipts.
fn check_thrift(world: &World) -> Result<(), String> {
    if !world.plan.troubles.is_none() {
        return Ok(());
    }
    let mut most = 0;
    for Commit { by, message, .. } in &world.record.commits {
        let publication = &world.record.messages[*message];
        let receivers = match world.rule_of(*message).map(|rule| &rule.audience) {
            Some(Audience::Members(members)) => members.len(),
            _ => 1,
        };
        let pieces = 1 + publication.payload.len() / 1000;
        // Its own posts, and a receipt for what is received and one for what is delivered.
        most += if world.plan.members[*by].is_bridge() { 3 * receivers * pieces } else { receivers };
    }
    let made = world.tally.get("posts").copied().unwrap_or_default();
    match made <= most {
        true => Ok(()),
        false => Err(format!("without any troubles {made} posts were made, and {most} are enough")),
    }
}

/// What went from one member to another, in public or privately.
struct Pair<'a> {
    world: &'a World,
    from: usize,
    to: usize,
    public: bool,
    receiver: Receiver,
    commits: Vec<Commit>,
    handed: Vec<Handed>,
    /// The posts that the receiver has looked at.
    posts: Vec<(&'a Posted, Look)>,
}

impl<'a> Pair<'a> {
    fn new(world: &'a World, from: usize, to: usize, public: bool) -> Self {
        let is_of = |message: MessageIndex| {
            world.rule_of(message).is_some_and(|rule| rule.is_public() == public && rule.is_for(to))
        };
        let record = &world.record;
        let commits = record.commits.iter().filter(|commit| commit.by == from && is_of(commit.message)).copied();
        let handed = record.handed.iter().filter(|handed| handed.from == from && handed.to == to);
        let receiver = match public {
            true => Receiver::Everybody,
            false => Receiver::Account(world.plan.members[to].name.clone()),
        };
        let looks = record.looks.range((to, 0)..=(to, u64::MAX));
        let posts = looks.filter_map(|((_, signature), look)| Some((record.posts.get(signature)?, *look)));
        Self {
            world,
            from,
            to,
            public,
            commits: commits.collect(),
            handed: handed.filter(|handed| is_of(handed.message)).copied().collect(),
            posts: posts.filter(|(post, _)| post.by == from && post.receiver == receiver).collect(),
            receiver,
        }
    }

    fn members(&self) -> (&'a Member, &'a Member) {
        (&self.world.plan.members[self.from], &self.world.plan.members[self.to])
    }

    /// The sender hears what the receiver has.
    fn has_receipts(&self) -> bool {
        let (from, to) = self.members();
        let follow = from.follows.contains(&self.to) && to.follows.contains(&self.from);
        !self.public && from.is_bridge() && to.is_bridge() && follow
    }

    /// All of it went as v1.
    fn is_packed(&self) -> bool {
        let (from, _) = self.members();
        from.is_bridge() && (self.public || from.hears[self.to].iter().all(|(_, packed)| *packed))
    }

    /// Whether a message may never leave, or never arrive.
    fn may_be_lost(&self, message: MessageIndex) -> bool {
        self.world.expiry(message).is_some() || self.is_too_large(message)
    }

    /// What was taken has been posted.
    fn check_posted(&self) -> Result<(), String> {
        let (author, receiver) = self.members();
        if !author.is_bridge() {
            return Ok(());
        }
        let posts = self.world.record.posts.values();
        let posts = posts.filter(|post| post.by == self.from && post.receiver == self.receiver);
        let posted = self.world.record.readable(self.from, posts);
        for commit in self.commits.iter().filter(|commit| self.is_newest(commit)) {
            let message = commit.message;
            let publication = &self.world.record.messages[message];
            let sure = publication.qos != Qos::AtMostOnce && (self.public || receiver.wants(&publication.topic));
            if sure && !self.may_be_lost(message) && !posted.contains(&message) {
                let (from, to) = (self.from, &self.receiver);
                return Err(format!("message {message} of {from} to {to} is in no post that the network has"));
            }
        }
        Ok(())
    }

    fn check_arrival(&self) -> Result<(), String> {
        let (_, receiver) = self.members();
        if !receiver.follows.contains(&self.from) {
            return Ok(());
        }
        let arrived: BTreeSet<MessageIndex> = self.handed.iter().map(|handed| handed.message).collect();
        let found = self.world.record.readable(self.from, self.posts.iter().map(|(post, _)| *post));
        let due = |commit: &&Commit| {
            let publication = &self.world.record.messages[commit.message];
            let came_through = publication.path.contains(&receiver.name);
            publication.qos != Qos::AtMostOnce && receiver.wants(&publication.topic) && !came_through
        };
        for Commit { message, .. } in self.commits.iter().filter(due).copied().filter(|commit| self.is_newest(commit)) {
            // What went as v0 before the receiver had announced v1 has no receipts.
            let promised = self.has_receipts() && self.is_packed() || found.contains(&message);
            if promised && !self.may_be_lost(message) && !arrived.contains(&message) {
                return Err(format!(
                    "message {message} of {} did not reach {} (public: {}, in posts that it found: {})",
                    self.from,
                    self.to,
                    self.public,
                    found.contains(&message)
                ));
            }
        }
        Ok(())
    }

    /// Nothing has taken its place.
    fn is_newest(&self, commit: &Commit) -> bool {
        let latest_only = self.world.rule_of(commit.message).is_some_and(|rule| rule.waiting.latest_only);
        let lane = self.lane(commit.message);
        let newest = self.commits.iter().rfind(|other| self.lane(other.message) == lane);
        !latest_only || newest.is_some_and(|newest| newest.message == commit.message)
    }

    /// Messages of one lane keep their order.
    fn lane(&self, message: MessageIndex) -> (&'a str, Qos) {
        let publication = &self.world.record.messages[message];
        (publication.topic.as_str(), publication.qos)
    }

    fn is_too_large(&self, message: MessageIndex) -> bool {
        // Only what has to fit one post can be too large for it.
        let len = self.world.record.messages[message].payload.len();
        len > 1000 && self.world.record.too_large.contains(&(self.receiver.clone(), message))
    }

    /// Whether order is promised, and then checks it.
    fn check_order(&self) -> Result<bool, String> {
        let (_, receiver) = self.members();
        let compatible = |commit: &Commit| self.world.rule_of(commit.message).is_some_and(|rule| rule.compatible);
        if !receiver.is_bridge() || !self.is_packed() {
            return Ok(false);
        }
        // Frames with messages of QoS 0 alone are not waited for where others have receipts.
        let (sure, unsure) = match self.has_receipts() {
            true => (true, self.is_in_time(0)),
            false => (self.is_in_time(PATIENCE), self.is_in_time(PATIENCE)),
        };
        // A frame that was given up because all in it had expired may come all the same.
        let is_given_up = |message| self.has_receipts() && self.world.expiry(message).is_some();
        let is_promised = |message| match self.lane(message).1 {
            Qos::AtMostOnce => unsure,
            _ => sure && !is_given_up(message),
        };
        let mut lanes: BTreeMap<(&str, Qos), Vec<MessageIndex>> = BTreeMap::new();
        for commit in self.commits.iter().filter(|commit| !compatible(commit)) {
            lanes.entry(self.lane(commit.message)).or_default().push(commit.message);
        }
        let mut taken: BTreeMap<(&str, Qos), std::vec::IntoIter<MessageIndex>> =
            lanes.into_iter().map(|(lane, messages)| (lane, messages.into_iter())).collect();
        for Handed { message, .. } in self.handed.iter().filter(|handed| is_promised(handed.message)) {
            let Some(rest) = taken.get_mut(&self.lane(*message)) else { continue };
            if !rest.any(|next| next == *message) {
                let (topic, qos) = self.lane(*message);
                return Err(format!(
                    "message {message} of {} came to {} out of order, on {topic} with {qos:?}",
                    self.from, self.to
                ));
            }
        }
        Ok(sure)
    }

    /// No frame came so late that it was not waited for any more.
    fn is_in_time(&self, patience: u64) -> bool {
        let mut looked: BTreeMap<u64, Look> = BTreeMap::new();
        for (post, look) in &self.posts {
            let Some(frame) = post.frame else { continue };
            let first = looked.entry(frame).or_insert(*look);
            *first = (*look).min(*first);
        }
        let Some(first) = looked.values().min().copied() else { return true };
        // From the last frame to the first: the earliest look at a later one.
        let mut earliest: Option<Look> = None;
        looked.values().rev().all(|look| {
            let in_time = earliest
                .is_none_or(|earliest| look.at <= earliest.at + patience && (*look == first || earliest != first));
            earliest = Some(earliest.map_or(*look, |earliest| earliest.min(*look)));
            in_time
        })
    }
}
