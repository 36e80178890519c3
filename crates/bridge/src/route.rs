//! Where a message from the local broker goes.
//!
//! Deliberately not here: posting, and finding out what peers want.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use twister::Username;

use crate::config::{BridgeConfig, Forward, Visibility};
use crate::frame::v1::MAX_HOPS;
use crate::message::Message;
use crate::pack::DEFAULT_MAX_WAIT;
use crate::topic::{Topic, TopicFilter};

/// Who a post or direct message is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receiver {
    /// Everybody: a public post.
    Everybody,
    /// One account: a direct message.
    Account(Username),
}

impl fmt::Display for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everybody => f.write_str("everybody"),
            Self::Account(name) => name.fmt(f),
        }
    }
}

/// The subscriptions that peers have published; a peer that is not in it has not been heard of yet.
pub type PublishedTopics = HashMap<Username, Vec<TopicFilter>>;

/// A message as one receiver gets it, and what its rule says about its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Who gets it.
    pub receiver: Receiver,
    /// The message, as the rule has it sent.
    pub message: Message,
    /// How it may wait.
    pub waiting: Waiting,
    /// mosquitto-twister must be able to read it, so it goes as a v0 frame. Private messages go as what their receiver has
    /// announced to understand, whatever is said here.
    pub compatible: bool,
}

/// What a rule says about waiting for a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// How long a message may wait for others to share its post.
    pub max_wait: Duration,
    /// Only the newest value of its topic counts: it replaces an older one that waits.
    pub latest_only: bool,
    /// How long it is worth anything: what its rule says or what it says itself, whichever is shorter.
    pub expires_after: Option<Duration>,
}

impl Default for Waiting {
    fn default() -> Self {
        Self { max_wait: DEFAULT_MAX_WAIT, latest_only: false, expires_after: None }
    }
}

/// Who gets `message`, each once: if several of the forwards of `config` match, the first one counts for each receiver.
///
/// A private forward reaches those whose published subscriptions match the topic as it is sent. For a peer not heard of
/// yet nobody can say, so it is among the receivers: the message waits until the peer is known.
///
/// A message does not go round: it is not sent to an account that it came through, and to nobody if it came through this
/// bridge's account or through as many as a frame can name.
pub fn route(message: &Message, config: &BridgeConfig, published: &PublishedTopics) -> Vec<Route> {
    route_by_rule(message, config, published).into_iter().map(|(_, route)| route).collect()
}

/// The same, each with the position in `forwards` of the rule that counts.
pub fn route_by_rule(message: &Message, config: &BridgeConfig, published: &PublishedTopics) -> Vec<(usize, Route)> {
    let mut routes = BTreeMap::new();
    let goes_round = message.path.contains(&config.twister.account) || message.path.len() >= MAX_HOPS;
    if message.topic.is_local() || goes_round {
        return Vec::new();
    }
    let matching = config.forwards.iter().enumerate().filter(|(_, forward)| forward.matches(&message.topic));
    for (index, forward) in matching {
        let Some(topic) = forward.mapping().apply(&message.topic).filter(|topic| !topic.is_local()) else { continue };
        let wants = |peer: &&Username| {
            !message.path.contains(peer)
                && published.get(*peer).is_none_or(|filters| filters.iter().any(|filter| filter.matches(&topic)))
        };
        let receivers: Vec<Receiver> = match forward.visibility {
            Visibility::Public => vec![Receiver::Everybody],
            Visibility::Private => forward.to.iter().filter(wants).cloned().map(Receiver::Account).collect(),
        };
        for receiver in receivers {
            let route = |receiver: &Receiver| (index, sent(message, forward, receiver, topic.clone()));
            routes.entry(receiver).or_insert_with_key(route);
        }
    }
    routes.into_values().collect()
}

/// The message as `forward` has it sent.
fn sent(message: &Message, forward: &Forward, receiver: &Receiver, topic: Topic) -> Route {
    let mut message = Message { topic, ..message.clone() };
    message.qos = forward.max_qos.map_or(message.qos, |most| message.qos.min(most));
    message.retain = forward.retain.of(message.retain);
    let expiries = [message.properties.expiry_s, forward.expires_after_s];
    // The receiver does not want it late either, so it goes with the message.
    message.properties.expiry_s = expiries.into_iter().flatten().min();
    let waiting = Waiting {
        max_wait: forward.max_wait(),
        latest_only: forward.latest_only,
        expires_after: message.properties.expiry_s.map(|seconds| Duration::from_secs(seconds.into())),
    };
    Route { receiver: receiver.clone(), message, waiting, compatible: forward.compatible }
}

#[cfg(test)]
mod tests;
