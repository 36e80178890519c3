//! Private keys in the node's wallet, and what is signed with them.

use serde_json::Value;

use super::{Client, text, unexpected};
use crate::credentials::Secret;
use crate::error::{NodeFault, RpcError};
use crate::names::Username;

impl Client {
    /// The private key of `name`, for a backup (`dumpprivkey`). Whoever has it owns the name.
    ///
    /// [`NodeFault::KeyNotInWallet`], [`NodeFault::WalletLocked`].
    pub async fn dump_private_key(&self, name: &Username) -> Result<Secret, RpcError> {
        const METHOD: &str = "dumpprivkey";
        // Not by way of serde, whose errors quote what they do not expect.
        match self.call(METHOD, vec![text(name)]).await? {
            Value::String(key) => Ok(Secret::from(key)),
            _ => Err(unexpected(METHOD, "the key is not a text")),
        }
    }

    /// Puts `key` into the wallet under `name` (`importprivkey`). The node neither checks that the key belongs to the name
    /// nor says so when it has the key already under another one.
    ///
    /// The chain is not read again from its beginning: the node would answer nobody meanwhile, and accounts have nothing
    /// there that it would find.
    ///
    /// [`NodeFault::InvalidKey`], [`NodeFault::WalletLocked`].
    pub async fn import_private_key(&self, key: &Secret, name: &Username) -> Result<(), RpcError> {
        let params = vec![Value::String(key.expose().to_owned()), text(name), Value::Bool(false)];
        self.done("importprivkey", params).await
    }

    /// Signs a text with the key of `name`, as Base64 (`signmessage`).
    ///
    /// [`NodeFault::KeyNotInWallet`], [`NodeFault::WalletLocked`].
    pub async fn sign_message(&self, name: &Username, message: &str) -> Result<String, RpcError> {
        self.typed("signmessage", vec![text(name), message.into()]).await
    }

    /// Whether `signature`, in Base64, is that of `message` by the key of `name` (`verifymessage`). `None` if the name is
    /// not registered, so that nobody can say.
    pub async fn verify_message(
        &self,
        name: &Username,
        signature: &str,
        message: &str,
    ) -> Result<Option<bool>, RpcError> {
        match self.typed("verifymessage", vec![text(name), signature.into(), message.into()]).await {
            Err(error) if error.node_fault() == Some(NodeFault::NotRegistered) => Ok(None),
            valid => valid.map(Some),
        }
    }
}
