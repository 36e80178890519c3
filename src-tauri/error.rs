//! The one shape in which an error reaches the window: a code to decide on, words to read, and the field they belong to.
//!
//! The window maps codes to its own headings and never looks into the words.

use mqtt_twister_bridge::check::CheckError;
use mqtt_twister_bridge::config::{ConfigError, RuleError};
use mqtt_twister_bridge::event::ProblemCode;
use mqtt_twister_bridge::secrets::SecretError;
use mqtt_twister_bridge::{ReconfigureError, RetainedError, StartError, StoreError};
use mqtt_twister_daemon::{NodeProblem, NodeProblemCode};
use serde::{Deserialize, Serialize};

use crate::preferences::PreferencesError;

/// Why a command did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize, specta::Type)]
#[error("{message}")]
pub struct CommandError {
    /// Which error, for a program to decide on.
    pub code: ErrorCode,
    /// What happened, why, and what to do, for a person to read.
    pub message: String,
    /// The form field that it is about, as a path into the bridge's settings: `twister.url`, `forwards[0].to`.
    pub field: Option<String>,
}

/// Which error: one of the engine's problems, one of a node's that the app runs, or one of the app's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(untagged)]
pub enum ErrorCode {
    /// The engine says it.
    Engine(ProblemCode),
    /// It is about a node that the app runs.
    OwnNode(NodeProblemCode),
    /// The app says it.
    App(AppErrorCode),
}

/// The errors that the app adds to the engine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum AppErrorCode {
    /// A field has a value that cannot be used.
    InvalidSettings,
    /// There is no bridge of that name (any more).
    UnknownBridge,
    /// Another process runs this bridge.
    BridgeInUse,
    /// The bridge could not be started.
    StartFailed,
    /// The bridge does not run, and only a running one can do it.
    NotRunning,
    /// A password is needed and none is known.
    PasswordMissing,
    /// No keyring runs, or it is locked.
    KeyringUnavailable,
    /// The settings file cannot be read, so it is left alone.
    SettingsUnreadable,
    /// The settings file or a bridge's folder cannot be written.
    SettingsUnwritable,
    /// A file cannot be written.
    FileUnwritable,
    /// The app is ending, or something in it failed.
    Interrupted,
    /// The built-in broker could not be started.
    BuiltinBrokerFailed,
    /// The sandbox network of "Try it" could not be started.
    TryoutFailed,
    /// The app's own preferences cannot be read or written.
    PreferencesFailed,
    /// The node's settings file cannot be read, or has no login.
    NodeFileUnusable,
    /// The settings could not be exported.
    ExportFailed,
    /// A file that was given is not settings.
    ImportUnreadable,
    /// A file that was given is encrypted.
    PassphraseNeeded,
    /// The passphrase does not open the file.
    PassphraseWrong,
    /// A text is no invitation, or not one for this bridge.
    InvitationUnusable,
    /// An invitation was signed by somebody else than it says.
    InvitationForged,
}

impl CommandError {
    /// An error of the app's own.
    pub fn new(code: AppErrorCode, message: impl Into<String>) -> Self {
        Self { code: ErrorCode::App(code), message: message.into(), field: None }
    }

    /// A value that cannot be used, and the field it stands in.
    pub fn field(field: impl Into<String>, reason: impl ToString) -> Self {
        Self {
            code: ErrorCode::App(AppErrorCode::InvalidSettings),
            message: reason.to_string(),
            field: Some(field.into()),
        }
    }
}

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Json { field, source } => Self::field(field, source),
            ConfigError::Rule(rule) => rule.into(),
            ConfigError::Write { .. } => Self::new(AppErrorCode::SettingsUnwritable, error.to_string()),
            ConfigError::Read { .. } | ConfigError::Toml { .. } | ConfigError::NoBridge => {
                Self::new(AppErrorCode::SettingsUnreadable, error.to_string())
            }
        }
    }
}

impl From<PreferencesError> for CommandError {
    fn from(error: PreferencesError) -> Self {
        Self::new(AppErrorCode::PreferencesFailed, error.to_string())
    }
}

impl From<RuleError> for CommandError {
    fn from(error: RuleError) -> Self {
        Self::field(error.field(), error)
    }
}

impl From<SecretError> for CommandError {
    fn from(error: SecretError) -> Self {
        Self::new(AppErrorCode::KeyringUnavailable, error.to_string())
    }
}

impl From<StartError> for CommandError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Rule(error) => error.into(),
            StartError::Store(error @ StoreError::InUse { .. }) => {
                Self::new(AppErrorCode::BridgeInUse, error.to_string())
            }
            StartError::Store(error) => Self::new(AppErrorCode::StartFailed, error.to_string()),
            StartError::Files(error) => Self::field(error.field(), error),
            StartError::Node(error) => CheckError::from(error).into(),
        }
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::InUse { .. } => Self::new(AppErrorCode::BridgeInUse, error.to_string()),
            other => {
                Self { code: ErrorCode::Engine(ProblemCode::StorageFailed), message: other.to_string(), field: None }
            }
        }
    }
}

impl From<ReconfigureError> for CommandError {
    fn from(error: ReconfigureError) -> Self {
        match error {
            ReconfigureError::Rule(rule) => rule.into(),
            ReconfigureError::NeedsRestart => Self::new(AppErrorCode::StartFailed, error.to_string()),
        }
    }
}

impl From<RetainedError> for CommandError {
    fn from(error: RetainedError) -> Self {
        match error {
            RetainedError::Broker(error) => error.into(),
            RetainedError::Store(error) => error.into(),
        }
    }
}

impl From<NodeProblem> for CommandError {
    fn from(problem: NodeProblem) -> Self {
        Self { code: ErrorCode::OwnNode(problem.code), message: problem.message, field: None }
    }
}

impl From<CheckError> for CommandError {
    fn from(error: CheckError) -> Self {
        Self { code: ErrorCode::Engine(error.code), message: error.message, field: None }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use mqtt_twister_bridge::config::parse_bridge;
    use serde_json::json;

    use super::*;

    fn error_of(forwards: serde_json::Value) -> CommandError {
        let bridge = json!({
            "name": "home",
            "twister": { "url": "http://127.0.0.1:28332", "account": "alice" },
            "broker": { "url": "mqtt://127.0.0.1" },
            "forwards": forwards,
        });
        parse_bridge(bridge).unwrap_err().into()
    }

    #[test]
    fn a_bad_value_names_its_field() {
        let error = error_of(json!([{ "from": "a/#/b" }]));
        assert_eq!(error.code, ErrorCode::App(AppErrorCode::InvalidSettings));
        assert_eq!(error.field.as_deref(), Some("forwards[0].from"));
        assert!(error.message.contains("# must stand alone"), "{}", error.message);
    }

    #[test]
    fn a_broken_rule_names_its_field() {
        let error = error_of(json!([{ "from": "a/#" }, { "from": "b", "type": "private" }]));
        assert_eq!(error.field.as_deref(), Some("forwards[1].to"));
    }

    #[test]
    fn a_code_is_one_plain_word_whoever_says_it() {
        let text = |code: ErrorCode| serde_json::to_string(&code).unwrap();
        assert_eq!(text(ErrorCode::Engine(ProblemCode::NodeSyncing)), "\"node_syncing\"");
        assert_eq!(text(ErrorCode::App(AppErrorCode::BridgeInUse)), "\"bridge_in_use\"");
    }
}
