//! The app behind the window: the person's bridges and their settings file, "Try it", the built-in broker. It knows no
//! Tauri, so that tests can use it as the window does.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mqtt_twister_bridge::config::{BridgeConfig, BridgeName, ConfigError, ConfigFile, parse_bridge};
use mqtt_twister_bridge::loops;
use mqtt_twister_bridge::secrets::{Password, SecretKind, Secrets};
use tokio::fs;

use crate::account::SentRegistrations;
use crate::bridges::{AppBridge, Notice, Outlets, Tell};
use crate::builtin_broker::BuiltinBroker;
use crate::composer::Composer;
use crate::error::{AppErrorCode, CommandError};
use crate::messages::MessageRoom;
use crate::network::Looks;
use crate::passwords::{Passwords, Vault};
use crate::probing::Probing;
use crate::resume::Resume;
use crate::tryout::TryoutRoom;
use crate::view::{
    BridgeId, BridgeInput, BridgeView, Effect, FoundSecret, Overview, PasswordPlace, Saved, SecretInput, TryoutView,
};

/// The app behind the window.
pub struct App {
    /// Where the bridges' passwords are.
    pub passwords: Passwords,
    /// "Try it".
    pub tryout: TryoutRoom,
    /// The broker inside the app.
    pub builtin_broker: BuiltinBroker,
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
    tell: Tell,
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
            passwords: Passwords::new(vault),
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
            let places = self.passwords.places(&bridge.config).await;
            bridges.push(view(&bridge, places));
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

    /// Starts a bridge, and before it the built-in broker if it uses that.
    ///
    /// # Errors
    /// See [`AppBridge::start`], and [`AppErrorCode::BuiltinBrokerFailed`].
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

    /// What a bridge logs in with; its broker runs when this returns, if it is the app's own.
    pub async fn secrets(&self, bridge: &AppBridge) -> Result<Secrets, CommandError> {
        if bridge.id.tryout {
            let tryout = self.tryout.bridge(&bridge.id.name).ok_or_else(|| unknown(&bridge.id))?;
            return Ok(tryout.secrets);
        }
        if self.builtin_broker.is_at(&bridge.config.broker.url).await {
            self.builtin_broker.start().await?;
        }
        self.passwords.secrets(&bridge.config).await
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

    /// Adds a bridge or changes one. One that runs goes on by its new rules without a pause; with another name, node, account
    /// or broker, or other passwords, it is stopped and started. Rules of "Try it" last until that is closed.
    ///
    /// # Errors
    /// [`AppErrorCode::InvalidSettings`] with the field, or what kept the settings from being written; then nothing has
    /// changed. A bridge that does not start again says so in its own place.
    pub async fn save(&self, input: BridgeInput) -> Result<Saved, CommandError> {
        let _one_at_a_time = self.edit.lock().await;
        let config = parse_bridge(input.config.clone())?;
        if let Some(id) = input.replaces.as_ref().filter(|id| id.tryout) {
            let effect = self.tryout.change(&id.name, config).await?;
            return Ok(Saved { id: id.clone(), password_warning: None, effect });
        }
        let old = input.replaces.as_ref().map(|id| self.bridge(id)).transpose()?;
        let id = BridgeId::own(config.name.clone());

        let mut bridges = self.own_bridges();
        let position = old.as_ref().and_then(|old| bridges.iter().position(|bridge| bridge.id == old.id));
        let next = match &old {
            Some(old) => old.changed(id.clone(), config.clone()),
            None => AppBridge::new(id.clone(), config.clone(), self.outlets()),
        };
        match position {
            Some(position) => bridges[position] = Arc::clone(&next),
            None => bridges.push(Arc::clone(&next)),
        }
        check_together(&bridges)?;
        self.writable()?;

        if let Some(old) = old.as_ref().filter(|old| !old.config.needs_restart(&config))
            && !input.has_passwords()
        {
            let runs = old.hand_over(&next, self.commit(bridges, None)).await?;
            (self.tell)(Notice::OverviewChanged);
            let effect = if runs { Effect::Live } else { Effect::AtStart };
            return Ok(Saved { id, password_warning: None, effect });
        }
        let ran = match &old {
            Some(old) => old.stop().await,
            None => false,
        };
        let renamed = old.as_ref().map(|old| &old.config.name).filter(|name| **name != config.name);
        let outcome = self.commit(bridges, renamed.map(|name| (name, &config.name))).await;
        let mut password_warning = None;
        if outcome.is_ok() {
            if let Some(name) = renamed {
                password_warning = self.passwords.rename(name, &config.name).await;
                self.resume.note(name, false);
            }
            for (kind, given) in [(SecretKind::Node, input.node_password), (SecretKind::Broker, input.broker_password)]
            {
                if let Some(given) = given {
                    let warning = self.passwords.put(&config.name, kind, self.given(given)).await;
                    password_warning = warning.or(password_warning);
                }
            }
        }
        if ran {
            let id = if outcome.is_ok() { id.clone() } else { input.replaces.unwrap_or_else(|| id.clone()) };
            // Its own page shows why it does not run.
            let _ = self.start(&id).await;
        }
        (self.tell)(Notice::OverviewChanged);
        let effect = if ran { Effect::Restarted } else { Effect::AtStart };
        outcome.map(|()| Saved { id, password_warning, effect })
    }

    /// What is valid in `input` and probably not meant: rules by which messages would go round among the person's bridges.
    ///
    /// # Errors
    /// [`AppErrorCode::InvalidSettings`] with the field, as [`save`](Self::save) would say.
    pub fn warnings(&self, input: BridgeInput) -> Result<Vec<String>, CommandError> {
        let config = parse_bridge(input.config)?;
        let name = config.name.clone();
        let tryout = input.replaces.as_ref().is_some_and(|id| id.tryout);
        let mut bridges = match tryout {
            true => self.tryout.bridges().iter().map(|tryout| tryout.bridge.config.clone()).collect(),
            false => file_of(&self.own_bridges()).bridges,
        };
        bridges.retain(|bridge| input.replaces.as_ref().is_none_or(|id| id.name != bridge.name));
        bridges.push(config);
        let warnings = loops::find(&bridges);
        Ok(warnings.iter().filter(|warning| warning.concerns(&name)).map(ToString::to_string).collect())
    }

    /// Stops a bridge and removes its settings, its passwords, and what it had queued.
    ///
    /// # Errors
    /// [`AppErrorCode::UnknownBridge`], or what kept the settings from being written; then the bridge is still there.
    pub async fn remove(&self, id: &BridgeId) -> Result<(), CommandError> {
        let _one_at_a_time = self.edit.lock().await;
        let old = self.bridge(id)?;
        self.writable()?;
        old.stop().await;
        let mut bridges = self.own_bridges();
        bridges.retain(|bridge| bridge.id != *id);
        self.commit(bridges, None).await?;
        self.passwords.forget(&id.name).await;
        self.resume.note(&id.name, false);
        let folder = self.data_dir().join(id.name.as_str());
        if let Err(error) = fs::remove_dir_all(&folder).await
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, folder = %folder.display(), "the removed bridge's folder stays");
        }
        (self.tell)(Notice::OverviewChanged);
        Ok(())
    }

    /// Stops everything, in an order in which nothing misses what it needs.
    pub async fn close(&self) {
        for bridge in self.own_bridges() {
            bridge.stop().await;
        }
        self.tryout.close().await;
        self.builtin_broker.stop().await;
        let messages = Arc::clone(&self.messages);
        // It would have panicked, and then nothing more can be recorded.
        let _ = tokio::task::spawn_blocking(move || messages.stop_recording()).await;
    }

    /// Writes the settings, moves the folder of a bridge with a new name, and only then shows the new list.
    async fn commit(
        &self,
        bridges: Vec<Arc<AppBridge>>,
        renamed: Option<(&BridgeName, &BridgeName)>,
    ) -> Result<(), CommandError> {
        let folders = renamed.map(|(from, to)| (self.bridge_folder(from), self.bridge_folder(to)));
        if let Some((from, to)) = &folders {
            move_folder(from, to).await?;
        }
        let file = file_of(&bridges);
        let path = settings_path(&self.folder);
        let written = tokio::task::spawn_blocking(move || file.save(&path)).await;
        let failed = match written {
            Ok(Ok(())) => {
                self.own().bridges = bridges;
                return Ok(());
            }
            Ok(Err(error)) => error.into(),
            Err(error) => CommandError::new(AppErrorCode::SettingsUnwritable, error.to_string()),
        };
        if let Some((from, to)) = &folders {
            move_folder(to, from).await?;
        }
        Err(failed)
    }

    /// Refuses to write over a settings file that could not be read.
    fn writable(&self) -> Result<(), CommandError> {
        match &self.own().problem {
            Some(problem) => Err(CommandError::new(
                AppErrorCode::SettingsUnreadable,
                format!(
                    "the settings file {} has an error, so nothing is written to it: {}. Correct or remove the file, \
                     then start the app again",
                    settings_path(&self.folder).display(),
                    problem.message
                ),
            )),
            None => Ok(()),
        }
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

fn settings_path(folder: &Path) -> PathBuf {
    folder.join("config.toml")
}

fn read(path: &Path) -> Result<ConfigFile, ConfigError> {
    match std::fs::read_to_string(path) {
        Ok(text) => ConfigFile::parse_toml(&text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(ConfigFile::default()),
        Err(source) => Err(ConfigError::Read { path: path.to_owned(), source }),
    }
}

fn file_of(bridges: &[Arc<AppBridge>]) -> ConfigFile {
    ConfigFile { bridges: bridges.iter().map(|bridge| bridge.config.clone()).collect::<Vec<BridgeConfig>>() }
}

fn check_together(bridges: &[Arc<AppBridge>]) -> Result<(), CommandError> {
    Ok(file_of(bridges).check()?)
}

async fn move_folder(from: &Path, to: &Path) -> Result<(), CommandError> {
    match fs::rename(from, to).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(CommandError::new(
            AppErrorCode::SettingsUnwritable,
            format!(
                "cannot move the bridge's folder {} to {}: {error}. Choose another name, or check the folder's permissions",
                from.display(),
                to.display()
            ),
        )),
        _ => Ok(()),
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
