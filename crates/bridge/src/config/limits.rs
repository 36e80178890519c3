//! How much may come in, and what of a peer's messages.

use serde::{Deserialize, Serialize};

use crate::frame::v1::MAX_MESSAGE_LEN;
use crate::topic::TopicFilter;

/// How much may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Limits {
    /// How many messages of one account come in a minute, on average; ten minutes' worth may come at once. The rest is not
    /// refused: it waits at the node.
    pub messages_per_minute: u32,
    /// Largest payload that comes in, in bytes. Larger messages are refused.
    pub max_payload: u32,
    /// How many messages a second the local broker is given.
    pub deliver_per_second: u32,
    /// How many refused messages are kept to be looked at.
    pub quarantine: u32,
}

/// What is special about one followed account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct PeerConfig {
    /// The only topics of the network on which its messages may come in; all if it is empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<TopicFilter>,
    /// In place of the limit for everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages_per_minute: Option<u32>,
    /// In place of the limit for everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_payload: Option<u32>,
    /// What of its earlier messages comes in when it is followed for the first time.
    pub first_contact: CatchUp,
    /// What of the messages comes in that it posted while this bridge did not run.
    pub after_absence: CatchUp,
}

/// What of the messages comes in that were posted before anybody looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum CatchUp {
    /// All of them.
    Everything,
    /// The retained ones.
    Retained,
    /// None.
    FromNowOn,
}

impl PeerConfig {
    /// Of an account that is followed for its receipts alone: its messages may come in on no topic but one that never
    /// crosses.
    pub fn nothing() -> Self {
        Self { topics: vec![TopicFilter::own()], ..Self::default() }
    }
}

impl Limits {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            messages_per_minute: 6000,
            max_payload: MAX_MESSAGE_LEN as u32,
            deliver_per_second: 200,
            quarantine: 100,
        }
    }
}

impl Default for PeerConfig {
    fn default() -> Self {
        Self {
            topics: Vec::new(),
            messages_per_minute: None,
            max_payload: None,
            first_contact: CatchUp::FromNowOn,
            after_absence: CatchUp::Everything,
        }
    }
}
