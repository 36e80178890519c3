//! What is to be seen of a node that is run for its user.

use serde::{Deserialize, Serialize};
use twister::SyncProgress;

use crate::problem::NodeProblem;
use crate::settings::NodeId;

/// How a node is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct NodeStatus {
    /// Which node.
    pub id: NodeId,
    /// What it does.
    pub phase: NodePhase,
    /// Its process, if one runs and its number is known.
    pub pid: Option<u32>,
    /// Whether it ran already when it was to be started: left over by a program that was killed.
    pub adopted: bool,
    /// What it said when it was asked last; none until it has answered.
    pub facts: Option<ChainFacts>,
    /// Who makes blocks, and what for.
    pub blocks: BlockMaking,
}

/// What a node does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum NodePhase {
    /// It does not run, and is not wanted to.
    Stopped,
    /// Its process runs, and does not answer yet.
    Starting {
        /// Since when, in milliseconds since 1970.
        #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
        since_ms: u64,
    },
    /// It answers, is out of date, and has not found any other node yet.
    Searching,
    /// It catches up with the chain.
    Syncing {
        /// How far it is.
        progress: SyncProgress,
    },
    /// It is up to date, as far as it knows.
    Running,
    /// It was asked to end.
    Stopping,
    /// It ended by itself, or did not begin, and is started again.
    Restarting {
        /// Why it ended.
        problem: NodeProblem,
        /// How often in a row this has happened.
        attempt: u32,
        /// When it is started again, in milliseconds since 1970.
        #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
        at_ms: u64,
    },
    /// It does not run, and to try again would not help. It is started when somebody asks for it.
    Failed {
        /// Why.
        problem: NodeProblem,
    },
}

/// What a node says of the chain and its network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ChainFacts {
    /// Version of twisterd, as `0.9.40`.
    pub version: String,
    /// Height of its newest block.
    pub height: u32,
    /// When that was made, in seconds since 1970 by its maker's clock.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub newest_block_s: u64,
    /// Nodes that it is connected to.
    pub peers: u32,
    /// Nodes of the DHT that it knows.
    pub dht_nodes: u32,
}

/// Who makes blocks in a node's network, and what for, as far as the node can know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct BlockMaking {
    /// Whether this node makes blocks now. It uses one thread, which twisterd runs at the lowest priority.
    pub making: bool,
    /// What somebody waits for that only a block brings.
    pub reason: Option<BlockReason>,
    /// Who makes them.
    pub maker: BlockMaker,
}

/// What somebody waits for that only a block brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum BlockReason {
    /// A new account is to be registered, here or elsewhere in the network.
    Registration,
    /// An account of this node's wallet has few posts left.
    Quota,
    /// The newest block nears the age of 24 hours, at which nodes take themselves for out of date.
    Freshness,
}

/// Who makes blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum BlockMaker {
    /// The public network, as ever.
    Network,
    /// Nobody, and nobody waits for one.
    NotNeeded,
    /// This node.
    ThisNode,
    /// Another node, or one is expected to.
    Others,
    /// Nobody, though somebody waits: a person should know.
    Nobody,
}

impl NodeStatus {
    /// A node that does not run.
    pub(crate) fn stopped(id: NodeId, blocks: BlockMaking) -> Self {
        Self { id, phase: NodePhase::Stopped, pid: None, adopted: false, facts: None, blocks }
    }
}

impl NodePhase {
    /// Whether a process runs, or one may.
    pub fn is_up(&self) -> bool {
        matches!(self, Self::Starting { .. } | Self::Searching | Self::Syncing { .. } | Self::Running | Self::Stopping)
    }
}
