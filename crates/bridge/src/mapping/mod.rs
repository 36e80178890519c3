//! What a topic is called at the other end: a rule can take a prefix off, put one before it, or give it a new name made from
//! the levels that its wildcards stand for.
//!
//! Deliberately not here: which rule counts for a message (`route`, `inward`).

mod prefix;
mod rename;

pub use prefix::{TopicPrefix, TopicPrefixError};
pub use rename::{Rename, RenameError};

use crate::topic::{MAX_TOPIC_LEN, OWN_PREFIX, Topic, TopicFilter};

/// What one rule makes of the topics that its filter matches.
#[derive(Debug, Clone, Copy)]
pub struct Mapping<'a> {
    /// Which topics.
    pub filter: &'a TopicFilter,
    /// What is taken off their beginning.
    pub strip_prefix: Option<&'a TopicPrefix>,
    /// What is put before the rest.
    pub add_prefix: Option<&'a TopicPrefix>,
    /// The whole new name, in place of the other two.
    pub rename: Option<&'a Rename>,
}

/// Why a rule cannot map its topics.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// A new name and prefixes.
    #[error("`rename` already says the whole new name: remove it, or `strip_prefix` and `add_prefix`")]
    RenameAndPrefix,
    /// The new name refers to a wildcard that the filter does not have.
    #[error("`rename` uses ${capture}, but {filter} has {count} of the wildcards + and # that it could stand for")]
    UnknownCapture {
        /// The number after the `$`.
        capture: usize,
        /// The rule's filter.
        filter: TopicFilter,
        /// How many wildcards that has.
        count: usize,
    },
    /// Not every topic of the filter has the prefix.
    #[error(
        "not all topics of {filter} begin with {prefix:?}, so it cannot be stripped: write a filter that begins with it, \
         or use `rename`"
    )]
    NotAPrefix {
        /// The rule's filter.
        filter: TopicFilter,
        /// The prefix.
        prefix: String,
    },
    /// The topic is the prefix and nothing more.
    #[error("nothing is left of {filter} when {prefix:?} is stripped: add a prefix, or use `rename`")]
    NothingLeft {
        /// The rule's filter.
        filter: TopicFilter,
        /// The prefix.
        prefix: String,
    },
    /// The new topics would belong to the broker itself or to a bridge.
    #[error(
        "its topics would become {topics}: topics that begin with $ or {OWN_PREFIX} are about one broker and never cross"
    )]
    Local {
        /// The new topics.
        topics: String,
    },
    /// The new topics would be longer than MQTT can carry.
    #[error("its new topics would have {len} bytes and more; MQTT carries at most {MAX_TOPIC_LEN}")]
    TooLong {
        /// Bytes of them at least.
        len: usize,
    },
}

impl<'a> Mapping<'a> {
    /// Leaves the topics of `filter` as they are.
    pub fn of(filter: &'a TopicFilter) -> Self {
        Self { filter, strip_prefix: None, add_prefix: None, rename: None }
    }

    /// What `topic` is called at the other end. Nothing if the filter does not match it, or if the new name would be
    /// empty or too long.
    ///
    /// The new name may still be [local](Topic::is_local): that is for the caller to refuse.
    pub fn apply(&self, topic: &Topic) -> Option<Topic> {
        if !self.filter.matches(topic) {
            return None;
        }
        let name = match self.rename {
            Some(rename) => rename.apply(&captures(self.filter, topic.as_str())),
            None => {
                let rest = match self.strip_prefix {
                    Some(prefix) => topic.as_str().strip_prefix(prefix.as_str())?,
                    None => topic.as_str(),
                };
                [self.add_prefix.map_or("", TopicPrefix::as_str), rest].concat()
            }
        };
        Topic::try_from(name).ok()
    }

    /// A filter for what [`apply`](Self::apply) makes of those of its topics that `topics` matches; nothing if there are
    /// none. In a level that is only in part a wildcard, it matches more than that. It is right only for a mapping that
    /// passes [`check`](Self::check).
    pub fn image_of(&self, topics: &TopicFilter) -> Option<TopicFilter> {
        let topics = self.filter.intersection(topics)?;
        let text = self.image_text(&topics);
        let mut levels = Vec::new();
        for level in text.split('/') {
            if level.contains('#') {
                levels.push("#");
                break;
            }
            levels.push(if level.contains('+') { "+" } else { level });
        }
        TopicFilter::try_from(levels.join("/")).ok()
    }

    /// Whether it leaves levels whole and keeps what is different apart: it changes nothing but whole levels at the beginning.
    pub fn keeps_levels(&self) -> bool {
        let whole = |prefix: &TopicPrefix| prefix.as_str().ends_with('/');
        self.rename.is_none() && self.strip_prefix.is_none_or(whole) && self.add_prefix.is_none_or(whole)
    }

    /// Whether this mapping can work with every topic of its filter.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn check(&self) -> Result<(), MappingError> {
        let filter = || self.filter.clone();
        if let Some(rename) = self.rename {
            if self.strip_prefix.is_some() || self.add_prefix.is_some() {
                return Err(MappingError::RenameAndPrefix);
            }
            let count = self.filter.as_str().matches(['+', '#']).count();
            if let Some(capture) = rename.captures().find(|capture| *capture > count) {
                return Err(MappingError::UnknownCapture { capture, filter: filter(), count });
            }
        }
        if let Some(prefix) = self.strip_prefix.map(TopicPrefix::as_str) {
            match literal(self.filter).strip_prefix(prefix) {
                None => return Err(MappingError::NotAPrefix { filter: filter(), prefix: prefix.to_owned() }),
                Some("") if self.filter.as_str() == prefix && self.add_prefix.is_none() => {
                    return Err(MappingError::NothingLeft { filter: filter(), prefix: prefix.to_owned() });
                }
                Some(_) => {}
            }
        }
        let is_mapped = self.rename.is_some() || self.strip_prefix.is_some() || self.add_prefix.is_some();
        let image = self.image_text(self.filter);
        if is_mapped && (image.starts_with('$') || image.starts_with(OWN_PREFIX)) {
            return Err(MappingError::Local { topics: image });
        }
        match image.len() {
            len if len > MAX_TOPIC_LEN => Err(MappingError::TooLong { len }),
            _ => Ok(()),
        }
    }

    /// The new name of `topics`, which the filter covers, with their wildcards in the place of what they stand for.
    fn image_text(&self, topics: &TopicFilter) -> String {
        let topics = topics.as_str();
        match self.rename {
            Some(rename) => rename.apply(&captures(self.filter, topics)),
            None => {
                let rest = self.strip_prefix.and_then(|prefix| topics.strip_prefix(prefix.as_str())).unwrap_or(topics);
                [self.add_prefix.map_or("", TopicPrefix::as_str), rest].concat()
            }
        }
    }
}

/// What the filter's wildcards stand for in `topic`, which it matches or covers. A `#` that stands for no level at all is `None`.
fn captures<'t>(filter: &TopicFilter, topic: &'t str) -> Vec<Option<&'t str>> {
    let mut found = Vec::new();
    let mut rest = Some(topic);
    for wanted in filter.as_str().split('/') {
        if wanted == "#" {
            found.push(rest);
            break;
        }
        let Some(text) = rest else { break };
        let (level, after) = match text.split_once('/') {
            Some((level, after)) => (level, Some(after)),
            None => (text, None),
        };
        if wanted == "+" {
            found.push(Some(level));
        }
        rest = after;
    }
    found
}

/// The filter's text before its first wildcard: what all its topics begin with.
fn literal(filter: &TopicFilter) -> &str {
    filter.as_str().split(['+', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
