//! Whom a direct message can be for: an account, or a group under the alias that the asked node gave it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::names::{Username, UsernameError};

/// The name of a group at one node, such as `*duhpsjqr`. Another node knows the same group under another alias.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GroupAlias(String);

/// A text that is no [`GroupAlias`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a group alias; an alias is * followed by a name that the node chose")]
pub struct GroupAliasError {
    text: String,
}

/// The other end of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Peer {
    /// One account.
    User(Username),
    /// All members of a group.
    Group(GroupAlias),
}

impl GroupAlias {
    /// The alias as text, with its leading `*`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for GroupAlias {
    type Error = GroupAliasError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.strip_prefix('*') {
            Some(name) if !name.is_empty() => Ok(Self(text)),
            _ => Err(GroupAliasError { text }),
        }
    }
}

impl FromStr for GroupAlias {
    type Err = GroupAliasError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl From<GroupAlias> for String {
    fn from(alias: GroupAlias) -> Self {
        alias.0
    }
}

impl fmt::Display for GroupAlias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Peer {
    /// The user name or alias as text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::User(name) => name.as_str(),
            Self::Group(alias) => alias.as_str(),
        }
    }
}

impl From<Username> for Peer {
    fn from(name: Username) -> Self {
        Self::User(name)
    }
}

impl From<GroupAlias> for Peer {
    fn from(alias: GroupAlias) -> Self {
        Self::Group(alias)
    }
}

impl FromStr for Peer {
    type Err = UsernameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match GroupAlias::from_str(text) {
            Ok(alias) => Ok(Self::Group(alias)),
            Err(_) => text.parse().map(Self::User),
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_tells_a_group_from_an_account() {
        assert!(matches!("*duhpsjqr".parse(), Ok(Peer::Group(alias)) if alias.as_str() == "*duhpsjqr"));
        assert!(matches!("mqtt_bob".parse(), Ok(Peer::User(name)) if name.as_str() == "mqtt_bob"));
        assert!("*".parse::<Peer>().is_err());
        assert!("duhpsjqr".parse::<GroupAlias>().is_err());
    }
}
