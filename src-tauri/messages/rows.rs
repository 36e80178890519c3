//! What the window sees of the history, and what it asks for. These are wire types.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mqtt_twister_bridge::event::{Direction, Payload, Signature, Step};
use mqtt_twister_bridge::message::Properties;
use serde::{Deserialize, Serialize};

use super::entry::Entry;
use crate::view::BridgeId;

/// Characters of a payload that a row shows at most.
const PREVIEW_CHARS: usize = 160;

/// Bytes of a payload that is no text that a row shows at most.
const PREVIEW_BYTES: usize = 24;

/// Which messages a person wants to see. What is not said does not matter.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, specta::Type)]
pub struct MessageQuery {
    /// The bridge that they cross.
    pub bridge: Option<BridgeId>,
    /// A topic filter of MQTT; empty for any.
    pub topic: String,
    /// What their topic, peer or payload contains; empty for any.
    pub text: String,
    /// The account that they go to or come from.
    pub peer: Option<String>,
    /// Their way.
    pub direction: Option<Direction>,
    /// The steps of which they have reached one and no further; none for any.
    pub steps: Vec<Step>,
}

/// Which message: its row's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, specta::Type)]
#[serde(transparent)]
pub struct MessageKey(#[specta(type = specta_typescript::Number)] pub u64);

/// Which rows of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, specta::Type)]
pub struct RowRange {
    /// The first one's place.
    pub from: u32,
    /// How many at most.
    pub count: u32,
    /// The newest message that counts: what came after it is as if it had not. None for all. (The topic tree has all.)
    pub upto: Option<MessageKey>,
}

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, specta::Type)]
pub struct Exported {
    /// How many messages.
    pub messages: u32,
    /// To where.
    pub path: String,
}

/// A piece of the list of messages.
#[derive(Debug, Clone, PartialEq, Serialize, specta::Type)]
pub struct MessagePage {
    /// The rows from the asked place on, newest first.
    pub rows: Vec<MessageRow>,
    /// How many there are in all.
    pub total: u32,
    /// How many came after those that count.
    pub newer: u32,
    /// The key of the newest message of all, seen or not; 0 if there was none yet.
    #[specta(type = specta_typescript::Number)]
    pub newest: u64,
}

/// A message in a list.
#[derive(Debug, Clone, PartialEq, Serialize, specta::Type)]
pub struct MessageRow {
    /// Tells messages apart; grows.
    #[specta(type = specta_typescript::Number)]
    pub key: u64,
    /// The bridge that it crosses.
    pub bridge: BridgeId,
    /// Its way.
    pub direction: Direction,
    /// How far it came.
    pub step: Step,
    /// The account it goes to or comes from; none for a public message on its way out, and for one that goes to nobody.
    pub peer: Option<String>,
    /// Whether everybody can read it.
    pub public: bool,
    /// Its topic at the local broker.
    pub topic: String,
    /// The beginning of its payload.
    pub preview: Preview,
    /// Its quality of service: 0, 1 or 2.
    pub qos: u8,
    /// Whether brokers keep it.
    pub retain: bool,
    /// When its first step was made, in milliseconds since 1970.
    #[specta(type = specta_typescript::Number)]
    pub time_ms: u64,
}

/// The beginning of a payload.
#[derive(Debug, Clone, PartialEq, Serialize, specta::Type)]
pub struct Preview {
    /// What it is.
    pub kind: PreviewKind,
    /// In a line: as text, or in hexadecimal digits.
    pub line: String,
    /// The whole payload's length in bytes.
    pub len: u32,
}

/// What a payload is, at first sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum PreviewKind {
    /// It has no bytes.
    Empty,
    /// UTF-8.
    Text,
    /// Anything else.
    Bytes,
}

/// All that is known of a message.
#[derive(Debug, Clone, PartialEq, Serialize, specta::Type)]
pub struct MessageDetail {
    /// What a list shows of it.
    pub row: MessageRow,
    /// Its payload in Base64.
    pub payload_base64: String,
    /// The topic that it is sent as, if that is another one.
    pub sent_topic: Option<String>,
    /// Its MQTT 5 properties.
    pub properties: Properties,
    /// The accounts that it came through, its origin first.
    pub path: Vec<String>,
    /// The account whose post carries it.
    pub account: String,
    /// Its post number, once it has one.
    pub number: Option<u32>,
    /// What is known of its post's signature, once it has one.
    pub signature: Option<Signature>,
    /// When the local broker handed it over, in milliseconds since 1970; none on its way in.
    #[specta(type = Option<specta_typescript::Number>)]
    pub taken_ms: Option<u64>,
    /// Its steps so far, in their order.
    pub steps: Vec<StepTime>,
    /// Why it was turned away or left out.
    pub reason: Option<String>,
    /// The message of the same topic before it, if it is still known.
    pub previous: Option<PreviousValue>,
}

/// A step, and when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, specta::Type)]
pub struct StepTime {
    /// Which step.
    pub step: Step,
    /// When, in milliseconds since 1970.
    #[specta(type = specta_typescript::Number)]
    pub time_ms: u64,
}

/// The value that a topic had before.
#[derive(Debug, Clone, PartialEq, Serialize, specta::Type)]
pub struct PreviousValue {
    /// Which message brought it.
    #[specta(type = specta_typescript::Number)]
    pub key: u64,
    /// Its payload in Base64.
    pub payload_base64: String,
    /// When its first step was made, in milliseconds since 1970.
    #[specta(type = specta_typescript::Number)]
    pub time_ms: u64,
}

/// A row of the topic tree: a bridge, or a level of a topic.
#[derive(Debug, Clone, PartialEq, Serialize, specta::Type)]
pub struct TopicRow {
    /// Names it when it is to be opened.
    pub place: String,
    /// The bridge that it belongs to.
    pub bridge: BridgeId,
    /// The topic down to this level; none for a bridge.
    pub topic: Option<String>,
    /// The last level of the topic, or the bridge's name.
    pub level: String,
    /// How deep it stands.
    pub depth: u32,
    /// Messages on it and below it.
    #[specta(type = specta_typescript::Number)]
    pub messages: u64,
    /// For a bridge, how many topics have messages.
    pub topics: u32,
    /// There is something below it.
    pub inner: bool,
    /// What is below it is shown.
    pub open: bool,
    /// The newest message on this topic itself.
    #[specta(type = Option<specta_typescript::Number>)]
    pub newest: Option<u64>,
    /// The value of that.
    pub preview: Option<Preview>,
}

/// A piece of the topic tree.
#[derive(Debug, Clone, PartialEq, Serialize, specta::Type)]
pub struct TopicPage {
    /// The rows from the asked place on.
    pub rows: Vec<TopicRow>,
    /// How many there are in all.
    pub total: u32,
}

/// A number over time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, specta::Type)]
pub struct Series {
    /// Milliseconds since 1970, growing.
    #[specta(type = Vec<specta_typescript::Number>)]
    pub times_ms: Vec<u64>,
    /// The number at each time.
    #[specta(type = Vec<specta_typescript::Number>)]
    pub values: Vec<f64>,
}

/// How much is kept of what crossed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, specta::Type)]
pub struct HistoryState {
    /// Messages.
    pub messages: u32,
    /// Topics that have messages.
    pub topics: u32,
    /// Bytes, as good as it can be told.
    #[specta(type = specta_typescript::Number)]
    pub bytes: u64,
    /// Bytes that are kept at most.
    #[specta(type = specta_typescript::Number)]
    pub budget: u64,
    /// Messages that went to make room.
    #[specta(type = specta_typescript::Number)]
    pub forgotten: u64,
    /// Steps that were not noted because too many came at once.
    #[specta(type = specta_typescript::Number)]
    pub missed: u64,
}

impl From<&Entry> for MessageRow {
    fn from(entry: &Entry) -> Self {
        let flow = &entry.flow;
        Self {
            key: entry.key,
            bridge: flow.bridge.clone(),
            direction: flow.direction,
            step: entry.step(),
            peer: flow.peer.clone(),
            public: flow.public,
            topic: flow.topic.to_string(),
            preview: Preview::from(&entry.payload),
            qos: entry.qos,
            retain: entry.retain,
            time_ms: known_since_ms(entry),
        }
    }
}

impl MessageDetail {
    /// All that is known of `entry`; `previous` brought the value before.
    pub(super) fn new(entry: &Entry, previous: Option<&Entry>) -> Self {
        Self {
            row: MessageRow::from(entry),
            payload_base64: STANDARD.encode(entry.payload.bytes()),
            sent_topic: entry.flow.sent_topic.clone(),
            properties: entry.properties().cloned().unwrap_or_default(),
            path: entry.path().to_vec(),
            account: entry.flow.account.clone(),
            number: entry.number,
            signature: entry.signature,
            taken_ms: entry.taken_ms,
            steps: entry.steps().map(|(step, time_ms)| StepTime { step, time_ms }).collect(),
            reason: entry.reason().map(str::to_owned),
            previous: previous.map(|previous| PreviousValue {
                key: previous.key,
                payload_base64: STANDARD.encode(previous.payload.bytes()),
                time_ms: known_since_ms(previous),
            }),
        }
    }
}

impl TopicRow {
    /// The row of a bridge.
    pub(super) fn of_bridge(bridge: &BridgeId, place: String, messages: u64, topics: usize, open: bool) -> Self {
        Self {
            place,
            bridge: bridge.clone(),
            topic: None,
            level: bridge.name.to_string(),
            depth: 0,
            messages,
            topics: u32::try_from(topics).unwrap_or(u32::MAX),
            inner: true,
            open,
            newest: None,
            preview: None,
        }
    }
}

impl From<&Payload> for Preview {
    fn from(payload: &Payload) -> Self {
        let bytes = payload.bytes();
        let shown = &bytes[..bytes.len().min(4 * PREVIEW_CHARS)];
        // A character that is cut at the end is still text.
        let text = match std::str::from_utf8(shown) {
            Ok(text) => Some(text),
            Err(error) if error.error_len().is_none() && shown.len() < bytes.len() => {
                std::str::from_utf8(&shown[..error.valid_up_to()]).ok()
            }
            Err(_) => None,
        };
        let (kind, line) = match text {
            _ if bytes.is_empty() => (PreviewKind::Empty, String::new()),
            Some(text) if !text.chars().any(is_unprintable) => {
                let line = text.chars().take(PREVIEW_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
                (PreviewKind::Text, line)
            }
            _ => {
                let digits: Vec<String> = bytes.iter().take(PREVIEW_BYTES).map(|byte| format!("{byte:02x}")).collect();
                (PreviewKind::Bytes, digits.join(" "))
            }
        };
        Self { kind, line, len: payload.len() }
    }
}

fn is_unprintable(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t')
}

fn known_since_ms(entry: &Entry) -> u64 {
    entry.taken_ms.unwrap_or_else(|| entry.began_ms())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preview(bytes: &[u8]) -> (PreviewKind, String) {
        let preview = Preview::from(&Payload::from(bytes));
        (preview.kind, preview.line)
    }

    #[test]
    fn a_payload_shows_in_a_line_whatever_it_is() {
        assert_eq!(preview(b""), (PreviewKind::Empty, String::new()));
        assert_eq!(preview("21,5\n°C".as_bytes()), (PreviewKind::Text, "21,5 °C".to_owned()));
        assert_eq!(preview(&[0, 255]), (PreviewKind::Bytes, "00 ff".to_owned()));
        assert_eq!(preview(b"a\0b"), (PreviewKind::Bytes, "61 00 62".to_owned()));
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_stays_text() {
        let (kind, line) = preview(format!("x{}", "☃".repeat(1000)).as_bytes());
        assert_eq!((kind, line.chars().count()), (PreviewKind::Text, PREVIEW_CHARS));
    }
}
