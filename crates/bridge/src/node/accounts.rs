//! Accounts in the node's wallet: making them, following their registration, taking their keys out and putting keys in.
//!
//! A key travels as [`Password`] and [`Secret`], which show nothing of it; no error text quotes one.

use serde::{Deserialize, Serialize};
use twister::key::public_key_of;
use twister::{BlockHeight, NodeFault, RpcError, Secret, Username};

use super::Node;
use crate::check::CheckError;
use crate::clock::now_s;
use crate::event::ProblemCode;
use crate::secrets::Password;

/// Blocks back from the newest over which the time between two is measured.
const MEASURED_BLOCKS: u32 = 12;

/// Time between two blocks that the network aims at, in seconds.
const BLOCK_PERIOD_S: u64 = 600;

/// An account whose registration was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// Its secret key, for a backup.
    pub key: Password,
    /// The registration's id among those that wait for a block; none if it was sent before, by somebody else.
    pub transaction: Option<String>,
}

/// How far an account's registration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Registration {
    /// How far it is.
    pub step: RegistrationStep,
    /// Height of the node's newest block.
    pub height: u32,
    /// Age of that block in seconds.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub block_age_s: u64,
    /// Time between two blocks lately, in seconds: what a registration waits for.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub block_interval_s: u64,
    /// Other nodes that this one is connected to; without any, a registration reaches nobody who makes blocks.
    pub connections: u32,
}

/// How far a registration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum RegistrationStep {
    /// The wallet has no key for the name.
    NotInWallet,
    /// The key is there, and no registration waits for a block: it was never sent, or the node was restarted since.
    NotSent,
    /// It waits for a block.
    Pending,
    /// It is in the chain.
    Confirmed {
        /// Height of the block that holds it.
        height: u32,
        /// Blocks from that one to the newest, both included.
        confirmations: u32,
    },
}

impl Node {
    /// Makes a key for a new account, unless the wallet has one, and sends its registration, which takes effect with the
    /// next block. It may be called again: for an account that is registered or waits already, nothing is sent.
    ///
    /// # Errors
    /// Why the name cannot be had.
    pub async fn register(&self, name: &Username) -> Result<NewAccount, CheckError> {
        let key = match self.client.create_wallet_user(name).await {
            Err(error) if error.node_fault() == Some(NodeFault::NameInWallet) => {
                self.client.dump_private_key(name).await?
            }
            key => key?,
        };
        let sent = self.client.send_new_user_transaction(name).await;
        let transaction = match sent {
            Ok(transaction) => Some(transaction),
            // The node says no more than that it does not want it; it does so of one that waits already.
            Err(error) if self.knows_registration(&error, name).await? => None,
            Err(error) => return Err(error.into()),
        };
        Ok(NewAccount { key: Password::new(key.expose()), transaction })
    }

    /// How far the registration of `name` is. `transaction` is its id if it is known ([`NewAccount::transaction`]): without
    /// it, any registration that waits is taken for this one.
    ///
    /// # Errors
    /// What the node says.
    pub async fn registration(&self, name: &Username, transaction: Option<&str>) -> Result<Registration, CheckError> {
        let info = self.client.info().await?;
        let newest = self.client.block(&self.client.best_block_hash().await?).await?;
        let step = self.registration_step(name, transaction).await?;
        let back = newest.height.0.min(MEASURED_BLOCKS);
        let block_interval_s = match back {
            0 => BLOCK_PERIOD_S,
            _ => {
                let earlier = BlockHeight(newest.height.0 - back);
                let earlier = self.client.block(&self.client.block_hash(earlier).await?).await?;
                u64::try_from(newest.time - earlier.time).unwrap_or(0) / u64::from(back)
            }
        };
        Ok(Registration {
            step,
            height: newest.height.0,
            block_age_s: now_s().saturating_sub(u64::try_from(newest.time).unwrap_or(0)),
            block_interval_s: block_interval_s.max(1),
            connections: info.connections,
        })
    }

    /// Whether the wallet has the key of an account, registered or not.
    ///
    /// # Errors
    /// What the node says.
    pub async fn has_key(&self, name: &Username) -> Result<bool, CheckError> {
        Ok(self.is_in_wallet(name).await?)
    }

    /// The secret key of an account in the wallet, for a backup.
    ///
    /// # Errors
    /// [`ProblemCode::AccountNotInWallet`], or what the node says.
    pub async fn secret_key(&self, name: &Username) -> Result<Password, CheckError> {
        Ok(Password::new(self.client.dump_private_key(name).await?.expose()))
    }

    /// Puts the key of a registered account into the wallet. The node itself would take any key under any name, so it is
    /// compared with the chain first.
    ///
    /// # Errors
    /// [`ProblemCode::KeyInvalid`] if the text is no key or that of another account, [`ProblemCode::AccountNotRegistered`]
    /// if the chain has no such account to compare with. The wallet is as before then.
    pub async fn import_key(&self, name: &Username, key: &Password) -> Result<(), CheckError> {
        let secret = Secret::from(key.reveal().trim().to_owned());
        let Some(public) = public_key_of(&secret) else {
            let text = "this is no secret key, or a character of it was mistyped: a key has 51 or 52 letters and digits and \
                        was shown when the account was made. Copy it again, whole";
            return Err(refused(ProblemCode::KeyInvalid, text));
        };
        let Some(registered) = self.client.public_key(name).await? else {
            let text = format!(
                "the node's chain has no account {name}, so nobody can tell whether the key is its key. Check the name; \
                 if the account is new, wait until its registration is in a block, and if the node is catching up, until \
                 it has caught up"
            );
            return Err(refused(ProblemCode::AccountNotRegistered, text));
        };
        if registered != public {
            let text =
                format!("this is the key of another account, not of {name}. Check the name, or take the other key");
            return Err(refused(ProblemCode::KeyInvalid, text));
        }
        self.client.import_private_key(&secret, name).await?;
        // The node says nothing when it has the key already under another name.
        if !self.is_in_wallet(name).await? {
            let text = format!(
                "the node has this key already under another name than {name}, and does not give it this one. Remove the \
                 other from its wallet first"
            );
            return Err(refused(ProblemCode::KeyInvalid, text));
        }
        Ok(())
    }

    pub(super) async fn is_in_wallet(&self, name: &Username) -> Result<bool, RpcError> {
        Ok(self.client.wallet_users().await?.iter().any(|known| known == name.as_str()))
    }

    async fn registration_step(
        &self,
        name: &Username,
        transaction: Option<&str>,
    ) -> Result<RegistrationStep, RpcError> {
        if let Some(found) = self.client.registration(name).await? {
            let (height, confirmations) = (found.height.0, found.confirmations);
            return Ok(RegistrationStep::Confirmed { height, confirmations });
        }
        if !self.is_in_wallet(name).await? {
            return Ok(RegistrationStep::NotInWallet);
        }
        let waiting = self.client.pending_registrations().await?;
        let is_waiting = match transaction {
            Some(own) => waiting.iter().any(|id| id == own),
            None => !waiting.is_empty(),
        };
        Ok(if is_waiting { RegistrationStep::Pending } else { RegistrationStep::NotSent })
    }

    /// Whether a registration was refused because there is one already, made with the key of this wallet.
    async fn knows_registration(&self, error: &RpcError, name: &Username) -> Result<bool, RpcError> {
        match error.node_fault() {
            Some(NodeFault::RegistrationRefused) => Ok(!self.client.pending_registrations().await?.is_empty()),
            Some(NodeFault::NameTaken) => {
                let (chain, own) = (self.client.public_key(name).await?, self.client.dump_private_key(name).await?);
                Ok(chain.is_some() && chain == public_key_of(&own))
            }
            _ => Ok(false),
        }
    }
}

fn refused(code: ProblemCode, message: impl Into<String>) -> CheckError {
    CheckError { code, message: message.into() }
}
