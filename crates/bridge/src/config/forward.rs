//! The rules for what goes out.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use twister::Username;

use crate::mapping::{Mapping, Rename, TopicPrefix};
use crate::message::Qos;
use crate::pack::DEFAULT_MAX_WAIT;
use crate::topic::{Topic, TopicFilter};

/// A rule for what goes out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Forward {
    /// Which messages.
    pub from: TopicFilter,
    /// Which of these not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<TopicFilter>,
    /// Who can read them.
    #[serde(default, rename = "type")]
    pub visibility: Visibility,
    /// The accounts that a private message goes to, each if its published subscriptions match the topic as it is sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "specta", specta(type = Vec<String>))]
    pub to: Vec<Username>,
    /// What is taken off the beginning of the topics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strip_prefix: Option<TopicPrefix>,
    /// What is put before them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub add_prefix: Option<TopicPrefix>,
    /// The whole new topic, in place of the other two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rename: Option<Rename>,
    /// The highest quality of service with which they are sent; lower ones stay as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "specta", specta(type = Option<u8>))]
    pub max_qos: Option<Qos>,
    /// Whether their retained flag goes with them.
    #[serde(default, skip_serializing_if = "Retain::is_default")]
    pub retain: Retain,
    /// How long a message may wait for others to share its post, in milliseconds.
    #[serde(default = "default_max_wait_ms", skip_serializing_if = "is_default_max_wait")]
    pub max_wait_ms: u32,
    /// While messages wait, only the newest of each topic counts.
    #[serde(default, skip_serializing_if = "is_false")]
    pub latest_only: bool,
    /// How long a message is worth anything, in seconds, if its own expiry is not shorter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_after_s: Option<u32>,
    /// Public messages go one a post, in the form that mosquitto-twister can read.
    #[serde(default, skip_serializing_if = "is_false")]
    pub compatible: bool,
}

/// Who can read a message on the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum Visibility {
    /// Everybody: it travels as a post.
    #[default]
    Public,
    /// The named accounts: it travels as encrypted direct messages.
    Private,
}

/// What becomes of the retained flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum Retain {
    /// A retained message stays one.
    #[default]
    Keep,
    /// A retained message becomes an ordinary one.
    Strip,
}

impl Forward {
    /// A public rule for `from` that leaves its messages as they are.
    pub fn new(from: TopicFilter) -> Self {
        Self {
            from,
            except: Vec::new(),
            visibility: Visibility::Public,
            to: Vec::new(),
            strip_prefix: None,
            add_prefix: None,
            rename: None,
            max_qos: None,
            retain: Retain::Keep,
            max_wait_ms: default_max_wait_ms(),
            latest_only: false,
            expires_after_s: None,
            compatible: false,
        }
    }

    /// Whether the rule is about `topic`, a topic of the local broker.
    pub fn matches(&self, topic: &Topic) -> bool {
        self.from.matches(topic) && !self.except.iter().any(|except| except.matches(topic))
    }

    /// What the topics are called on the network.
    pub fn mapping(&self) -> Mapping<'_> {
        Mapping {
            filter: &self.from,
            strip_prefix: self.strip_prefix.as_ref(),
            add_prefix: self.add_prefix.as_ref(),
            rename: self.rename.as_ref(),
        }
    }

    /// How long a message may wait for others to share its post.
    pub fn max_wait(&self) -> Duration {
        Duration::from_millis(self.max_wait_ms.into())
    }
}

impl Retain {
    /// The retained flag that a message with `retain` has from here on.
    pub fn of(self, retain: bool) -> bool {
        retain && self == Self::Keep
    }

    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

fn default_max_wait_ms() -> u32 {
    DEFAULT_MAX_WAIT.as_millis() as u32
}

fn is_default_max_wait(max_wait_ms: &u32) -> bool {
    *max_wait_ms == default_max_wait_ms()
}

fn is_false(flag: &bool) -> bool {
    !flag
}
