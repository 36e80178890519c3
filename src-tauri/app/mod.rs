//! The app behind the window: the person's bridges and their settings file, "Try it", the built-in broker. It knows no
//! Tauri, so that tests can use it as the window does.

mod settings;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mqtt_twister_bridge::config::{BridgeConfig, BridgeName, ConfigFile};
use mqtt_twister_bridge::secrets::{Password, Secrets};

use crate::account::SentRegistrations;
use crate::bridges::{AppBridge, Outlets, Tell};
use crate::builtin_broker::BuiltinBroker;
use crate::composer::Composer;
use crate::error::{AppErrorCode, CommandError};
use crate::messages::MessageRoom;
use crate::network::Looks;
use crate::nodes::room::NodeRoom;
use crate::passwords::{Passwords, Vault};
use crate::probing::Probing;
use crate::resume::Resume;
use crate::tryout::TryoutRoom;
use crate::view::{BridgeId, BridgeView, FoundSecret, Overview, PasswordPlace, SecretInput, TryoutView};
use settings::{file_of, read, settings_path};

/// The app behind the window.
pub struct App {
    /// Where the bridges' passwords are.
    pub passwords: Passwords,
    /// "Try it".
    pub tryout: TryoutRoom,
    /// The broker inside the app.
    pub builtin_broker: BuiltinBroker,
    /// The nodes that the app runs.
    pub nodes: NodeRoom,
    /// What was found on this machine.
    pub probing: Probing,
    resume: Resume,
    /// The registrations that were sent.
    pub registrations: SentRegistrations,
    /// The heights of nodes that catch up.
    pub looks: Looks,
    /// The messages that cross.
    pub messages: Arc<MessageRoom>,
    /// What was published from here.
    pub composer: Composer,
    folder: PathBuf,
    pub(crate) tell: Tell,
    own: Mutex<Own>,
    /// Held while bridges are added, changed or removed: one change at a time.
    edit: tokio::sync::Mutex<()>,
}

/// The person's own bridges.
struct Own {
    bridges: Vec<Arc<AppBridge>>,
    /// Why the settings file could not be read.
    problem: Option<CommandError>,
}

impl App {
    /// Reads the settings in `folder`. A file that cannot be read is left alone and reported in the overview.
    pub fn open(folder: PathBuf, vault: Arc<dyn Vault>, tell: Tell) -> Self {
        let messages = Arc::new(MessageRoom::open(&folder));
        let outlets = Outlets { tell: tell.clone(), messages: Arc::clone(&messages) };
        let own = match read(&settings_path(&folder)) {
            Ok(ConfigFile { bridges }) => Own {
                bridges: bridges
                    .into_iter()
                    .map(|config| AppBridge::new(BridgeId::own(config.name.clone()), config, outlets.clone()))
                    .collect(),
                problem: None,
            },
            Err(error) => Own { bridges: Vec::new(), problem: Some(error.into()) },
        };
        Self {
            passwords: Passwords::new(Arc::clone(&vault)),
            nodes: NodeRoom::new(folder.clone(), vault),
            tryout: TryoutRoom::new(folder.join("try-it"), outlets.clone()),
            composer: Composer::open(&folder),
            messages,
            builtin_broker: BuiltinBroker::new(folder.join("builtin-broker")),
            probing: Probing::default(),
            resume: Resume::open(folder.join("running")),
            registrations: SentRegistrations::default(),
            looks: Looks::default(),
            folder,
            tell,
            own: Mutex::new(own),
            edit: tokio::sync::Mutex::new(()),
        }
    }

    /// Everything that the window needs to draw itself.
    pub async fn overview(&self) -> Overview {
        let mut bridges = Vec::new();
        for bridge in self.own_bridges() {
            let (mut node, broker) = self.passwords.places(&bridge.config).await;
            if self.nodes.at(&bridge.config.twister.url).is_some() {
                node = PasswordPlace::OwnNode;
            }
            bridges.push(view(&bridge, (node, broker)));
        }
        let not_needed = (PasswordPlace::NotNeeded, PasswordPlace::NotNeeded);
        Overview {
            bridges,
            tryout: TryoutView {
                phase: self.tryout.phase(),
                bridges: self.tryout.bridges().iter().map(|tryout| view(&tryout.bridge, not_needed)).collect(),
            },
            builtin_broker: self.builtin_broker.view().await,
            settings_path: settings_path(&self.folder).display().to_string(),
            settings_problem: self.own().problem.clone(),
        }
    }

    /// Starts a bridge, and before it the built-in broker and the node of the app, if it uses them.
    ///
    /// # Errors
    /// See [`AppBridge::start`], [`AppErrorCode::BuiltinBrokerFailed`], and why the node cannot be run.
    pub async fn start(&self, id: &BridgeId) -> Result<(), CommandError> {
        let bridge = self.bridge(id)?;
        if !id.tryout {
            self.resume.note(&id.name, true);
        }
        let data_dir = self.data_dir_of(id).await?;
        bridge.start(&data_dir, self.secrets(&bridge)).await
    }

    /// Stops a bridge.
    ///
    /// # Errors
    /// [`AppErrorCode::UnknownBridge`].
    pub async fn stop(&self, id: &BridgeId) -> Result<(), CommandError> {
        self.bridge(id)?.stop().await;
        self.resume.note(&id.name, false);
        Ok(())
    }

    /// Starts the bridges that ran when the app ended. Why one does not run, its own page shows.
    pub async fn resume(&self) {
        for name in self.resume.wanted() {
            let id = BridgeId::own(name);
            if self.start(&id).await.is_err() && self.bridge(&id).is_err() {
                // It was removed from the settings file by another hand.
                self.resume.note(&id.name, false);
            }
        }
    }

    /// The person's own bridges, then those of "Try it".
    pub fn bridges(&self) -> Vec<Arc<AppBridge>> {
        let tryout = self.tryout.bridges().into_iter().map(|tryout| tryout.bridge);
        self.own_bridges().into_iter().chain(tryout).collect()
    }

    /// What the person's own bridges are told to do.
    pub fn own_configs(&self) -> Vec<BridgeConfig> {
        file_of(&self.own_bridges()).bridges
    }

    /// The password that came from the window, or that it points to.
    pub fn given(&self, secret: SecretInput) -> Password {
        match secret {
            SecretInput::Typed(text) => Password::new(text),
            SecretInput::Found { found: FoundSecret::NodeFile } => self.probing.found().unwrap_or_default(),
        }
    }

    /// What a bridge logs in with; its broker runs when this returns, and its node is on its way, if they are the app's own.
    pub async fn secrets(&self, bridge: &AppBridge) -> Result<Secrets, CommandError> {
        if bridge.id.tryout {
            let tryout = self.tryout.bridge(&bridge.id.name).ok_or_else(|| unknown(&bridge.id))?;
            return Ok(tryout.secrets);
        }
        if self.builtin_broker.is_at(&bridge.config.broker.url).await {
            self.builtin_broker.start().await?;
        }
        let node = match self.nodes.at(&bridge.config.twister.url) {
            Some(node) => {
                self.nodes.start(&node.id).await?;
                Some(self.nodes.password(&node.id).await?)
            }
            None => None,
        };
        self.passwords.secrets(&bridge.config, node).await
    }

    /// The bridge of that name.
    ///
    /// # Errors
    /// [`AppErrorCode::UnknownBridge`].
    pub fn bridge(&self, id: &BridgeId) -> Result<Arc<AppBridge>, CommandError> {
        let found = match id.tryout {
            true => self.tryout.bridge(&id.name).map(|tryout| tryout.bridge),
            false => self.own().bridges.iter().find(|bridge| bridge.id == *id).cloned(),
        };
        found.ok_or_else(|| unknown(id))
    }

    /// Stops everything, in an order in which nothing misses what it needs.
    pub async fn close(&self) {
        for bridge in self.own_bridges() {
            bridge.stop().await;
        }
        self.tryout.close().await;
        self.builtin_broker.stop().await;
        self.nodes.close().await;
        let messages = Arc::clone(&self.messages);
        // It would have panicked, and then nothing more can be recorded.
        let _ = tokio::task::spawn_blocking(move || messages.stop_recording()).await;
    }

    fn outlets(&self) -> Outlets {
        Outlets { tell: self.tell.clone(), messages: Arc::clone(&self.messages) }
    }

    fn data_dir(&self) -> PathBuf {
        self.folder.join("bridges")
    }

    /// Where this bridge's folder is.
    pub(crate) async fn data_dir_of(&self, id: &BridgeId) -> Result<PathBuf, CommandError> {
        if id.tryout { self.tryout.data_dir().await } else { Ok(self.data_dir()) }
    }

    fn bridge_folder(&self, name: &BridgeName) -> PathBuf {
        self.data_dir().join(name.as_str())
    }

    fn own_bridges(&self) -> Vec<Arc<AppBridge>> {
        self.own().bridges.clone()
    }

    fn own(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn view(bridge: &AppBridge, (node_password, broker_password): (PasswordPlace, PasswordPlace)) -> BridgeView {
    BridgeView {
        id: bridge.id.clone(),
        config: bridge.config.clone(),
        state: bridge.state(),
        start_error: bridge.start_error(),
        node_password,
        broker_password,
    }
}

fn unknown(id: &BridgeId) -> CommandError {
    CommandError::new(AppErrorCode::UnknownBridge, format!("there is no bridge {id} (any more)"))
}
