//! What the window sees of the nodes that the app runs, and what it sends.

use std::path::PathBuf;

use mqtt_twister_bridge::invitation::InvitedNetwork;
use mqtt_twister_daemon::{NetworkKind, NodeId, NodeSettings, NodeStatus, RPC_USER};
use serde::{Deserialize, Serialize};
use twister::{NodeUrl, PeerAddress};

use super::addresses::addresses_of;
use crate::error::CommandError;
use crate::view::BridgeId;

/// The nodes that the app runs, or could.
#[derive(Debug, Clone, PartialEq, Serialize, specta::Type)]
pub struct OwnNodes {
    /// All of them.
    pub nodes: Vec<OwnNode>,
    /// The twisterd that a new one would run; none if none was found.
    pub program: Option<String>,
}

/// A node that the app runs.
#[derive(Debug, Clone, PartialEq, Serialize, specta::Type)]
pub struct OwnNode {
    /// What it is.
    pub settings: NodeSettings,
    /// How it is.
    pub status: NodeStatus,
    /// Where bridges reach it.
    pub url: String,
    /// What they log in as. The password stays in the app.
    pub user: String,
    /// The bridges that use it.
    pub bridges: Vec<BridgeId>,
    /// Where nodes of other machines may reach it: `host:port`. None for the public network, where nodes find each other.
    pub addresses: Vec<String>,
}

/// A node as the person wants it.
#[derive(Debug, Clone, Deserialize, specta::Type)]
pub struct NewNode {
    /// The network that it is to be in.
    pub network: NewNetwork,
    /// The program; none means the one that is found.
    pub program: Option<String>,
}

/// The network that a new node is to be in.
#[derive(Debug, Clone, Deserialize, specta::Type)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum NewNetwork {
    /// The public one.
    Public,
    /// A private one that there is not yet.
    Create {
        /// What it is to be called.
        name: String,
    },
    /// A private one that others are in.
    Join {
        /// What it is called.
        name: String,
        /// Nodes in it, as `host:port`.
        peers: Vec<String>,
    },
}

/// Where an invitation leads.
#[derive(Debug, Clone, PartialEq, Serialize, specta::Type)]
pub struct InvitedTo {
    /// The account that it says to be from. That is not proved yet.
    pub from: String,
    /// The private network; none for the public one.
    pub network: Option<InvitedNetwork>,
    /// The node of the app that is in it already.
    pub node: Option<NodeId>,
}

impl OwnNode {
    pub(super) fn new(settings: NodeSettings, status: NodeStatus, bridges: Vec<BridgeId>) -> Self {
        let addresses = match &settings.network {
            NetworkKind::Public => Vec::new(),
            NetworkKind::Private { .. } => addresses_of(settings.ports.p2p),
        };
        let url = NodeUrl::loopback(settings.ports.rpc).to_string();
        Self { settings, status, url, user: RPC_USER.to_owned(), bridges, addresses }
    }
}

impl NewNode {
    /// Network and program, if they can be used.
    pub(super) fn parsed(self) -> Result<(NetworkKind, Option<PathBuf>), CommandError> {
        let network = match self.network {
            NewNetwork::Public => NetworkKind::Public,
            NewNetwork::Create { name } => NetworkKind::Private { name: named(&name)?, peers: Vec::new() },
            NewNetwork::Join { name, peers } => {
                NetworkKind::Private { name: named(&name)?, peers: parsed_peers(&peers)? }
            }
        };
        Ok((network, self.program.map(checked_program).transpose()?))
    }
}

/// A program that a person has chosen, if it can be one.
pub(super) fn checked_program(path: String) -> Result<PathBuf, CommandError> {
    let path = PathBuf::from(path.trim());
    match mqtt_twister_daemon::check_program(&path) {
        Ok(()) => Ok(path),
        Err(problem) => Err(CommandError { field: Some("program".to_owned()), ..problem.into() }),
    }
}

fn named(name: &str) -> Result<String, CommandError> {
    match name.trim() {
        "" => Err(CommandError::field("name", "a network needs a name, by which you and others know it")),
        name => Ok(name.to_owned()),
    }
}

fn parsed_peers(peers: &[String]) -> Result<Vec<PeerAddress>, CommandError> {
    if peers.is_empty() {
        return Err(CommandError::field("peers", "a network is joined at one of its nodes: enter an address"));
    }
    let parsed = peers.iter().map(|peer| peer.parse().map_err(|error| CommandError::field("peers", error)));
    parsed.collect()
}
