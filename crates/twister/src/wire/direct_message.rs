//! Direct messages as the receiver's node lists them, decrypted, and the groups that they can be for.

use serde::Deserialize;

use crate::names::PostNumber;
use crate::peer::GroupAlias;

/// One message of a conversation (`getdirectmsgs`), in either direction.
///
/// Only `from` and `number` together identify it: the list is kept sorted by time, so that ids shift, and it can hold the
/// same message more than once.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DirectMessage {
    /// Position in the node's list at this moment, from 0.
    pub id: u32,
    /// When it was sent, in Unix seconds, by the sender's clock.
    pub time: i64,
    /// The decrypted text.
    pub text: String,
    /// Whether the local account sent it.
    #[serde(rename = "fromMe")]
    pub from_me: bool,
    /// Who sent it.
    pub from: String,
    /// The number of the post that carries it, in its sender's numbering.
    #[serde(rename = "k")]
    pub number: PostNumber,
}

/// A group of accounts (`getgroupinfo`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GroupInfo {
    /// What the asked node calls the group.
    pub alias: GroupAlias,
    /// What people call it.
    pub description: String,
    /// Names of the members.
    pub members: Vec<String>,
}
