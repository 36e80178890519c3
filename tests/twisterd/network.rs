//! The two nodes, their chain, and the accounts that cases use.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand::Rng as _;
use tokio::sync::Mutex;
use twister::Username;

use crate::daemon::{Daemon, Ports};
use crate::given::Given;
use crate::node::{Node, becomes};
use crate::patience;

/// A node whose newest block is older pauses its swarms.
const OLDEST_BLOCK: Duration = Duration::from_secs(24 * 3600);

/// How long some blocks may take where nobody makes them for this suite: one is expected every ten minutes.
const NATURAL_PATIENCE: Duration = Duration::from_secs(3 * 3600);

/// Accounts that are registered at a time on each node, so that they share a block.
const BATCH: usize = 18;

/// Letters and digits that names may have.
const NAME_CHARACTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// Two nodes of one network.
pub struct Network {
    nodes: [Node; 2],
    /// The processes, if they are this suite's.
    daemons: Option<[Daemon; 2]>,
    may_mine: bool,
    /// Registered accounts that no case has used, on each node.
    unused: Mutex<[VecDeque<Username>; 2]>,
}

impl Network {
    /// Starts the nodes, or meets them, and makes sure that they are on one chain that is up to date.
    pub async fn ready(given: &Given) -> Result<Self, String> {
        let network = match given {
            Given::Nothing => return Err("there are no nodes to run against".to_owned()),
            Given::Program { file, arguments } => {
                let ports = [Ports::free().await?, Ports::free().await?];
                // Each connects to the other, so that either may be started again.
                let start = |own, peer| Daemon::start(file, arguments, own, peer);
                let (a, b) = tokio::join!(start(ports[0], ports[1]), start(ports[1], ports[0]));
                let daemons = [a?, b?];
                Self::of([daemons[0].node(), daemons[1].node()], Some(daemons), true)
            }
            Given::Nodes { nodes: [a, b], may_mine } => {
                let node = |(url, credentials): &(_, _)| Node::new(Clone::clone(url), Clone::clone(credentials));
                Self::of([node(a), node(b)], None, *may_mine)
            }
        };
        network.check().await.map(|()| network)
    }

    fn of(nodes: [Node; 2], daemons: Option<[Daemon; 2]>, may_mine: bool) -> Self {
        Self { nodes, daemons, may_mine, unused: Mutex::default() }
    }

    /// Node A (0) or B (1).
    pub fn node(&self, index: usize) -> &Node {
        &self.nodes[index]
    }

    /// The process of a node, if it is this suite's.
    pub fn daemon(&self, index: usize) -> Option<&Daemon> {
        self.daemons.as_ref().map(|daemons| &daemons[index])
    }

    /// Ends what this suite has started.
    pub async fn stop(&self) {
        for daemon in self.daemons.iter().flatten() {
            daemon.stop().await;
        }
    }

    async fn check(&self) -> Result<(), String> {
        for (node, name) in self.nodes.iter().zip(["A", "B"]) {
            node.client.info().await.map_err(|error| format!("node {name}: {error}"))?;
            let has_peers = async || node.client.info().await.is_ok_and(|info| info.connections > 0);
            if !becomes(patience(), has_peers).await {
                return Err(format!("node {name} has no connection to any other node"));
            }
        }
        if self.newest_block_age().await > OLDEST_BLOCK {
            if !self.may_mine {
                return Err("the newest block is older than a day; TWISTER_MINE=1 lets this suite make one".to_owned());
            }
            self.until_blocks("a first block", async || self.newest_block_age().await < OLDEST_BLOCK).await;
        }
        match becomes(patience(), async || self.are_on_one_chain().await).await {
            true => Ok(()),
            false => {
                Err("the two nodes are not on one chain: they are of different networks, or one is behind".to_owned())
            }
        }
    }

    async fn newest_block_age(&self) -> Duration {
        let client = &self.nodes[0].client;
        let Ok(hash) = client.best_block_hash().await else { return Duration::MAX };
        let made = client.block(&hash).await.map_or(0, |block| block.time);
        let made = UNIX_EPOCH + Duration::from_secs(made.try_into().unwrap_or(0));
        SystemTime::now().duration_since(made).unwrap_or_default()
    }

    /// Whether both have the same newest block. A node that has just started may have to catch up.
    async fn are_on_one_chain(&self) -> bool {
        let newest = async |node: &Node| {
            let height = node.client.info().await.ok()?.blocks;
            Some((height, node.client.best_block_hash().await.ok()?))
        };
        let (at_a, at_b) = (newest(&self.nodes[0]).await, newest(&self.nodes[1]).await);
        at_a.is_some() && at_a == at_b
    }

    /// Has blocks made, or waits for them, until something is so.
    pub async fn until_blocks(&self, what: &str, is_so: impl AsyncFnMut() -> bool) {
        let client = &self.nodes[0].client;
        let makes_blocks = client.mining_info().await.is_ok_and(|info| info.generate);
        let came = match self.may_mine {
            true if makes_blocks => becomes(patience(), is_so).await,
            true => {
                client.set_generate(true, 1).await.unwrap();
                let came = becomes(patience(), is_so).await;
                client.set_generate(false, 1).await.unwrap();
                came
            }
            false => {
                eprintln!(
                    "waiting for {what}: blocks come every ten minutes or so (TWISTER_MINE=1 lets this suite make them)"
                );
                becomes(NATURAL_PATIENCE, is_so).await
            }
        };
        assert!(came, "{what} did not come");
    }

    /// Waits until the accounts may use post numbers up to `number`, at both nodes.
    pub async fn until_allowed(&self, name: &Username, number: u32) {
        let enough = async || {
            let mut enough = true;
            for node in &self.nodes {
                enough &= allowed(node, name).await.is_some_and(|allowed| allowed >= number);
            }
            enough
        };
        self.until_blocks(&format!("the block that lets {name} make post {number}"), enough).await;
    }

    /// A registered account that nobody has used, in the wallet of a node. Both nodes know it.
    pub async fn account(&self, node: usize) -> Username {
        let mut unused = self.unused.lock().await;
        if unused[node].is_empty() {
            *unused = self.register_batch().await;
        }
        unused[node].pop_front().unwrap()
    }

    async fn register_batch(&self) -> [VecDeque<Username>; 2] {
        let mut batch: [VecDeque<Username>; 2] = Default::default();
        for (node, names) in self.nodes.iter().zip(&mut batch) {
            while names.len() < BATCH {
                let name = random_name(9);
                if node.offer(&name).await.unwrap() {
                    names.push_back(name);
                }
            }
        }
        let names: Vec<&Username> = batch.iter().flatten().collect();
        self.until_registered(&names).await;
        batch
    }

    /// Waits until both nodes know that these names are registered.
    pub async fn until_registered(&self, names: &[&Username]) {
        let all_known = async || {
            for node in &self.nodes {
                for name in names {
                    if !node.knows(name).await {
                        return false;
                    }
                }
            }
            true
        };
        self.until_blocks(&format!("the block that registers {} accounts", names.len()), all_known).await;
    }
}

/// The highest post number that an account may use, as a node sees it; none if it is not registered there.
pub async fn allowed(node: &Node, name: &Username) -> Option<u32> {
    let registration = node.client.registration(name).await.ok()??;
    let height = node.client.block_count().await.ok()?;
    Some(twister::names::highest_allowed_number(registration.height, height).0)
}

/// A name that nobody is likely to have.
pub fn random_name(length: usize) -> Username {
    let mut random = rand::rng();
    let letter = |_| char::from(NAME_CHARACTERS[random.random_range(0..NAME_CHARACTERS.len())]);
    (0..length).map(letter).collect::<String>().parse().unwrap()
}
