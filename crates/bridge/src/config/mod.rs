//! What a bridge is told to do. Every value is checked when it is read; what is held here is good.
//!
//! Passwords are deliberately not in it: see [`crate::secrets`].

mod endpoint;
mod file;
mod forward;
mod limits;
mod mosquitto_twister;
mod problems;
mod rules;
mod subscription;

pub use endpoint::{BrokerUrl, BrokerUrlError};
pub use file::{ConfigError, ConfigFile, Loaded, LoadedBridge, parse_bridge};
pub use forward::{Forward, Retain, Visibility};
pub use limits::{CatchUp, Limits, PeerConfig};
pub use problems::problems_of;
pub use rules::RuleError;
pub use subscription::Subscription;
#[cfg(feature = "specta")]
pub use subscription::WrittenSubscription;

pub use crate::mqtt::TlsFileError;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use twister::{NodeUrl, Username};

use crate::topic::TopicFilter;

/// One bridge: an account on a node, a broker, and what crosses between them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct BridgeConfig {
    /// What the person calls it; unique among the bridges.
    pub name: BridgeName,
    /// The Twister side.
    pub twister: TwisterConfig,
    /// The MQTT side.
    pub broker: BrokerConfig,
    /// The accounts whose messages may come in. The node also follows the account itself.
    #[serde(default)]
    #[cfg_attr(feature = "specta", specta(type = Vec<String>))]
    pub following: Vec<Username>,
    /// What is subscribed to at the local broker.
    #[serde(default)]
    pub publications: Vec<TopicFilter>,
    /// What of it goes out, and to whom.
    #[serde(default)]
    pub forwards: Vec<Forward>,
    /// What is wanted from the network: published in the profile, and the only topics that come in.
    #[serde(default)]
    #[cfg_attr(feature = "specta", specta(type = Vec<WrittenSubscription>))]
    pub subscriptions: Vec<Subscription>,
    /// What is special about some of the followed accounts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "specta", specta(type = BTreeMap<String, PeerConfig>))]
    pub peers: BTreeMap<Username, PeerConfig>,
    /// How much may come in.
    #[serde(default, skip_serializing_if = "Limits::is_default")]
    pub limits: Limits,
}

/// The node and the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct TwisterConfig {
    /// Where the node answers, as `http://127.0.0.1:28332`.
    #[cfg_attr(feature = "specta", specta(type = String))]
    pub url: NodeUrl,
    /// The node's `rpcuser`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// The account that posts; its key is in the node's wallet.
    #[cfg_attr(feature = "specta", specta(type = String))]
    pub account: Username,
}

/// The local broker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct BrokerConfig {
    /// Where the broker listens, as `mqtt://127.0.0.1:1883`; `mqtts://`, `ws://` and `wss://` are possible too.
    pub url: BrokerUrl,
    /// The user name, if the broker wants one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// The version of MQTT.
    #[serde(default, skip_serializing_if = "ProtocolChoice::is_auto")]
    pub protocol: ProtocolChoice,
    /// TLS: certificates (PEM) of the authorities that are trusted, in place of those that the system knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// TLS: the bridge's own certificate (PEM, with those that lead to the authority), if the broker wants one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_cert_file: Option<PathBuf>,
    /// TLS: the private key of that certificate (PEM, without a passphrase).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_key_file: Option<PathBuf>,
}

impl BrokerConfig {
    /// The broker at `url`, which asks nobody for a name and has a certificate that the system trusts, if any.
    pub fn new(url: BrokerUrl) -> Self {
        let (user, protocol) = (String::new(), ProtocolChoice::Auto);
        Self { url, user, protocol, ca_file: None, client_cert_file: None, client_key_file: None }
    }

    /// Reads the files that the settings name, and forgets them again.
    ///
    /// # Errors
    /// Which of them cannot be used, and why.
    pub fn check_files(&self) -> Result<(), TlsFileError> {
        crate::mqtt::client_config(self).map(drop)
    }
}

/// Which version of MQTT is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum ProtocolChoice {
    /// 5, or 3.1.1 if the broker refuses that.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// MQTT 5.
    #[serde(rename = "5")]
    V5,
    /// MQTT 3.1.1, which has no properties, and does not tell the bridge which messages are retained.
    #[serde(rename = "3.1.1")]
    V311,
}

impl ProtocolChoice {
    fn is_auto(&self) -> bool {
        *self == Self::Auto
    }
}

/// What a person calls a bridge: 1 to 32 characters of `a-z`, `0-9`, `-` and `_`. It names the bridge's folder and its
/// passwords, so it has nothing that a file system or an environment variable could stumble over.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "specta", derive(specta::Type), specta(transparent))]
pub struct BridgeName(String);

/// Why a text is no [`BridgeName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} cannot name a bridge: use 1 to 32 characters of a-z, 0-9, - and _")]
pub struct BridgeNameError(String);

impl BridgeConfig {
    /// Whether a bridge that runs with these settings has to be started again to run with `next`: its name, node, account or
    /// broker is another one. Everything else it can change while it runs.
    pub fn needs_restart(&self, next: &Self) -> bool {
        (&self.name, &self.twister, &self.broker) != (&next.name, &next.twister, &next.broker)
    }

    /// Whether something may go to `account`: messages, or receipts for its own.
    pub fn names(&self, account: &Username) -> bool {
        self.following.contains(account) || self.forwards.iter().any(|forward| forward.to.contains(account))
    }

    /// What is wanted from the network, each filter once: what the profile publishes.
    pub fn wanted(&self) -> Vec<TopicFilter> {
        let mut filters: Vec<TopicFilter> = Vec::new();
        for subscription in &self.subscriptions {
            if !filters.contains(&subscription.filter) {
                filters.push(subscription.filter.clone());
            }
        }
        filters
    }

    /// How many messages of `peer` may come in a minute.
    pub fn messages_per_minute(&self, peer: &Username) -> u32 {
        let own = self.peers.get(peer).and_then(|peer| peer.messages_per_minute);
        own.unwrap_or(self.limits.messages_per_minute)
    }

    /// What comes in of what `peer` posted before it was followed.
    pub fn first_contact(&self, peer: &Username) -> CatchUp {
        self.peers.get(peer).map_or(PeerConfig::default().first_contact, |peer| peer.first_contact)
    }

    /// What comes in of what `peer` posted while the bridge did not run.
    pub fn after_absence(&self, peer: &Username) -> CatchUp {
        self.peers.get(peer).map_or(PeerConfig::default().after_absence, |peer| peer.after_absence)
    }

    /// How many bytes of payload a message of `peer` may have.
    pub fn max_payload(&self, peer: &Username) -> u32 {
        self.peers.get(peer).and_then(|peer| peer.max_payload).unwrap_or(self.limits.max_payload)
    }
}

impl BridgeName {
    /// The most characters of a name.
    pub const MAX_LEN: usize = 32;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for BridgeName {
    type Error = BridgeNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        match (1..=Self::MAX_LEN).contains(&text.len()) && text.chars().all(allowed) {
            true => Ok(Self(text)),
            false => Err(BridgeNameError(text)),
        }
    }
}

impl FromStr for BridgeName {
    type Err = BridgeNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl From<BridgeName> for String {
    fn from(name: BridgeName) -> Self {
        name.0
    }
}

impl From<&Username> for BridgeName {
    /// Every account name is a possible bridge name.
    fn from(account: &Username) -> Self {
        Self(account.as_str().to_owned())
    }
}

impl fmt::Display for BridgeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
