//! `status` and `queue` beside a bridge that runs, and of one that does not. Bob has no bridge in these tests: alice's has
//! nobody to send to until he writes what he wants into his profile.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{BridgeProcess, Client, Mosquitto, Network, PASSWORD, ask, in_time, toml_bridge};

const RULES: &str = "following = ['mqtt_bob']\npublications = ['#']\n\
                     forwards = [{ from = 'doors/#', type = 'private', to = ['mqtt_bob'] }]";

/// Alice, whose bridge is ready, and what she has published on `doors/1` and `doors/2` waits for bob.
struct Alice {
    network: Network,
    _broker: Mosquitto,
    person: Client,
    dir: TempDir,
    config: String,
    bridge: BridgeProcess,
}

impl Alice {
    async fn with_two_messages_that_wait() -> Self {
        let (network, broker) = tokio::join!(Network::of_alice_and_bob(), Mosquitto::start());
        network.follow(1, "mqtt_bob", "mqtt_alice").await;
        let config = toml_bridge("alice", "mqtt_alice", &network.url(0), &broker.address(), RULES);
        let dir = TempDir::new().unwrap();
        let bridge = start(&dir, &config);
        bridge.ready().await;
        let person = Client::connect(broker.port(), "alice").await;
        let alice = Self { network, _broker: broker, person, dir, config, bridge };
        for topic in ["doors/1", "doors/2"] {
            alice.person.publish(topic, "open").await;
            alice.moved("queued", topic).await;
        }
        alice
    }

    /// Bob publishes what he wants, and which frames he understands.
    async fn bob_is_heard_of(&self, frames: Value) {
        let profile = json!({ "mqtt_topics": ["doors/#"], "mqtt_frames": frames });
        self.network.put_profile(1, "mqtt_bob", &profile).await;
    }

    /// Waits until a message has made a step.
    async fn moved(&self, step: &str, topic: &str) {
        let moved = |line: &Value| line["type"] == "message" && line["step"] == step && line["topic"] == topic;
        self.bridge.line(&format!("{topic} {step}"), moved).await;
    }

    /// The topics of the messages that bob's node has for him, once it has so many.
    async fn at_bob(&self, count: usize) -> Vec<String> {
        let texts = in_time("what was posted", async {
            loop {
                let texts = self.network.direct_messages(1, "mqtt_bob", "mqtt_alice").await;
                if texts.len() >= count {
                    return texts;
                }
            }
        });
        let topic = |text: &String| serde_json::from_str::<Value>(text).unwrap()["topic"].as_str().unwrap().to_owned();
        let mut topics: Vec<String> = texts.await.iter().map(topic).collect();
        topics.sort();
        topics
    }

    async fn ask(&self, words: &[&str]) -> Vec<Value> {
        ask(self.dir.path(), words).await
    }
}

fn start(dir: &TempDir, config: &str) -> BridgeProcess {
    BridgeProcess::start(dir.path(), config, &[("MQTT_TWISTER_ALICE_NODE_PASSWORD", PASSWORD)])
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_while_the_bridge_runs_leaves_when_it_is_released() {
    let alice = Alice::with_two_messages_that_wait().await;
    let status = &alice.ask(&["status"]).await[0];
    assert_eq!((&status["running"], &status["state"]["ready"]), (&json!(true), &json!(true)), "{status}");
    let bob = &status["queue"][0];
    assert_eq!((&bob["receiver"], &bob["waiting"]), (&json!({ "account": "mqtt_bob" }), &json!(2)), "{status}");
    assert_eq!(bob["delays"][0]["code"], "not_heard_of", "{status}");

    assert_eq!(alice.ask(&["queue", "hold", "--topic", "doors/1"]).await[0]["changed"], 1);
    alice.bob_is_heard_of(json!([])).await;
    alice.moved("posted", "doors/2").await;
    assert_eq!(alice.at_bob(1).await, ["doors/2"]);
    let lines = alice.ask(&["queue"]).await;
    let held = lines.iter().find(|line| line["type"] == "message").unwrap();
    assert_eq!((&held["topic"], &held["state"]), (&json!("doors/1"), &json!("held")), "{lines:?}");

    let id = held["id"].to_string();
    assert_eq!(alice.ask(&["queue", "release", "--id", &id]).await[0]["changed"], 1);
    alice.moved("posted", "doors/1").await;
    assert_eq!(alice.at_bob(2).await, ["doors/1", "doors/2"]);
    alice.bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dropped_while_the_bridge_runs_never_leaves() {
    let alice = Alice::with_two_messages_that_wait().await;
    assert_eq!(alice.ask(&["queue", "drop", "--to", "mqtt_bob", "--topic", "+/1"]).await[0]["changed"], 1);
    alice.bob_is_heard_of(json!([])).await;
    alice.moved("posted", "doors/2").await;
    alice.person.publish("doors/3", "open").await;
    alice.moved("posted", "doors/3").await;
    assert_eq!(alice.at_bob(2).await, ["doors/2", "doors/3"]);
    let status = &alice.ask(&["status"]).await[0];
    assert_eq!((&status["state"]["counters"]["dropped"], &status["queue"]), (&json!(1), &json!([])), "{status}");
    alice.bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_receiver_is_silent_about_is_posted_again_at_once_by_a_retry() {
    let alice = Alice::with_two_messages_that_wait().await;
    alice.bob_is_heard_of(json!([1])).await;
    alice.moved("posted", "doors/2").await;
    let lines = alice.ask(&["queue", "list", "--to", "mqtt_bob"]).await;
    assert_eq!((&lines[0]["posted"], &lines[0]["delays"][0]["code"]), (&json!(2), &json!("silent")), "{lines:?}");
    assert_eq!(lines[1]["state"], "posted", "{lines:?}");

    let retried = &alice.ask(&["queue", "retry"]).await[0];
    assert_eq!((&retried["changed"], &retried["posts"]), (&json!(2), &json!(1)), "{retried}");
    alice.bridge.state("alice", "a second post", |state| state["counters"]["posted"] == 2).await;
    assert_eq!(alice.ask(&["queue"]).await[1]["tries"], 1);
    alice.bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_looked_at_and_dropped_although_the_bridge_was_killed() {
    let mut alice = Alice::with_two_messages_that_wait().await;
    alice.bridge.kill().await;
    let status = &ask(alice.dir.path(), &["status"]).await[0];
    assert_eq!((&status["running"], &status["queue"][0]["waiting"]), (&json!(false), &json!(2)), "{status}");
    assert_eq!(status["queue"][0]["delays"][0]["code"], "not_running", "{status}");
    let dropped = &ask(alice.dir.path(), &["queue", "drop", "--topic", "doors/1"]).await[0];
    assert_eq!((&dropped["changed"], &dropped["running"]), (&json!(1), &json!(false)), "{dropped}");

    alice.bridge = start(&alice.dir, &alice.config);
    alice.bob_is_heard_of(json!([])).await;
    alice.moved("posted", "doors/2").await;
    assert_eq!(alice.at_bob(1).await, ["doors/2"]);
    alice.bridge.stop().await;
}
