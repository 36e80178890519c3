//! What is wrong with a node and the network around it, found out from what the node says of itself. Plain functions:
//! measuring is [`crate::node::Node::measure`]'s.
//!
//! A finding is a code, how grave it is, and the figures in it. The words for it are the window's: what, why, and what to
//! do, in the person's language.

mod findings;
mod standing;

pub use findings::{Finding, Severity, diagnose};
pub use standing::{Hindrance, Standing, hindrance};
pub use twister::sync::{SyncProgress, sync_progress};

use serde::{Deserialize, Serialize};

use crate::check::CheckError;

/// What was measured at a node at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Measurement {
    /// When, in milliseconds since 1970 by this machine's clock.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub at_ms: u64,
    /// The account that it was about.
    pub account: String,
    /// What the node said, or why it said nothing.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of asking the node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum Outcome {
    /// It answered.
    Answered {
        /// What it said.
        facts: Box<NodeFacts>,
    },
    /// It did not.
    Failed {
        /// Why.
        error: CheckError,
    },
}

/// What a node says of itself and of the network.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct NodeFacts {
    /// Time that the node took to say how it is, in milliseconds.
    pub latency_ms: u32,
    /// Version of twisterd, as `0.9.40`.
    pub version: String,
    /// Height of its newest block.
    pub height: u32,
    /// When that was made, in seconds since 1970 by its maker's clock.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub newest_block_s: u64,
    /// Whether its chain is another one than the public network's.
    pub is_own_chain: bool,
    /// Nodes that it is connected to.
    pub peers: Vec<ChainPeer>,
    /// Nodes of the DHT that it knows.
    pub dht_nodes: u32,
    /// The address at which others reach its swarms, if it knows one.
    pub outside_address: Option<String>,
    /// The port of the block chain's network, and that of DHT and swarms.
    pub ports: (u16, u16),
    /// How far its peers' clocks are ahead of its own in the middle, in seconds.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub clock_offset_s: i64,
    /// Whether it says that its clock is too wrong to be made up for.
    pub clock_warning: bool,
    /// Whether its wallet has the account's key.
    pub has_key: bool,
    /// Height of the block that holds the account's registration.
    pub registered_at: Option<u32>,
    /// The swarms of the account and of those that it follows.
    pub swarms: Vec<SwarmFacts>,
}

/// Another node in the block chain's network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ChainPeer {
    /// Its address and port.
    pub address: String,
    /// Whether it has connected to the node, and not the node to it.
    pub inbound: bool,
    /// Height of its chain when they were connected, if it has said.
    pub height: Option<u32>,
}

/// The swarm of one account, as the node sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct SwarmFacts {
    /// The account.
    pub account: String,
    /// Whether it is the bridge's own.
    pub own: bool,
    /// Whether the node is in the swarm at all.
    pub present: bool,
    /// Others in the swarm that it is connected to.
    pub peers: u32,
    /// Posts that the node has.
    pub posts: u32,
    /// Whether the node has paused it.
    pub paused: bool,
    /// Whether anybody in it has connected from outside.
    pub has_incoming: bool,
}

impl NodeFacts {
    /// Height of the chain that the node should have, by what its peers knew of.
    pub fn highest_known(&self) -> u32 {
        Standing::from(self).highest_known()
    }
}
