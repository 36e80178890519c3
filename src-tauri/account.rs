//! Accounts: registering them, their keys, their profiles, and the posts that they have left.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use mqtt_twister_bridge::node::{Node, Registration};
use mqtt_twister_bridge::quota::QuotaHistory;
use serde::{Deserialize, Serialize};
use twister::Username;

use crate::app::App;
use crate::error::CommandError;
use crate::view::{BridgeId, NewAccount, SecretInput};

/// A secret key on its way to the window, to be shown once. `Debug` does not show it.
#[derive(Clone, Serialize, specta::Type)]
pub struct SecretKey {
    /// The key: whoever has it owns the name.
    pub secret: String,
}

/// A key that is to be put into a node's wallet.
#[derive(Debug, Clone, Deserialize, specta::Type)]
pub struct KeyInput {
    /// The account that it belongs to.
    pub name: String,
    /// The key, as it was shown when the account was made.
    pub key: SecretInput,
}

/// How far a registration is, and since when.
#[derive(Debug, Clone, PartialEq, Serialize, specta::Type)]
pub struct RegistrationView {
    /// How far it is, as the node says.
    pub registration: Registration,
    /// When this app sent it, in milliseconds since 1970; none if it did not, or was closed since.
    #[specta(type = Option<specta_typescript::Number>)]
    pub sent_ms: Option<u64>,
}

/// What is to become of some fields of a profile: the new text, or none to remove the field.
pub type ProfileChanges = BTreeMap<String, Option<String>>;

/// The registrations that this app has sent since it was opened.
#[derive(Debug, Default)]
pub struct SentRegistrations(Mutex<HashMap<(String, Username), Sent>>);

#[derive(Debug, Clone)]
struct Sent {
    at_ms: u64,
    transaction: Option<String>,
}

impl App {
    /// Makes an account in a node's wallet, unless it is there, and sends its registration, unless it was sent. The answer
    /// holds its secret key.
    ///
    /// # Errors
    /// Why the name cannot be had.
    pub async fn register(&self, node: &Node, name: &str) -> Result<NewAccount, CommandError> {
        let name = account_name(name)?;
        let account = node.register(&name).await?;
        self.registrations.note(node, &name, account.transaction);
        Ok(NewAccount { name: name.into(), secret: account.key.reveal().to_owned() })
    }

    /// How far an account's registration is.
    ///
    /// # Errors
    /// What the node says.
    pub async fn registration(&self, node: &Node, name: &str) -> Result<RegistrationView, CommandError> {
        let name = account_name(name)?;
        let sent = self.registrations.find(node, &name);
        let transaction = sent.as_ref().and_then(|sent| sent.transaction.as_deref());
        let registration = node.registration(&name, transaction).await?;
        Ok(RegistrationView { registration, sent_ms: sent.map(|sent| sent.at_ms) })
    }

    /// The posts of a bridge's account over time; nothing of a bridge that does not run.
    ///
    /// # Errors
    /// [`AppErrorCode::UnknownBridge`](crate::error::AppErrorCode::UnknownBridge), or what the bridge's database says.
    pub async fn quota(&self, id: &BridgeId) -> Result<QuotaHistory, CommandError> {
        let asked = self.bridge(id)?.ask(async |bridge| bridge.quota_history().await).await;
        Ok(asked.transpose()?.unwrap_or_default())
    }
}

/// A name that an account can have.
///
/// # Errors
/// [`AppErrorCode::InvalidSettings`](crate::error::AppErrorCode::InvalidSettings).
pub fn account_name(name: &str) -> Result<Username, CommandError> {
    name.trim().parse().map_err(|error| CommandError::field("twister.account", error))
}

impl SentRegistrations {
    fn note(&self, node: &Node, name: &Username, transaction: Option<String>) {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = sent.entry(key(node, name));
        // One that was sent again, because the node had forgotten it, is waited for anew.
        if transaction.is_some() {
            entry.insert_entry(Sent { at_ms: now_ms(), transaction });
        }
    }

    fn find(&self, node: &Node, name: &Username) -> Option<Sent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key(node, name)).cloned()
    }
}

fn key(node: &Node, name: &Username) -> (String, Username) {
    (node.url().to_string(), name.clone())
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(hidden)")
    }
}
