//! Reads the JSON configuration of mosquitto-twister, the 2014 program, unchanged.

use std::collections::BTreeMap;

use serde::Deserialize;
use twister::{NodeUrl, Username};

use super::file::{ConfigError, LoadedBridge, json_error};
use super::{
    BridgeConfig, BridgeName, BrokerConfig, BrokerUrl, Forward, Limits, Subscription, TwisterConfig, Visibility,
};
use crate::secrets::Password;
use crate::topic::TopicFilter;

/// The file's fields. The node's user and password stand in its `twister` URL.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonConfig {
    mosquitto: BrokerUrl,
    twister: String,
    username: Username,
    #[serde(default)]
    following: Vec<Username>,
    #[serde(default)]
    publications: Vec<TopicFilter>,
    #[serde(default)]
    forwards: Vec<JsonForward>,
    #[serde(default)]
    subscriptions: Vec<TopicFilter>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonForward {
    from: TopicFilter,
    #[serde(default, rename = "type")]
    visibility: Visibility,
    #[serde(default)]
    to: Vec<Username>,
}

/// Reads a mosquitto-twister file. The bridge is called after its account.
pub(super) fn parse(text: &str) -> Result<LoadedBridge, ConfigError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let json: JsonConfig = serde_path_to_error::deserialize(&mut reader).map_err(json_error)?;
    reader.end().map_err(|source| ConfigError::Json { field: String::new(), source })?;
    let (url, credentials) = NodeUrl::parse_with_credentials(&json.twister)
        .map_err(|error| ConfigError::Json { field: "twister".to_owned(), source: serde::de::Error::custom(error) })?;
    let (user, node_password) = match credentials {
        Some(credentials) => (credentials.user().to_owned(), Some(Password::new(credentials.expose_password()))),
        None => (String::new(), None),
    };
    let config = BridgeConfig {
        name: BridgeName::from(&json.username),
        twister: TwisterConfig { url, user, account: json.username },
        broker: BrokerConfig { url: json.mosquitto, user: String::new() },
        following: json.following,
        publications: json.publications,
        forwards: json.forwards.into_iter().map(Forward::from).collect(),
        subscriptions: json.subscriptions.into_iter().map(Subscription::from).collect(),
        peers: BTreeMap::new(),
        limits: Limits::default(),
    };
    config.check()?;
    Ok(LoadedBridge { config, node_password })
}

impl From<JsonForward> for Forward {
    /// Whoever has such a file knows people who run mosquitto-twister, so they can go on reading what is public.
    fn from(JsonForward { from, visibility, to }: JsonForward) -> Self {
        let compatible = visibility == Visibility::Public;
        Self { visibility, to, compatible, ..Self::new(from) }
    }
}
