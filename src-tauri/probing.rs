//! What is on this machine already, for somebody who begins: a Twister node, its login, MQTT brokers. All of it is a suggestion;
//! nothing is used before the person says so, and the node's settings file is not opened before they agree.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mqtt_twister_bridge::check;
use mqtt_twister_bridge::config::{BrokerConfig, BrokerUrl};
use mqtt_twister_bridge::event::ProblemCode;
use mqtt_twister_bridge::secrets::Password;
use serde::{Deserialize, Serialize};
use twister::NodeUrl;

use crate::error::{AppErrorCode, CommandError};

/// The port on which twisterd answers unless it is told otherwise.
pub const NODE_PORT: u16 = 28_332;

/// How long each place may take to answer. What is on this machine answers at once or not at all.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// The most bytes of a node's settings file.
const MOST_BYTES: u64 = 64 * 1024;

/// Where to look.
#[derive(Debug, Clone)]
pub struct Places {
    /// The node.
    pub node: NodeUrl,
    /// The node's settings file.
    pub node_file: PathBuf,
    /// The brokers.
    pub brokers: Vec<BrokerUrl>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct LocalFinds {
    /// A Twister node.
    pub node: Option<Find>,
    /// Where the node's settings file is, if there is one. It was not read.
    pub node_file: Option<String>,
    /// MQTT brokers.
    pub brokers: Vec<Find>,
}

/// A node or a broker that answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct Find {
    /// Its address.
    pub url: String,
    /// How it answers.
    pub answer: Answer,
}

/// How something that was found answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It lets everybody in.
    Open,
    /// It wants a user name and a password.
    WantsLogin,
    /// Its certificate is not one that the system trusts, or it wants one of ours.
    WantsCertificate,
}

/// What a node's settings file says, without its password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct NodeLogin {
    /// The node's address.
    pub url: String,
    /// Its `rpcuser`.
    pub user: String,
}

/// The password that was found; it never goes to the window.
#[derive(Default)]
pub struct Probing {
    found: Mutex<Option<Password>>,
}

impl Places {
    /// This machine, of a person with this home and this folder for programs' data.
    pub fn local(home: &Path, data: &Path) -> Self {
        let folder = if cfg!(any(windows, target_os = "macos")) { data.join("Twister") } else { home.join(".twister") };
        let brokers = ["mqtt://localhost:1883", "mqtts://localhost:8883"];
        Self {
            node: NodeUrl::loopback(NODE_PORT),
            node_file: folder.join("twister.conf"),
            brokers: brokers.iter().filter_map(|url| url.parse().ok()).collect(),
        }
    }
}

impl Probing {
    /// Looks at all places at once.
    pub async fn look(&self, places: &Places) -> LocalFinds {
        let node = find_node(&places.node);
        let brokers = async {
            let mut found = Vec::new();
            let tasks: Vec<_> = places.brokers.iter().cloned().map(|url| tokio::spawn(find_broker(url))).collect();
            for task in tasks {
                found.extend(task.await.ok().flatten());
            }
            found
        };
        let (node, brokers) = tokio::join!(node, brokers);
        let node_file = places.node_file.is_file().then(|| places.node_file.display().to_string());
        LocalFinds { node, node_file, brokers }
    }

    /// Reads the node's settings file. The person has agreed to it. The password stays here, for [`found`](Self::found).
    ///
    /// # Errors
    /// [`AppErrorCode::NodeFileUnusable`]: the file cannot be read, or has no login.
    pub fn read_node_file(&self, path: &Path) -> Result<NodeLogin, CommandError> {
        let unusable = |reason: &dyn std::fmt::Display| {
            let message =
                format!("cannot use {}: {reason}. Enter the node's user and password yourself", path.display());
            CommandError::new(AppErrorCode::NodeFileUnusable, message)
        };
        let mut text = zeroize::Zeroizing::new(String::new());
        let file = File::open(path).map_err(|error| unusable(&error))?;
        file.take(MOST_BYTES).read_to_string(&mut text).map_err(|error| unusable(&error))?;
        let value = |name: &str| {
            let settings = text.lines().filter_map(|line| line.split_once('='));
            settings
                .map(|(key, value)| (key.trim(), value.trim()))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value)
        };
        let (Some(user), Some(password)) = (value("rpcuser"), value("rpcpassword")) else {
            return Err(unusable(&"it has no rpcuser and rpcpassword"));
        };
        let port = match value("rpcport").map(str::parse) {
            None => NODE_PORT,
            Some(Ok(port)) => port,
            Some(Err(_)) => return Err(unusable(&"its rpcport is not a port")),
        };
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(Password::new(password));
        Ok(NodeLogin { url: NodeUrl::loopback(port).to_string(), user: user.to_owned() })
    }

    /// The password of the file that was read last.
    pub fn found(&self) -> Option<Password> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn find_node(url: &NodeUrl) -> Option<Find> {
    let outcome = tokio::time::timeout(PATIENCE, check::check_node(url, "", &Password::default())).await.ok()?;
    let answer = match outcome {
        Ok(_) => Answer::Open,
        Err(error) if error.code == ProblemCode::NodeCredentials => Answer::WantsLogin,
        Err(_) => return None,
    };
    Some(Find { url: url.to_string(), answer })
}

async fn find_broker(url: BrokerUrl) -> Option<Find> {
    let config = BrokerConfig::new(url.clone());
    let outcome = tokio::time::timeout(PATIENCE, check::check_broker(&config, &Password::default())).await.ok()?;
    let answer = match outcome.map_err(|error| error.code) {
        Ok(_) => Answer::Open,
        Err(ProblemCode::BrokerCredentials) => Answer::WantsLogin,
        Err(ProblemCode::BrokerCertificate | ProblemCode::BrokerClientCertificate) => Answer::WantsCertificate,
        Err(_) => return None,
    };
    Some(Find { url: url.to_string(), answer })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use mqtt_twister_broker::{Broker, BrokerOptions};
    use mqtt_twister_sandbox::{Network, NodeConfig};

    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("twister.conf");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[tokio::test]
    async fn a_node_and_a_broker_on_this_machine_are_found() {
        let network = Network::builder().node(NodeConfig::new().password("xyzzy")).nodes(1).start().await.unwrap();
        let broker = Broker::start(BrokerOptions::on(([127, 0, 0, 1], 0))).await.unwrap();
        let node = network.node(0).url();
        let found: BrokerUrl = format!("mqtt://{}", broker.addr()).parse().unwrap();
        let (_folder, node_file) = file("rpcuser=user\n");
        let brokers = vec![found.clone(), "mqtt://127.0.0.1:9".parse().unwrap()];
        let places = Places { node: node.parse().unwrap(), node_file: node_file.clone(), brokers };

        let finds = Probing::default().look(&places).await;
        assert_eq!(finds.node.unwrap().answer, Answer::WantsLogin);
        assert_eq!(finds.brokers, [Find { url: found.to_string(), answer: Answer::Open }]);
        assert_eq!(finds.node_file, Some(node_file.display().to_string()));
        broker.stop().await;
    }

    #[tokio::test]
    async fn on_an_empty_machine_nothing_is_found() {
        let nowhere = "127.0.0.1:9";
        let places = Places {
            node: format!("http://{nowhere}").parse().unwrap(),
            node_file: "/nonexistent/twister.conf".into(),
            brokers: vec![format!("mqtt://{nowhere}").parse().unwrap()],
        };
        let finds = Probing::default().look(&places).await;
        assert_eq!(finds, LocalFinds { node: None, node_file: None, brokers: Vec::new() });
    }

    #[test]
    fn the_nodes_file_gives_address_and_user_and_the_password_stays_here() {
        let (_folder, path) = file("# node\nserver=1\nrpcuser = alice\nrpcpassword=pa=ss#word\nrpcport=29000\n");
        let probing = Probing::default();
        assert_eq!(probing.found(), None);
        let login = probing.read_node_file(&path).unwrap();
        assert_eq!(
            login,
            NodeLogin {
                url: "http://127.0.0.1:29000/".parse::<NodeUrl>().unwrap().to_string(),
                user: "alice".to_owned()
            }
        );
        assert_eq!(probing.found().unwrap().reveal(), "pa=ss#word");
        assert!(!serde_json::to_string(&login).unwrap().contains("pa=ss"));
    }

    #[test]
    fn a_file_without_a_login_is_told_without_its_contents() {
        for text in ["", "rpcpassword=xyzzy\n", "rpcuser=a\nrpcpassword=xyzzy\nrpcport=many\n"] {
            let (_folder, path) = file(text);
            let error = Probing::default().read_node_file(&path).unwrap_err();
            assert!(!error.message.contains("xyzzy"), "{}", error.message);
        }
    }
}
