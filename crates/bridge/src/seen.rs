//! What a bridge has seen at its local broker lately: the topics, to suggest them where a rule is written, and the last
//! messages, to try rules out on. It is bounded, and forgotten with the bridge.
//!
//! Deliberately not here: what became of the messages. A plain state machine: the time is handed in.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use crate::message::Message;
use crate::rehearse::Timed;
use crate::topic::Topic;

/// Topics that are remembered; above it those not seen for longest are forgotten.
pub const MOST_TOPICS: usize = 2000;

/// Messages that are remembered, and bytes of their payloads.
pub const MOST_MESSAGES: usize = 2000;
const MOST_BYTES: usize = 1024 * 1024;

/// A topic that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenTopic {
    /// The topic, as it is called at the local broker.
    pub topic: Topic,
    /// How many messages came on it.
    pub messages: u64,
    /// When the last came, in milliseconds since 1970.
    pub last_ms: u64,
    /// How many bytes that had.
    pub bytes: usize,
    /// Whether it was retained.
    pub retain: bool,
}

/// What was seen lately.
#[derive(Debug, Default)]
pub struct Seen {
    topics: HashMap<Topic, (u64, SeenTopic)>,
    /// The topics in the order in which they were seen last.
    order: BTreeMap<u64, Topic>,
    next: u64,
    messages: VecDeque<Timed>,
    bytes: usize,
}

impl Seen {
    /// A message came from the local broker at `now_ms`, in milliseconds since 1970.
    pub fn note(&mut self, message: &Message, now_ms: u64) {
        if message.topic.is_local() {
            return;
        }
        self.note_topic(message, now_ms);
        self.bytes += message.payload.len();
        self.messages.push_back(Timed { at: Duration::from_millis(now_ms), message: message.clone() });
        while self.messages.len() > MOST_MESSAGES || (self.bytes > MOST_BYTES && self.messages.len() > 1) {
            let forgotten = self.messages.pop_front();
            self.bytes -= forgotten.map_or(0, |forgotten| forgotten.message.payload.len());
        }
    }

    /// The topics, those seen last first.
    pub fn topics(&self) -> Vec<SeenTopic> {
        let newest_first = self.order.values().rev();
        newest_first.filter_map(|topic| self.topics.get(topic)).map(|(_, seen)| seen.clone()).collect()
    }

    /// The last messages, the oldest first; their times count from 1970.
    pub fn messages(&self) -> Vec<Timed> {
        let mut latest = Duration::ZERO;
        let in_order = |timed: &Timed| {
            // A clock that was set back meanwhile must not turn them round.
            latest = latest.max(timed.at);
            Timed { at: latest, ..timed.clone() }
        };
        self.messages.iter().map(in_order).collect()
    }

    fn note_topic(&mut self, message: &Message, now_ms: u64) {
        let at = self.next;
        self.next += 1;
        let Message { topic, payload, retain, .. } = message;
        let before = self.topics.remove(topic);
        if let Some((at, _)) = before {
            self.order.remove(&at);
        }
        let messages = before.map_or(0, |(_, seen)| seen.messages) + 1;
        let seen = SeenTopic { topic: topic.clone(), messages, last_ms: now_ms, bytes: payload.len(), retain: *retain };
        self.topics.insert(topic.clone(), (at, seen));
        self.order.insert(at, topic.clone());
        if self.topics.len() > MOST_TOPICS
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.topics.remove(&oldest);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::message::Qos;

    fn message(topic: &str, len: usize) -> Message {
        Message::new(topic.parse().unwrap(), vec![b'x'; len], Qos::AtLeastOnce)
    }

    #[test]
    fn topics_are_counted_and_those_seen_last_come_first() {
        let mut seen = Seen::default();
        for (topic, now_ms) in [("a", 1), ("b", 2), ("a", 3)] {
            seen.note(&message(topic, now_ms as usize), now_ms);
        }
        let topics = seen.topics();
        let told: Vec<_> =
            topics.iter().map(|seen| (seen.topic.as_str(), seen.messages, seen.last_ms, seen.bytes)).collect();
        assert_eq!(told, [("a", 2, 3, 3), ("b", 1, 2, 2)]);
    }

    #[test]
    fn a_flood_of_topics_and_bytes_is_forgotten_from_its_beginning() {
        let mut seen = Seen::default();
        for number in 0..MOST_TOPICS + 10 {
            seen.note(&message(&format!("t/{number}"), 1024), 0);
        }
        assert_eq!(seen.topics().len(), MOST_TOPICS);
        assert_eq!(seen.topics().last().unwrap().topic.as_str(), "t/10");
        assert_eq!(seen.messages().len(), MOST_BYTES / 1024);
        seen.note(&message("large", 10 * MOST_BYTES), 0);
        assert_eq!(seen.messages().len(), 1);
    }

    #[test]
    fn what_is_about_the_broker_itself_is_not_remembered() {
        let mut seen = Seen::default();
        seen.note(&message("$SYS/load", 1), 0);
        seen.note(&message("mqtt-twister/home/state", 1), 0);
        assert!(seen.topics().is_empty() && seen.messages().is_empty());
    }

    #[test]
    fn messages_stay_in_order_though_the_clock_is_set_back() {
        let mut seen = Seen::default();
        for now_ms in [10, 5, 12] {
            seen.note(&message("a", 1), now_ms);
        }
        let at: Vec<_> = seen.messages().iter().map(|timed| timed.at.as_millis()).collect();
        assert_eq!(at, [10, 10, 12]);
    }
}
