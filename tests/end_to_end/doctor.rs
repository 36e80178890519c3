//! `doctor`: each fault that a person meets is made, and has to be named by its code, in words, with the right exit code.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    AlteredNode, BridgeProcess, Client, Mosquitto, Network, PASSWORD, command, free_port, in_time, toml_bridge,
};

const RULES: &str = "following = ['mqtt_bob']\npublications = ['doors/#']\nforwards = [{ from = 'doors/#' }]\n\
                     subscriptions = ['fridges/#']";

const WELL: i32 = 0;
const WARNINGS: i32 = 3;
const FAULTS: i32 = 4;

/// Alice's bridge, which does not run, and with which nothing else is wrong: there is a topic for its rule, too.
struct Alice {
    network: Network,
    broker: Mosquitto,
    person: Client,
    dir: TempDir,
}

/// What the doctor said.
struct Diagnosis {
    code: i32,
    lines: Vec<Value>,
    text: String,
}

impl Alice {
    async fn set_up() -> Self {
        let (network, broker) = tokio::join!(Network::of_alice_and_bob(), Mosquitto::start());
        network.follow(1, "mqtt_bob", "mqtt_alice").await;
        network.follow(0, "mqtt_alice", "mqtt_bob").await;
        let person = Client::connect(broker.port(), "alice").await;
        person.retain("doors/1", "open").await;
        Self { network, broker, person, dir: TempDir::new().unwrap() }
    }

    fn config(&self) -> String {
        self.config_with(&self.network.url(0), &self.broker.address())
    }

    fn config_with(&self, node: &str, broker: &str) -> String {
        toml_bridge("alice", "mqtt_alice", node, broker, RULES)
    }

    /// Runs the doctor on her configuration.
    async fn diagnose(&self) -> Diagnosis {
        diagnose(self.dir.path(), &self.config(), PASSWORD).await
    }

    /// Runs the doctor on another one.
    async fn diagnose_with(&self, node: &str, broker: &str) -> Diagnosis {
        diagnose(self.dir.path(), &self.config_with(node, broker), PASSWORD).await
    }
}

async fn diagnose(dir: &Path, config: &str, password: &str) -> Diagnosis {
    let file = dir.join("config.toml");
    std::fs::write(&file, config).unwrap();
    let mut command = command(dir);
    command.args(["--json", "doctor"]).arg(&file).args(["--listen", "1"]).arg("--data-dir").arg(dir.join("data"));
    command.env("MQTT_TWISTER_ALICE_NODE_PASSWORD", password).stderr(Stdio::piped());
    let output = in_time("the diagnosis", command.output()).await.unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    Diagnosis { code: output.status.code().unwrap(), lines, text }
}

impl Diagnosis {
    fn codes(&self) -> Vec<&str> {
        self.lines.iter().filter_map(|line| line["code"].as_str()).collect()
    }

    /// Checks that the finding is there, ends with this exit code, and says these words.
    fn assert_finds(&self, code: &str, exit_code: i32, words: &[&str]) {
        let found = self.lines.iter().find(|line| line["type"] == "finding" && line["code"] == code);
        let message = found.unwrap_or_else(|| panic!("{code} is not in\n{}", self.text))["message"].as_str().unwrap();
        for word in words {
            assert!(message.contains(word), "{message:?} does not name {word:?}");
        }
        assert_eq!(self.code, exit_code, "{}", self.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_that_runs_well_has_nothing_wrong_with_it() {
    let alice = Alice::set_up().await;
    let bridge =
        BridgeProcess::start(alice.dir.path(), &alice.config(), &[("MQTT_TWISTER_ALICE_NODE_PASSWORD", PASSWORD)]);
    bridge.ready().await;
    let diagnosis = alice.diagnose().await;
    assert_eq!((diagnosis.code, diagnosis.codes()), (WELL, vec![]), "{}", diagnosis.text);
    let last = diagnosis.lines.last().unwrap();
    assert_eq!((&last["type"], &last["bridges"]), (&"diagnosis".into(), &1.into()));
    alice.network.take_down(0).await;
    alice.diagnose().await.assert_finds("node_unreachable", FAULTS, &[&alice.network.url(0)]);
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_down_is_named() {
    let alice = Alice::set_up().await;
    let nowhere = format!("http://127.0.0.1:{}", free_port());
    let diagnosis = alice.diagnose_with(&nowhere, &alice.broker.address()).await;
    diagnosis.assert_finds("node_unreachable", FAULTS, &[&nowhere]);
    assert!(!diagnosis.codes().contains(&"no_peers"), "what follows is left out: {}", diagnosis.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_named_and_never_shown() {
    let alice = Alice::set_up().await;
    let diagnosis = diagnose(alice.dir.path(), &alice.config(), "swordfish").await;
    diagnosis.assert_finds("node_credentials", FAULTS, &["password"]);
    assert!(!diagnosis.text.contains("swordfish") && !diagnosis.text.contains(PASSWORD));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_nowhere_is_asked_for_by_its_name() {
    let alice = Alice::set_up().await;
    let config = alice.config().replace("\"alice\"", "\"cabin\"");
    let diagnosis = diagnose(alice.dir.path(), &config, PASSWORD).await;
    diagnosis.assert_finds("keyring_unavailable", FAULTS, &["MQTT_TWISTER_CABIN_NODE_PASSWORD"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_is_behind_is_named_with_the_blocks_that_are_missing() {
    let alice = Alice::set_up().await;
    let node = AlteredNode::of(&alice.network.url(0), "getpeerinfo", |peers| {
        let height = peers[0]["startingheight"].as_u64().unwrap();
        peers[0]["startingheight"] = (height + 400).into();
    })
    .await;
    let diagnosis = alice.diagnose_with(&node.url(), &alice.broker.address()).await;
    diagnosis.assert_finds("node_syncing", FAULTS, &["400 blocks"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_stands_is_named_with_the_age_of_its_newest_block() {
    let alice = Alice::set_up().await;
    let network = Network::syncing().await;
    let config = toml_bridge("alice", "carol", &network.url(0), &alice.broker.address(), RULES);
    // Its only node has nobody to be ahead of it, and that is the graver matter.
    diagnose(alice.dir.path(), &config, PASSWORD).await.assert_finds("no_peers", FAULTS, &["connection"]);
    let node = AlteredNode::of(&network.url(0), "getpeerinfo", |peers| {
        *peers = serde_json::json!([{ "addr": "10.77.0.2:28333", "inbound": true, "startingheight": 1 }]);
    })
    .await;
    let config = toml_bridge("alice", "carol", &node.url(), &alice.broker.address(), RULES);
    diagnose(alice.dir.path(), &config, PASSWORD).await.assert_finds("chain_stands", FAULTS, &["3 days"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_peers_is_named() {
    let alice = Alice::set_up().await;
    alice.network.take_down(1).await;
    // In a private network whoever is alone may be the only one awake.
    alice.diagnose().await.assert_finds("no_peers", WARNINGS, &["no connection to other nodes"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_dht_is_named() {
    let alice = Alice::set_up().await;
    let node = AlteredNode::of(&alice.network.url(0), "getinfo", |info| info["dht_nodes"] = 0.into()).await;
    let diagnosis = alice.diagnose_with(&node.url(), &alice.broker.address()).await;
    diagnosis.assert_finds("dht_empty", WARNINGS, &["DHT"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_off_is_named_with_by_how_much() {
    let alice = Alice::set_up().await;
    let node = AlteredNode::of(&alice.network.url(0), "getinfo", |info| info["timeoffset"] = 3600.into()).await;
    let diagnosis = alice.diagnose_with(&node.url(), &alice.broker.address()).await;
    diagnosis.assert_finds("clock_wrong", WARNINGS, &["60 minutes behind"]);
    let node = AlteredNode::of(&alice.network.url(0), "getinfo", |info| info["timeoffset"] = 7200.into()).await;
    let diagnosis = alice.diagnose_with(&node.url(), &alice.broker.address()).await;
    diagnosis.assert_finds("clock_wrong", FAULTS, &["2 hours"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_not_registered_is_named() {
    let alice = Alice::set_up().await;
    alice.network.create_key(0, "dave").await;
    let config = alice.config().replace("mqtt_alice", "dave");
    let diagnosis = diagnose(alice.dir.path(), &config, PASSWORD).await;
    diagnosis.assert_finds("account_not_registered", FAULTS, &["dave", "account register"]);
    let config = alice.config().replace("mqtt_alice", "erin");
    let diagnosis = diagnose(alice.dir.path(), &config, PASSWORD).await;
    diagnosis.assert_finds("account_not_in_wallet", FAULTS, &["erin", "account create"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_that_are_used_up_are_named() {
    let alice = Alice::set_up().await;
    alice.network.use_up_posts(0, "mqtt_alice").await;
    alice.diagnose().await.assert_finds("quota_exhausted", FAULTS, &["no posts left"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_down_is_named() {
    let alice = Alice::set_up().await;
    let nowhere = format!("127.0.0.1:{}", free_port());
    let diagnosis = alice.diagnose_with(&alice.network.url(0), &nowhere).await;
    diagnosis.assert_finds("broker_unreachable", FAULTS, &[&nowhere]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_nobody_vouches_for_is_named_and_so_is_a_port_without_tls() {
    let (alice, secure) = tokio::join!(Alice::set_up(), Mosquitto::start_with_tls());
    let diagnosis = alice.diagnose_with(&alice.network.url(0), &format!("mqtts://{}", secure.address())).await;
    diagnosis.assert_finds("broker_certificate", FAULTS, &["certificate", "ca_file"]);
    let diagnosis = alice.diagnose_with(&alice.network.url(0), &format!("mqtts://{}", alice.broker.address())).await;
    diagnosis.assert_finds("broker_refused", FAULTS, &["TLS"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_match_nothing_at_the_broker_are_named_only_if_there_is_something() {
    let alice = Alice::set_up().await;
    alice.person.retain("doors/1", "").await;
    alice.diagnose().await.assert_finds("broker_silent", WARNINGS, &["--listen"]);
    alice.person.retain("Doors/1", "open").await;
    let diagnosis = alice.diagnose().await;
    diagnosis.assert_finds("rules_match_nothing", WARNINGS, &["Doors/1", "publications"]);
    assert!(!diagnosis.codes().contains(&"broker_silent"), "{}", diagnosis.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_is_not_published_is_named() {
    let alice = Alice::set_up().await;
    let diagnosis = alice.diagnose().await;
    diagnosis.assert_finds("profile_not_published", WARNINGS, &["mqtt_alice", "fridges/#"]);
    assert!(diagnosis.codes().contains(&"not_running"), "{}", diagnosis.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_who_wants_nothing_of_what_is_sent_is_named() {
    let alice = Alice::set_up().await;
    let rule = "{ from = 'doors/#', type = 'private', to = ['mqtt_bob'] }";
    let config = alice.config().replace("{ from = 'doors/#' }", rule);
    alice.network.put_profile(1, "mqtt_bob", &serde_json::json!({ "mqtt_topics": ["windows/#"] })).await;
    let diagnosis = diagnose(alice.dir.path(), &config, PASSWORD).await;
    diagnosis.assert_finds("receiver_wants_nothing", WARNINGS, &["mqtt_bob wants windows/#", "doors/#"]);
}
