//! The rules for what comes in.

use std::fmt;
use std::str::FromStr;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use twister::Username;

use super::Retain;
use crate::mapping::{Mapping, Rename, TopicPrefix};
use crate::message::Qos;
use crate::topic::{Topic, TopicError, TopicFilter};

/// A rule for what comes in. One that is nothing but a filter is written as that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Subscription {
    /// Which messages, by their topics on the network. It is published in the profile.
    pub filter: TopicFilter,
    /// Which of these not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<TopicFilter>,
    /// Whose messages; of all followed accounts if it is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "specta", specta(type = Vec<String>))]
    pub from: Vec<Username>,
    /// What is taken off the beginning of the topics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strip_prefix: Option<TopicPrefix>,
    /// What is put before them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub add_prefix: Option<TopicPrefix>,
    /// The whole new topic, in place of the other two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rename: Option<Rename>,
    /// The highest quality of service with which they are delivered; lower ones stay as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "specta", specta(type = Option<u8>))]
    pub max_qos: Option<Qos>,
    /// Whether they are delivered as retained when they were sent so.
    #[serde(default, skip_serializing_if = "Retain::is_default")]
    pub retain: Retain,
}

/// The two ways in which a [`Subscription`] is written.
#[cfg(feature = "specta")]
#[derive(Serialize, Deserialize, specta::Type)]
#[serde(untagged)]
pub enum WrittenSubscription {
    /// Nothing but a filter.
    Filter(TopicFilter),
    /// With more to say.
    Table(Subscription),
}

impl Subscription {
    /// Whether the rule is about messages of `sender` on `topic`, a topic of the network.
    pub fn matches(&self, sender: &Username, topic: &Topic) -> bool {
        (self.from.is_empty() || self.from.contains(sender))
            && self.filter.matches(topic)
            && !self.except.iter().any(|except| except.matches(topic))
    }

    /// What the topics are called at the local broker.
    pub fn mapping(&self) -> Mapping<'_> {
        Mapping {
            filter: &self.filter,
            strip_prefix: self.strip_prefix.as_ref(),
            add_prefix: self.add_prefix.as_ref(),
            rename: self.rename.as_ref(),
        }
    }
}

impl From<TopicFilter> for Subscription {
    /// Messages of all followed accounts, left as they are.
    fn from(filter: TopicFilter) -> Self {
        Self {
            filter,
            except: Vec::new(),
            from: Vec::new(),
            strip_prefix: None,
            add_prefix: None,
            rename: None,
            max_qos: None,
            retain: Retain::Keep,
        }
    }
}

impl FromStr for Subscription {
    type Err = TopicError;

    fn from_str(filter: &str) -> Result<Self, Self::Err> {
        filter.parse::<TopicFilter>().map(Self::from)
    }
}

impl Serialize for Subscription {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self == Self::from(self.filter.clone()) {
            true => self.filter.serialize(serializer),
            false => Self::serialize(self, serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Subscription {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FilterOrTable)
    }
}

/// Reads either form, and tells what is wrong in the one that was meant.
struct FilterOrTable;

impl<'de> Visitor<'de> for FilterOrTable {
    type Value = Subscription;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a topic filter, or a table with `filter` and more")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Subscription, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Subscription, A::Error> {
        Subscription::deserialize(MapAccessDeserializer::new(map))
    }
}
