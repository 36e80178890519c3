//! Where the app gets a bridge's passwords from and where it puts them. The system's keyring keeps them; where none
//! runs, the app keeps them in memory until it ends, and says so.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mqtt_twister_bridge::config::{BridgeConfig, BridgeName};
use mqtt_twister_bridge::secrets::{self, Password, SecretError, SecretKind, Secrets};

use crate::error::{AppErrorCode, CommandError};
use crate::view::PasswordPlace;

/// Where passwords are kept between runs. Calls block for as long as the vault takes, for example to ask the person.
pub trait Vault: Send + Sync {
    /// The password, if there is one.
    ///
    /// # Errors
    /// [`SecretError::NoKeyring`] when the vault cannot be used.
    fn load(&self, bridge: &BridgeName, kind: SecretKind) -> Result<Option<Password>, SecretError>;

    /// Keeps a password; an empty one removes what is there.
    ///
    /// # Errors
    /// [`SecretError::NoKeyring`] when the vault cannot be used.
    fn save(&self, bridge: &BridgeName, kind: SecretKind, password: &Password) -> Result<(), SecretError>;

    /// The password of a node that the app runs, if there is one.
    ///
    /// # Errors
    /// [`SecretError::NoKeyringForNode`] when the vault cannot be used.
    fn load_node(&self, node: &str) -> Result<Option<Password>, SecretError>;

    /// Keeps the password of a node that the app runs; an empty one removes what is there.
    ///
    /// # Errors
    /// [`SecretError::NoKeyringForNode`] when the vault cannot be used.
    fn save_node(&self, node: &str, password: &Password) -> Result<(), SecretError>;
}

/// The system's keyring, and the environment variables that go before it.
#[derive(Debug, Clone, Copy)]
pub struct SystemKeyring;

impl Vault for SystemKeyring {
    fn load(&self, bridge: &BridgeName, kind: SecretKind) -> Result<Option<Password>, SecretError> {
        secrets::load(bridge, kind)
    }

    fn save(&self, bridge: &BridgeName, kind: SecretKind, password: &Password) -> Result<(), SecretError> {
        secrets::save(bridge, kind, password)
    }

    fn load_node(&self, node: &str) -> Result<Option<Password>, SecretError> {
        secrets::load_node(node)
    }

    fn save_node(&self, node: &str, password: &Password) -> Result<(), SecretError> {
        secrets::save_node(node, password)
    }
}

/// The passwords of all bridges, as far as the app has met them.
pub struct Passwords {
    vault: Arc<dyn Vault>,
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Debug, Clone)]
enum Known {
    /// In the keyring or the environment; it is asked again when the password is used.
    Kept(PasswordPlace),
    /// Here and nowhere else.
    Held(Password),
}

impl Passwords {
    /// Passwords that are kept in `vault`.
    pub fn new(vault: Arc<dyn Vault>) -> Self {
        Self { vault, known: Mutex::default() }
    }

    /// What the bridge needs to start. `node`: the password of its node, if the app runs that.
    ///
    /// # Errors
    /// [`AppErrorCode::PasswordMissing`] when the node's is not known, [`AppErrorCode::KeyringUnavailable`] when there
    /// is no keyring to ask. A broker's user may have none.
    pub async fn secrets(&self, config: &BridgeConfig, node: Option<Password>) -> Result<Secrets, CommandError> {
        let BridgeConfig { name, twister, broker, .. } = config;
        let node = match node {
            Some(node) => node,
            None if twister.user.is_empty() => Password::default(),
            None => self.find(name, SecretKind::Node).await?.ok_or_else(|| missing(config))?,
        };
        let broker = match broker.user.is_empty() {
            true => Password::default(),
            false => self.find(name, SecretKind::Broker).await?.unwrap_or_default(),
        };
        Ok(Secrets { node, broker })
    }

    /// The password, wherever it is.
    ///
    /// # Errors
    /// [`AppErrorCode::KeyringUnavailable`] when it is not held here and there is no keyring to ask.
    pub async fn find(&self, bridge: &BridgeName, kind: SecretKind) -> Result<Option<Password>, CommandError> {
        if let Some(Known::Held(password)) = self.known().get(&key(bridge, kind)) {
            return Ok(Some(password.clone()));
        }
        let (vault, name) = (Arc::clone(&self.vault), bridge.clone());
        let found = blocking(move || vault.load(&name, kind)).await??;
        let place = match &found {
            Some(_) if std::env::var_os(kind.variable(bridge)).is_some() => PasswordPlace::Environment,
            Some(_) => PasswordPlace::Keyring,
            None => PasswordPlace::Missing,
        };
        self.known().insert(key(bridge, kind), Known::Kept(place));
        Ok(found)
    }

    /// Saves a password in the keyring, or holds it here when that fails; then the reason comes back, to be shown.
    pub async fn put(&self, bridge: &BridgeName, kind: SecretKind, password: Password) -> Option<CommandError> {
        let (vault, name, saved) = (Arc::clone(&self.vault), bridge.clone(), password.clone());
        let outcome = blocking(move || vault.save(&name, kind, &saved)).await;
        let (known, warning) = match outcome {
            Ok(Ok(())) if password.is_empty() => (Known::Kept(PasswordPlace::Missing), None),
            Ok(Ok(())) => (Known::Kept(PasswordPlace::Keyring), None),
            Ok(Err(error)) => (Known::Held(password), Some(held_here(&error))),
            Err(error) => (Known::Held(password), Some(error)),
        };
        self.known().insert(key(bridge, kind), known);
        warning
    }

    /// Removes both passwords of a bridge that is no more.
    pub async fn forget(&self, bridge: &BridgeName) {
        for kind in [SecretKind::Node, SecretKind::Broker] {
            // What the keyring cannot remove now, it did not take from us either: nothing is left to tell.
            let _ = self.put(bridge, kind, Password::default()).await;
            self.known().remove(&key(bridge, kind));
        }
    }

    /// Takes the passwords along when a bridge gets another name.
    pub async fn rename(&self, from: &BridgeName, to: &BridgeName) -> Option<CommandError> {
        let mut warning = None;
        for kind in [SecretKind::Node, SecretKind::Broker] {
            match self.find(from, kind).await {
                Ok(Some(password)) => warning = self.put(to, kind, password).await.or(warning),
                Ok(None) => {}
                Err(error) => warning = Some(error),
            }
        }
        self.forget(from).await;
        warning
    }

    /// Where the bridge's passwords are: the node's, then the broker's.
    pub async fn places(&self, config: &BridgeConfig) -> (PasswordPlace, PasswordPlace) {
        let node = self.place(&config.name, SecretKind::Node, &config.twister.user).await;
        let broker = self.place(&config.name, SecretKind::Broker, &config.broker.user).await;
        (node, broker)
    }

    async fn place(&self, bridge: &BridgeName, kind: SecretKind, user: &str) -> PasswordPlace {
        if user.is_empty() {
            return PasswordPlace::NotNeeded;
        }
        if !self.known().contains_key(&key(bridge, kind)) {
            // Without a keyring nothing is noted, and the answer below is "missing": it has to be given.
            let _ = self.find(bridge, kind).await;
        }
        match self.known().get(&key(bridge, kind)) {
            Some(Known::Kept(place)) => *place,
            Some(Known::Held(_)) => PasswordPlace::Memory,
            None => PasswordPlace::Missing,
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keyrings answer when they please, some after asking the person: never on the threads that move messages.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, CommandError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        CommandError::new(AppErrorCode::KeyringUnavailable, format!("the keyring's client failed: {error}"))
    })
}

fn key(bridge: &BridgeName, kind: SecretKind) -> String {
    format!("{bridge}/{kind:?}")
}

fn held_here(error: &SecretError) -> CommandError {
    CommandError::new(
        AppErrorCode::KeyringUnavailable,
        format!("{error}. The app keeps it in memory until you close it, so you can go on."),
    )
}

fn missing(config: &BridgeConfig) -> CommandError {
    let (bridge, user) = (&config.name, &config.twister.user);
    let variable = SecretKind::Node.variable(bridge);
    CommandError {
        field: Some("node_password".to_owned()),
        ..CommandError::new(
            AppErrorCode::PasswordMissing,
            format!(
                "no password is known for {user} on the Twister node of {bridge}: enter it in the settings, or set the \
                 environment variable {variable} before you start the app"
            ),
        )
    }
}
