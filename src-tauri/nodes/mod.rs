//! Nodes: those that the app runs for its user ([`room`]), and which node a page of the window is about ([`asking`]).
//!
//! Deliberately not here: how a twisterd is run, which is `mqtt-twister-daemon`'s.

pub mod addresses;
pub mod asking;
pub mod passwords;
pub mod room;
pub mod view;

use mqtt_twister_bridge::invitation::{InvitedNetwork, Sealed};
use mqtt_twister_daemon::{NetworkKind, NodeId, NodeSettings};
use twister::NodeUrl;

use crate::app::App;
use crate::bridges::Notice;
use crate::error::CommandError;
use crate::view::BridgeId;
use view::{InvitedTo, NewNode, OwnNode, OwnNodes, checked_program};

impl App {
    /// The nodes that the app runs, or could.
    ///
    /// # Errors
    /// Their folder cannot be read.
    pub async fn own_nodes(&self) -> Result<OwnNodes, CommandError> {
        let configs = self.own_configs();
        let mut nodes = Vec::new();
        for (settings, status) in self.nodes.states().await? {
            let url = NodeUrl::loopback(settings.ports.rpc);
            let bridges = configs.iter().filter(|config| config.twister.url == url);
            let bridges = bridges.map(|config| BridgeId::own(config.name.clone())).collect();
            nodes.push(OwnNode::new(settings, status, bridges));
        }
        let program = self.nodes.program().map(|path| path.display().to_string());
        Ok(OwnNodes { nodes, program })
    }

    /// Makes a node for a network and starts it. How it comes up shows in [`own_nodes`](Self::own_nodes).
    ///
    /// # Errors
    /// [`AppErrorCode::InvalidSettings`](crate::error::AppErrorCode::InvalidSettings) with the field, or why it cannot be run.
    pub async fn add_node(&self, new: NewNode) -> Result<OwnNode, CommandError> {
        let (network, program) = new.parsed()?;
        let settings = self.nodes.add(network, program)?;
        self.nodes.start(&settings.id).await?;
        self.own_node(&settings.id).await
    }

    /// Gives a node another program; none means the one that is found. One that runs goes on with it from its next start.
    ///
    /// # Errors
    /// [`AppErrorCode::InvalidSettings`](crate::error::AppErrorCode::InvalidSettings) when it is none, or why it is not changed.
    pub fn set_node_program(&self, id: &NodeId, program: Option<String>) -> Result<(), CommandError> {
        self.nodes.set_program(id, program.map(checked_program).transpose()?)
    }

    /// Stops a node and removes its folder: with it go the keys of the accounts in its wallet.
    ///
    /// # Errors
    /// Why it is still there.
    pub async fn leave_node(&self, id: &NodeId) -> Result<(), CommandError> {
        let outcome = self.nodes.leave(id).await;
        (self.tell)(Notice::OverviewChanged);
        outcome
    }

    /// Which private network an invitation leads to, and whether the app runs a node in it. Whose invitation it is is not looked
    /// into: only a node of that network could tell.
    ///
    /// # Errors
    /// [`AppErrorCode::InvitationUnusable`](crate::error::AppErrorCode::InvitationUnusable).
    pub fn invited_to(&self, text: &str) -> Result<InvitedTo, CommandError> {
        let (_, invitation) = Sealed::find(text)?;
        let node = match &invitation.network {
            Some(network) => self.nodes.list()?.into_iter().find(|node| is_in(node, network)).map(|node| node.id),
            None => None,
        };
        Ok(InvitedTo { from: invitation.from.into(), network: invitation.network, node })
    }

    /// The private network of a bridge's node, if the app runs that.
    pub(crate) fn private_network(&self, node: &NodeUrl) -> Option<NodeSettings> {
        let own = self.nodes.at(node)?;
        matches!(own.network, NetworkKind::Private { .. }).then_some(own)
    }

    async fn own_node(&self, id: &NodeId) -> Result<OwnNode, CommandError> {
        let (settings, status) = self.nodes.state(id).await?;
        Ok(OwnNode::new(settings, status, Vec::new()))
    }
}

/// Whether a node is in the network that an invitation leads to, as far as the two can be compared: they have the same name, or
/// an address in common.
pub(crate) fn is_in(node: &NodeSettings, invited: &InvitedNetwork) -> bool {
    let NetworkKind::Private { name, peers } = &node.network else { return false };
    let own = addresses::addresses_of(node.ports.p2p);
    let known: Vec<String> = peers.iter().map(ToString::to_string).chain(own).collect();
    name.trim().eq_ignore_ascii_case(invited.name.trim())
        || invited.peers.iter().any(|peer| known.iter().any(|one| one == peer.as_str()))
}
