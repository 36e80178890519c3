//! Asking a node how it and the network are.

use twister::{RpcError, TorrentStatus, Username};

use super::{Ground, Node};
use crate::check::readable_version;
use crate::clock::now_ms;
use crate::network::{ChainPeer, Measurement, NodeFacts, Outcome, SwarmFacts};

impl Node {
    /// Asks the node how it is, and how the swarms of `account` and of those that it follows are. A node that does not
    /// answer is a result too.
    pub async fn measure(&self, account: &Username, following: &[Username]) -> Measurement {
        let outcome = match self.facts(account, following).await {
            Ok(facts) => Outcome::Answered { facts: Box::new(facts) },
            Err(error) => Outcome::Failed { error: error.into() },
        };
        Measurement { at_ms: now_ms(), account: account.to_string(), outcome }
    }

    async fn facts(&self, account: &Username, following: &[Username]) -> Result<NodeFacts, RpcError> {
        let ground = Ground::ask(&self.client).await?;
        let mut swarms = vec![swarm(account, true, self.client.torrent_status(account).await?)];
        for peer in following.iter().filter(|peer| *peer != account) {
            swarms.push(swarm(peer, false, self.client.torrent_status(peer).await?));
        }
        let chain_peer = |peer: twister::PeerInfo| ChainPeer {
            address: peer.addr,
            inbound: peer.inbound,
            height: u32::try_from(peer.starting_height).ok(),
        };
        let (height, newest_block_s, clock_warning) =
            (ground.height().0, ground.newest_block_s(), ground.clock_warning());
        let Ground { info, latency, peers, is_own_chain, .. } = ground;
        Ok(NodeFacts {
            latency_ms: u32::try_from(latency.as_millis()).unwrap_or(u32::MAX),
            version: readable_version(info.version),
            height,
            newest_block_s,
            is_own_chain,
            peers: peers.into_iter().map(chain_peer).collect(),
            dht_nodes: info.dht_nodes,
            outside_address: info.has_outside_address().then_some(info.ext_addr_net2),
            ports: (info.ext_port1, info.ext_port2),
            clock_offset_s: info.time_offset,
            clock_warning,
            has_key: self.is_in_wallet(account).await?,
            registered_at: self.client.registration(account).await?.map(|found| found.height.0),
            swarms,
        })
    }
}

fn swarm(account: &Username, own: bool, status: Option<TorrentStatus>) -> SwarmFacts {
    let account = account.to_string();
    match status {
        Some(TorrentStatus { num_peers: peers, num_pieces: posts, paused, has_incoming, .. }) => {
            SwarmFacts { account, own, present: true, peers, posts, paused, has_incoming }
        }
        None => SwarmFacts { account, own, present: false, peers: 0, posts: 0, paused: false, has_incoming: false },
    }
}
