//! Where a message from the local broker goes.
//!
//! Deliberately not here: posting, and finding out what peers want.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use twister::Username;

use crate::config::{Forward, Visibility};
use crate::message::Message;
use crate::pack::DEFAULT_MAX_WAIT;
use crate::topic::TopicFilter;

/// Who a post or direct message is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
    /// How long it is worth anything, if its own expiry is not shorter.
    pub expires_after: Option<Duration>,
}

impl Default for Waiting {
    fn default() -> Self {
        Self { max_wait: DEFAULT_MAX_WAIT, latest_only: false, expires_after: None }
    }
}

/// Who gets `message`, each once: if several rules match, the first one counts for each receiver.
///
/// A private forward reaches those whose published subscriptions match. For a peer not heard of yet nobody can say, so it
/// is among the receivers: the message waits until the peer is known.
pub fn route(message: &Message, forwards: &[Forward], published: &PublishedTopics) -> Vec<Route> {
    let topic = &message.topic;
    let mut routes = BTreeMap::new();
    if topic.is_local() {
        return Vec::new();
    }
    let route = |receiver: &Receiver| Route {
        receiver: receiver.clone(),
        message: message.clone(),
        waiting: Waiting::default(),
        compatible: false,
    };
    for forward in forwards.iter().filter(|forward| forward.from.matches(topic)) {
        match forward.visibility {
            Visibility::Public => {
                routes.entry(Receiver::Everybody).or_insert_with_key(route);
            }
            Visibility::Private => {
                let wants = |peer: &&Username| {
                    published.get(*peer).is_none_or(|filters| filters.iter().any(|filter| filter.matches(topic)))
                };
                for peer in forward.to.iter().filter(wants) {
                    routes.entry(Receiver::Account(peer.clone())).or_insert_with_key(route);
                }
            }
        }
    }
    routes.into_values().collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::message::Qos;

    fn forward(from: &str, to: &[&str]) -> Forward {
        let visibility = if to.is_empty() { Visibility::Public } else { Visibility::Private };
        Forward { from: from.parse().unwrap(), visibility, to: to.iter().map(|name| name.parse().unwrap()).collect() }
    }

    fn routed(topic: &str, forwards: &[Forward]) -> Vec<String> {
        let published = PublishedTopics::from([
            ("mqtt_bob".parse().unwrap(), vec!["doors/#".parse().unwrap()]),
            ("mqtt_carol".parse().unwrap(), vec![]),
        ]);
        let message = Message::new(topic.parse().unwrap(), "", Qos::AtMostOnce);
        route(&message, forwards, &published).iter().map(|route| route.receiver.to_string()).collect()
    }

    #[test]
    fn a_public_forward_goes_to_everybody_once() {
        let forwards = [forward("sensors/#", &[]), forward("sensors/+", &[])];
        assert_eq!(routed("sensors/1", &forwards), ["everybody"]);
        assert!(routed("doors/1", &forwards).is_empty());
    }

    #[test]
    fn a_private_forward_goes_to_those_who_subscribed() {
        let forwards = [forward("#", &["mqtt_bob", "mqtt_carol"])];
        assert_eq!(routed("doors/1", &forwards), ["mqtt_bob"]);
        assert!(routed("sensors/1", &forwards).is_empty());
    }

    #[test]
    fn a_message_for_a_peer_not_heard_of_yet_is_kept() {
        assert_eq!(routed("doors/1", &[forward("doors/#", &["mqtt_dave"])]), ["mqtt_dave"]);
    }

    #[test]
    fn every_forward_that_matches_is_honoured() {
        let forwards = [forward("doors/#", &[]), forward("doors/#", &["mqtt_bob"])];
        assert_eq!(routed("doors/1", &forwards), ["everybody", "mqtt_bob"]);
    }

    #[test]
    fn what_belongs_to_the_broker_or_a_bridge_never_leaves() {
        for topic in ["$SYS/load", "mqtt-twister/home/state"] {
            assert!(routed(topic, &[forward("$SYS/#", &[]), forward("#", &[])]).is_empty());
        }
    }
}
