//! What topics can begin with.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::topic::{MAX_TOPIC_LEN, OWN_PREFIX};

/// The beginning of topics, as `alice/`. It counts as it is written: without the slash it is the beginning of a level. Not
/// empty, no wildcards, no NUL, and not one that belongs to the broker itself or to a bridge.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "specta", derive(specta::Type), specta(type = String))]
pub struct TopicPrefix(String);

/// Why a text is no [`TopicPrefix`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TopicPrefixError {
    /// The text is empty.
    #[error("a prefix cannot be empty: leave it out")]
    Empty,
    /// The text is longer than topics can be.
    #[error("the prefix is {len} bytes long; topics have at most {MAX_TOPIC_LEN}")]
    TooLong {
        /// Length in bytes.
        len: usize,
    },
    /// The text has `+`, `#` or NUL, which topics cannot have.
    #[error("the prefix {0:?} contains +, # or NUL, which no topic can have")]
    NotATopic(String),
    /// The text begins as topics do that never cross.
    #[error("the prefix {0:?} begins with $ or {OWN_PREFIX}: such topics are about one broker and never cross")]
    Local(String),
}

impl TopicPrefix {
    /// The prefix as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TopicPrefix {
    type Error = TopicPrefixError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.len() {
            0 => Err(TopicPrefixError::Empty),
            len if len > MAX_TOPIC_LEN => Err(TopicPrefixError::TooLong { len }),
            _ if text.contains(['+', '#', '\0']) => Err(TopicPrefixError::NotATopic(text)),
            _ if text.starts_with('$') || text.starts_with(OWN_PREFIX) => Err(TopicPrefixError::Local(text)),
            _ => Ok(Self(text)),
        }
    }
}

impl FromStr for TopicPrefix {
    type Err = TopicPrefixError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl From<TopicPrefix> for String {
    fn from(prefix: TopicPrefix) -> Self {
        prefix.0
    }
}

impl fmt::Display for TopicPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
