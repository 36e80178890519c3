//! Taking settings along: one file with bridges and preferences, its passwords left out or the whole encrypted by a passphrase;
//! and taking such a file in, or one of mosquitto-twister, after showing what it would do.
//!
//! Deliberately not here: what waits in a bridge's database. Two machines with the same queue would post it twice.

mod sealed;
mod settings_file;

use std::collections::BTreeMap;
use std::path::Path;

use mqtt_twister_bridge::config::{BridgeConfig, BridgeName, ConfigFile};
use mqtt_twister_bridge::secrets::{Password, SecretKind};
use serde::{Deserialize, Serialize};

pub use sealed::Sealed;
use settings_file::SettingsFile;

use crate::app::App;
use crate::error::{AppErrorCode, CommandError};
use crate::preferences::{Preferences, PreferencesRoom};
use crate::view::{BridgeId, BridgeInput, SecretInput};

/// The most bytes that a file may have.
pub const MOST_BYTES: usize = 1024 * 1024;

/// What a file that was given would do.
#[derive(Debug, Clone, PartialEq, Serialize, specta::Type)]
pub struct ImportPreview {
    /// Where the file comes from.
    pub source: ImportSource,
    /// Its bridges.
    pub bridges: Vec<ImportedBridge>,
    /// Its preferences, if it has any that differ from those of this app.
    pub preferences: Option<Preferences>,
}

/// Where a file comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum ImportSource {
    /// Settings that this app has exported.
    Settings,
    /// A settings file of the program without a window, or this app's own `config.toml`.
    Config,
    /// A file of mosquitto-twister.
    MosquittoTwister,
}

/// A bridge that a file has.
#[derive(Debug, Clone, PartialEq, Serialize, specta::Type)]
pub struct ImportedBridge {
    /// What it is told to do.
    pub config: BridgeConfig,
    /// Whether the file has a password for it.
    pub has_password: bool,
    /// How it stands to the bridges that are there.
    pub standing: Standing,
    /// A name that is free, should the person want both; none if the two cannot be there together.
    pub free_name: Option<BridgeName>,
    /// Why it cannot be taken over at all: another bridge has its account.
    pub problem: Option<String>,
}

/// How a bridge of a file stands to those that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// There is none of that name.
    New,
    /// There is one of that name, with other settings.
    Differs,
    /// It is there already.
    Same,
}

/// What the person wants of a file.
#[derive(Debug, Clone, Deserialize, specta::Type)]
pub struct ImportChoice {
    /// The bridges, by their name in the file; one that is not named is left out.
    pub bridges: BTreeMap<BridgeName, BridgeChoice>,
    /// Whether the preferences are taken over.
    pub preferences: bool,
}

/// What is done with a bridge of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum BridgeChoice {
    /// It takes the place of the one of its name, or is added when there is none.
    Replace,
    /// It is added under [`ImportedBridge::free_name`].
    KeepBoth,
}

/// What came of taking a file in.
#[derive(Debug, Clone, PartialEq, Default, Serialize, specta::Type)]
pub struct Imported {
    /// The bridges that were added or replaced.
    pub bridges: Vec<BridgeId>,
    /// Why a password is kept in memory only.
    pub password_warning: Option<CommandError>,
    /// The preferences that are wanted from the file; to carry them out and to keep them is the caller's.
    #[serde(skip)]
    #[specta(skip)]
    pub preferences: Option<Preferences>,
}

/// Writes settings into a new file, readable for its owner alone. With a passphrase the passwords are in it and all of it is
/// encrypted; without, they are left out. Takes a second with a passphrase.
///
/// # Errors
/// [`AppErrorCode::ExportFailed`]: the file is there and `replace` is not said, or it cannot be written.
/// [`AppErrorCode::KeyringUnavailable`] when passwords are wanted and there is no keyring to ask.
pub async fn export(
    app: &App,
    preferences: &PreferencesRoom,
    path: &Path,
    passphrase: Option<Password>,
    replace: bool,
) -> Result<(), CommandError> {
    let bridges: Vec<BridgeConfig> = app.own_configs();
    let mut passwords = BTreeMap::new();
    if passphrase.is_some() {
        for BridgeConfig { name, twister, broker, .. } in &bridges {
            let node = known(app, name, SecretKind::Node, !twister.user.is_empty()).await?;
            let broker = known(app, name, SecretKind::Broker, !broker.user.is_empty()).await?;
            if node.is_some() || broker.is_some() {
                passwords.insert(name.clone(), settings_file::Logins { node, broker });
            }
        }
    }
    let file = SettingsFile { bridges, preferences: Some(preferences.current()), passwords };
    let path = path.to_owned();
    let written = tokio::task::spawn_blocking(move || {
        let text = file.to_json();
        let text = match &passphrase {
            Some(passphrase) => sealed::seal(&text, passphrase)?,
            None => text,
        };
        settings_file::write(&path, &text, replace)
    });
    written.await.map_err(|error| CommandError::new(AppErrorCode::ExportFailed, error.to_string()))?
}

/// Says what a file would do, and changes nothing.
///
/// # Errors
/// [`AppErrorCode::ImportUnreadable`], [`AppErrorCode::PassphraseNeeded`], [`AppErrorCode::PassphraseWrong`], or which field of the
/// file has a value that cannot be used.
pub async fn preview(
    app: &App,
    preferences: &PreferencesRoom,
    text: String,
    passphrase: Option<Password>,
) -> Result<ImportPreview, CommandError> {
    let (source, file) = open(text, passphrase).await?;
    let there = app.own_configs();
    let bridges = file.bridges.into_iter().map(|config| {
        let standing = match there.iter().find(|bridge| bridge.name == config.name) {
            None => Standing::New,
            Some(bridge) if *bridge == config => Standing::Same,
            Some(_) => Standing::Differs,
        };
        let has_password = file.passwords.contains_key(&config.name);
        let free_name = free_name(&config.name, &there);
        let both = BridgeConfig { name: free_name.clone(), ..config.clone() };
        let others: Vec<_> = there.iter().filter(|bridge| bridge.name != config.name).cloned().collect();
        ImportedBridge {
            has_password,
            standing,
            free_name: together(&there, &both).is_none().then_some(free_name),
            problem: together(&others, &config),
            config,
        }
    });
    let differing = file.preferences.filter(|wanted| *wanted != preferences.current());
    Ok(ImportPreview { source, bridges: bridges.collect(), preferences: differing })
}

/// Takes from a file what the person wants.
///
/// # Errors
/// Those of [`preview`] and of [`App::save`]; what was taken over before the error stays.
pub async fn import(
    app: &App,
    text: String,
    passphrase: Option<Password>,
    choice: ImportChoice,
) -> Result<Imported, CommandError> {
    let (_, mut file) = open(text, passphrase).await?;
    let mut imported = Imported::default();
    for config in file.bridges {
        let Some(wanted) = choice.bridges.get(&config.name) else { continue };
        let there = app.own_configs();
        let logins = file.passwords.remove(&config.name).unwrap_or_default();
        let replaces = there.iter().any(|bridge| bridge.name == config.name);
        let name = match wanted {
            BridgeChoice::KeepBoth if replaces => free_name(&config.name, &there),
            _ => config.name.clone(),
        };
        let replaces = (replaces && name == config.name).then(|| BridgeId::own(name.clone()));
        let config = serde_json::to_value(BridgeConfig { name, ..config })
            .map_err(|error| CommandError::new(AppErrorCode::ImportUnreadable, error.to_string()))?;
        let secret =
            |password: Option<Password>| password.map(|password| SecretInput::Typed(password.reveal().to_owned()));
        let (node_password, broker_password) = (secret(logins.node), secret(logins.broker));
        let saved = app.save(BridgeInput { replaces, config, node_password, broker_password }).await?;
        imported.bridges.push(saved.id);
        imported.password_warning = saved.password_warning.or(imported.password_warning);
    }
    imported.preferences = file.preferences.filter(|_| choice.preferences);
    Ok(imported)
}

async fn known(
    app: &App,
    bridge: &BridgeName,
    kind: SecretKind,
    needed: bool,
) -> Result<Option<Password>, CommandError> {
    match needed {
        true => app.passwords.find(bridge, kind).await,
        false => Ok(None),
    }
}

async fn open(text: String, passphrase: Option<Password>) -> Result<(ImportSource, SettingsFile), CommandError> {
    if text.len() > MOST_BYTES {
        let message = "the file is too large to be settings. Choose another one";
        return Err(CommandError::new(AppErrorCode::ImportUnreadable, message));
    }
    let opened = tokio::task::spawn_blocking(move || {
        let text = match Sealed::of(&text) {
            Some(sealed) => sealed.open(passphrase.as_ref(), MOST_BYTES)?,
            None => text.into(),
        };
        SettingsFile::parse(&text)
    });
    opened.await.map_err(|error| CommandError::new(AppErrorCode::ImportUnreadable, error.to_string()))?
}

/// Why a bridge cannot be there with others.
fn together(others: &[BridgeConfig], bridge: &BridgeConfig) -> Option<String> {
    let bridges = others.iter().chain([bridge]).cloned().collect();
    ConfigFile { bridges }.check().err().map(|error| error.to_string())
}

/// `home-2`, or the first number that is free; a long name is cut for it.
fn free_name(name: &BridgeName, there: &[BridgeConfig]) -> BridgeName {
    let candidates = (2..).map_while(|number: u32| {
        let number = format!("-{number}");
        let stem: String = name.as_str().chars().take(BridgeName::MAX_LEN - number.len()).collect();
        (stem + &number).parse::<BridgeName>().ok()
    });
    let mut free = candidates.filter(|candidate| there.iter().all(|bridge| bridge.name != *candidate));
    free.next().unwrap_or_else(|| name.clone())
}
