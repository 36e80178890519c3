//! Tells the copies of one message from messages that are alike. Where several subscriptions match a topic, a broker may send a
//! message once for each of them (MQTT 5, section 3.3.4), and Mosquitto does. Each copy then names the subscription that it is
//! for, and a message comes by a subscription only once.
//!
//! A plain state machine. It remembers the last few messages of a connection: a broker sends the copies one after another, at
//! most with those of other publishers between them.

use std::collections::VecDeque;

use sha2::{Digest as _, Sha256};

use super::echo;
use super::packet::Publish;
use crate::store::Digest;
use crate::topic::TopicFilter;

/// Messages among which copies are looked for.
const WINDOW: usize = 64;

/// The largest subscription identifier.
const HIGHEST_ID: u32 = 268_435_455;

/// The last messages, and what they came by.
#[derive(Debug, Default)]
pub(crate) struct Copies {
    recent: VecDeque<Came>,
}

#[derive(Debug)]
struct Came {
    digest: Digest,
    /// Identifiers of subscriptions.
    by: Vec<usize>,
}

impl Copies {
    /// Whether a message from the broker is another copy of one that has come by this connection.
    pub(crate) fn handle_publish(&mut self, publish: &Publish) -> bool {
        let by = &publish.properties.subscription_identifiers;
        if by.is_empty() {
            return false;
        }
        let digest = echo::digest(&publish.topic, &publish.payload, publish.qos);
        let is_copy_of = |came: &&mut Came| came.digest == digest && !came.by.iter().any(|id| by.contains(id));
        if let Some(came) = self.recent.iter_mut().find(is_copy_of) {
            came.by.extend(by);
            return true;
        }
        if self.recent.len() == WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back(Came { digest, by: by.clone() });
        false
    }

    /// There is a new connection, or other subscriptions. A message that came by the old ones is none of those that come by the
    /// new ones.
    pub(crate) fn forget(&mut self) {
        self.recent.clear();
    }
}

/// The identifier that a subscription has at every connection: the broker may keep messages that name it.
pub(crate) fn subscription_id(filter: &TopicFilter) -> u32 {
    let hash = Sha256::digest(filter.as_str());
    1 + hash.iter().fold(0, |id: u64, byte| (id * 256 + u64::from(*byte)) % u64::from(HIGHEST_ID)) as u32
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::message::{Message, Qos};

    fn publish(payload: &str, by: &[usize]) -> Publish {
        let message = Message::new("doors/1".parse().unwrap(), payload, Qos::ExactlyOnce);
        let mut publish = Publish::new(&message, 1, None);
        publish.properties.subscription_identifiers = by.to_vec();
        publish
    }

    /// Which of the messages are copies.
    fn copies(messages: &[(&str, &[usize])]) -> Vec<bool> {
        let mut copies = Copies::default();
        messages.iter().map(|(payload, by)| copies.handle_publish(&publish(payload, by))).collect()
    }

    #[test]
    fn a_message_that_comes_once_for_each_subscription_counts_once() {
        assert_eq!(copies(&[("open", &[1]), ("open", &[2]), ("open", &[3])]), [false, true, true]);
    }

    #[test]
    fn a_message_that_comes_again_by_the_same_subscription_is_another_one() {
        assert_eq!(copies(&[("open", &[1]), ("open", &[1])]), [false, false]);
        let twice: [(&str, &[usize]); 4] = [("open", &[1]), ("open", &[2]), ("open", &[1]), ("open", &[2])];
        assert_eq!(copies(&twice), [false, true, false, true]);
    }

    #[test]
    fn copies_are_known_among_those_of_other_publishers() {
        let mixed: [(&str, &[usize]); 6] =
            [("open", &[1]), ("open", &[1]), ("shut", &[1]), ("open", &[2]), ("open", &[2]), ("shut", &[2])];
        assert_eq!(copies(&mixed), [false, false, false, true, true, true]);
    }

    #[test]
    fn one_copy_for_several_subscriptions_is_no_copy_of_the_next() {
        assert_eq!(copies(&[("open", &[1, 2]), ("open", &[1, 2])]), [false, false]);
    }

    #[test]
    fn without_identifiers_everything_counts() {
        assert_eq!(copies(&[("open", &[]), ("open", &[])]), [false, false]);
    }

    #[test]
    fn what_came_before_other_subscriptions_is_forgotten() {
        let mut copies = Copies::default();
        assert!(!copies.handle_publish(&publish("open", &[1])));
        copies.forget();
        assert!(!copies.handle_publish(&publish("open", &[2])));
    }

    #[test]
    fn an_identifier_is_the_same_at_every_connection() {
        let id = |filter: &str| subscription_id(&filter.parse().unwrap());
        assert_eq!(id("doors/#"), id("doors/#"));
        assert_ne!(id("doors/#"), id("doors/+"));
        assert!((1..=HIGHEST_ID).contains(&id("doors/#")));
    }
}
