//! A node's state, the chain, and registrations in it.

use serde::Deserialize;

use crate::names::{BlockHeight, Username};

/// A node's state (`getinfo`). Members for which a node has no value are zero or empty.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct NodeInfo {
    /// Version of the program: 94000 is 0.9.40.
    pub version: u32,
    /// Version of the peer-to-peer protocol.
    #[serde(rename = "protocolversion")]
    pub protocol_version: u32,
    /// Height of the newest block known.
    pub blocks: BlockHeight,
    /// Peers in the block chain's network.
    pub connections: u32,
    /// How far the clocks of its peers are ahead of its own in the middle, in seconds.
    #[serde(default, rename = "timeoffset")]
    pub time_offset: i64,
    /// Nodes in the DHT's routing table.
    #[serde(default)]
    pub dht_nodes: u32,
    /// The DHT's estimated size, in nodes.
    #[serde(default)]
    pub dht_global_nodes: u64,
    /// Resources kept for the DHT.
    #[serde(default)]
    pub dht_torrents: u32,
    /// Peers in all swarms together.
    #[serde(default)]
    pub num_peers: u32,
    /// The port of the block chain's network.
    #[serde(default)]
    pub ext_port1: u16,
    /// The port of DHT and swarms.
    #[serde(default)]
    pub ext_port2: u16,
    /// The node's address as the block chain's network sees it; empty if unknown.
    #[serde(default)]
    pub ext_addr_net1: String,
    /// The node's address as DHT and swarms see it; `0.0.0.0` or empty if unknown. Without it, swarms of nodes on private
    /// addresses do not join.
    #[serde(default)]
    pub ext_addr_net2: String,
    /// Whether the node is on the test network.
    #[serde(default)]
    pub testnet: bool,
    /// Warnings for people; not an error.
    #[serde(default, rename = "errors")]
    pub warnings: String,
}

/// A registered name (`getrawtransaction NAME 1`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Registration {
    /// The name.
    pub username: Username,
    /// Height of the block that holds the registration: the quota counts from here.
    pub height: BlockHeight,
    /// Blocks from that one to the newest, both included.
    pub confirmations: u32,
    /// Id of the transaction, in hexadecimal.
    pub txid: String,
    /// The account's public keys, in hexadecimal.
    #[serde(rename = "pubKey")]
    pub public_keys: Vec<String>,
    /// Hash of the block that holds the registration.
    #[serde(rename = "blockhash")]
    pub block_hash: String,
    /// Time of that block, in Unix seconds.
    #[serde(rename = "blocktime")]
    pub block_time: i64,
}

/// A block (`getblock`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Block {
    /// The block's hash.
    pub hash: String,
    /// Its height.
    pub height: BlockHeight,
    /// Blocks from this one to the newest, both included.
    pub confirmations: i64,
    /// When it was made, in Unix seconds.
    pub time: i64,
    /// Names that this block registers.
    #[serde(default)]
    pub usernames: Vec<String>,
    /// Ids of its transactions.
    #[serde(default, rename = "tx")]
    pub transactions: Vec<String>,
    /// Hash of the block before; none for the first.
    #[serde(default, rename = "previousblockhash")]
    pub previous_hash: Option<String>,
}

/// Another node, as this one is connected to it in the block chain's network (`getpeerinfo`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PeerInfo {
    /// Its address and port.
    pub addr: String,
    /// Whether it has connected to this node, and not this node to it.
    #[serde(default)]
    pub inbound: bool,
    /// Height of its chain when the connection was made; -1 if it has not said.
    #[serde(default, rename = "startingheight")]
    pub starting_height: i64,
    /// Since when they are connected, in Unix seconds.
    #[serde(default, rename = "conntime")]
    pub connected_since: i64,
}

/// The state of block making (`getmininginfo`).
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MiningInfo {
    /// Height of the newest block known.
    pub blocks: BlockHeight,
    /// Whether this node makes blocks.
    pub generate: bool,
    /// Threads that make blocks; -1 means one for each core.
    #[serde(rename = "genproclimit")]
    pub threads: i32,
    /// Hashes a second.
    #[serde(default, rename = "hashespersec")]
    pub hashes_per_second: i64,
    /// How hard a block is to make.
    pub difficulty: f64,
    /// Registrations that wait for a block.
    #[serde(rename = "pooledtx")]
    pub pending_registrations: u32,
}

/// The swarm of one account, as this node sees it (`torrentstatus`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TorrentStatus {
    /// Peers connected in this swarm: 0 means that posts come by the DHT alone, or not at all.
    pub num_peers: u32,
    /// Peers known for this swarm.
    #[serde(default)]
    pub list_peers: u32,
    /// Peers that a connection may be tried to.
    #[serde(default)]
    pub connect_candidates: u32,
    /// Connections, half-open ones included.
    #[serde(default)]
    pub num_connections: u32,
    /// Posts held.
    pub num_pieces: u32,
    /// For each number from 0 on, `1` if the post is held.
    #[serde(default)]
    pub bitfield: String,
    /// Whether a peer has ever connected from outside.
    #[serde(default)]
    pub has_incoming: bool,
    /// Whether the swarm is paused, as on a node whose newest block is older than a day.
    #[serde(default)]
    pub paused: bool,
}

impl NodeInfo {
    /// Whether the node knows the address at which others can reach its swarms.
    pub fn has_outside_address(&self) -> bool {
        !matches!(self.ext_addr_net2.as_str(), "" | "0.0.0.0" | "::")
    }
}

/// A node's version as people write it: 94000 is 0.9.40, two digits for each part after the first.
pub fn readable_version(version: u32) -> String {
    format!("{}.{}.{}", version / 1_000_000, version / 10_000 % 100, version / 100 % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_shown_as_people_write_it() {
        assert_eq!(readable_version(94_000), "0.9.40");
    }
}
