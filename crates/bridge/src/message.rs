//! An MQTT message on its way through the bridge, and how it is told from others.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use twister::Username;

use crate::topic::Topic;

/// MQTT's quality of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum Qos {
    /// 0: may be lost.
    AtMostOnce,
    /// 1: arrives, perhaps more than once.
    AtLeastOnce,
    /// 2: arrives once.
    ExactlyOnce,
}

/// A number that is no quality of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no quality of service; MQTT has 0, 1 and 2")]
pub struct QosError(pub u8);

impl TryFrom<u8> for Qos {
    type Error = QosError;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        match number {
            0 => Ok(Self::AtMostOnce),
            1 => Ok(Self::AtLeastOnce),
            2 => Ok(Self::ExactlyOnce),
            other => Err(QosError(other)),
        }
    }
}

impl From<Qos> for u8 {
    fn from(qos: Qos) -> Self {
        match qos {
            Qos::AtMostOnce => 0,
            Qos::AtLeastOnce => 1,
            Qos::ExactlyOnce => 2,
        }
    }
}

/// What was published to a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Where it was published.
    pub topic: Topic,
    /// What was published.
    pub payload: Vec<u8>,
    /// The quality of service it was published with.
    pub qos: Qos,
    /// Whether brokers should keep it for later subscribers.
    pub retain: bool,
    /// Its MQTT 5 properties.
    pub properties: Properties,
    /// The accounts that it came through, its origin first; empty if it was published here.
    pub path: Vec<Username>,
}

impl Message {
    /// A message that is not retained, has no properties, and comes from here.
    pub fn new(topic: Topic, payload: impl Into<Vec<u8>>, qos: Qos) -> Self {
        let (payload, properties, path) = (payload.into(), Properties::default(), Vec::new());
        Self { topic, payload, qos, retain: false, properties, path }
    }
}

/// The MQTT 5 properties of a message that travel with it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Properties {
    /// Whether the payload is UTF-8 text (payload format indicator 1); nothing is said otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_text: bool,
    /// What the payload is, as a MIME type or otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Where an answer is expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_topic: Option<Topic>,
    /// What the answer should carry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_data: Option<Vec<u8>>,
    /// How long it is worth anything, in seconds from when it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry_s: Option<u32>,
    /// Names and values of the publisher's own, in order; a name may come again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub user: Vec<(String, String)>,
}

/// Which message of its sender it is: the sender's stream, `-`, and a number that counts up. A stream is eight characters,
/// drawn anew with each fresh outbox, so that a number is never used for two messages.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageId(String);

/// Longest message id that is taken from others, in bytes.
const MAX_ID_LEN: usize = 40;

/// Why a text is no [`MessageId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message id has 1 to {MAX_ID_LEN} characters of A-Z, a-z, 0-9, - and _")]
pub struct MessageIdError;

impl MessageId {
    /// The id of message `number` of `stream`.
    pub fn new(stream: &str, number: u64) -> Self {
        Self(format!("{stream}-{number}"))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for MessageId {
    type Error = MessageIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        match (1..=MAX_ID_LEN).contains(&text.len()) && text.chars().all(allowed) {
            true => Ok(Self(text)),
            false => Err(MessageIdError),
        }
    }
}

impl FromStr for MessageId {
    type Err = MessageIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl From<MessageId> for String {
    fn from(id: MessageId) -> Self {
        id.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
