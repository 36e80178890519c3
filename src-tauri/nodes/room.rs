//! The nodes that the app runs: looked after from their first start until the app ends, or until the person leaves their
//! networks.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use mqtt_twister_bridge::secrets::Password;
use mqtt_twister_daemon::{
    BlockMaker, BlockMaking, Daemon, LogTail, NetworkKind, NodeId, NodePhase, NodeProblemCode, NodeSettings,
    NodeStatus, Nodes, find_program,
};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use twister::NodeUrl;

use super::passwords::NodePasswords;
use crate::error::{CommandError, ErrorCode};
use crate::passwords::{Vault, blocking};

/// The nodes that the app runs.
pub struct NodeRoom {
    nodes: Nodes,
    passwords: NodePasswords,
    /// Those that something was done with since the app was opened.
    open: Mutex<BTreeMap<NodeId, Slot>>,
}

/// What the app has of a node.
enum Slot {
    /// It looks after it.
    Kept(Arc<Daemon>),
    /// It is about to remove it.
    Leaving,
}

impl NodeRoom {
    /// Nodes that are kept in `folder`. None runs yet.
    pub fn new(folder: PathBuf, vault: Arc<dyn Vault>) -> Self {
        Self { nodes: Nodes::new(folder), passwords: NodePasswords::new(vault), open: Mutex::default() }
    }

    /// All of them.
    ///
    /// # Errors
    /// Their folder cannot be read.
    pub fn list(&self) -> Result<Vec<NodeSettings>, CommandError> {
        Ok(self.nodes.list()?)
    }

    /// The node whose RPC has this address.
    pub fn at(&self, url: &NodeUrl) -> Option<NodeSettings> {
        // If they cannot be read, none of them runs either.
        let nodes = self.nodes.list().unwrap_or_default();
        nodes.into_iter().find(|node| NodeUrl::loopback(node.ports.rpc) == *url)
    }

    /// The program that a new node would run: the one that is installed, else one that was chosen before.
    pub fn program(&self) -> Option<PathBuf> {
        let chosen = || self.nodes.list().unwrap_or_default().into_iter().find_map(|node| node.program);
        find_program().or_else(chosen)
    }

    /// All of them and how each is.
    ///
    /// # Errors
    /// Their folder cannot be read.
    pub async fn states(&self) -> Result<Vec<(NodeSettings, NodeStatus)>, CommandError> {
        let open = self.open.lock().await;
        Ok(self.nodes.list()?.into_iter().map(|settings| with_status(settings, &open)).collect())
    }

    /// One of them and how it is.
    ///
    /// # Errors
    /// There is none of that name.
    pub async fn state(&self, id: &NodeId) -> Result<(NodeSettings, NodeStatus), CommandError> {
        let open = self.open.lock().await;
        Ok(with_status(self.nodes.settings(id)?, &open))
    }

    /// Makes one for a network, with free ports. It does not run yet.
    ///
    /// # Errors
    /// Why it cannot be made.
    pub fn add(&self, network: NetworkKind, program: Option<PathBuf>) -> Result<NodeSettings, CommandError> {
        Ok(self.nodes.add(network, program)?)
    }

    /// Starts it; how that goes shows in its state.
    ///
    /// # Errors
    /// Why it cannot even be tried.
    pub async fn start(&self, id: &NodeId) -> Result<(), CommandError> {
        Ok(self.daemon(id).await?.start()?)
    }

    /// Stops it, and waits until it has written down what it knows.
    ///
    /// # Errors
    /// There is none of that name, or another process runs it.
    pub async fn stop(&self, id: &NodeId) -> Result<(), CommandError> {
        Ok(self.daemon(id).await?.stop().await?)
    }

    /// Gives it another program; one that runs goes on with it from its next start.
    ///
    /// # Errors
    /// There is none of that name, or it cannot be written down.
    pub fn set_program(&self, id: &NodeId, program: Option<PathBuf>) -> Result<(), CommandError> {
        self.nodes.change(id, |settings| settings.program = program)?;
        Ok(())
    }

    /// The end of its log.
    ///
    /// # Errors
    /// There is none of that name, or another process runs it.
    pub async fn log(&self, id: &NodeId) -> Result<LogTail, CommandError> {
        let daemon = self.daemon(id).await?;
        blocking(move || daemon.log()).await
    }

    /// What bridges log in with.
    ///
    /// # Errors
    /// The keyring's client failed.
    pub async fn password(&self, id: &NodeId) -> Result<Password, CommandError> {
        self.passwords.of(id).await
    }

    /// Stops it, and removes all that it has.
    ///
    /// # Errors
    /// Why it is still there.
    pub async fn leave(&self, id: &NodeId) -> Result<(), CommandError> {
        let before = self.open.lock().await.insert(id.clone(), Slot::Leaving);
        let outcome = self.end_and_remove(id, before).await;
        self.open.lock().await.remove(id);
        outcome?;
        self.passwords.forget(id).await;
        Ok(())
    }

    /// Starts those that ran when the app ended. Why one does not run shows in its state.
    pub async fn resume(&self) {
        for node in self.nodes.list().unwrap_or_default().into_iter().filter(|node| node.runs) {
            if let Err(error) = self.start(&node.id).await {
                tracing::warn!(node = %node.id, "the node is not started: {}", error.message);
            }
        }
    }

    /// Stops all, at the same time. They run again when the app is started again.
    pub async fn close(&self) {
        let open = std::mem::take(&mut *self.open.lock().await);
        let mut ends: JoinSet<()> = JoinSet::new();
        for slot in open.into_values() {
            // One that somebody else still has is being stopped by them.
            if let Slot::Kept(daemon) = slot
                && let Some(daemon) = Arc::into_inner(daemon)
            {
                ends.spawn(daemon.end());
            }
        }
        ends.join_all().await;
    }

    async fn end_and_remove(&self, id: &NodeId, slot: Option<Slot>) -> Result<(), CommandError> {
        if let Some(Slot::Kept(daemon)) = slot {
            match Arc::try_unwrap(daemon) {
                Ok(daemon) => daemon.end().await,
                // Somebody asks it for something at this moment; then it may still hold its folder below.
                Err(shared) => shared.stop().await?,
            }
        }
        let (nodes, name) = (self.nodes.clone(), id.clone());
        Ok(blocking(move || nodes.remove(&name)).await??)
    }

    async fn daemon(&self, id: &NodeId) -> Result<Arc<Daemon>, CommandError> {
        let mut open = self.open.lock().await;
        match open.get(id) {
            Some(Slot::Kept(daemon)) => return Ok(Arc::clone(daemon)),
            Some(Slot::Leaving) => {
                let code = ErrorCode::OwnNode(NodeProblemCode::UnknownNode);
                let message = "the node is being removed".to_owned();
                return Err(CommandError { code, message, field: None });
            }
            None => {}
        }
        let password = self.passwords.of(id).await?;
        let daemon = Arc::new(self.nodes.open(id, password.reveal())?);
        open.insert(id.clone(), Slot::Kept(Arc::clone(&daemon)));
        Ok(daemon)
    }
}

fn with_status(settings: NodeSettings, open: &BTreeMap<NodeId, Slot>) -> (NodeSettings, NodeStatus) {
    let without = |phase| NodeStatus {
        id: settings.id.clone(),
        phase,
        pid: None,
        adopted: false,
        facts: None,
        blocks: BlockMaking { making: false, reason: None, maker: BlockMaker::NotNeeded },
    };
    let status = match open.get(&settings.id) {
        Some(Slot::Kept(daemon)) => daemon.status().borrow().clone(),
        Some(Slot::Leaving) => without(NodePhase::Stopping),
        None => without(NodePhase::Stopped),
    };
    (settings, status)
}
