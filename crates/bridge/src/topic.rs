//! MQTT topic names and topic filters, and which filter matches which name (MQTT 5, section 4.7).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest topic name or filter that MQTT can carry, in bytes of UTF-8.
pub const MAX_TOPIC_LEN: usize = 65_535;

/// What a bridge's own topics begin with.
pub(crate) const OWN_PREFIX: &str = "mqtt-twister/";

/// A topic name: what a message is published to. No wildcards, no NUL, not empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "specta", derive(specta::Type), specta(transparent))]
pub struct Topic(String);

/// A topic filter: what a subscription asks for. `+` stands for one level, `#` for all the levels that follow.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "specta", derive(specta::Type), specta(transparent))]
pub struct TopicFilter(String);

/// Why a text is no topic name or no topic filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    /// The text is empty.
    #[error("a topic cannot be empty")]
    Empty,
    /// The text is longer than MQTT can carry.
    #[error("the topic is {len} bytes long; MQTT carries at most {MAX_TOPIC_LEN}")]
    TooLong {
        /// Length in bytes.
        len: usize,
    },
    /// The text has a NUL character.
    #[error("the topic {0:?} contains a NUL character, which MQTT forbids")]
    Nul(String),
    /// A topic name with `+` or `#`.
    #[error("the topic {0:?} contains a wildcard; a message needs a topic without + and #")]
    Wildcard(String),
    /// A `+` that shares its level with other characters.
    #[error("the filter {0:?} is not valid: + must stand alone between two slashes, as in home/+/temperature")]
    PlusNotAlone(String),
    /// A `#` that is not the whole last level.
    #[error("the filter {0:?} is not valid: # must stand alone at the end, as in home/#")]
    HashNotLast(String),
}

impl Topic {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name belongs to the broker itself (`$SYS/…`) or to a bridge (`mqtt-twister/…`): such messages never
    /// cross.
    pub fn is_local(&self) -> bool {
        self.is_reserved() || self.0.starts_with(OWN_PREFIX)
    }

    fn is_reserved(&self) -> bool {
        self.0.starts_with('$')
    }
}

impl TopicFilter {
    /// The filter as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a message published to `topic` is meant by this filter. A filter that begins with a wildcard does not
    /// match a name that begins with `$`, and `sport/#` also matches `sport`.
    pub fn matches(&self, topic: &Topic) -> bool {
        if topic.is_reserved() && self.0.starts_with(['+', '#']) {
            return false;
        }
        let mut levels = topic.0.split('/');
        for wanted in self.0.split('/') {
            match (wanted, levels.next()) {
                ("#", _) => return true,
                ("+", Some(_)) => {}
                (wanted, Some(level)) if wanted == level => {}
                _ => return false,
            }
        }
        levels.next().is_none()
    }

    /// `#`, which matches every topic but those that begin with `$`.
    pub fn all() -> Self {
        Self("#".to_owned())
    }

    /// The bridges' own topics, which never cross.
    pub(crate) fn own() -> Self {
        Self(format!("{OWN_PREFIX}#"))
    }

    /// Whether some topic is matched by both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.intersection(other).is_some()
    }

    /// The filter that matches what both match; nothing if no topic is matched by both.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let wild = |filter: &Self| filter.0.starts_with(['+', '#']);
        let reserved = |filter: &Self| filter.0.starts_with('$');
        if (wild(self) && reserved(other)) || (reserved(self) && wild(other)) {
            return None;
        }
        let (mut mine, mut theirs) = (self.0.split('/'), other.0.split('/'));
        let mut levels = Vec::new();
        loop {
            match (mine.next(), theirs.next()) {
                (None, None) => break,
                (Some("#"), rest) => {
                    levels.extend(rest);
                    levels.extend(theirs);
                    break;
                }
                (rest, Some("#")) => {
                    levels.extend(rest);
                    levels.extend(mine);
                    break;
                }
                (Some(one), Some(two)) if one == two || two == "+" => levels.push(one),
                (Some("+"), Some(two)) => levels.push(two),
                _ => return None,
            }
        }
        Some(Self(levels.join("/")))
    }

    /// Whether every topic that `other` matches is matched by this filter too.
    pub fn covers(&self, other: &Self) -> bool {
        if other.0.starts_with('$') && self.0.starts_with(['+', '#']) {
            return false;
        }
        let mut theirs = other.0.split('/');
        for mine in self.0.split('/') {
            match (mine, theirs.next()) {
                ("#", _) => return true,
                (_, Some("#") | None) => return false,
                ("+", Some(_)) => {}
                (mine, Some(level)) if mine == level => {}
                _ => return false,
            }
        }
        theirs.next().is_none()
    }
}

impl TryFrom<String> for Topic {
    type Error = TopicError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        check_text(&text)?;
        match text.contains(['+', '#']) {
            true => Err(TopicError::Wildcard(text)),
            false => Ok(Self(text)),
        }
    }
}

impl TryFrom<String> for TopicFilter {
    type Error = TopicError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        check_text(&text)?;
        let levels: Vec<&str> = text.split('/').collect();
        for (index, level) in levels.iter().enumerate() {
            let last = index + 1 == levels.len();
            if level.contains('#') && (*level != "#" || !last) {
                return Err(TopicError::HashNotLast(text));
            }
            if level.contains('+') && *level != "+" {
                return Err(TopicError::PlusNotAlone(text));
            }
        }
        Ok(Self(text))
    }
}

/// The rules that topic names and filters share.
fn check_text(text: &str) -> Result<(), TopicError> {
    match text.len() {
        0 => Err(TopicError::Empty),
        len if len > MAX_TOPIC_LEN => Err(TopicError::TooLong { len }),
        _ if text.contains('\0') => Err(TopicError::Nul(text.to_owned())),
        _ => Ok(()),
    }
}

macro_rules! text_conversions {
    ($name:ident) => {
        impl FromStr for $name {
            type Err = TopicError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_conversions!(Topic);
text_conversions!(TopicFilter);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn matches(filter: &str, topic: &str) -> bool {
        filter.parse::<TopicFilter>().unwrap().matches(&topic.parse().unwrap())
    }

    #[test]
    fn a_filter_matches_as_mqtt_defines() {
        for (filter, topic) in [
            ("sport/tennis/player1/#", "sport/tennis/player1"),
            ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"),
            ("sport/#", "sport"),
            ("#", "sport/tennis"),
            ("sport/tennis/+", "sport/tennis/player1"),
            ("sport/+", "sport/"),
            ("+/+", "/finance"),
            ("/+", "/finance"),
            ("+", "finance"),
            ("$SYS/#", "$SYS/broker/load"),
            ("a b/ü", "a b/ü"),
        ] {
            assert!(matches(filter, topic), "{filter} should match {topic}");
        }
    }

    #[test]
    fn a_filter_does_not_match_what_only_looks_alike() {
        for (filter, topic) in [
            ("sport/tennis/+", "sport/tennis/player1/ranking"),
            ("sport/+", "sport"),
            ("+", "/finance"),
            ("sport", "sport/tennis"),
            ("sport/tennis", "sport"),
            ("#", "$SYS/broker"),
            ("+/broker", "$SYS/broker"),
            ("doors.1", "doors/1"),
            ("ACCOUNTS", "Accounts"),
        ] {
            assert!(!matches(filter, topic), "{filter} should not match {topic}");
        }
    }

    #[test]
    fn a_filter_covers_another_when_it_matches_all_of_it() {
        let covers = |wide: &str, narrow: &str| wide.parse::<TopicFilter>().unwrap().covers(&narrow.parse().unwrap());
        for (wide, narrow) in [("#", "a/#"), ("a/#", "a"), ("a/#", "a/+/b"), ("a/+", "a/b"), ("+/+", "a/+"), ("a", "a")]
        {
            assert!(covers(wide, narrow), "{wide} covers {narrow}");
        }
        for (wide, narrow) in
            [("a/+", "a/#"), ("a/b", "a/+"), ("a/#", "#"), ("+", "a/b"), ("#", "$SYS/#"), ("a/+/b", "a/+")]
        {
            assert!(!covers(wide, narrow), "{wide} does not cover {narrow}");
        }
    }

    #[test]
    fn filters_overlap_when_a_topic_can_match_both() {
        let overlap = |a: &str, b: &str| {
            let (a, b) = (a.parse::<TopicFilter>().unwrap(), b.parse().unwrap());
            assert_eq!(a.overlaps(&b), b.overlaps(&a), "{a} and {b}");
            a.overlaps(&b)
        };
        for (a, b) in [("a/+", "+/b"), ("a/#", "a"), ("#", "x"), ("a/+/c", "a/b/#")] {
            assert!(overlap(a, b), "{a} and {b}");
        }
        for (a, b) in [("a/+", "b/+"), ("a/+", "a"), ("+/+", "a/b/c"), ("#", "$SYS/#")] {
            assert!(!overlap(a, b), "{a} and {b}");
        }
    }

    #[test]
    fn what_two_filters_share_is_a_filter() {
        for (a, b, both) in [
            ("a/+", "+/b", "a/b"),
            ("a/#", "+/b/#", "a/b/#"),
            ("a/#", "a", "a"),
            ("#", "x/+", "x/+"),
            ("+/+/c", "a/#", "a/+/c"),
            ("#", "#", "#"),
            ("$SYS/#", "$SYS/+", "$SYS/+"),
        ] {
            let (a, b): (TopicFilter, TopicFilter) = (a.parse().unwrap(), b.parse().unwrap());
            assert_eq!(a.intersection(&b), Some(both.parse().unwrap()), "{a} and {b}");
            assert_eq!(b.intersection(&a), Some(both.parse().unwrap()), "{b} and {a}");
        }
    }

    #[test]
    fn invalid_filters_are_refused_with_the_reason() {
        let filter = |text: &str| text.parse::<TopicFilter>();
        assert!(matches!(filter("sport/tennis#"), Err(TopicError::HashNotLast(_))));
        assert!(matches!(filter("sport/#/ranking"), Err(TopicError::HashNotLast(_))));
        assert!(matches!(filter("sport+"), Err(TopicError::PlusNotAlone(_))));
        assert!(matches!(filter(""), Err(TopicError::Empty)));
        assert!(matches!(filter("a\0b"), Err(TopicError::Nul(_))));
        assert!(matches!(filter(&"x".repeat(65_536)), Err(TopicError::TooLong { len: 65_536 })));
    }

    #[test]
    fn a_topic_name_has_no_wildcards() {
        assert!(matches!("doors/+".parse::<Topic>(), Err(TopicError::Wildcard(_))));
        assert!("doors/1".parse::<Topic>().is_ok());
    }
}
