//! What a node says of the chain, the time, and those around it: asked in one place, for bridges and for people.

use std::time::{Duration, Instant};

use twister::{Block, BlockHeight, Client, NodeInfo, PeerInfo, RpcError};

use crate::network::Standing;

/// A block that the chain of the public network has at this height, and that no other chain has: the first of twister-core's
/// checkpoints.
const PUBLIC_BLOCK: (BlockHeight, &str) =
    (BlockHeight(121), "cfdd9b4eb621c93163af7b730b3590b7a90c3d5e233569d76a1c0363527c92ae");

/// What a node whose clock is more than 70 minutes off says in its warnings. Source: twister-core.
const CLOCK_WARNING: &str = "date and time";

/// The answers of a node.
#[derive(Debug, Clone)]
pub(crate) struct Ground {
    pub info: NodeInfo,
    /// How long it took to say how it is.
    pub latency: Duration,
    pub newest: Block,
    pub peers: Vec<PeerInfo>,
    /// Whether its chain is another one than the public network's.
    pub is_own_chain: bool,
}

impl Ground {
    pub(crate) async fn ask(client: &Client) -> Result<Self, RpcError> {
        let asked = Instant::now();
        let info = client.info().await?;
        let latency = asked.elapsed();
        let newest = client.block(&client.best_block_hash().await?).await?;
        let peers = client.peers().await?;
        let (height, hash) = PUBLIC_BLOCK;
        let is_own_chain = newest.height < height || client.block_hash(height).await? != hash;
        Ok(Self { info, latency, newest, peers, is_own_chain })
    }

    /// Height of the newest block: it may have come between two answers.
    pub(crate) fn height(&self) -> BlockHeight {
        self.info.blocks.max(self.newest.height)
    }

    pub(crate) fn newest_block_s(&self) -> u64 {
        u64::try_from(self.newest.time).unwrap_or(0)
    }

    pub(crate) fn clock_warning(&self) -> bool {
        self.info.warnings.contains(CLOCK_WARNING)
    }

    pub(crate) fn standing(&self) -> Standing {
        Standing {
            height: self.height().0,
            newest_block_s: self.newest_block_s(),
            is_own_chain: self.is_own_chain,
            peers: self.peers.iter().map(|peer| u32::try_from(peer.starting_height).ok()).collect(),
            dht_nodes: self.info.dht_nodes,
            clock_offset_s: self.info.time_offset,
            clock_warning: self.clock_warning(),
        }
    }
}
