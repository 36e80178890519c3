//! The node, its chain, and registrations.

use serde_json::{Value, json};

use super::{Client, text};
use crate::error::{NodeFault, RpcError};
use crate::names::{BlockHeight, Username};
use crate::wire::{Block, MiningInfo, NodeInfo, PeerInfo, Registration};

impl Client {
    /// The node's state (`getinfo`).
    pub async fn info(&self) -> Result<NodeInfo, RpcError> {
        self.typed("getinfo", vec![]).await
    }

    /// Height of the newest block known (`getblockcount`).
    pub async fn block_count(&self) -> Result<BlockHeight, RpcError> {
        self.typed("getblockcount", vec![]).await
    }

    /// Peers in the block chain's network (`getconnectioncount`).
    pub async fn connection_count(&self) -> Result<u32, RpcError> {
        self.typed("getconnectioncount", vec![]).await
    }

    /// The nodes that this one is connected to in the block chain's network (`getpeerinfo`).
    pub async fn peers(&self) -> Result<Vec<PeerInfo>, RpcError> {
        self.typed("getpeerinfo", vec![]).await
    }

    /// Hash of the newest block (`getbestblockhash`).
    pub async fn best_block_hash(&self) -> Result<String, RpcError> {
        self.typed("getbestblockhash", vec![]).await
    }

    /// Hash of the block at `height` (`getblockhash`). [`NodeFault::Usage`] past the newest.
    pub async fn block_hash(&self, height: BlockHeight) -> Result<String, RpcError> {
        self.typed("getblockhash", vec![json!(height)]).await
    }

    /// The block with this hash (`getblock`). [`NodeFault::BlockNotFound`] if there is none.
    pub async fn block(&self, hash: &str) -> Result<Block, RpcError> {
        self.typed("getblock", vec![hash.into()]).await
    }

    /// Where `name` is registered (`getrawtransaction NAME 1`); `None` if it is not, or not in a block yet.
    pub async fn registration(&self, name: &Username) -> Result<Option<Registration>, RpcError> {
        match self.typed("getrawtransaction", vec![text(name), json!(1)]).await {
            Err(error) if error.node_fault() == Some(NodeFault::NotRegistered) => Ok(None),
            found => found.map(Some),
        }
    }

    /// The public key of a registered account, in hexadecimal (`dumppubkey`); `None` if `name` is not registered.
    pub async fn public_key(&self, name: &Username) -> Result<Option<String>, RpcError> {
        let key: String = self.typed("dumppubkey", vec![text(name)]).await?;
        Ok(Some(key).filter(|key| !key.is_empty()))
    }

    /// Up to `count` registered or followed names that begin with `prefix` (`listusernamespartial`).
    ///
    /// The command's `exact_match` is not offered: it returns longer names all the same.
    pub async fn names_starting_with(&self, prefix: &str, count: u32) -> Result<Vec<String>, RpcError> {
        self.typed("listusernamespartial", vec![prefix.into(), json!(count)]).await
    }

    /// Ids of the registrations that wait for a block (`getrawmempool`).
    pub async fn pending_registrations(&self) -> Result<Vec<String>, RpcError> {
        self.typed("getrawmempool", vec![]).await
    }

    /// The state of block making (`getmininginfo`).
    pub async fn mining_info(&self) -> Result<MiningInfo, RpcError> {
        self.typed("getmininginfo", vec![]).await
    }

    /// Starts or stops making blocks, with this many threads (`setgenerate`).
    pub async fn set_generate(&self, on: bool, threads: u32) -> Result<(), RpcError> {
        self.done("setgenerate", vec![Value::Bool(on), json!(threads)]).await
    }

    /// Asks the node to end (`stop`). It answers first, and takes its time to write everything down.
    pub async fn stop(&self) -> Result<(), RpcError> {
        self.done("stop", vec![]).await
    }
}
