//! Newtypes of the Twister world. Each parses once, at the edge; past it a value is known to be good.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest user name that the chain registers, in characters.
pub const MAX_USERNAME_LEN: usize = 16;

/// A Twister account name that the chain can register: 1 to 16 characters of `a-z`, `0-9` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Username(String);

/// Why a text is no [`Username`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UsernameError {
    /// The text is empty.
    #[error("a Twister name cannot be empty")]
    Empty,
    /// The text has more than [`MAX_USERNAME_LEN`] characters.
    #[error("{name:?} is {len} characters long; a Twister name has at most {MAX_USERNAME_LEN}")]
    TooLong {
        /// The refused text.
        name: String,
        /// Its length in characters.
        len: usize,
    },
    /// A character outside `a-z0-9_`.
    #[error("{name:?} contains {character:?}; a Twister name has only a-z, 0-9 and _")]
    Character {
        /// The refused text.
        name: String,
        /// The first character that is not allowed.
        character: char,
    },
}

impl Username {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Username {
    type Err = UsernameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for Username {
    type Error = UsernameError;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let len = name.chars().count();
        let allowed = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '_';
        match name.chars().find(|c| !allowed(c)) {
            _ if name.is_empty() => Err(UsernameError::Empty),
            Some(character) => Err(UsernameError::Character { name, character }),
            None if len > MAX_USERNAME_LEN => Err(UsernameError::TooLong { name, len }),
            None => Ok(Self(name)),
        }
    }
}

impl From<Username> for String {
    fn from(name: Username) -> Self {
        name.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The number `k` of a post in its author's swarm. Posts of every kind share one numbering per author.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PostNumber(pub u32);

impl PostNumber {
    /// The number after this one.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for PostNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Height of a block in the chain: the first block has height 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BlockHeight(pub u32);

impl fmt::Display for BlockHeight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The highest post number that an account registered at `registered` may use while the chain stands at `now`.
///
/// Source: twister-core refuses `k > 2 * (height - registration height) + 20`.
pub fn highest_allowed_number(registered: BlockHeight, now: BlockHeight) -> PostNumber {
    PostNumber(now.0.saturating_sub(registered.0).saturating_mul(2).saturating_add(20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_the_chain_registers_are_accepted() {
        for name in ["a", "mqtt_alice", "0123456789abcdef"] {
            assert_eq!(name.parse::<Username>().map(String::from), Ok(name.to_owned()));
        }
    }

    #[test]
    fn names_that_the_chain_refuses_are_refused_with_the_reason() {
        assert_eq!("".parse::<Username>(), Err(UsernameError::Empty));
        assert!(matches!("Carol".parse::<Username>(), Err(UsernameError::Character { character: 'C', .. })));
        assert!(matches!("a23456789012345678".parse::<Username>(), Err(UsernameError::TooLong { len: 18, .. })));
    }

    #[test]
    fn a_fresh_account_may_use_numbers_up_to_20_and_two_more_a_block() {
        assert_eq!(highest_allowed_number(BlockHeight(301), BlockHeight(301)), PostNumber(20));
        assert_eq!(highest_allowed_number(BlockHeight(301), BlockHeight(304)), PostNumber(26));
    }
}
