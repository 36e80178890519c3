//! Which messages a person wants to see.

use mqtt_twister_bridge::event::{Direction, Step};
use mqtt_twister_bridge::topic::TopicFilter;

use super::entry::{Entry, Flow};
use super::rows::MessageQuery;
use crate::error::CommandError;
use crate::view::BridgeId;

/// What an entry must be like; what is not said does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// The bridge that it crosses.
    pub bridge: Option<BridgeId>,
    /// A filter that matches its topic, at the local broker or as it is sent.
    pub topic: Option<TopicFilter>,
    /// What its topic, its peer or its payload contains; letters of ASCII in either case.
    pub text: String,
    /// The account that it goes to or comes from.
    pub peer: Option<String>,
    /// Its way.
    pub direction: Option<Direction>,
    /// The steps of which it has reached one and no further; none for any.
    pub steps: Vec<Step>,
}

impl Filter {
    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it lets an entry through.
    pub fn lets_through(&self, entry: &Entry) -> bool {
        let flow = &entry.flow;
        self.bridge.as_ref().is_none_or(|bridge| *bridge == flow.bridge)
            && self.direction.is_none_or(|direction| direction == flow.direction)
            && (self.steps.is_empty() || self.steps.contains(&entry.step()))
            && self.peer.as_ref().is_none_or(|peer| flow.peer.as_ref() == Some(peer))
            && self.topic.as_ref().is_none_or(|filter| matches_topic(filter, flow))
            && self.is_text_in(entry)
    }

    fn is_text_in(&self, entry: &Entry) -> bool {
        let text = self.text.as_bytes();
        text.is_empty()
            || contains(entry.flow.topic.as_str().as_bytes(), text)
            || entry.flow.peer.as_ref().is_some_and(|peer| contains(peer.as_bytes(), text))
            || contains(entry.payload.bytes(), text)
    }
}

impl TryFrom<MessageQuery> for Filter {
    type Error = CommandError;

    fn try_from(query: MessageQuery) -> Result<Self, CommandError> {
        let MessageQuery { bridge, topic, text, peer, direction, steps } = query;
        let topic = match topic.trim() {
            "" => None,
            topic => Some(topic.parse().map_err(|error| CommandError::field("topic", error))?),
        };
        Ok(Self { bridge, topic, text: text.trim().to_owned(), peer, direction, steps })
    }
}

fn matches_topic(filter: &TopicFilter, flow: &Flow) -> bool {
    filter.matches(&flow.topic)
        || flow.sent_topic.as_ref().is_some_and(|sent| sent.parse().is_ok_and(|sent| filter.matches(&sent)))
}

/// Whether `text` is in `bytes`, with letters of ASCII in either case.
fn contains(bytes: &[u8], text: &[u8]) -> bool {
    let Some(first) = text.first() else { return true };
    let Some(last_start) = bytes.len().checked_sub(text.len()) else { return false };
    bytes[..=last_start]
        .iter()
        .enumerate()
        .any(|(at, byte)| byte.eq_ignore_ascii_case(first) && bytes[at..at + text.len()].eq_ignore_ascii_case(text))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use mqtt_twister_bridge::event::MessageEvent;

    use super::*;
    use crate::messages::testing::{event, home};

    fn entry() -> Entry {
        let message = MessageEvent {
            peer: Some("bob".to_owned()),
            topic: "alice/doors/1".to_owned(),
            local_topic: Some("doors/1".to_owned()),
            ..event(1, "")
        };
        Entry::new(1, Flow::of(&home(), &message).unwrap().into(), &message)
    }

    fn query() -> MessageQuery {
        MessageQuery::default()
    }

    fn finds(query: MessageQuery) -> bool {
        Filter::try_from(query).unwrap().lets_through(&entry())
    }

    #[test]
    fn everything_that_is_said_has_to_hold() {
        assert!(finds(query()));
        for topic in ["doors/#", "alice/+/1", " doors/1 "] {
            assert!(finds(MessageQuery { topic: topic.to_owned(), ..query() }), "{topic}");
        }
        for text in ["DOORS", "Bob", "oN"] {
            assert!(finds(MessageQuery { text: text.to_owned(), ..query() }), "{text}");
        }
        assert!(finds(MessageQuery { peer: Some("bob".to_owned()), steps: vec![Step::Queued], ..query() }));
        assert!(!finds(MessageQuery { topic: "windows/#".to_owned(), ..query() }));
        assert!(!finds(MessageQuery { text: "offline".to_owned(), ..query() }));
        assert!(!finds(MessageQuery { peer: Some("carol".to_owned()), ..query() }));
        assert!(!finds(MessageQuery { direction: Some(Direction::In), ..query() }));
        assert!(!finds(MessageQuery { steps: vec![Step::Posted, Step::Acked], ..query() }));
        assert!(!finds(MessageQuery { bridge: Some("try/home".parse().unwrap()), ..query() }));
    }

    #[test]
    fn a_filter_that_is_none_is_refused_with_its_field() {
        let error = Filter::try_from(MessageQuery { topic: "a/#/b".to_owned(), ..query() }).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("topic"));
    }

    #[test]
    fn a_text_is_found_anywhere_and_nowhere_else() {
        assert!(contains(b"abc", b"C") && contains(b"abc", b"") && contains(b"aab", b"AB"));
        assert!(!contains(b"ab", b"abc") && !contains(b"", b"a"));
    }
}
