//! Which private network an invitation leads to: its name, and where to knock. A reader who is not in it joins it first.

use serde::{Deserialize, Serialize};
use twister::PeerAddress;

use super::{ContentError, is_printable};

/// Most addresses of one network.
pub const MOST_PEERS: usize = 8;

/// Longest name of a network, in characters.
pub const LONGEST_NETWORK_NAME: usize = 40;

/// A private network, as its members tell others of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct InvitedNetwork {
    /// What its members call it.
    pub name: String,
    /// Nodes in it that can be reached, one at least.
    pub peers: Vec<PeerAddress>,
}

impl InvitedNetwork {
    /// Whether it is one to show and to join.
    pub(super) fn check(&self) -> Result<(), ContentError> {
        if self.name.trim().is_empty() || self.name.chars().count() > LONGEST_NETWORK_NAME {
            return Err(ContentError::NetworkName);
        }
        if !self.name.chars().all(is_printable) {
            return Err(ContentError::Unprintable("network's name"));
        }
        match self.peers.len() {
            1..=MOST_PEERS => Ok(()),
            _ => Err(ContentError::NetworkPeers),
        }
    }
}
