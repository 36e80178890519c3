//! A node that is known by address, user and password, as anybody's is.

use std::time::Duration;

use twister::{Client, Credentials, NodeFault, NodeUrl, RpcError, Username};

/// Between two looks at a node while something is waited for.
pub const PAUSE: Duration = Duration::from_millis(200);

/// One of the two.
pub struct Node {
    pub url: NodeUrl,
    pub credentials: Credentials,
    pub client: Client,
}

impl Node {
    pub fn new(url: NodeUrl, credentials: Credentials) -> Self {
        let client = Client::new(&url, &credentials).unwrap();
        Self { url, credentials, client }
    }

    /// Makes a key for a name that is free, and asks for its registration; none if it is taken.
    pub async fn offer(&self, name: &Username) -> Result<bool, RpcError> {
        match self.client.create_wallet_user(name).await {
            Ok(_) => {}
            Err(error) if matches!(error.node_fault(), Some(NodeFault::NameTaken | NodeFault::NameInWallet)) => {
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
        self.client.send_new_user_transaction(name).await.map(|_| true)
    }

    /// Whether the node's chain has the registration.
    pub async fn knows(&self, name: &Username) -> bool {
        matches!(self.client.registration(name).await, Ok(Some(_)))
    }

    /// Whether the node can be reached by others' swarms: on a private address it never learns that it can.
    pub async fn can_join_swarms(&self) -> bool {
        self.client.info().await.is_ok_and(|info| info.has_outside_address())
    }

    /// Others that the node is connected to in the swarm of `author`.
    pub async fn swarm_peers(&self, author: &Username) -> u32 {
        self.client.torrent_status(author).await.ok().flatten().map_or(0, |status| status.num_peers)
    }
}

/// Waits until something is so; false if that takes longer than `limit`.
pub async fn becomes(limit: Duration, mut is_so: impl AsyncFnMut() -> bool) -> bool {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(limit, waiting).await.is_ok()
}
