//! Accounts of the node's wallet, and whom they follow.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Client, names, text, unexpected};
use crate::credentials::Secret;
use crate::error::RpcError;
use crate::names::{PostNumber, Username};
use crate::wire::TorrentStatus;

impl Client {
    /// Every name that has a key in this wallet, registered or not, in no useful order (`listwalletusers`). The wallet may
    /// hold names that no account can have, even an empty one.
    pub async fn wallet_users(&self) -> Result<Vec<String>, RpcError> {
        self.typed("listwalletusers", vec![]).await
    }

    /// Makes a key for `name` and returns it (`createwalletuser`). The name is registered by
    /// [`send_new_user_transaction`](Self::send_new_user_transaction) only.
    ///
    /// [`NodeFault::NameInWallet`](crate::NodeFault::NameInWallet), [`NodeFault::NameTaken`](crate::NodeFault::NameTaken).
    pub async fn create_wallet_user(&self, name: &Username) -> Result<Secret, RpcError> {
        const METHOD: &str = "createwalletuser";
        // Not by way of serde, whose errors quote what they do not expect.
        match self.call(METHOD, vec![text(name)]).await? {
            Value::String(key) => Ok(Secret::from(key)),
            _ => Err(unexpected(METHOD, "the key is not a text")),
        }
    }

    /// Asks the network to register `name`, whose key is in the wallet (`sendnewusertransaction`), and returns the
    /// transaction's id. It takes effect with the next block.
    ///
    /// [`NodeFault::KeyNotInWallet`](crate::NodeFault::KeyNotInWallet),
    /// [`NodeFault::RegistrationRefused`](crate::NodeFault::RegistrationRefused) (also while one is pending).
    pub async fn send_new_user_transaction(&self, name: &Username) -> Result<String, RpcError> {
        self.typed("sendnewusertransaction", vec![text(name)]).await
    }

    /// Makes `local` follow `others` (`follow`). Names that are not registered are skipped without a word. An account that
    /// posts has to follow itself.
    pub async fn follow(&self, local: &Username, others: &[Username]) -> Result<(), RpcError> {
        self.done("follow", vec![text(local), names(others)]).await
    }

    /// Makes `local` no longer follow `others` (`unfollow`).
    pub async fn unfollow(&self, local: &Username, others: &[Username]) -> Result<(), RpcError> {
        self.done("unfollow", vec![text(local), names(others)]).await
    }

    /// Whom `local` follows (`getfollowing`).
    pub async fn following(&self, local: &Username) -> Result<Vec<Username>, RpcError> {
        self.typed("getfollowing", vec![text(local)]).await
    }

    /// For each account that `local` follows, the highest post number that the node knows of, or `None` (`getlasthave`). It
    /// says nothing about the numbers below, and may lag behind one just used.
    pub async fn last_have(&self, local: &Username) -> Result<BTreeMap<Username, Option<PostNumber>>, RpcError> {
        let numbers = self.for_each_followed("getlasthave", local).await?;
        Ok(numbers.into_iter().map(|(name, number)| (name, number.map(PostNumber))).collect())
    }

    /// For each account that `local` follows, how many of its posts the node holds (`getnumpieces`).
    pub async fn piece_counts(&self, local: &Username) -> Result<BTreeMap<Username, u32>, RpcError> {
        let counts = self.for_each_followed("getnumpieces", local).await?;
        Ok(counts.into_iter().map(|(name, count)| (name, count.unwrap_or(0))).collect())
    }

    /// The swarm of `author` as the node sees it, or `None` if no account there follows `author` (`torrentstatus`).
    pub async fn torrent_status(&self, author: &Username) -> Result<Option<TorrentStatus>, RpcError> {
        self.typed("torrentstatus", vec![text(author)]).await
    }
}
