//! Invitations: a text by which one person proposes to another to join their brokers, and the answer to it. It names the
//! account, the topics in either direction, suggested limits and the private network that both need to be in, and is signed with
//! the account's key. `docs/invitation.md` specifies it.
//!
//! Reading one does nothing. What it would add to a bridge is a [`Proposal`], of which the person approves a part.
//!
//! Deliberately not here: signatures ([`crate::node`]), and the window that shows it.

mod network;
mod proposal;
mod text;

pub use network::{InvitedNetwork, LONGEST_NETWORK_NAME, MOST_PEERS};
pub use proposal::{Approval, Proposal};
pub use text::{InvitationError, LONGEST_TEXT, Sealed};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use twister::{Username, hex};

use crate::topic::{OWN_PREFIX, TopicFilter};

/// Most filters in either direction.
pub const MOST_FILTERS: usize = 32;

/// Longest filter, in bytes.
pub const LONGEST_FILTER: usize = 256;

/// Longest note, in characters.
pub const LONGEST_NOTE: usize = 200;

/// What one person proposes to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The account that proposes.
    pub from: Username,
    /// The account that it is meant for; anybody who has it, if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Username>,
    /// Topics whose messages `from` will send.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<TopicFilter>,
    /// Topics whose messages `from` would like to receive.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wants: Vec<TopicFilter>,
    /// How many messages a minute `from` expects to send at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_minute: Option<u32>,
    /// The largest payload that `from` expects to send, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_payload: Option<u32>,
    /// The private network that `from` is in. Without it the network is the public one, or one that the reader knows of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<InvitedNetwork>,
    /// A few words to the reader.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// When it was made, in seconds since 1970.
    pub made: u64,
    /// Which invitation it answers ([`Sealed::id`]), if it is an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<String>,
}

/// Why an invitation is not one to use, though it can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// It proposes nothing.
    #[error("it offers no topics and wants none")]
    Empty,
    /// It goes on and on.
    #[error("it has more than {MOST_FILTERS} topics in one direction")]
    TooManyFilters,
    /// A filter that nobody can look over.
    #[error("one of its topics is longer than {LONGEST_FILTER} bytes")]
    LongFilter,
    /// A topic that never crosses.
    #[error("its topic {0} belongs to a broker or bridge itself, and never crosses")]
    LocalFilter(TopicFilter),
    /// A text that could be shown as something else than it is.
    #[error("its {0} contains characters that do not show or that change how others show")]
    Unprintable(&'static str),
    /// A note that is a letter.
    #[error("its note is longer than {LONGEST_NOTE} characters")]
    LongNote,
    /// A network that cannot be called by its name.
    #[error("its network's name is empty, or longer than {LONGEST_NETWORK_NAME} characters")]
    NetworkName,
    /// A network that cannot be found, or a list that nobody can look over.
    #[error("its network has no address, or more than {MOST_PEERS}")]
    NetworkPeers,
    /// A limit with which nothing would come in.
    #[error("its {0} is 0")]
    Zero(&'static str),
    /// An account that invites itself.
    #[error("it is from {0} to itself")]
    ToItself(Username),
    /// What it answers is no invitation's id.
    #[error("what it answers is not named as invitations are")]
    BadAnswer,
}

impl Invitation {
    /// Whether it is one to show and to use: everything in it is short, printable and about topics that can cross.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), ContentError> {
        if self.offers.is_empty() && self.wants.is_empty() {
            return Err(ContentError::Empty);
        }
        for filters in [&self.offers, &self.wants] {
            if filters.len() > MOST_FILTERS {
                return Err(ContentError::TooManyFilters);
            }
            filters.iter().try_for_each(check_filter)?;
        }
        if self.note.chars().count() > LONGEST_NOTE {
            return Err(ContentError::LongNote);
        }
        if !self.note.chars().all(is_printable) {
            return Err(ContentError::Unprintable("note"));
        }
        for (name, limit) in [("per_minute", self.per_minute), ("max_payload", self.max_payload)] {
            if limit == Some(0) {
                return Err(ContentError::Zero(name));
            }
        }
        if self.to.as_ref() == Some(&self.from) {
            return Err(ContentError::ToItself(self.from.clone()));
        }
        self.network.as_ref().map_or(Ok(()), InvitedNetwork::check)?;
        match &self.answers {
            Some(id) if !is_id(id) => Err(ContentError::BadAnswer),
            _ => Ok(()),
        }
    }
}

/// Length of an invitation's id in bytes, before it is written in hexadecimal.
const ID_LEN: usize = 8;

/// Names the invitation with this signed text.
fn id_of(signed_text: &str) -> String {
    hex::encode(&Sha256::digest(signed_text)[..ID_LEN])
}

fn is_id(text: &str) -> bool {
    text.len() == 2 * ID_LEN && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn check_filter(filter: &TopicFilter) -> Result<(), ContentError> {
    let text = filter.as_str();
    if text.len() > LONGEST_FILTER {
        return Err(ContentError::LongFilter);
    }
    if text.starts_with('$') || text.starts_with(OWN_PREFIX) {
        return Err(ContentError::LocalFilter(filter.clone()));
    }
    match text.chars().all(is_printable) {
        true => Ok(()),
        false => Err(ContentError::Unprintable("topics")),
    }
}

/// Whether a character shows as itself: neither a control character, nor one that turns the direction of writing, nor one
/// of no width.
fn is_printable(character: char) -> bool {
    !character.is_control()
        && !matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
