//! One look at a node: what it says of itself, of the chain, and of what waits for a block.

use std::collections::HashMap;
use std::net::SocketAddr;

use twister::names::highest_allowed_number;
use twister::sync::{BEHIND_BLOCKS, OLDEST_BLOCK_S, sync_progress};
use twister::{BlockHeight, Client, PeerInfo, RpcError, SyncProgress, Username, readable_version};

use crate::status::{ChainFacts, NodePhase};

/// The pace of catching up is told from so many looks.
const LOOKS_FOR_PACE: usize = 120;

/// What a look found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Look {
    /// Version of the program as a number: 94000 is 0.9.40.
    pub version: u32,
    pub facts: ChainFacts,
    /// The highest block that other nodes know of, or this one.
    pub highest: u32,
    /// Whether registrations wait for a block.
    pub has_registrations: bool,
    /// Whether the node makes blocks.
    pub generates: bool,
}

/// What the accounts in a node's wallet have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Purse {
    /// Every name that has a key, in alphabetical order.
    pub accounts: Vec<String>,
    /// The fewest posts that a registered one has left; none without any.
    pub fewest_posts: Option<u32>,
}

/// How far the node has come, over several looks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Course {
    /// Time in milliseconds and height of the last looks.
    heights: Vec<(u64, u32)>,
    /// Whether it has met another node.
    has_met: bool,
    is_syncing: bool,
}

/// Asks a node how it is. `companion` is a connection that is none of another node.
pub(crate) async fn look(client: &Client, companion: Option<SocketAddr>) -> Result<Look, RpcError> {
    let info = client.info().await?;
    let newest = client.block(&client.best_block_hash().await?).await?;
    let mining = client.mining_info().await?;
    let mut peers = client.peers().await?;
    peers.retain(|peer| !is_companion(peer, companion));
    let height = info.blocks.max(newest.height).0;
    let known = peers.iter().filter_map(|peer| u32::try_from(peer.starting_height).ok());
    Ok(Look {
        version: info.version,
        highest: known.fold(height, u32::max),
        facts: ChainFacts {
            version: readable_version(info.version),
            height,
            newest_block_s: u64::try_from(newest.time).unwrap_or(0),
            peers: u32::try_from(peers.len()).unwrap_or(u32::MAX),
            dht_nodes: info.dht_nodes,
        },
        has_registrations: mining.pending_registrations > 0,
        generates: mining.generate,
    })
}

fn is_companion(peer: &PeerInfo, companion: Option<SocketAddr>) -> bool {
    companion.is_some_and(|address| peer.addr == address.to_string())
}

/// Asks what the accounts of the wallet have. `registered` remembers the heights of registrations, which never change.
pub(crate) async fn purse(
    client: &Client,
    height: u32,
    registered: &mut HashMap<Username, BlockHeight>,
) -> Result<Purse, RpcError> {
    let mut accounts = client.wallet_users().await?;
    accounts.retain(|name| !name.is_empty());
    accounts.sort_unstable();
    let mut fewest_posts = None;
    for name in accounts.iter().filter_map(|name| name.parse::<Username>().ok()) {
        let Some(since) = registration(client, &name, registered).await? else {
            continue;
        };
        let used = client.last_have(&name).await?.get(&name).copied().flatten().map_or(0, |number| number.0 + 1);
        let left = (highest_allowed_number(since, BlockHeight(height)).0 + 1).saturating_sub(used);
        fewest_posts = Some(fewest_posts.map_or(left, |fewest: u32| fewest.min(left)));
    }
    Ok(Purse { accounts, fewest_posts })
}

async fn registration(
    client: &Client,
    name: &Username,
    registered: &mut HashMap<Username, BlockHeight>,
) -> Result<Option<BlockHeight>, RpcError> {
    if let Some(height) = registered.get(name) {
        return Ok(Some(*height));
    }
    let height = client.registration(name).await?.map(|found| found.height);
    registered.extend(height.map(|height| (name.clone(), height)));
    Ok(height)
}

impl Course {
    /// What the node does, after a look at `now_ms`. `needs_others` is whether it is of no use without other nodes.
    pub(crate) fn handle_look(&mut self, look: &Look, now_ms: u64, needs_others: bool) -> NodePhase {
        self.has_met |= look.facts.peers > 0;
        if self.heights.len() == LOOKS_FOR_PACE {
            self.heights.remove(0);
        }
        self.heights.push((now_ms, look.facts.height));
        if let Some(progress) = self.progress(look) {
            self.is_syncing = true;
            return NodePhase::Syncing { progress };
        }
        self.is_syncing = false;
        let age_s = (now_ms / 1000).saturating_sub(look.facts.newest_block_s);
        match needs_others && !self.has_met && age_s > OLDEST_BLOCK_S {
            true => NodePhase::Searching,
            false => NodePhase::Running,
        }
    }

    /// Whether the node was behind at the last look.
    pub(crate) fn is_behind(&self) -> bool {
        self.is_syncing
    }

    fn progress(&self, look: &Look) -> Option<SyncProgress> {
        let behind = look.highest.saturating_sub(look.facts.height);
        let is_behind = behind >= BEHIND_BLOCKS || (self.is_syncing && behind > 0);
        is_behind.then(|| sync_progress(&self.heights, look.highest)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: u64 = 1_800_000_000_000;

    fn seen(height: u32, highest: u32, peers: u32, age_s: u64) -> Look {
        let newest_block_s = NOW_MS / 1000 - age_s;
        let facts = ChainFacts { version: "0.9.40".to_owned(), height, newest_block_s, peers, dht_nodes: 0 };
        Look { version: 94_000, facts, highest, has_registrations: false, generates: false }
    }

    fn syncing(height: u32, of: u32, left_s: Option<u64>) -> NodePhase {
        NodePhase::Syncing { progress: SyncProgress { height, of, left_s } }
    }

    #[test]
    fn a_new_node_searches_catches_up_and_runs() {
        let mut course = Course::default();
        let days = 9 * 86_400;
        assert_eq!(course.handle_look(&seen(0, 0, 0, days), NOW_MS, true), NodePhase::Searching);
        assert_eq!(course.handle_look(&seen(0, 100, 1, days), NOW_MS, true), syncing(0, 100, None));
        assert_eq!(course.handle_look(&seen(50, 100, 1, days), NOW_MS + 10_000, true), syncing(50, 100, Some(10)));
        assert_eq!(course.handle_look(&seen(99, 100, 1, 60), NOW_MS + 20_000, true), syncing(99, 100, Some(0)));
        assert_eq!(course.handle_look(&seen(100, 100, 1, 60), NOW_MS + 30_000, true), NodePhase::Running);
        assert_eq!(course.handle_look(&seen(100, 102, 1, 60), NOW_MS + 40_000, true), NodePhase::Running);
    }

    #[test]
    fn the_first_node_of_a_network_needs_nobody() {
        let mut course = Course::default();
        assert_eq!(course.handle_look(&seen(0, 0, 0, 9 * 86_400), NOW_MS, false), NodePhase::Running);
    }

    #[test]
    fn a_node_whose_peers_are_away_goes_on() {
        let mut course = Course::default();
        course.handle_look(&seen(100, 100, 1, 60), NOW_MS, true);
        assert_eq!(course.handle_look(&seen(100, 100, 0, 2 * 86_400), NOW_MS, true), NodePhase::Running);
    }
}
