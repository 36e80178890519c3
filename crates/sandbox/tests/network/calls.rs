//! Calls that most tests make, and the network that most tests are about.

use std::time::Duration;

use mqtt_twister_sandbox::{Builder, Clock, ManualClock, Network, Node, NodeConfig};
use serde_json::{Value, json};

use crate::http::call;

/// Alice on node 0 and Bob on node 1, following each other; the DHT does not wait.
pub async fn alice_and_bob() -> Network {
    let network = builder().start().await.unwrap();
    befriend(&network);
    network
}

/// The same, with a clock that a test turns.
pub async fn alice_and_bob_at(now: i64) -> (Network, ManualClock) {
    let clock = ManualClock::new(now);
    let network = builder().clock(Clock::Manual(clock.clone())).start().await.unwrap();
    befriend(&network);
    (network, clock)
}

pub fn builder() -> Builder {
    let builder = Network::builder().dht_wait(Duration::ZERO);
    builder.node(NodeConfig::new().account("alice")).node(NodeConfig::new().account("bob"))
}

fn befriend(network: &Network) {
    network.follow(0, "alice", &["bob"]);
    network.follow(1, "bob", &["alice"]);
}

pub async fn post(node: &Node, author: &str, number: i64, text: &str) -> Value {
    call(node, "newpostmsg", json!([author, number, text])).await.unwrap()
}

pub async fn message(node: &Node, from: &str, number: i64, to: &str, text: &str) -> Value {
    call(node, "newdirectmsg", json!([from, number, to, text])).await.unwrap()
}

/// Numbers of the posts of `author` that a node shows, as it orders them, without promoted ones.
pub async fn numbers(node: &Node, author: &str) -> Vec<i64> {
    posts(node, author).await.iter().map(|post| post["userpost"]["k"].as_i64().unwrap()).collect()
}

/// The posts of `author` that a node shows, without promoted ones.
pub async fn posts(node: &Node, author: &str) -> Vec<Value> {
    let mut posts = call(node, "getposts", json!([100, [{"username": author}], 255])).await.unwrap();
    let posts = posts.as_array_mut().unwrap();
    posts.retain(|post| post["sig_userpost"] != "");
    std::mem::take(posts)
}

/// Number and text of the messages between `user` and `peer` that a node lists.
pub async fn messages(node: &Node, user: &str, peer: &str) -> Vec<(i64, String)> {
    let lists = call(node, "getdirectmsgs", json!([user, 100, [{"username": peer}]])).await.unwrap();
    let list = lists.get(peer).and_then(Value::as_array).cloned().unwrap_or_default();
    list.iter().map(|line| (line["k"].as_i64().unwrap(), line["text"].as_str().unwrap().to_owned())).collect()
}

pub async fn last_have(node: &Node, follower: &str, author: &str) -> i64 {
    call(node, "getlasthave", json!([follower])).await.unwrap()[author].as_i64().unwrap()
}
