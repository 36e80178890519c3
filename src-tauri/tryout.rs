//! "Try it" in the app: opening and closing the sandbox network, and its two bridges. It is apart from the person's own
//! bridges and their settings file; its state is kept in its own folder.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mqtt_twister_bridge::config::{BridgeConfig, BridgeName};
use mqtt_twister_bridge::secrets::Secrets;
use mqtt_twister_tryout::Tryout;

use crate::bridges::{AppBridge, Notice, Outlets};
use crate::error::{AppErrorCode, CommandError};
use crate::view::{BridgeId, Effect, TryoutPhase};

/// The sandbox, its brokers and its bridges.
pub struct TryoutRoom {
    folder: PathBuf,
    outlets: Outlets,
    open: tokio::sync::Mutex<Option<Tryout>>,
    bridges: Mutex<Vec<TryoutBridge>>,
}

/// A bridge of "Try it" and the passwords that the sandbox gave it.
#[derive(Clone)]
pub struct TryoutBridge {
    /// The bridge.
    pub bridge: Arc<AppBridge>,
    /// What it logs in with.
    pub secrets: Secrets,
}

impl TryoutRoom {
    /// A closed one that keeps its state in `folder`.
    pub fn new(folder: PathBuf, outlets: Outlets) -> Self {
        Self { folder, outlets, open: tokio::sync::Mutex::new(None), bridges: Mutex::default() }
    }

    /// Starts the sandbox network and its brokers, unless they run. The bridges stay stopped.
    ///
    /// # Errors
    /// [`AppErrorCode::TryoutFailed`] with what could not be started.
    pub async fn open(&self) -> Result<(), CommandError> {
        let mut open = self.open.lock().await;
        if open.is_some() {
            return Ok(());
        }
        let tryout = Tryout::start(Some(&self.folder))
            .await
            .map_err(|error| CommandError::new(AppErrorCode::TryoutFailed, error.to_string()))?;
        *self.list() = tryout
            .bridges()
            .iter()
            .map(|bridge| TryoutBridge {
                bridge: AppBridge::new(
                    BridgeId::tryout(bridge.config.name.clone()),
                    bridge.config.clone(),
                    self.outlets.clone(),
                ),
                secrets: bridge.secrets.clone(),
            })
            .collect();
        *open = Some(tryout);
        (self.outlets.tell)(Notice::OverviewChanged);
        Ok(())
    }

    /// Gives a bridge other rules, until all is closed. One that runs goes on by them without a pause.
    ///
    /// # Errors
    /// [`AppErrorCode::UnknownBridge`]; [`AppErrorCode::InvalidSettings`] for anything but rules: the rest is the sandbox's own.
    pub async fn change(&self, name: &BridgeName, config: BridgeConfig) -> Result<Effect, CommandError> {
        let _open = self.open.lock().await;
        let Some(TryoutBridge { bridge: old, secrets }) = self.bridge(name) else {
            return Err(CommandError::new(AppErrorCode::UnknownBridge, "\"Try it\" is closed: open it first"));
        };
        if old.config.needs_restart(&config) {
            return Err(CommandError::field("", "a bridge of \"Try it\" keeps its name, node, account and broker"));
        }
        let next = old.changed(old.id.clone(), config);
        let replace = async {
            let mut list = self.list();
            list.iter_mut().filter(|tryout| tryout.bridge.id == old.id).for_each(|tryout| {
                *tryout = TryoutBridge { bridge: Arc::clone(&next), secrets: secrets.clone() };
            });
            Ok(())
        };
        let runs = old.hand_over(&next, replace).await?;
        (self.outlets.tell)(Notice::OverviewChanged);
        Ok(if runs { Effect::Live } else { Effect::AtStart })
    }

    /// Stops the bridges, the brokers and the sandbox network; what they hold stays on disk.
    pub async fn close(&self) {
        let mut open = self.open.lock().await;
        for TryoutBridge { bridge, .. } in self.bridges() {
            bridge.stop().await;
        }
        self.list().clear();
        if let Some(tryout) = open.take() {
            tryout.stop().await;
        }
        (self.outlets.tell)(Notice::OverviewChanged);
    }

    /// Closes it and removes what it kept on disk.
    ///
    /// # Errors
    /// [`AppErrorCode::SettingsUnwritable`] when the folder cannot be removed.
    pub async fn remove(&self) -> Result<(), CommandError> {
        self.close().await;
        let outcome = match tokio::fs::remove_dir_all(&self.folder).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(CommandError::new(
                AppErrorCode::SettingsUnwritable,
                format!("cannot remove {}: {error}. Check the folder's permissions", self.folder.display()),
            )),
            _ => Ok(()),
        };
        (self.outlets.tell)(Notice::OverviewChanged);
        outcome
    }

    /// Whether it is there.
    pub fn phase(&self) -> TryoutPhase {
        match (self.list().is_empty(), self.folder.is_dir()) {
            (false, _) => TryoutPhase::Open,
            (true, true) => TryoutPhase::Closed,
            (true, false) => TryoutPhase::Absent,
        }
    }

    /// Its bridges, while it is open.
    pub fn bridges(&self) -> Vec<TryoutBridge> {
        self.list().clone()
    }

    /// The bridge of that name.
    pub fn bridge(&self, name: &BridgeName) -> Option<TryoutBridge> {
        self.list().iter().find(|tryout| &tryout.bridge.id.name == name).cloned()
    }

    /// Where its bridges keep their databases: beside the network that they belong to.
    ///
    /// # Errors
    /// [`AppErrorCode::UnknownBridge`] when it is closed.
    pub async fn data_dir(&self) -> Result<PathBuf, CommandError> {
        match &*self.open.lock().await {
            Some(tryout) => Ok(tryout.bridges_dir().to_owned()),
            None => Err(CommandError::new(AppErrorCode::UnknownBridge, "\"Try it\" is closed: open it first")),
        }
    }

    fn list(&self) -> MutexGuard<'_, Vec<TryoutBridge>> {
        self.bridges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
