//! Where a message from the local broker goes.
//!
//! Deliberately not here: posting, and finding out what peers want.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use twister::Username;

use crate::config::{Forward, Visibility};
use crate::topic::{Topic, TopicFilter};

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

/// The receivers of a message published to `topic`.
///
/// A private forward reaches those whose published subscriptions match. For a peer not heard of yet nobody can say, so it
/// is among the receivers: the message waits until the peer is known.
pub fn route(topic: &Topic, forwards: &[Forward], published: &PublishedTopics) -> BTreeSet<Receiver> {
    let mut receivers = BTreeSet::new();
    if topic.is_local() {
        return receivers;
    }
    for forward in forwards.iter().filter(|forward| forward.from.matches(topic)) {
        match forward.visibility {
            Visibility::Public => {
                receivers.insert(Receiver::Everybody);
            }
            Visibility::Private => {
                let wants = |peer: &&Username| {
                    published.get(*peer).is_none_or(|filters| filters.iter().any(|filter| filter.matches(topic)))
                };
                receivers.extend(forward.to.iter().filter(wants).cloned().map(Receiver::Account));
            }
        }
    }
    receivers
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn forward(from: &str, to: &[&str]) -> Forward {
        let visibility = if to.is_empty() { Visibility::Public } else { Visibility::Private };
        Forward { from: from.parse().unwrap(), visibility, to: to.iter().map(|name| name.parse().unwrap()).collect() }
    }

    fn routed(topic: &str, forwards: &[Forward]) -> Vec<String> {
        let published = PublishedTopics::from([
            ("mqtt_bob".parse().unwrap(), vec!["doors/#".parse().unwrap()]),
            ("mqtt_carol".parse().unwrap(), vec![]),
        ]);
        route(&topic.parse().unwrap(), forwards, &published).iter().map(ToString::to_string).collect()
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
