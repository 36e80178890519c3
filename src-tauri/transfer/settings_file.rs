//! The file that settings are taken along in: JSON with a version, bridges in the shape of `config.toml`, and preferences in the
//! shape of `app.toml`.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use mqtt_twister_bridge::config::{BridgeConfig, BridgeName, ConfigFile, parse_bridge};
use mqtt_twister_bridge::secrets::Password;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use super::ImportSource;
use crate::error::{AppErrorCode, CommandError};
use crate::preferences::Preferences;

/// The member that says what the file is; its value is the version.
const MARK: &str = "mqtt_twister_settings";

/// The version that this program writes, and the highest that it reads.
const VERSION: u64 = 1;

/// Settings as they are taken along.
#[derive(Debug, Default)]
pub(super) struct SettingsFile {
    pub(super) bridges: Vec<BridgeConfig>,
    pub(super) preferences: Option<Preferences>,
    pub(super) passwords: BTreeMap<BridgeName, Logins>,
}

/// The passwords of a bridge.
#[derive(Debug, Clone, Default)]
pub(super) struct Logins {
    pub(super) node: Option<Password>,
    pub(super) broker: Option<Password>,
}

/// The passwords as they stand in the file. This type is never shown.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct WrittenLogins {
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    broker: Option<String>,
}

#[derive(Serialize)]
struct Written<'a> {
    mqtt_twister_settings: u64,
    bridges: &'a [BridgeConfig],
    preferences: &'a Option<Preferences>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    passwords: BTreeMap<&'a BridgeName, WrittenLogins>,
}

impl SettingsFile {
    pub(super) fn to_json(&self) -> Zeroizing<String> {
        let reveal = |password: &Option<Password>| password.as_ref().map(|password| password.reveal().to_owned());
        let passwords = self
            .passwords
            .iter()
            .map(|(name, logins)| (name, WrittenLogins { node: reveal(&logins.node), broker: reveal(&logins.broker) }));
        let written = Written {
            mqtt_twister_settings: VERSION,
            bridges: &self.bridges,
            preferences: &self.preferences,
            passwords: passwords.collect(),
        };
        // Texts, numbers and switches: there is nothing in it that JSON cannot express.
        Zeroizing::new(serde_json::to_string_pretty(&written).unwrap_or_default())
    }

    /// Reads a file of any of the three kinds.
    pub(super) fn parse(text: &str) -> Result<(ImportSource, Self), CommandError> {
        if let Ok(Value::Object(mut members)) = serde_json::from_str(text)
            && let Some(version) = members.remove(MARK)
        {
            return Ok((ImportSource::Settings, parse_settings(&version, members)?));
        }
        let source =
            if text.trim_start().starts_with('{') { ImportSource::MosquittoTwister } else { ImportSource::Config };
        let loaded = ConfigFile::parse(text).map_err(|error| {
            let field = CommandError::from(error);
            CommandError { code: crate::error::ErrorCode::App(AppErrorCode::ImportUnreadable), ..field }
        })?;
        let mut file = Self::default();
        for bridge in loaded.bridges {
            if bridge.node_password.is_some() {
                let logins = Logins { node: bridge.node_password, broker: None };
                file.passwords.insert(bridge.config.name.clone(), logins);
            }
            file.bridges.push(bridge.config);
        }
        Ok((source, file))
    }
}

fn parse_settings(version: &Value, mut members: serde_json::Map<String, Value>) -> Result<SettingsFile, CommandError> {
    let unreadable = |message: String| CommandError::new(AppErrorCode::ImportUnreadable, message);
    if !version.as_u64().is_some_and(|version| (1..=VERSION).contains(&version)) {
        return Err(unreadable(format!(
            "the file is of version {version}, which this app does not know. Use a newer one"
        )));
    }
    let bridges: Vec<Value> = match members.remove("bridges") {
        Some(Value::Array(bridges)) => bridges,
        _ => return Err(unreadable("the file has no list of bridges, so it is not an export of this app".to_owned())),
    };
    let bridges = bridges.into_iter().enumerate().map(|(index, bridge)| {
        parse_bridge(bridge).map_err(|error| {
            let CommandError { message, field, .. } = CommandError::from(error);
            let field = field.map_or(String::new(), |field| format!(".{field}"));
            unreadable(format!("bridges[{index}]{field}: {message}"))
        })
    });
    let bridges: Vec<BridgeConfig> = bridges.collect::<Result<_, _>>()?;
    let preferences = members.remove("preferences").and_then(|value| serde_json::from_value::<Preferences>(value).ok());
    let passwords: BTreeMap<BridgeName, WrittenLogins> = match members.remove("passwords") {
        // What is wrong with it is not repeated: it may have a password in it.
        Some(passwords) => serde_json::from_value(passwords)
            .map_err(|_| unreadable("the file's passwords cannot be read. Export it again".to_owned()))?,
        None => BTreeMap::new(),
    };
    let passwords = passwords.into_iter().map(|(name, WrittenLogins { node, broker })| {
        (name, Logins { node: node.map(Password::new), broker: broker.map(Password::new) })
    });
    Ok(SettingsFile { bridges, preferences, passwords: passwords.collect() })
}

/// Writes a file that only its owner can read.
pub(super) fn write(path: &Path, text: &str, replace: bool) -> Result<(), CommandError> {
    let mut options = OpenOptions::new();
    options.write(true).truncate(true);
    if replace {
        options.create(true)
    } else {
        options.create_new(true)
    };
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| {
        let remedy = match error.kind() {
            std::io::ErrorKind::AlreadyExists => "Choose another name",
            _ => "Choose another folder, or check its permissions",
        };
        CommandError::new(AppErrorCode::ExportFailed, format!("cannot write {}: {error}. {remedy}", path.display()))
    })
}
