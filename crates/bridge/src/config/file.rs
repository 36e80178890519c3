//! The program's own configuration file: TOML with one `[[bridge]]` table a bridge.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::BridgeConfig;
use super::mosquitto_twister;
use super::rules::{self, RuleError};
use crate::secrets::{Password, SecretError, SecretKind, Secrets, Sources};

/// What a configuration file holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigFile {
    /// The bridges, each a `[[bridge]]` table.
    #[serde(default, rename = "bridge")]
    pub bridges: Vec<BridgeConfig>,
}

/// What was read from a file, whichever of the two formats it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The bridges in the file's order.
    pub bridges: Vec<LoadedBridge>,
}

/// A bridge and what its file says of its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedBridge {
    /// What the bridge is told to do.
    pub config: BridgeConfig,
    /// The node's password, if a mosquitto-twister file has it in its URL.
    pub node_password: Option<Password>,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write {}: {source}. The settings were not saved; free some space or check the folder's permissions", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The text is not valid TOML, or a field has a bad value. The line itself is not repeated: somebody may have
    /// written a password into it.
    #[error("line {line}: {}{}", field_prefix(field), source.message())]
    Toml {
        /// Where, from 1.
        line: usize,
        /// The path of the field, empty when the text is not TOML at all.
        field: String,
        /// What is wrong with it.
        source: Box<toml::de::Error>,
    },
    /// The text is not valid JSON, or a field has a bad value.
    #[error("{}{source}", field_prefix(field))]
    Json {
        /// The path of the field, empty when it is the whole text.
        field: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The values are good one by one but not together.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The file has no bridge.
    #[error("the configuration has no bridge: add a [[bridge]] table")]
    NoBridge,
}

impl ConfigFile {
    /// Reads the program's own format.
    ///
    /// # Errors
    /// [`ConfigError::Toml`] with line and field, or [`ConfigError::Rule`].
    pub fn parse_toml(text: &str) -> Result<Self, ConfigError> {
        let syntax = |source: toml::de::Error| toml_error(text, String::new(), source);
        let reader = toml::Deserializer::parse(text).map_err(syntax)?;
        let file: Self = serde_path_to_error::deserialize(reader).map_err(|error| {
            let field = path_of(error.path());
            toml_error(text, field, error.into_inner())
        })?;
        file.check()?;
        Ok(file)
    }

    /// The configuration in the program's own format.
    pub fn to_toml(&self) -> String {
        // A configuration is tables, lists and strings: there is nothing in it that TOML cannot express.
        toml::to_string_pretty(self).unwrap_or_default()
    }

    /// Reads a file of either format: the program's own TOML, or a mosquitto-twister JSON file.
    ///
    /// # Errors
    /// What cannot be read or is not valid, by field; [`ConfigError::NoBridge`] when there is nothing to run.
    pub fn load(path: &Path) -> Result<Loaded, ConfigError> {
        let text = fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::parse(&text)
    }

    /// Reads a text of either format, as [`load`](Self::load) does.
    ///
    /// # Errors
    /// What is not valid, by field; [`ConfigError::NoBridge`] when there is nothing to run.
    pub fn parse(text: &str) -> Result<Loaded, ConfigError> {
        if text.trim_start().starts_with('{') {
            return Ok(Loaded { bridges: vec![mosquitto_twister::parse(text)?] });
        }
        let file = Self::parse_toml(text)?;
        match file.bridges.is_empty() {
            true => Err(ConfigError::NoBridge),
            false => Ok(Loaded {
                bridges: file.bridges.into_iter().map(|config| LoadedBridge { config, node_password: None }).collect(),
            }),
        }
    }

    /// Writes the file so that a crash leaves either the old or the new one.
    ///
    /// # Errors
    /// [`ConfigError::Write`]; the old file stays.
    pub fn save(&self, path: &Path) -> Result<(), ConfigError> {
        Self::save_text(path, &self.to_toml())
    }

    /// Writes a text that a person wrote, comments and all, in the same way. Whoever may read the old file may read the new one.
    ///
    /// # Errors
    /// [`ConfigError::Write`]; the old file stays.
    pub fn save_text(path: &Path, text: &str) -> Result<(), ConfigError> {
        let failed = |source| ConfigError::Write { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let beside = path.with_extension("toml.new");
        let mut file = fs::File::create(&beside).map_err(failed)?;
        if let Ok(old) = fs::metadata(path) {
            file.set_permissions(old.permissions()).map_err(failed)?;
        }
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        fs::rename(&beside, path).map_err(failed)
    }

    /// Checks the rules between fields and between bridges.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), RuleError> {
        rules::check_together(&self.bridges)
    }
}

impl LoadedBridge {
    /// The bridge's passwords: what was handed over goes before its file, and that before the keyring. Blocks while the
    /// keyring answers.
    ///
    /// # Errors
    /// [`SecretError`] when a password is needed and there is no keyring to ask, or a credential cannot be read.
    pub fn secrets(&self, sources: &Sources) -> Result<Secrets, SecretError> {
        let BridgeConfig { name, twister, broker, .. } = &self.config;
        let needed = |kind, wanted: bool| match wanted {
            true => sources.load(name, kind).map(Option::unwrap_or_default),
            false => Ok(Password::default()),
        };
        let node = match (&self.node_password, sources.given(name, SecretKind::Node)?) {
            (Some(password), None) => password.clone(),
            _ => needed(SecretKind::Node, !twister.user.is_empty())?,
        };
        Ok(Secrets { node, broker: needed(SecretKind::Broker, !broker.user.is_empty())? })
    }
}

/// Reads one bridge as the user interface sends it.
///
/// # Errors
/// [`ConfigError::Json`] with the field's path, or [`ConfigError::Rule`].
pub fn parse_bridge(value: serde_json::Value) -> Result<BridgeConfig, ConfigError> {
    let config: BridgeConfig = serde_path_to_error::deserialize(value).map_err(json_error)?;
    config.check()?;
    Ok(config)
}

pub(super) fn json_error(error: serde_path_to_error::Error<serde_json::Error>) -> ConfigError {
    let field = path_of(error.path());
    ConfigError::Json { field, source: error.into_inner() }
}

fn toml_error(text: &str, field: String, source: toml::de::Error) -> ConfigError {
    let before = source.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    ConfigError::Toml { line: before.matches('\n').count() + 1, field, source: Box::new(source) }
}

/// The path of a field, empty for the whole text.
fn path_of(path: &serde_path_to_error::Path) -> String {
    match path.to_string() {
        whole if whole == "." => String::new(),
        field => field,
    }
}

fn field_prefix(field: &str) -> String {
    match field {
        "" => String::new(),
        field => format!("{field}: "),
    }
}
