//! What the window sees of the app, and what it sends. These types are wire types: the TypeScript in
//! `ui/src/lib/generated` is made from them.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use mqtt_twister_bridge::config::{BridgeConfig, BridgeName, ProtocolChoice};
use mqtt_twister_bridge::event::BridgeState;
use serde::{Deserialize, Serialize};

use crate::error::CommandError;

/// Names a bridge in the window: `home` is one of the person's own, `try/alice` belongs to "Try it". A bridge's name has
/// no slash, so the two never meet.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BridgeId {
    /// Whether it belongs to "Try it".
    pub tryout: bool,
    /// The bridge's name.
    pub name: BridgeName,
}

impl BridgeId {
    const TRYOUT: &str = "try/";

    /// One of the person's own bridges.
    pub fn own(name: BridgeName) -> Self {
        Self { tryout: false, name }
    }

    /// A bridge of "Try it".
    pub fn tryout(name: BridgeName) -> Self {
        Self { tryout: true, name }
    }
}

impl fmt::Display for BridgeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.tryout { Self::TRYOUT } else { "" }, self.name)
    }
}

impl FromStr for BridgeId {
    type Err = <BridgeName as FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix(Self::TRYOUT) {
            Some(name) => Ok(Self::tryout(name.parse()?)),
            None => Ok(Self::own(text.parse()?)),
        }
    }
}

impl TryFrom<String> for BridgeId {
    type Error = <BridgeName as FromStr>::Err;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<BridgeId> for String {
    fn from(id: BridgeId) -> Self {
        id.to_string()
    }
}

/// Everything that the window needs to draw itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, specta::Type)]
pub struct Overview {
    /// The person's own bridges, in the order of the settings file.
    pub bridges: Vec<BridgeView>,
    /// "Try it".
    pub tryout: TryoutView,
    /// The broker inside the app, once it was asked for.
    pub builtin_broker: Option<BuiltinBrokerView>,
    /// Where the settings file is.
    pub settings_path: String,
    /// Why the settings file could not be read; while it is so, nothing is written to it.
    pub settings_problem: Option<CommandError>,
}

/// One bridge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, specta::Type)]
pub struct BridgeView {
    /// Its name in commands and events.
    pub id: BridgeId,
    /// What it is told to do.
    pub config: BridgeConfig,
    /// How it is.
    pub state: BridgeState,
    /// Why it could not be started the last time.
    pub start_error: Option<CommandError>,
    /// Where the node's password is.
    pub node_password: PasswordPlace,
    /// Where the broker's password is.
    pub broker_password: PasswordPlace,
}

/// Where a password is kept. The password itself never goes to the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum PasswordPlace {
    /// None is needed: there is no user name to go with it.
    NotNeeded,
    /// The app runs the node, and has its password.
    OwnNode,
    /// In the system's keyring.
    Keyring,
    /// In an environment variable.
    Environment,
    /// In the app's memory, until it ends.
    Memory,
    /// Nowhere: it has to be given.
    Missing,
}

/// "Try it": a sandbox network inside the app, with two accounts and two brokers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, specta::Type)]
pub struct TryoutView {
    /// Whether it is there.
    pub phase: TryoutPhase,
    /// Its bridges, while it is open.
    pub bridges: Vec<BridgeView>,
}

/// Whether "Try it" is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum TryoutPhase {
    /// It was never opened, or it was removed.
    Absent,
    /// It was opened before; its network is kept on disk.
    Closed,
    /// Its network and its brokers run.
    Open,
}

/// The broker inside the app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct BuiltinBrokerView {
    /// Where it listens.
    pub url: String,
    /// Whether it runs.
    pub running: bool,
}

/// A node as the person typed it in.
#[derive(Debug, Clone, Deserialize, specta::Type)]
pub struct NodeInput {
    /// Its address.
    pub url: String,
    /// Its `rpcuser`.
    pub user: String,
    /// Its `rpcpassword`; none means: the one that is known for `bridge`.
    pub password: Option<SecretInput>,
    /// The bridge that it belongs to, if there is one already.
    pub bridge: Option<BridgeId>,
}

/// A broker as the person typed it in.
#[derive(Debug, Clone, Deserialize, specta::Type)]
pub struct BrokerInput {
    /// Its address.
    pub url: String,
    /// The user name, if it wants one.
    pub user: String,
    /// The password; none means: the one that is known for `bridge`.
    pub password: Option<SecretInput>,
    /// The bridge that it belongs to, if there is one already.
    pub bridge: Option<BridgeId>,
    /// How it is spoken to; none means: as in the settings of `bridge`.
    #[serde(default)]
    #[specta(optional)]
    pub speech: Option<BrokerSpeech>,
}

/// How a broker is spoken to: the version of MQTT, and files for TLS.
#[derive(Debug, Clone, Deserialize, specta::Type)]
pub struct BrokerSpeech {
    /// The version of MQTT.
    pub protocol: ProtocolChoice,
    /// Certificates of the authorities that are trusted, in place of those that the system knows.
    pub ca_file: Option<PathBuf>,
    /// The bridge's own certificate.
    pub client_cert_file: Option<PathBuf>,
    /// The private key of that certificate.
    pub client_key_file: Option<PathBuf>,
}

/// A bridge as the person wants it.
#[derive(Debug, Clone, Deserialize, specta::Type)]
pub struct BridgeInput {
    /// The bridge that is changed; none for a new one.
    pub replaces: Option<BridgeId>,
    /// Its settings, in the shape of [`BridgeConfig`]. Not yet checked, so that what is wrong can be told by field.
    #[specta(type = BridgeConfig)]
    pub config: serde_json::Value,
    /// The node's password; none leaves it as it is.
    pub node_password: Option<SecretInput>,
    /// The broker's password; none leaves it as it is.
    pub broker_password: Option<SecretInput>,
}

/// A message to publish to a bridge's local broker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, specta::Type)]
pub struct MessageInput {
    /// The bridge whose broker takes it.
    pub bridge: BridgeId,
    /// Its topic.
    pub topic: String,
    /// Its payload, written in `format`.
    pub payload: String,
    /// How the payload is written.
    pub format: PayloadFormat,
    /// Its quality of service: 0, 1 or 2.
    pub qos: u8,
    /// Whether the broker keeps it for those who subscribe later.
    pub retain: bool,
    /// Its MQTT 5 properties.
    pub properties: PropertiesInput,
}

/// MQTT 5 properties of a message to publish, as they were typed in. An empty text stands for none.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, specta::Type)]
pub struct PropertiesInput {
    /// The payload is UTF-8 text (payload format indicator).
    pub is_text: bool,
    /// What the payload is, as a MIME type or otherwise.
    pub content_type: String,
    /// Where an answer is expected.
    pub response_topic: String,
    /// What the answer should carry, written in `correlation_format`.
    pub correlation_data: String,
    /// How the correlation data are written.
    pub correlation_format: PayloadFormat,
    /// How long it is worth anything, in seconds.
    pub expiry_s: Option<u32>,
    /// Names and values of the person's own.
    pub user: Vec<(String, String)>,
}

impl PropertiesInput {
    /// Bytes of all texts.
    pub(crate) fn size(&self) -> usize {
        let user: usize = self.user.iter().map(|(name, value)| 16 + name.len() + value.len()).sum();
        self.content_type.len() + self.response_topic.len() + self.correlation_data.len() + user
    }
}

/// How a payload is written in a text field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum PayloadFormat {
    /// As it is, in UTF-8.
    #[default]
    Text,
    /// As it is, if it is JSON.
    Json,
    /// Two hexadecimal digits a byte; spaces are ignored.
    Hex,
    /// Base64; spaces are ignored.
    Base64,
}

/// A password on its way from the window. `Debug` does not show it.
#[derive(Clone, Deserialize, specta::Type)]
#[serde(untagged)]
pub enum SecretInput {
    /// The person typed it in.
    Typed(String),
    /// The app has found it, and the window never sees it.
    Found {
        /// Where.
        found: FoundSecret,
    },
}

/// Where the app has found a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum FoundSecret {
    /// In the settings file of the node on this machine.
    NodeFile,
}

impl fmt::Debug for SecretInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretInput(hidden)")
    }
}

/// What came of saving a bridge.
#[derive(Debug, Clone, PartialEq, Serialize, specta::Type)]
pub struct Saved {
    /// Its name in commands and events.
    pub id: BridgeId,
    /// Why a password is kept in memory only; the settings themselves are saved.
    pub password_warning: Option<CommandError>,
    /// When they take effect.
    pub effect: Effect,
}

/// When saved settings take effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Now: the bridge goes on by them without a pause.
    Live,
    /// Now: the bridge was stopped and started.
    Restarted,
    /// When the bridge is started.
    AtStart,
}

impl BridgeInput {
    /// Whether a password is given.
    pub fn has_passwords(&self) -> bool {
        self.node_password.is_some() || self.broker_password.is_some()
    }
}

/// A new account.
#[derive(Clone, Serialize, specta::Type)]
pub struct NewAccount {
    /// Its name.
    pub name: String,
    /// Its secret key, shown once: whoever has it owns the name.
    pub secret: String,
}

macro_rules! text_on_the_wire {
    ($($name:ident),*) => {$(
        impl specta::Type for $name {
            fn definition(types: &mut specta::Types) -> specta::datatype::DataType {
                <String as specta::Type>::definition(types)
            }
        }
    )*};
}

text_on_the_wire!(BridgeId);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_two_kinds_of_bridges_never_share_an_id() {
        for text in ["alice", "try/alice"] {
            let id: BridgeId = text.parse().unwrap();
            assert_eq!(id.tryout, text.starts_with("try/"));
            assert_eq!(id.to_string(), text);
        }
        assert!("try/".parse::<BridgeId>().is_err());
        assert!("a/b".parse::<BridgeId>().is_err());
    }

    #[test]
    fn a_password_from_the_window_does_not_show_in_debug_output() {
        assert!(!format!("{:?}", SecretInput::Typed("geheim".to_owned())).contains("geheim"));
    }
}
