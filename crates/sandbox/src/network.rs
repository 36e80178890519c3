//! The network as a whole: start, blocks, accounts, joined swarms, stop.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use twister::Username;

use crate::chain::Chain;
use crate::clock::BlockTime;
use crate::config::Builder;
use crate::error::{SandboxError, StateError};
use crate::node::Node;
use crate::node_state::NodeState;
use crate::shared::Shared;
use crate::state_file::StateFile;
use crate::world::{SelfCopy, World};

/// How often a node makes a block that was told to with `setgenerate`, as measured on a private network.
const GENERATE_INTERVAL: Duration = Duration::from_secs(3);

/// How long changes are gathered at least before they are written to disk.
const SAVE_DELAY: Duration = Duration::from_millis(200);

/// A Twister network inside this process. Dropping it stops it, too.
pub struct Network {
    nodes: Vec<Node>,
    shared: Arc<Shared>,
    state: Option<Arc<StateFile>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Network {
    /// Describes a network to be.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// All nodes.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// A node.
    ///
    /// # Panics
    ///
    /// If there is no node of that index, like any index out of range.
    pub fn node(&self, index: usize) -> &Node {
        &self.nodes[index]
    }

    /// Height of the chain.
    pub fn height(&self) -> u32 {
        self.shared.with(|world| world.chain.height())
    }

    /// Makes `count` blocks. The first registers all accounts that wait; each gives every account two more post numbers.
    pub fn mine(&self, count: u32) {
        self.shared.with(|world| world.mine(count));
    }

    /// Makes blocks until `name` may use post numbers up to `number`; an account that is not registered needs none.
    pub fn mine_until_allowed(&self, name: &str, number: u32) {
        self.shared.with(|world| {
            while world.chain.account(name).is_some() && !world.chain.number_allowed(name, number.into()) {
                world.mine(1);
            }
        });
    }

    /// Registers an account in a node's wallet and lets it follow itself. This makes one block.
    pub fn create_account(&self, node: usize, name: &str) -> Result<(), SandboxError> {
        let username: Username = name.parse()?;
        self.shared.with(|world| {
            if !world.register(node, username.as_str()) {
                return Err(SandboxError::NameTaken { name: name.to_owned() });
            }
            world.mine(1);
            world.follow(node, name, name);
            Ok(())
        })
    }

    /// Lets an account of a node follow others. Names that are not registered are passed over.
    pub fn follow(&self, node: usize, follower: &str, authors: &[&str]) {
        self.shared.with(|world| authors.iter().for_each(|author| world.follow(node, follower, author)));
    }

    /// Joins the swarms of two nodes: posts travel between them, and each gets at once what it missed.
    pub fn join_swarms(&self, a: usize, b: usize) {
        self.shared.with(|world| world.join(a, b));
    }

    /// Parts the swarms of two nodes. The DHT and the chain stay common.
    pub fn part_swarms(&self, a: usize, b: usize) {
        self.shared.with(|world| world.part(a, b));
    }

    /// Lets another client of the account take the next `count` numbers that are used for its posts: each such call answers
    /// success, and the other client's post is what is stored.
    pub fn steal_numbers(&self, author: &str, count: u32) {
        self.shared.with(|world| world.steal_numbers(author, count));
    }

    /// Sets the order of the two posts of a direct message with a copy for its sender.
    pub fn set_self_copy(&self, order: SelfCopy) {
        self.shared.with(|world| world.self_copy = order);
    }

    /// Stops all nodes, frees their ports, and writes the state to disk.
    pub async fn stop(mut self) -> Result<(), SandboxError> {
        for node in &self.nodes {
            node.close().await;
        }
        self.end_tasks();
        Ok(self.save()?)
    }

    fn end_tasks(&mut self) {
        self.tasks.drain(..).for_each(|task| task.abort());
    }

    /// Writes the state to disk for the last time.
    fn save(&mut self) -> Result<(), StateError> {
        let Some(state) = self.state.take() else {
            return Ok(());
        };
        self.shared.with(|world| (0..world.nodes.len()).for_each(|node| world.land_everything(node)));
        state.close(&self.shared)
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").field("nodes", &self.nodes).finish_non_exhaustive()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.end_tasks();
        if let Err(error) = self.save() {
            tracing::error!(%error, "the sandbox network's state is not saved");
        }
    }
}

impl Builder {
    /// Starts the network. Needs a tokio runtime with time and network.
    pub async fn start(self) -> Result<Network, SandboxError> {
        if self.nodes.is_empty() {
            return Err(SandboxError::NoNodes);
        }
        let (state, restored) = match &self.state_dir {
            Some(dir) => {
                let (state, restored) = StateFile::open(dir, &self)?;
                (Some(Arc::new(state)), restored)
            }
            None => (None, None),
        };
        let mut world = restored.unwrap_or_else(|| self.new_world());
        self.set_up_accounts(&mut world)?;
        if self.swarms_joined {
            (0..self.nodes.len()).for_each(|a| (a + 1..self.nodes.len()).for_each(|b| world.join(a, b)));
        }
        let shared = Arc::new(Shared::new(world));

        let mut nodes = Vec::with_capacity(self.nodes.len());
        for (index, config) in self.nodes.iter().enumerate() {
            nodes.push(Node::start(index, config, Arc::clone(&shared)).await?);
        }
        let mut tasks = vec![tokio::spawn(drive_timers(Arc::clone(&shared)))];
        tasks.push(tokio::spawn(generate(Arc::clone(&shared))));
        if let BlockTime::Every(period) = self.block_time {
            tasks.push(tokio::spawn(make_blocks(Arc::clone(&shared), period)));
        }
        tasks.extend(state.as_ref().map(|state| tokio::spawn(keep_state(Arc::clone(state), Arc::clone(&shared)))));
        Ok(Network { nodes, shared, state, tasks })
    }

    /// A world with empty wallets and one block.
    fn new_world(&self) -> World {
        let nodes = self.nodes.iter().map(|_| NodeState::new()).collect();
        World::new(Chain::new(self.clock.now()), nodes, self.clock.clone(), self.dht_wait)
    }

    /// Registers the accounts of the configuration that are not there yet, and makes the chain as high as it is to be.
    fn set_up_accounts(&self, world: &mut World) -> Result<(), SandboxError> {
        let accounts =
            self.nodes.iter().enumerate().flat_map(|(i, node)| node.accounts.iter().map(move |name| (i, name)));
        let is_missing =
            |world: &World, (node, name): (usize, &String)| !world.nodes[node].wallet.accounts().any(|own| own == name);
        let missing: Vec<_> = accounts.filter(|account| is_missing(world, *account)).collect();
        for (node, name) in &missing {
            name.parse::<Username>()?;
            if !world.register(*node, name) {
                return Err(SandboxError::NameTaken { name: name.to_string() });
            }
        }
        if !missing.is_empty() {
            world.mine(1);
        }
        world.mine(self.start_height.saturating_sub(world.chain.height()));
        missing.iter().for_each(|(node, name)| world.follow(*node, name, name));
        Ok(())
    }
}

async fn drive_timers(shared: Arc<Shared>) {
    shared.drive_timers().await;
}

async fn make_blocks(shared: Arc<Shared>, period: Duration) {
    every(period, || shared.with(|world| world.mine(1))).await;
}

async fn generate(shared: Arc<Shared>) {
    every(GENERATE_INTERVAL, || {
        shared.with(|world| {
            if world.nodes.iter().any(|node| node.is_up && node.mining.is_on) {
                world.mine(1);
            }
        });
    })
    .await;
}

async fn every(period: Duration, mut act: impl FnMut()) {
    // A period of zero would never let anything else run.
    let period = period.max(Duration::from_millis(1));
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        act();
    }
}

async fn keep_state(state: Arc<StateFile>, shared: Arc<Shared>) {
    let mut delay = SAVE_DELAY;
    loop {
        shared.changed().await;
        tokio::time::sleep(delay).await;
        let start = Instant::now();
        let (state, shared) = (Arc::clone(&state), Arc::clone(&shared));
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || state.save(&shared)).await {
            tracing::error!(%error, "the sandbox network's state is not saved");
        }
        // A large network is written less often, so that most of the time goes to the network itself.
        delay = SAVE_DELAY.max(start.elapsed() * 5);
    }
}
