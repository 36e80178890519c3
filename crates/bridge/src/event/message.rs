//! One step of a message, for people to watch.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::config::BridgeName;
use crate::message::Properties;

/// Bytes of a payload that are serialized at most.
pub const PAYLOAD_PREVIEW_LEN: usize = 4096;

/// A message that moved one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct MessageEvent {
    /// Which bridge.
    pub bridge: BridgeName,
    /// Tells what crosses in this bridge in one direction apart: all steps of one message to one receiver, or from one
    /// sender, have the same, and no others do. The copies of a message that goes to several receivers begin with the same text up to the
    /// last `/`.
    pub id: String,
    /// From the local broker to the network, or the other way.
    pub direction: Direction,
    /// How far it came.
    pub step: Step,
    /// The account whose post carries it.
    pub account: String,
    /// The account it goes to or comes from; none for a public message on its way out, and for one that goes to nobody.
    pub peer: Option<String>,
    /// Whether everybody can read it.
    pub public: bool,
    /// Its topic; on its way out, as it is sent.
    pub topic: String,
    /// The topic that it has at the local broker, where a step tells of it and it is another one.
    pub local_topic: Option<String>,
    /// Its payload; what is serialized is cut.
    #[serde(flatten)]
    pub payload: Payload,
    /// Its quality of service: 0, 1 or 2.
    pub qos: u8,
    /// Whether brokers keep it for later subscribers.
    pub retain: bool,
    /// Its MQTT 5 properties.
    pub properties: Properties,
    /// The accounts that it came through, its origin first.
    pub path: Vec<String>,
    /// Its post number, once it has one.
    pub number: Option<u32>,
    /// What is known of its post's signature, once it has one.
    pub signature: Option<Signature>,
    /// When the local broker handed it over, in milliseconds since 1970; none on its way in.
    #[cfg_attr(feature = "specta", specta(type = Option<specta_typescript::Number>))]
    pub taken_ms: Option<u64>,
    /// Why it was turned away or left out, for a person to read.
    pub reason: Option<String>,
    /// When this step was made, in milliseconds since 1970.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub time_ms: u64,
}

impl MessageEvent {
    /// The same for somebody who is not to see what is in the message: its payload's length and nothing of its payload and
    /// properties.
    #[must_use]
    pub fn without_content(&self) -> Self {
        let payload = Payload { bytes: Arc::default(), len: self.payload.len };
        Self { payload, properties: Properties::default(), ..self.clone() }
    }
}

/// A payload, shared by all who are told of it. Serialized, it is `payload_base64`, cut after [`PAYLOAD_PREVIEW_LEN`] bytes,
/// and `payload_len`.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "CutPayload", into = "CutPayload")]
pub struct Payload {
    bytes: Arc<[u8]>,
    len: u32,
}

/// What is serialized of a payload.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
struct CutPayload {
    /// The payload in Base64, cut.
    payload_base64: String,
    /// The whole payload's length in bytes.
    payload_len: u32,
}

impl Payload {
    /// All of it, or as much of it as was kept.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The whole payload's length in bytes.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The same, keeping no more than what is serialized of it.
    pub fn preview(&self) -> Self {
        match self.bytes.len() {
            0..=PAYLOAD_PREVIEW_LEN => self.clone(),
            _ => Self { bytes: self.bytes[..PAYLOAD_PREVIEW_LEN].into(), len: self.len },
        }
    }
}

impl From<&[u8]> for Payload {
    fn from(bytes: &[u8]) -> Self {
        Self { bytes: bytes.into(), len: u32::try_from(bytes.len()).unwrap_or(u32::MAX) }
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.len)
    }
}

impl From<Payload> for CutPayload {
    fn from(payload: Payload) -> Self {
        let bytes = payload.bytes();
        Self {
            payload_base64: STANDARD.encode(&bytes[..bytes.len().min(PAYLOAD_PREVIEW_LEN)]),
            payload_len: payload.len,
        }
    }
}

impl From<CutPayload> for Payload {
    fn from(preview: CutPayload) -> Self {
        let CutPayload { payload_base64, payload_len: len } = preview;
        Self { bytes: STANDARD.decode(payload_base64).unwrap_or_default().into(), len }
    }
}

#[cfg(feature = "specta")]
impl specta::Type for Payload {
    fn definition(types: &mut specta::Types) -> specta::datatype::DataType {
        <CutPayload as specta::Type>::definition(types)
    }
}

/// The way of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum Direction {
    /// From the local broker to the network.
    Out,
    /// From the network to the local broker.
    In,
}

/// How far a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum Step {
    /// Out: the local broker handed it over, and no rule sends it to anybody.
    Taken,
    /// Out: it is safe in the outbox.
    Queued,
    /// Out: the node has it, and it was read back.
    Posted,
    /// Out: the receiver has it.
    Seen,
    /// Out: the receiver's broker took it over.
    Acked,
    /// In: it is safe in the inbox.
    Received,
    /// In: the local broker took it over.
    Delivered,
    /// It was turned away.
    Refused,
    /// It was worth nothing any more, or might be lost, and was dropped before it left or got in.
    Expired,
    /// Out: a newer value of its topic took its place before it left.
    Superseded,
    /// Out: a person dropped it while it waited.
    Dropped,
}

/// What is known of the signature of the post that carries a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum Signature {
    /// The node signed the post with the account's key, and it was read back with that signature.
    ReadBack,
    /// The node has checked the author's signature: it takes no post in without.
    Checked,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_a_large_payload_the_beginning_is_serialized_and_the_length() {
        let payload = Payload::from([7; PAYLOAD_PREVIEW_LEN + 1].as_slice());
        let preview = serde_json::to_value(&payload).unwrap();
        assert_eq!(preview["payload_len"], json!(PAYLOAD_PREVIEW_LEN + 1));
        let back: Payload = serde_json::from_value(preview).unwrap();
        assert_eq!(back.bytes(), [7; PAYLOAD_PREVIEW_LEN]);
        assert_eq!((back.len(), payload.preview()), (payload.len(), back));
    }
}
