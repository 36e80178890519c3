//! Changing bridges: adding, saving and removing them, and the file that they are kept in. Nothing is shown as changed before it
//! is in the file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mqtt_twister_bridge::config::{BridgeConfig, BridgeName, ConfigError, ConfigFile, parse_bridge};
use mqtt_twister_bridge::loops;
use mqtt_twister_bridge::secrets::SecretKind;
use tokio::fs;

use super::App;
use crate::bridges::{AppBridge, Notice};
use crate::error::{AppErrorCode, CommandError};
use crate::view::{BridgeId, BridgeInput, Effect, Saved};

impl App {
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
}

pub(super) fn settings_path(folder: &Path) -> PathBuf {
    folder.join("config.toml")
}

pub(super) fn read(path: &Path) -> Result<ConfigFile, ConfigError> {
    match std::fs::read_to_string(path) {
        Ok(text) => ConfigFile::parse_toml(&text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(ConfigFile::default()),
        Err(source) => Err(ConfigError::Read { path: path.to_owned(), source }),
    }
}

pub(super) fn file_of(bridges: &[Arc<AppBridge>]) -> ConfigFile {
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
