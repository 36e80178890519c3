//! Retained messages here and there: what the local broker keeps, and what those who get it were last given.
//!
//! Nobody can look into a far broker. "There" is what is known here: for an account, the newest retained message that its
//! broker has taken over, as it says; for everybody, the newest that was posted. What the far side makes of it (it may strip
//! the flag, or clear the topic itself) is its own.
//!
//! Deliberately not here: reading the broker and the database.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use twister::Username;

use crate::config::BridgeConfig;
use crate::message::Message;
use crate::route::{PublishedTopics, Receiver, route};
use crate::topic::{Topic, TopicFilter};

/// Bytes of a value that are shown at most.
pub const PREVIEW_LEN: usize = 256;

/// What a topic's retained message is, cut for showing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetainedValue {
    /// Bytes of the payload.
    pub bytes: u64,
    /// Its first bytes, at most [`PREVIEW_LEN`].
    pub preview: Vec<u8>,
    /// Tells it from others.
    pub digest: [u8; 16],
}

/// A retained message of the local broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The message.
    pub message: Message,
    /// The bridge itself has left it there: it came in.
    pub own: bool,
}

/// How far a retained message is that is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum Progress {
    /// It waits to leave.
    Waiting,
    /// A person holds it back.
    Held,
    /// It is in a post that is not out, or that nobody has confirmed.
    UnderWay,
    /// The receiver has it, but not its broker.
    Seen,
}

/// What one receiver was given on one topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct There {
    /// Who.
    pub receiver: Receiver,
    /// The topic, as it was sent.
    pub topic: Topic,
    /// What it has; nothing if it was given nothing yet, or if that was cleared.
    pub value: Option<RetainedValue>,
    /// Something newer is on its way, and how far it is: a value, or nothing for a clear.
    pub coming: Option<(Progress, Option<RetainedValue>)>,
}

/// A topic, here and there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetainedRow {
    /// What it is called at the local broker; none if nothing is kept here, and it is known only as it was sent.
    pub topic: Option<Topic>,
    /// What the local broker keeps.
    pub here: Option<RetainedValue>,
    /// It came in through this bridge.
    pub came_in: bool,
    /// From whom it came in, where the broker keeps that.
    pub from: Option<Username>,
    /// Those who get it, and what they have.
    pub there: Vec<There>,
}

impl RetainedValue {
    /// Of a payload; nothing for an empty one, which clears.
    pub fn of(payload: &[u8]) -> Option<Self> {
        let mut digest = [0; 16];
        digest.copy_from_slice(&Sha256::digest(payload)[..16]);
        let preview = payload[..payload.len().min(PREVIEW_LEN)].to_vec();
        (!payload.is_empty()).then_some(Self { bytes: payload.len() as u64, preview, digest })
    }
}

impl There {
    /// Whether the receiver has, or is about to have, what is kept here.
    pub fn is_same(&self, here: Option<&RetainedValue>) -> bool {
        match &self.coming {
            Some((_, coming)) => coming.as_ref() == here,
            None => self.value.as_ref() == here,
        }
    }
}

/// What of a broker's retained messages concerns a bridge: what its forwards take, and what its subscriptions leave there.
pub fn filters(config: &BridgeConfig) -> Vec<TopicFilter> {
    let out = config.forwards.iter().map(|forward| forward.from.clone());
    let all = TopicFilter::all();
    let left = config.subscriptions.iter().filter_map(|subscription| subscription.mapping().image_of(&all));
    let filters: Vec<TopicFilter> = out.chain(left).collect();
    let mut kept: Vec<TopicFilter> = Vec::new();
    for filter in &filters {
        if !kept.iter().any(|other| other.covers(filter)) {
            kept.retain(|other| !filter.covers(other));
            kept.push(filter.clone());
        }
    }
    kept
}

/// Puts beside each other what the local broker keeps and what receivers were given. First what is kept here, by topic; then
/// what only others have.
pub fn compare(
    config: &BridgeConfig,
    published: &PublishedTopics,
    kept: &[Kept],
    there: Vec<There>,
) -> Vec<RetainedRow> {
    let mut given: BTreeMap<(Receiver, Topic), There> =
        there.into_iter().map(|there| ((there.receiver.clone(), there.topic.clone()), there)).collect();
    let mut rows: Vec<RetainedRow> = Vec::new();
    for Kept { message, own } in kept.iter().filter(|kept| !kept.message.topic.is_local()) {
        let routes = if *own { Vec::new() } else { route(message, config, published) };
        let copies = routes.into_iter().filter(|route| route.message.retain).map(|route| {
            let key = (route.receiver, route.message.topic);
            let nothing = |(receiver, topic)| There { receiver, topic, value: None, coming: None };
            given.remove(&key).unwrap_or_else(|| nothing(key))
        });
        rows.push(RetainedRow {
            topic: Some(message.topic.clone()),
            here: RetainedValue::of(&message.payload),
            came_in: *own,
            from: message.path.last().filter(|_| *own).cloned(),
            there: copies.collect(),
        });
    }
    rows.sort_by(|one, other| one.topic.cmp(&other.topic));
    let has_something = |there: &There| there.value.is_some() || there.coming.is_some();
    let elsewhere = given.into_values().filter(has_something);
    let row = |there| RetainedRow { topic: None, here: None, came_in: false, from: None, there: vec![there] };
    rows.extend(elsewhere.map(row));
    rows
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::parse_bridge;
    use crate::message::Qos;

    fn config() -> BridgeConfig {
        let config = serde_json::json!({
            "name": "home",
            "twister": {"url": "http://127.0.0.1:28332", "account": "mqtt_alice"},
            "broker": {"url": "127.0.0.1"},
            "publications": ["doors/#"],
            "forwards": [{"from": "doors/#", "type": "private", "to": ["mqtt_bob"], "add_prefix": "alice/"}],
            "subscriptions": [{"filter": "lamps/#", "add_prefix": "bob/"}, "doors/1"],
            "following": ["mqtt_bob"],
        });
        parse_bridge(config).unwrap()
    }

    fn kept(topic: &str, payload: &str, from: Option<&str>) -> Kept {
        let path = from.into_iter().map(|name| name.parse().unwrap()).collect();
        let message = Message::new(topic.parse().unwrap(), payload, Qos::AtLeastOnce);
        Kept { message: Message { retain: true, path, ..message }, own: from.is_some() }
    }

    fn there(topic: &str, value: &str) -> There {
        let value = RetainedValue::of(value.as_bytes());
        There {
            receiver: Receiver::Account("mqtt_bob".parse().unwrap()),
            topic: topic.parse().unwrap(),
            value,
            coming: None,
        }
    }

    #[test]
    fn what_differs_is_told_from_what_is_the_same_under_the_name_that_it_was_sent_with() {
        let kept = [kept("doors/1", "open", None), kept("doors/2", "shut", None), kept("doors/3", "ajar", None)];
        let given = vec![there("alice/doors/1", "open"), there("alice/doors/2", "open")];
        let rows = compare(&config(), &PublishedTopics::new(), &kept, given);
        let same: Vec<bool> = rows.iter().map(|row| row.there[0].is_same(row.here.as_ref())).collect();
        assert_eq!(same, [true, false, false]);
        assert_eq!(rows[2].there[0].value, None);
    }

    #[test]
    fn what_only_others_have_is_told_under_the_name_that_it_was_sent_with() {
        let mut coming = there("alice/doors/3", "");
        coming.coming = Some((Progress::Waiting, None));
        let given = vec![there("alice/doors/9", "open"), there("alice/doors/2", ""), coming];
        let rows = compare(&config(), &PublishedTopics::new(), &[], given);
        let topics: Vec<_> = rows.iter().map(|row| (row.topic.is_none(), row.there[0].topic.as_str())).collect();
        assert_eq!(topics, [(true, "alice/doors/3"), (true, "alice/doors/9")]);
        assert!(rows[0].there[0].is_same(None), "it is about to be cleared there too");
        assert!(!rows[1].there[0].is_same(None));
    }

    #[test]
    fn what_came_in_names_its_sender_and_goes_nowhere() {
        let kept = [kept("bob/lamps/1", "on", Some("mqtt_bob")), kept("doors/1", "open", Some("mqtt_bob"))];
        let rows = compare(&config(), &PublishedTopics::new(), &kept, Vec::new());
        assert!(rows.iter().all(|row| row.came_in && row.there.is_empty()));
        assert_eq!(rows[0].from, Some("mqtt_bob".parse().unwrap()));
    }

    #[test]
    fn the_broker_is_asked_for_what_goes_out_and_what_came_in() {
        let filters: Vec<String> = filters(&config()).iter().map(ToString::to_string).collect();
        assert_eq!(filters, ["doors/#", "bob/lamps/#"]);
    }
}
