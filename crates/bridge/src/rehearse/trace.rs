//! What a recording would cost, rule by rule.

use std::collections::HashMap;
use std::time::Duration;

use twister::limits::PostNumbers;

use super::{POSTS_A_DAY, START_S, entry, is_heard, stream, v0_cost};
use crate::config::BridgeConfig;
use crate::fit::{frame_post_size, frame_room};
use crate::frame::v1::Notes;
use crate::message::Message;
use crate::pack::{DropReason, Pace, Packed, Packer, Terms};
use crate::route::{PublishedTopics, Receiver, Route, route_by_rule};

/// A message, and when it was published.
#[derive(Debug, Clone, PartialEq)]
pub struct Timed {
    /// Since the recording's zero; not before that of the message before.
    pub at: Duration,
    /// The message.
    pub message: Message,
}

/// What a recording would cost.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TraceRehearsal {
    /// Messages in it.
    pub messages: usize,
    /// Those that no publication takes from the broker.
    pub unheard: usize,
    /// Those that are taken and that no rule sends.
    pub unsent: usize,
    /// From the first message to the last, in seconds.
    pub seconds: f64,
    /// The forwards, in order.
    pub rules: Vec<RuleTotal>,
    /// Bytes of all posts.
    pub post_bytes: usize,
}

/// What one forward would cost.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RuleTotal {
    /// Copies of messages that it sends: one for each receiver.
    pub copies: usize,
    /// Copies that are replaced by newer values before they leave.
    pub superseded: usize,
    /// Copies that are worth nothing any more before they leave.
    pub expired: usize,
    /// Copies that no post can carry.
    pub too_large: usize,
    /// Posts. One that is shared by several rules counts for each by its share of the messages.
    pub posts: f64,
}

/// A receiver's packer, and whose rule's each message is.
struct Lane {
    receiver: Receiver,
    packer: Packer,
    forwards: HashMap<u64, usize>,
}

/// A rehearsal under way.
struct Stage<'a> {
    config: &'a BridgeConfig,
    pace: Pace,
    lanes: Vec<Lane>,
    total: TraceRehearsal,
}

/// What the rules of `config` would make of a recording, with the posts that the packer makes of it at `pace`, over the
/// recording's own time. Peers that are not in `published` have not been heard of: they count as if they wanted everything.
/// Private messages are packed; what they would cost otherwise is a post each.
pub fn rehearse_trace(
    config: &BridgeConfig,
    published: &PublishedTopics,
    pace: Pace,
    trace: impl IntoIterator<Item = Timed>,
) -> TraceRehearsal {
    let rules = vec![RuleTotal::default(); config.forwards.len()];
    let total = TraceRehearsal { rules, ..TraceRehearsal::default() };
    let mut stage = Stage { config, pace, lanes: Vec::new(), total };
    let mut trace = trace.into_iter().peekable();
    let began = trace.peek().map(|first| first.at);
    loop {
        let now = match (trace.peek(), stage.due()) {
            (Some(next), due) if due.is_none_or(|due| next.at < due) => next.at,
            (_, Some(due)) => due,
            (_, None) => break,
        };
        if let Some(next) = trace.next_if(|next| next.at <= now) {
            stage.total.seconds = (next.at - began.unwrap_or_default()).as_secs_f64();
            stage.handle_message(&next.message, published, now);
        }
        stage.poll(now);
    }
    stage.total
}

impl TraceRehearsal {
    /// All posts.
    pub fn posts(&self) -> f64 {
        self.rules.iter().map(|rule| rule.posts).sum()
    }

    /// How many posts a day `posts` of this recording are; nothing if it has no length.
    pub fn posts_a_day(&self, posts: f64) -> Option<f64> {
        (self.seconds > 0.0).then(|| posts * 86_400.0 / self.seconds)
    }
}

impl RuleTotal {
    /// Days in which an account gains so many posts.
    pub fn quota_days(&self) -> f64 {
        self.posts / POSTS_A_DAY
    }
}

impl Stage<'_> {
    fn due(&self) -> Option<Duration> {
        self.lanes.iter().filter_map(|lane| lane.packer.poll_timeout()).min()
    }

    fn handle_message(&mut self, message: &Message, published: &PublishedTopics, now: Duration) {
        self.total.messages += 1;
        if !is_heard(self.config, message) {
            self.total.unheard += 1;
            return;
        }
        let routes = route_by_rule(message, self.config, published);
        self.total.unsent += usize::from(routes.is_empty());
        for (forward, route) in routes {
            self.total.rules[forward].copies += 1;
            match route.compatible {
                true => self.post_alone(forward, &route),
                false => self.pack(forward, route, now),
            }
        }
    }

    fn post_alone(&mut self, forward: usize, route: &Route) {
        let rule = &mut self.total.rules[forward];
        match v0_cost(&self.config.twister.account, route) {
            Some(cost) => {
                rule.posts += cost.posts as f64;
                self.total.post_bytes += cost.bytes;
            }
            None => rule.too_large += 1,
        }
    }

    fn pack(&mut self, forward: usize, route: Route, now: Duration) {
        let Route { receiver, message, waiting, .. } = route;
        let number = self.total.messages as u64;
        let expires_at = waiting.expires_after.map(|after| now + after);
        let terms = Terms { max_wait: waiting.max_wait, latest_only: waiting.latest_only, expires_at };
        let lane = self.lane(receiver);
        lane.forwards.insert(number, forward);
        lane.packer.handle_message(entry(message, number, START_S + now.as_secs()), terms, now);
    }

    fn lane(&mut self, receiver: Receiver) -> &mut Lane {
        let index = self.lanes.iter().position(|lane| lane.receiver == receiver).unwrap_or_else(|| {
            let room = frame_room(&self.config.twister.account, &receiver, PostNumbers::WIDEST);
            let mut packer = Packer::new(stream(), 1, room);
            packer.set_pace(self.pace);
            self.lanes.push(Lane { receiver, packer, forwards: HashMap::new() });
            self.lanes.len() - 1
        });
        &mut self.lanes[index]
    }

    fn poll(&mut self, now: Duration) {
        for lane in &mut self.lanes {
            while let Some(packed) = lane.packer.poll_frame(now, START_S + now.as_secs(), &Notes::default()) {
                let author = &self.config.twister.account;
                self.total.post_bytes += frame_post_size(author, &lane.receiver, &packed.text, PostNumbers::WIDEST);
                lane.share(&packed, &mut self.total.rules);
            }
            for dropped in lane.packer.poll_dropped() {
                let Some(forward) = lane.forwards.remove(&dropped.number) else { continue };
                let rule = &mut self.total.rules[forward];
                match dropped.reason {
                    DropReason::Superseded => rule.superseded += 1,
                    DropReason::Expired => rule.expired += 1,
                    DropReason::TooLarge => rule.too_large += 1,
                }
            }
        }
    }
}

impl Lane {
    /// Divides a post among the rules whose messages are in it.
    fn share(&mut self, packed: &Packed, rules: &mut [RuleTotal]) {
        for message in &packed.messages {
            let forward = match message.complete {
                true => self.forwards.remove(&message.number),
                false => self.forwards.get(&message.number).copied(),
            };
            if let Some(forward) = forward {
                rules[forward].posts += 1.0 / packed.messages.len() as f64;
            }
        }
    }
}
