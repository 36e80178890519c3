//! Passwords: where they are kept and how they are passed on. They live in the system's keyring; where none runs, in
//! environment variables. They are never written to a file, an event, a log or an error text.

use std::fmt;

use zeroize::Zeroizing;

use crate::config::BridgeName;

/// The name under which the system's keyring keeps this program's passwords.
const KEYRING_SERVICE: &str = "mqtt-twister";

/// A password. `Debug` shows that there is one and nothing more; the memory is wiped when it goes.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes the password over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The password itself, for the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "Password(none)" } else { "Password(hidden)" })
    }
}

/// The passwords of one bridge. An empty one means: none is needed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Secrets {
    /// The node's `rpcpassword`.
    pub node: Password,
    /// The broker's password.
    pub broker: Password,
}

/// Which password of a bridge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// The node's `rpcpassword`.
    Node,
    /// The broker's password.
    Broker,
}

/// Why the keyring did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// No keyring runs, or it is locked.
    #[error(
        "the system's keyring cannot be used ({reason}). Unlock or start it (for example gnome-keyring or KWallet), or \
         give the password in the environment variable {variable}"
    )]
    NoKeyring {
        /// What the keyring said.
        reason: String,
        /// The environment variable that is read in its place.
        variable: String,
    },
    /// No keyring runs, or it is locked, and it is about the password of a node that the app runs: no variable has that.
    #[error("the system's keyring cannot be used ({reason}). Unlock or start it, for example gnome-keyring or KWallet")]
    NoKeyringForNode {
        /// What the keyring said.
        reason: String,
    },
}

impl SecretKind {
    /// The environment variable that takes precedence over the keyring: `MQTT_TWISTER_<BRIDGE>_NODE_PASSWORD` or
    /// `…_BROKER_PASSWORD`, with the bridge's name in capitals and `_` for `-`.
    pub fn variable(self, bridge: &BridgeName) -> String {
        let bridge = bridge.as_str().to_ascii_uppercase().replace('-', "_");
        match self {
            Self::Node => format!("MQTT_TWISTER_{bridge}_NODE_PASSWORD"),
            Self::Broker => format!("MQTT_TWISTER_{bridge}_BROKER_PASSWORD"),
        }
    }

    fn entry_name(self, bridge: &BridgeName) -> String {
        match self {
            Self::Node => format!("{bridge}/node"),
            Self::Broker => format!("{bridge}/broker"),
        }
    }
}

/// Reads a password: the environment variable, else the keyring, else none. Blocks while the keyring answers.
///
/// # Errors
/// [`SecretError::NoKeyring`] when there is no variable and no keyring to ask.
pub fn load(bridge: &BridgeName, kind: SecretKind) -> Result<Option<Password>, SecretError> {
    if let Ok(text) = std::env::var(kind.variable(bridge)) {
        return Ok(Some(Password::new(text)));
    }
    match entry(bridge, kind)?.get_password() {
        Ok(text) => Ok(Some(Password::new(text))),
        Err(keyring::Error::NoEntry) => Ok(None),
        Err(error) => Err(no_keyring(bridge, kind, &error)),
    }
}

/// Saves a password in the keyring; an empty one removes what is there. Blocks while the keyring answers.
///
/// # Errors
/// [`SecretError::NoKeyring`] when no keyring can be used.
pub fn save(bridge: &BridgeName, kind: SecretKind, password: &Password) -> Result<(), SecretError> {
    put(&entry(bridge, kind)?, password).map_err(|error| no_keyring(bridge, kind, &error))
}

/// Reads the password of a node that the app runs from the keyring. Blocks while the keyring answers.
///
/// # Errors
/// [`SecretError::NoKeyringForNode`].
pub fn load_node(node: &str) -> Result<Option<Password>, SecretError> {
    match node_entry(node)?.get_password() {
        Ok(text) => Ok(Some(Password::new(text))),
        Err(keyring::Error::NoEntry) => Ok(None),
        Err(error) => Err(no_keyring_for_node(&error)),
    }
}

/// Saves the password of a node that the app runs; an empty one removes what is there. Blocks while the keyring answers.
///
/// # Errors
/// [`SecretError::NoKeyringForNode`].
pub fn save_node(node: &str, password: &Password) -> Result<(), SecretError> {
    match put(&node_entry(node)?, password) {
        Ok(()) => Ok(()),
        Err(error) => Err(no_keyring_for_node(&error)),
    }
}

/// No bridge's entry is called so: theirs have one slash.
fn node_entry(node: &str) -> Result<keyring::Entry, SecretError> {
    keyring::Entry::new(KEYRING_SERVICE, &format!("own-node/{node}/rpc")).map_err(|error| no_keyring_for_node(&error))
}

fn no_keyring_for_node(error: &keyring::Error) -> SecretError {
    SecretError::NoKeyringForNode { reason: error.to_string() }
}

fn put(entry: &keyring::Entry, password: &Password) -> keyring::Result<()> {
    let outcome = match password.is_empty() {
        true => entry.delete_credential(),
        false => entry.set_password(password.reveal()),
    };
    match outcome {
        Err(keyring::Error::NoEntry) => Ok(()),
        outcome => outcome,
    }
}

fn entry(bridge: &BridgeName, kind: SecretKind) -> Result<keyring::Entry, SecretError> {
    keyring::Entry::new(KEYRING_SERVICE, &kind.entry_name(bridge)).map_err(|error| no_keyring(bridge, kind, &error))
}

fn no_keyring(bridge: &BridgeName, kind: SecretKind, error: &keyring::Error) -> SecretError {
    SecretError::NoKeyring { reason: error.to_string(), variable: kind.variable(bridge) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_shows_itself() {
        assert_eq!(
            format!("{:?}", Secrets { node: Password::new("geheim"), ..Secrets::default() }),
            "Secrets { node: Password(hidden), broker: Password(none) }"
        );
    }

    #[test]
    fn the_variable_is_named_after_the_bridge() {
        let bridge = "my-home".parse().unwrap();
        assert_eq!(SecretKind::Node.variable(&bridge), "MQTT_TWISTER_MY_HOME_NODE_PASSWORD");
        assert_eq!(SecretKind::Broker.variable(&bridge), "MQTT_TWISTER_MY_HOME_BROKER_PASSWORD");
    }
}
