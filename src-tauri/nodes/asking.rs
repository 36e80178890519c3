//! Which node a page of the window is about, and asking it: that of a bridge, running or not, or one that the person has
//! just typed in.

use std::sync::Arc;

use mqtt_twister_bridge::node::Node;
use mqtt_twister_bridge::secrets::{Password, SecretKind};
use twister::NodeUrl;

use crate::app::App;
use crate::bridges::AppBridge;
use crate::error::CommandError;
use crate::view::{BridgeId, NodeInput, SecretInput};

impl App {
    /// The node that the person typed in.
    ///
    /// # Errors
    /// An address that is none, or a password that cannot be had.
    pub async fn typed_node(&self, input: NodeInput) -> Result<Node, CommandError> {
        let url = input.url.parse().map_err(|error| CommandError::field("twister.url", error))?;
        let password = self.typed_password(&url, input.password, input.bridge.as_ref()).await?;
        Ok(Node::new(&url, &input.user, &password)?)
    }

    /// The password of a node: the one that was given, else its own if the app runs it, else the one that is known for the
    /// bridge, else none.
    ///
    /// # Errors
    /// It cannot be had.
    pub async fn typed_password(
        &self,
        url: &NodeUrl,
        given: Option<SecretInput>,
        bridge: Option<&BridgeId>,
    ) -> Result<Password, CommandError> {
        match (given, bridge) {
            (Some(given), _) => Ok(self.given(given)),
            (None, Some(bridge)) => self.node_password(bridge, url).await,
            (None, None) => self.own_password(url).await.map(Option::unwrap_or_default),
        }
    }

    /// The node of a bridge. While the bridge runs, its connections are shared.
    ///
    /// # Errors
    /// [`AppErrorCode::UnknownBridge`](crate::error::AppErrorCode::UnknownBridge), or a password that cannot be had.
    pub async fn node_of(&self, id: &BridgeId) -> Result<(Arc<AppBridge>, Node), CommandError> {
        let bridge = self.bridge(id)?;
        if let Some(node) = bridge.ask(async |running| running.node()).await {
            return Ok((bridge, node));
        }
        let twister = &bridge.config.twister;
        let password = match twister.user.is_empty() {
            true => Password::default(),
            false => self.node_password(id, &twister.url).await?,
        };
        let node = Node::new(&twister.url, &twister.user, &password)?;
        Ok((bridge, node))
    }

    /// The password of a bridge's node, if it is known.
    async fn node_password(&self, id: &BridgeId, url: &NodeUrl) -> Result<Password, CommandError> {
        if let Some(password) = self.own_password(url).await? {
            return Ok(password);
        }
        match id.tryout {
            true => Ok(self.tryout.bridge(&id.name).map(|tryout| tryout.secrets.node).unwrap_or_default()),
            false => Ok(self.passwords.find(&id.name, SecretKind::Node).await?.unwrap_or_default()),
        }
    }

    /// The password of a node that the app runs.
    async fn own_password(&self, url: &NodeUrl) -> Result<Option<Password>, CommandError> {
        match self.nodes.at(url) {
            Some(node) => self.nodes.password(&node.id).await.map(Some),
            None => Ok(None),
        }
    }
}
