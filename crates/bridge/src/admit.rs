//! What gets in: decides over a text that arrived from the network.
//!
//! Deliberately not here: whether its author is followed; only texts of followed accounts are looked at.

use crate::frame::v0::{self, Frame, FrameError};
use crate::topic::TopicFilter;

/// What becomes of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It is a message that the owner asked for.
    Wanted(Frame),
    /// It is a message on a topic that the owner did not ask for.
    Unwanted,
    /// It was written for people.
    ForPeople,
    /// It is a message that must not get in.
    Refused(Refusal),
}

/// Why a message must not get in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Its frame is damaged.
    #[error("{0}")]
    Damaged(FrameError),
    /// Its topic belongs to the broker itself or to a bridge.
    #[error("the topic {0} belongs to the broker itself or to its bridges")]
    Local(String),
}

/// Decides over `text`, given what the owner subscribed to.
pub fn admit(text: &str, subscriptions: &[TopicFilter]) -> Admission {
    match v0::decode(text) {
        Err(FrameError::NotAFrame) => Admission::ForPeople,
        Err(error) => Admission::Refused(Refusal::Damaged(error)),
        Ok(frame) if frame.topic.is_local() => Admission::Refused(Refusal::Local(frame.topic.into())),
        Ok(frame) if subscriptions.iter().any(|filter| filter.matches(&frame.topic)) => Admission::Wanted(frame),
        Ok(_) => Admission::Unwanted,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn admitted(topic: &str) -> Admission {
        let text = format!(r#"{{"topic":"{topic}","payload":"","qos":0}}"#);
        admit(&text, &["doors/#".parse().unwrap(), "$SYS/#".parse().unwrap()])
    }

    #[test]
    fn only_subscribed_topics_get_in() {
        assert!(matches!(admitted("doors/1"), Admission::Wanted(_)));
        assert_eq!(admitted("sensors/1"), Admission::Unwanted);
    }

    #[test]
    fn the_brokers_and_bridges_own_topics_never_get_in() {
        for topic in ["$SYS/load", "mqtt-twister/home/state"] {
            assert!(matches!(admitted(topic), Admission::Refused(Refusal::Local(_))));
        }
    }

    #[test]
    fn a_topic_with_a_wildcard_is_refused() {
        assert!(matches!(admitted("doors/#"), Admission::Refused(Refusal::Damaged(_))));
    }

    #[test]
    fn what_people_write_to_each_other_is_left_alone() {
        assert_eq!(admit("good morning", &["#".parse().unwrap()]), Admission::ForPeople);
    }
}
