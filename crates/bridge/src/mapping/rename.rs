//! New names for topics, made from parts of the old ones.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::topic::{MAX_TOPIC_LEN, OWN_PREFIX};

/// A new topic in which `$1` to `$9` stand for what the filter's wildcards stand for, in their order, as `weather/$1/$2`.
/// `$$` is a `$`.
///
/// What a `#` stands for can be several levels, or none: then a level that is nothing but its `$1` is left out, so that
/// `weather/$1` becomes `weather`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "specta", derive(specta::Type), specta(type = String))]
pub struct Rename(String);

/// Why a text is no [`Rename`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenameError {
    /// The text is empty.
    #[error("a new name cannot be empty: leave it out")]
    Empty,
    /// The text is longer than topics can be.
    #[error("the new name is {len} bytes long; topics have at most {MAX_TOPIC_LEN}")]
    TooLong {
        /// Length in bytes.
        len: usize,
    },
    /// The text has `+`, `#` or NUL, which topics cannot have.
    #[error(
        "the new name {0:?} contains +, # or NUL, which no topic can have: $1 is what the filter's first wildcard stands \
         for, $2 the second"
    )]
    NotATopic(String),
    /// A `$` that stands for nothing.
    #[error("the new name {0:?} has a $ without a number from 1 to 9 after it: write $$ for a $ itself")]
    Dollar(String),
    /// The text begins as topics do that never cross.
    #[error("the new name {0:?} begins with $ or {OWN_PREFIX}: such topics are about one broker and never cross")]
    Local(String),
}

/// A part of a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part<'a> {
    Text(&'a str),
    /// What the wildcard of this number stands for, from 1.
    Capture(usize),
    /// A `$` with nothing after it that it could mean.
    Dollar,
}

impl Rename {
    /// The new name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The numbers of the wildcards that it refers to.
    pub(super) fn captures(&self) -> impl Iterator<Item = usize> + '_ {
        parts(&self.0).filter_map(|part| match part {
            Part::Capture(number) => Some(number),
            _ => None,
        })
    }

    /// The new name, with what the wildcards stand for.
    pub(super) fn apply(&self, captures: &[Option<&str>]) -> String {
        let capture = |number: usize| captures.get(number - 1).copied().flatten();
        let level = |text| {
            let mut parts = parts(text);
            if let (Some(Part::Capture(number)), None) = (parts.next(), parts.next()) {
                return capture(number).map(str::to_owned);
            }
            let texts = self::parts(text).map(|part| match part {
                Part::Text(text) => text,
                Part::Capture(number) => capture(number).unwrap_or_default(),
                Part::Dollar => "$",
            });
            Some(texts.collect())
        };
        let levels: Vec<String> = self.0.split('/').filter_map(level).collect();
        levels.join("/")
    }
}

impl TryFrom<String> for Rename {
    type Error = RenameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.len() {
            0 => Err(RenameError::Empty),
            len if len > MAX_TOPIC_LEN => Err(RenameError::TooLong { len }),
            _ if text.contains(['+', '#', '\0']) => Err(RenameError::NotATopic(text)),
            _ if parts(&text).any(|part| part == Part::Dollar) => Err(RenameError::Dollar(text)),
            _ if text.starts_with("$$") || text.starts_with(OWN_PREFIX) => Err(RenameError::Local(text)),
            _ => Ok(Self(text)),
        }
    }
}

impl FromStr for Rename {
    type Err = RenameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl From<Rename> for String {
    fn from(rename: Rename) -> Self {
        rename.0
    }
}

impl fmt::Display for Rename {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The parts of a new name or of one of its levels.
fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (part, len) = match (rest.find('$'), rest.as_bytes()) {
            (_, []) => return None,
            (Some(0), [_, b'$', ..]) => (Part::Text("$"), 2),
            (Some(0), [_, digit @ b'1'..=b'9', ..]) => (Part::Capture(usize::from(digit - b'0')), 2),
            (Some(0), _) => (Part::Dollar, 1),
            (end, _) => {
                let end = end.unwrap_or(rest.len());
                (Part::Text(&rest[..end]), end)
            }
        };
        rest = &rest[len..];
        Some(part)
    })
}
