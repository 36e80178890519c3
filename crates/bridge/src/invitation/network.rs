//! Which private network an invitation leads to: its name, and where to knock. A reader who is not in it joins it first.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ContentError, is_printable};

/// Most addresses of one network.
pub const MOST_PEERS: usize = 8;

/// Longest name of a network, in characters.
pub const LONGEST_NETWORK_NAME: usize = 40;

/// Longest host name, in bytes.
const LONGEST_HOST: usize = 253;

/// A private network, as its members tell others of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct InvitedNetwork {
    /// What its members call it.
    pub name: String,
    /// Nodes in it that can be reached, one at least.
    pub peers: Vec<InvitedPeer>,
}

/// Where a node listens for others: `host:port`, an IPv6 address in brackets. It has nothing in it that a command line or a
/// configuration file could stumble over.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "specta", derive(specta::Type), specta(transparent))]
pub struct InvitedPeer(String);

/// Why a text is no [`InvitedPeer`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvitedPeerError {
    /// There is no port.
    #[error("write the address as host:port, for example 192.168.1.20:28333")]
    NoPort,
    /// The port is none.
    #[error("the port after the colon is a number from 1 to 65535")]
    Port,
    /// The host is none.
    #[error("the host before the colon is a name or an IP address (of IPv6 in brackets: [2001:db8::1]:28333)")]
    Host,
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

impl InvitedPeer {
    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for InvitedPeer {
    type Err = InvitedPeerError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, port) = text.trim().rsplit_once(':').ok_or(InvitedPeerError::NoPort)?;
        let port: u16 = port.parse().map_err(|_| InvitedPeerError::Port)?;
        if port == 0 {
            return Err(InvitedPeerError::Port);
        }
        match is_host(host) {
            true => Ok(Self(format!("{host}:{port}"))),
            false => Err(InvitedPeerError::Host),
        }
    }
}

impl TryFrom<String> for InvitedPeer {
    type Error = InvitedPeerError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<InvitedPeer> for String {
    fn from(address: InvitedPeer) -> Self {
        address.0
    }
}

impl fmt::Display for InvitedPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    host.len() <= LONGEST_HOST && host.split('.').all(is_label)
}
