//! The passwords of the nodes that the app runs. Each is made once and kept in the system's keyring; where none runs, a node gets
//! another one at each start, because nobody else has to know it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use mqtt_twister_bridge::secrets::Password;
use mqtt_twister_daemon::{NodeId, new_password};

use crate::error::CommandError;
use crate::passwords::{Vault, blocking};

/// The passwords of the app's nodes, as far as they were needed.
pub struct NodePasswords {
    vault: Arc<dyn Vault>,
    known: Mutex<HashMap<NodeId, Password>>,
}

impl NodePasswords {
    /// Passwords that are kept in `vault`.
    pub fn new(vault: Arc<dyn Vault>) -> Self {
        Self { vault, known: Mutex::default() }
    }

    /// The password of a node; a new one if there was none.
    ///
    /// # Errors
    /// The keyring's client failed altogether.
    pub async fn of(&self, id: &NodeId) -> Result<Password, CommandError> {
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(id) {
            return Ok(known.clone());
        }
        let (vault, name) = (Arc::clone(&self.vault), id.clone());
        let password = blocking(move || kept_or_new(&*vault, &name)).await?;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), password.clone());
        Ok(password)
    }

    /// Forgets the password of a node that is no more.
    pub async fn forget(&self, id: &NodeId) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        let (vault, name) = (Arc::clone(&self.vault), id.clone());
        // What the keyring cannot remove now opens nothing any more.
        let _ = blocking(move || vault.save_node(name.as_str(), &Password::default())).await;
    }
}

fn kept_or_new(vault: &dyn Vault, id: &NodeId) -> Password {
    let made = || Password::new(new_password().as_str());
    match vault.load_node(id.as_str()) {
        Ok(Some(password)) => password,
        Ok(None) => {
            let password = made();
            if let Err(error) = vault.save_node(id.as_str(), &password) {
                tracing::warn!(%error, node = %id, "the node's password is not kept: its next start gets another one");
            }
            password
        }
        // What is there and cannot be read now is not to be written over.
        Err(error) => {
            tracing::warn!(%error, node = %id, "the node gets a password that is not kept");
            made()
        }
    }
}
