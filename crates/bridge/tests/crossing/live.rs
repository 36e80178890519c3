//! Rules that change while the bridge runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mqtt_twister_bridge::config::{BrokerUrl, parse_bridge};
use mqtt_twister_bridge::event::PartState;
use mqtt_twister_bridge::message::Qos;
use mqtt_twister_bridge::topic::TopicFilter;
use mqtt_twister_bridge::{Bridge, ReconfigureError};
use mqtt_twister_sandbox::Network;
use serde_json::{Value, json};
use twister::DhtKind;

use crate::support::{LIMIT, Side, network, until};

/// What alice sends, with these forwards; she subscribes to what they are about.
fn sends(forwards: Value) -> Value {
    let publications: Vec<Value> = forwards.as_array().unwrap().iter().map(|forward| forward["from"].clone()).collect();
    json!({"following": ["mqtt_bob"], "publications": publications, "forwards": forwards})
}

async fn alice(network: &Network, forwards: Value) -> Side {
    Side::new(network, 0, "mqtt_alice", sends(forwards)).await
}

async fn bob(network: &Network, subscriptions: Value) -> Side {
    let rules = json!({"following": ["mqtt_alice"], "subscriptions": subscriptions});
    Side::new(network, 1, "mqtt_bob", rules).await
}

/// Changes some fields of what a running bridge is told to do.
async fn change(bridge: &Bridge, fields: Value) {
    let mut config = serde_json::to_value(&*bridge.config()).unwrap();
    config.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    bridge.reconfigure(parse_bridge(config).unwrap()).await.unwrap();
}

/// Tells whether the bridge's connection to its broker was ever gone from now on.
fn watch_broker(bridge: &Bridge) -> Arc<AtomicBool> {
    let (mut states, gone) = (bridge.watch_state(), Arc::new(AtomicBool::new(false)));
    let seen = Arc::clone(&gone);
    tokio::spawn(async move {
        while states.changed().await.is_ok() {
            let up = states.borrow_and_update().broker == PartState::Up;
            seen.fetch_or(!up, Ordering::Relaxed);
        }
    });
    gone
}

fn to_bob(from: &str) -> Value {
    json!([{"from": from, "type": "private", "to": ["mqtt_bob"]}])
}

#[tokio::test]
async fn a_rule_that_is_changed_while_messages_flow_loses_and_doubles_none() {
    let network = network().await;
    let (alice, mut bob) = (alice(&network, to_bob("doors/#")).await, bob(&network, json!(["doors/#"])).await);
    let (at_alice, _at_bob) = (alice.start_ready().await, bob.start_ready().await);
    let gone = watch_broker(&at_alice);
    // Each subscribes to something else that means doors/1 as well.
    let rules = ["doors/#", "doors/+", "#", "+/1"].map(to_bob);
    for number in 0..60 {
        if number % 10 == 5 {
            change(&at_alice, sends(rules[number / 10 % rules.len()].clone())).await;
        }
        let qos = if number % 2 == 0 { Qos::AtLeastOnce } else { Qos::ExactlyOnce };
        alice.publish("doors/1", number.to_string().as_bytes(), qos).await;
    }
    let mut heard: Vec<usize> = Vec::new();
    while heard.len() < 60 {
        heard.push(String::from_utf8(bob.hear().await.payload).unwrap().parse().unwrap());
    }
    heard.sort_unstable();
    assert_eq!(heard, (0..60).collect::<Vec<_>>());
    assert!(!gone.load(Ordering::Relaxed), "the bridge stayed connected to its broker");
}

#[tokio::test]
async fn what_is_retained_goes_out_by_a_new_rule_and_once() {
    let network = network().await;
    let (alice, mut bob) = (alice(&network, json!([])).await, bob(&network, json!(["#"])).await);
    let (at_alice, _at_bob) = (alice.start_ready().await, bob.start_ready().await);
    alice.publish_retained("windows/1", b"shut").await;
    change(&at_alice, sends(to_bob("windows/#"))).await;
    assert_eq!(bob.hear().await.payload, b"shut");
    alice.publish("windows/2", b"end", Qos::AtLeastOnce).await;
    assert_eq!(bob.hear().await.payload, b"end");
    bob.until_retained("windows/1", Some(b"shut")).await;
}

#[tokio::test]
async fn a_new_subscription_is_published_and_its_messages_come_in() {
    let network = network().await;
    let (alice, mut bob) = (alice(&network, to_bob("#")).await, bob(&network, json!(["doors/#"])).await);
    let (at_alice, at_bob) = (alice.start_ready().await, bob.start_ready().await);
    let known = alice.account();
    assert_eq!(at_bob.config().following, [known]);
    let mut asked = at_alice.watch_published();
    change(&at_bob, json!({"subscriptions": ["windows/#"]})).await;
    let wants = |filter: &str| filter.parse().unwrap();
    let (bob_name, windows) = (bob.account(), vec![wants("windows/#")]);
    let heard_of = asked.wait_for(|published| published.get(&bob_name) == Some(&windows));
    tokio::time::timeout(LIMIT, heard_of).await.expect("alice hears of it in time").unwrap();
    alice.publish("doors/1", b"open", Qos::AtLeastOnce).await;
    alice.publish("windows/1", b"shut", Qos::AtLeastOnce).await;
    assert_eq!(bob.hear().await.topic, "windows/1");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_subscriptions_that_change_while_they_are_being_published_the_last_ones_are() {
    let network = network().await;
    let (alice, bob) = (alice(&network, to_bob("#")).await, bob(&network, json!(["doors/#"])).await);
    let (at_alice, at_bob) = (alice.start_ready().await, bob.start_ready().await);
    let (bob_name, mut asked) = (bob.account(), at_alice.watch_published());
    let credentials = twister::Credentials::new(network.node(1).user(), network.node(1).password());
    let node = twister::Client::new(&bob.config.twister.url, &credentials).unwrap();
    let written = async |filter: &str| {
        let found = node.dht_get("mqtt_bob", "profile", DhtKind::Single, None).await.unwrap();
        found.iter().any(|entry| entry.value["mqtt_topics"] == json!([filter]))
    };
    // The second change comes as soon as the first is in the network, when the bridge has yet to read it back.
    for round in 1..=10 {
        let (first, last) = (format!("first/{round}"), format!("last/{round}"));
        change(&at_bob, json!({"subscriptions": [&first]})).await;
        tokio::time::timeout(LIMIT, async { while !written(&first).await {} }).await.expect("it is written in time");
        change(&at_bob, json!({"subscriptions": [&last]})).await;
        let last: Vec<TopicFilter> = vec![last.parse().unwrap()];
        let heard_of = asked.wait_for(|published| published.get(&bob_name) == Some(&last));
        tokio::time::timeout(LIMIT, heard_of).await.expect("alice hears of the last ones in time").unwrap();
    }
}

#[tokio::test]
async fn an_account_is_followed_and_left_while_the_bridge_runs() {
    let network = network().await;
    let (alice, mut bob) = (alice(&network, json!([{"from": "doors/#"}])).await, bob(&network, json!(["#"])).await);
    let (_at_alice, at_bob) = (alice.start_ready().await, bob.start_ready().await);
    alice.publish("doors/1", b"1", Qos::AtLeastOnce).await;
    assert_eq!(bob.hear().await.payload, b"1");

    change(&at_bob, json!({"following": []})).await;
    let before = at_bob.state().counters;
    alice.publish("doors/1", b"2", Qos::AtLeastOnce).await;
    until(&_at_alice, |state| state.counters.posted == 2).await;
    change(&at_bob, json!({"following": ["mqtt_alice"]})).await;
    // What was posted meanwhile is looked at now: the account was met before.
    assert_eq!(bob.hear().await.payload, b"2");
    assert_eq!(at_bob.state().counters.refused, before.refused);
}

#[tokio::test]
async fn another_broker_node_account_or_name_needs_a_restart() {
    let network = network().await;
    let bob = bob(&network, json!(["doors/#"])).await;
    let at_bob = bob.start_ready().await;
    let changed = async |change: fn(&mut mqtt_twister_bridge::config::BridgeConfig)| {
        let mut config = bob.config.clone();
        change(&mut config);
        at_bob.reconfigure(config).await
    };
    let elsewhere: [fn(&mut mqtt_twister_bridge::config::BridgeConfig); 3] = [
        |config| config.broker.url = BrokerUrl::new("127.0.0.1", 9),
        |config| config.twister.account = "mqtt_carol".parse().unwrap(),
        |config| config.name = "other".parse().unwrap(),
    ];
    for change in elsewhere {
        assert_eq!(changed(change).await, Err(ReconfigureError::NeedsRestart));
    }
    let broken = changed(|config| config.limits.messages_per_minute = 0).await;
    assert!(matches!(broken, Err(ReconfigureError::Rule(_))));
    assert_eq!(*at_bob.config(), bob.config);
}
