//! The file that `init` writes: the answers, and comments that say what else there is.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use mqtt_twister_bridge::config::{BridgeConfig, BridgeName, BrokerConfig, ConfigError, ConfigFile};
use mqtt_twister_bridge::topic::TopicFilter;
use toml_edit::{Array, Value};
use twister::{NodeUrl, Username};

use crate::error::CliError;

/// What was answered.
pub(super) struct Settings {
    pub(super) name: BridgeName,
    pub(super) url: NodeUrl,
    pub(super) user: String,
    pub(super) account: Username,
    pub(super) broker: BrokerConfig,
    /// Topics for everybody.
    pub(super) public: Vec<TopicFilter>,
    /// Topics for those in `to`.
    pub(super) private: Vec<TopicFilter>,
    pub(super) to: Vec<Username>,
    pub(super) following: Vec<Username>,
    pub(super) wanted: Vec<TopicFilter>,
}

/// Writes the file, unless there is one. Returns the bridge in it.
pub(super) fn write(path: &Path, settings: &Settings) -> Result<BridgeConfig, CliError> {
    let text = settings.text();
    let invalid = |source| CliError::Config { path: path.to_owned(), source };
    let bridge = ConfigFile::parse_toml(&text).map_err(invalid)?.bridges.into_iter().next();
    let bridge = bridge.ok_or_else(|| invalid(ConfigError::NoBridge))?;
    let written = OpenOptions::new().write(true).create_new(true).open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    match written {
        Ok(()) => Ok(bridge),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(CliError::ConfigExists { path: path.to_owned() }),
        Err(source) => Err(invalid(ConfigError::Write { path: path.to_owned(), source })),
    }
}

impl Settings {
    fn text(&self) -> String {
        let Self { name, url, user, account, broker, public, private, to, following, wanted } = self;
        let publications = list(public.iter().chain(private).map(TopicFilter::as_str));
        let mut forwards: Vec<String> =
            public.iter().map(|from| format!("    {{ from = {} }},\n", text(from.as_str()))).collect();
        let to = list(to.iter().map(Username::as_str));
        let private = private.iter().map(|from| {
            let from = text(from.as_str());
            format!("    {{ from = {from}, type = \"private\", to = {to} }},\n")
        });
        forwards.extend(private);
        let forwards = match forwards.as_slice() {
            [] => "[]".to_owned(),
            forwards => format!("[\n{}]", forwards.concat()),
        };
        let broker_user = match broker.user.as_str() {
            "" => "# user = \"name\"    # if the broker wants one\n".to_owned(),
            user => format!("user = {}\n", text(user)),
        };
        format!(
            r##"# The bridges of mqtt-twister-cli. docs/configuration.md has every setting;
# `mqtt-twister-cli check` says in words what each rule does, `doctor` what is in the way.
# No password is in here: they are in the system's keyring, or are handed over at the start.

[[bridge]]
name = {name}

# Whose messages may come in; `mqtt-twister-cli follow` adds to it.
following = {following}
# What is wanted of theirs: it is published in the account's profile, and nothing else comes in.
subscriptions = {wanted}

# What is taken from the broker; nothing else leaves.
publications = {publications}
# What of it goes out: for everybody to read, or with type = "private" encrypted for those in `to`.
forwards = {forwards}

[bridge.twister]
url = {url}
user = {user}    # the node's rpcuser
account = {account}    # the account that posts

[bridge.broker]
url = {broker}    # or mqtts://host for TLS
{broker_user}# ca_file = "/etc/mosquitto/ca.pem"    # with TLS: the authority that signed the broker's certificate
"##,
            name = text(name.as_str()),
            following = list(following.iter().map(Username::as_str)),
            wanted = list(wanted.iter().map(TopicFilter::as_str)),
            url = text(&url.to_string()),
            user = text(user),
            account = text(account.as_str()),
            broker = text(&broker.url.to_string()),
        )
    }
}

/// A text as TOML has it.
fn text(text: &str) -> String {
    Value::from(text).to_string().trim().to_owned()
}

fn list<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    Value::Array(texts.collect::<Array>()).to_string().trim().to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use mqtt_twister_bridge::config::Visibility;
    use tempfile::TempDir;

    use super::*;

    fn settings() -> Settings {
        Settings {
            name: "home".parse().unwrap(),
            url: "http://127.0.0.1:28332".parse().unwrap(),
            user: "a \"user\"".to_owned(),
            account: "mqtt_alice".parse().unwrap(),
            broker: BrokerConfig::new("127.0.0.1".parse().unwrap()),
            public: vec!["sensors/#".parse().unwrap()],
            private: vec!["doors/#".parse().unwrap(), "a \\ \"b\"/+".parse().unwrap()],
            to: vec!["mqtt_bob".parse().unwrap()],
            following: vec!["mqtt_bob".parse().unwrap()],
            wanted: vec!["fridges/#".parse().unwrap()],
        }
    }

    #[test]
    fn the_file_says_what_was_answered() {
        let dir = TempDir::new().unwrap();
        let config = write(&dir.path().join("home.toml"), &settings()).unwrap();
        assert_eq!(config.twister.user, "a \"user\"");
        assert_eq!(config.publications.len(), 3);
        let visibilities: Vec<Visibility> = config.forwards.iter().map(|forward| forward.visibility).collect();
        assert_eq!(visibilities, [Visibility::Public, Visibility::Private, Visibility::Private]);
        assert_eq!(config.forwards[2].from.as_str(), "a \\ \"b\"/+");
        assert_eq!(config.wanted(), settings().wanted);
    }

    #[test]
    fn a_bridge_without_rules_is_one_all_the_same() {
        let dir = TempDir::new().unwrap();
        let none =
            Settings { public: vec![], private: vec![], to: vec![], following: vec![], wanted: vec![], ..settings() };
        assert!(write(&dir.path().join("home.toml"), &none).unwrap().forwards.is_empty());
    }

    #[test]
    fn a_file_that_is_there_stays_as_it_is() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("home.toml");
        std::fs::write(&path, "mine").unwrap();
        assert!(matches!(write(&path, &settings()), Err(CliError::ConfigExists { .. })));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    }
}
