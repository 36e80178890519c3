//! Says what rules would do, without doing it: which of them fire for a message, what it becomes, who can read it and what
//! it costs; and for a recording of many, how many posts each rule would use.
//!
//! It asks what the bridge itself asks: `route` where a message goes, `pack` which messages share a post.
//!
//! Deliberately not here: how it is told, and what comes in, which [`inward`](crate::inward::inward) says as it is.

mod trace;

pub use trace::{RuleTotal, Timed, TraceRehearsal, rehearse_trace};

use std::time::Duration;

use crate::config::{BridgeConfig, Forward, Visibility};
use crate::fit::{fits, frame_post_size, frame_room, v0_post_size};
use crate::frame::v0;
use crate::frame::v1::{Content, Entry, Notes, Stream};
use crate::message::{Message, MessageId};
use crate::pack::{Pace, Packer, Terms};
use crate::route::{PublishedTopics, Receiver, Route, route_by_rule};
use crate::topic::TopicFilter;
use twister::Username;
use twister::limits::PostNumbers;

/// Posts that an account gains in a day: two for each block, and a block every ten minutes.
pub const POSTS_A_DAY: f64 = 288.0;

/// When everything that is rehearsed happens, in Unix seconds.
const START_S: u64 = 1_700_000_000;

/// What the rules would do with a message of the local broker.
#[derive(Debug, Clone, PartialEq)]
pub struct Rehearsal {
    /// Some publication takes it from the broker; otherwise no rule ever sees it.
    pub heard: bool,
    /// The copies of it that would leave.
    pub sent: Vec<Sent>,
    /// The forwards whose filter matches and that do not send it, to one of their receivers or at all.
    pub held_back: Vec<HeldBack>,
}

/// A copy of a message that would leave.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// Which forward sends it, from 0.
    pub forward: usize,
    /// To whom, as what, and how it may wait.
    pub route: Route,
    /// Nobody knows yet whether its receiver wants it: it waits until that has been heard of.
    pub uncertain: bool,
    /// What it costs alone as v1; nothing if no posts can carry it.
    pub v1: Option<Cost>,
    /// What it costs as v0; nothing if no post can carry it.
    pub v0: Option<Cost>,
}

/// What a message costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Posts.
    pub posts: u64,
    /// Bytes of these posts, as the network limits them; with long numbers, as they may become.
    pub bytes: usize,
}

/// A forward that does not send a message that its filter matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBack {
    /// Which forward, from 0.
    pub forward: usize,
    /// Why.
    pub reason: HoldReason,
}

/// Why a forward does not send a message that its filter matches.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoldReason {
    /// Its `except` leaves the topic out.
    #[error("its except = {except:?} leaves it out")]
    Excepted {
        /// The filter that matches.
        except: String,
    },
    /// There is no valid topic to send it on.
    #[error("its new name leaves no topic that can cross")]
    NoTopic,
    /// The receiver has published what it wants, and this is not among it.
    #[error("{peer} has not subscribed to {topic}")]
    Unwanted {
        /// The receiver.
        peer: Username,
        /// The topic as it would be sent.
        topic: String,
    },
    /// Another forward sends it to the receiver already.
    #[error("forwards[{by}] sends it to {receiver} already, and the first rule that matches counts")]
    Earlier {
        /// The receiver.
        receiver: Receiver,
        /// The forward that sends it.
        by: usize,
    },
    /// It came through the receiver or goes round.
    #[error("it came through {receiver} already")]
    CameThrough {
        /// The receiver.
        receiver: Receiver,
    },
}

/// What the rules of `config` would do with `message`. Peers that are not in `published` have not been heard of.
pub fn rehearse(config: &BridgeConfig, published: &PublishedTopics, message: &Message) -> Rehearsal {
    let routes = route_by_rule(message, config, published);
    let forwards = config.forwards.iter().enumerate().filter(|(_, forward)| forward.from.matches(&message.topic));
    let held_back = forwards.flat_map(|(index, forward)| {
        let reasons = hold_reasons(index, forward, message, published, &routes);
        reasons.into_iter().map(move |reason| HeldBack { forward: index, reason })
    });
    Rehearsal {
        heard: is_heard(config, message),
        held_back: held_back.collect(),
        sent: routes.iter().map(|(forward, route)| sent(config, published, *forward, route)).collect(),
    }
}

fn is_heard(config: &BridgeConfig, message: &Message) -> bool {
    config.publications.iter().any(|filter: &TopicFilter| filter.matches(&message.topic))
}

fn sent(config: &BridgeConfig, published: &PublishedTopics, forward: usize, route: &Route) -> Sent {
    let author = &config.twister.account;
    let uncertain = match &route.receiver {
        Receiver::Everybody => false,
        Receiver::Account(peer) => !published.contains_key(peer),
    };
    Sent { forward, route: route.clone(), uncertain, v1: v1_cost(author, route), v0: v0_cost(author, route) }
}

fn hold_reasons(
    index: usize,
    forward: &Forward,
    message: &Message,
    published: &PublishedTopics,
    routes: &[(usize, Route)],
) -> Vec<HoldReason> {
    if let Some(except) = forward.except.iter().find(|except| except.matches(&message.topic)) {
        return vec![HoldReason::Excepted { except: except.to_string() }];
    }
    let Some(topic) = forward.mapping().apply(&message.topic).filter(|topic| !topic.is_local()) else {
        return vec![HoldReason::NoTopic];
    };
    let receivers = match forward.visibility {
        Visibility::Public => vec![Receiver::Everybody],
        Visibility::Private => forward.to.iter().cloned().map(Receiver::Account).collect(),
    };
    let reason = |receiver: Receiver| match (routes.iter().find(|(_, route)| route.receiver == receiver), receiver) {
        (Some((by, _)), _) if *by == index => None,
        (_, Receiver::Account(peer))
            if published.get(&peer).is_some_and(|filters| !filters.iter().any(|filter| filter.matches(&topic))) =>
        {
            Some(HoldReason::Unwanted { peer, topic: topic.to_string() })
        }
        (Some((by, _)), receiver) => Some(HoldReason::Earlier { receiver, by: *by }),
        (None, receiver) => Some(HoldReason::CameThrough { receiver }),
    };
    receivers.into_iter().filter_map(reason).collect()
}

/// What the message costs alone, through the packer.
fn v1_cost(author: &Username, route: &Route) -> Option<Cost> {
    let room = frame_room(author, &route.receiver, PostNumbers::WIDEST);
    let mut packer = Packer::new(stream(), 1, room);
    packer.set_pace(Pace::Plenty);
    let terms = Terms { max_wait: Duration::ZERO, latest_only: false, expires_at: None };
    packer.handle_message(entry(route.message.clone(), 1, START_S), terms, Duration::ZERO);
    let mut cost = Cost::default();
    while let Some(packed) = packer.poll_frame(Duration::ZERO, START_S, &Notes::default()) {
        cost.posts += 1;
        cost.bytes += frame_post_size(author, &route.receiver, &packed.text, PostNumbers::WIDEST);
    }
    packer.poll_dropped().is_empty().then_some(cost)
}

/// What the message costs in the form of mosquitto-twister.
fn v0_cost(author: &Username, route: &Route) -> Option<Cost> {
    let Message { topic, payload, qos, .. } = route.message.clone();
    let id = Some(MessageId::new(stream().as_str(), u64::MAX));
    let text = v0::encode(&v0::Frame { topic, payload, qos, id });
    let bytes = v0_post_size(author, &route.receiver, &text);
    fits(author, &route.receiver, &text).then_some(Cost { posts: 1, bytes })
}

fn entry(message: Message, number: u64, taken_s: u64) -> Entry {
    let Message { topic, payload, qos, retain, properties, path } = message;
    Entry { number, taken_s, topic, qos, retain, path, properties, content: Content::Whole(payload) }
}

fn stream() -> Stream {
    Stream::from_number(START_S)
}

#[cfg(test)]
mod tests;
