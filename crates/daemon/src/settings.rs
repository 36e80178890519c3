//! What a node is: its network, ports and program. Names are parsed once, at the edge. No secret is in it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use twister::PeerAddress;

/// The longest [`NodeId`], in characters.
const MAX_ID_LEN: usize = 40;

/// How far above the port of the block chain's network that of DHT and swarms lies. Source: twister-core.
const DHT_PORT_OFFSET: u16 = 1000;

/// A node of this person: the name of its folder. 1 to 40 characters of `a-z`, `0-9` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct NodeId(String);

/// A text that is no [`NodeId`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} names no node; a node's id has 1 to 40 characters of a-z, 0-9 and -")]
pub struct NodeIdError {
    /// The refused text.
    pub text: String,
}

/// Which network a node belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum NetworkKind {
    /// The public Twister network.
    Public,
    /// A network of people who know each other.
    Private {
        /// What its people call it. Twister knows nothing of it.
        name: String,
        /// Nodes to connect to. Empty for the network's first node.
        peers: Vec<PeerAddress>,
    },
}

/// The ports of a node. They are kept, since other people connect to one and bridges to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct NodePorts {
    /// The port of the block chain's network, on all addresses of this machine.
    pub p2p: u16,
    /// The port of the RPC, on 127.0.0.1 alone.
    pub rpc: u16,
}

/// When a node makes blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum BlockPolicy {
    /// As soon as somebody waits for one. So the first node of a private network.
    WhenNeeded,
    /// When somebody has waited for a while and no other node has made one. So those that joined.
    WhenNobodyElseDoes,
    /// Never. So on the public network, where others do, at a difficulty that leaves one computer no chance.
    Never,
}

/// A node as it is kept in its folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct NodeSettings {
    /// Which node.
    pub id: NodeId,
    /// Its network.
    pub network: NetworkKind,
    /// Its ports.
    pub ports: NodePorts,
    /// The twisterd to run; none to look for one at each start.
    pub program: Option<PathBuf>,
    /// Whether it is to run whenever its keeper does.
    pub runs: bool,
    /// When it makes blocks.
    pub blocks: BlockPolicy,
    /// Names that have a key in its wallet, as last seen: what goes with its folder.
    #[serde(default)]
    pub accounts: Vec<String>,
}

impl NodeId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for NodeId {
    type Error = NodeIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        match (1..=MAX_ID_LEN).contains(&text.len()) && text.chars().all(is_allowed) {
            true => Ok(Self(text)),
            false => Err(NodeIdError { text }),
        }
    }
}

impl FromStr for NodeId {
    type Err = NodeIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl From<NodeId> for String {
    fn from(id: NodeId) -> Self {
        id.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl NodePorts {
    /// The port of DHT and swarms.
    pub fn dht(self) -> u16 {
        self.p2p.saturating_add(DHT_PORT_OFFSET)
    }
}

impl NetworkKind {
    /// What the node's owner does in the making of blocks, unless they choose otherwise.
    pub(crate) fn usual_blocks(&self) -> BlockPolicy {
        match self {
            Self::Public => BlockPolicy::Never,
            Self::Private { peers, .. } if peers.is_empty() => BlockPolicy::WhenNeeded,
            Self::Private { .. } => BlockPolicy::WhenNobodyElseDoes,
        }
    }

    /// Whether the node is of no use before it has met another one.
    pub(crate) fn needs_others(&self) -> bool {
        !matches!(self, Self::Private { peers, .. } if peers.is_empty())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_good_as_the_name_of_a_folder() {
        assert_eq!("our-home-2".parse::<NodeId>().unwrap().as_str(), "our-home-2");
        for text in ["", "..", "a/b", "A", "ä", &"a".repeat(41)] {
            assert!(text.parse::<NodeId>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_first_node_makes_blocks_and_others_stand_in() {
        let private = |peers: &[&str]| NetworkKind::Private {
            name: "home".to_owned(),
            peers: peers.iter().map(|peer| peer.parse().unwrap()).collect(),
        };
        assert_eq!(private(&[]).usual_blocks(), BlockPolicy::WhenNeeded);
        assert_eq!(private(&["a:1"]).usual_blocks(), BlockPolicy::WhenNobodyElseDoes);
        assert_eq!(NetworkKind::Public.usual_blocks(), BlockPolicy::Never);
    }
}
