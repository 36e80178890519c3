#![allow(clippy::unwrap_used, clippy::panic)]

use serde_json::{Value, json};

use super::*;
use crate::config::parse_bridge;
use crate::message::Qos;

/// A bridge of `mqtt_alice` that follows bob and carol, with these settings more.
fn config(more: Value) -> BridgeConfig {
    let mut config = json!({
        "name": "home",
        "twister": {"url": "http://127.0.0.1:28332", "account": "mqtt_alice"},
        "broker": {"url": "127.0.0.1"},
        "following": ["mqtt_bob", "mqtt_carol"],
    });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    parse_bridge(config).unwrap()
}

fn message(topic: &str) -> Message {
    Message { retain: true, ..Message::new(topic.parse().unwrap(), "21.5", Qos::ExactlyOnce) }
}

fn from(sender: &str, message: Message, config: &BridgeConfig) -> Inward {
    inward(&sender.parse().unwrap(), message, config)
}

fn wanted(subscription: Value, topic: &str) -> Option<Message> {
    match from("mqtt_bob", message(topic), &config(json!({ "subscriptions": [subscription] }))) {
        Inward::Wanted(message) => Some(message),
        Inward::Unwanted => None,
        Inward::Refused(refusal) => panic!("{refusal}"),
    }
}

fn refusal(sender: &str, message: Message, more: Value) -> Refusal {
    let mut settings = json!({ "subscriptions": ["#"] });
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    match from(sender, message, &config(settings)) {
        Inward::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_subscribed_message_comes_in_as_it_was_sent_with_its_sender_in_its_path() {
    let mut sent = message("doors/1");
    sent.path = vec!["mqtt_dave".parse().unwrap()];
    let Inward::Wanted(got) = from("mqtt_bob", sent.clone(), &config(json!({ "subscriptions": ["doors/#"] }))) else {
        panic!("it is wanted")
    };
    let path: Vec<Username> = ["mqtt_dave", "mqtt_bob"].map(|name| name.parse().unwrap()).to_vec();
    assert_eq!(got, Message { path, ..sent });
}

#[test]
fn what_was_not_asked_for_is_unwanted() {
    assert_eq!(wanted(json!("doors/#"), "sensors/1"), None);
}

#[test]
fn wish_6_what_a_subscription_leaves_out_does_not_come_in() {
    let subscription = json!({ "filter": "doors/#", "except": ["doors/+/battery"] });
    assert!(wanted(subscription.clone(), "doors/1").is_some());
    assert_eq!(wanted(subscription, "doors/1/battery"), None);
}

#[test]
fn a_subscription_can_be_for_some_senders_only() {
    let config = config(json!({ "subscriptions": [{ "filter": "doors/#", "from": ["mqtt_carol"] }] }));
    assert_eq!(from("mqtt_bob", message("doors/1"), &config), Inward::Unwanted);
    assert!(matches!(from("mqtt_carol", message("doors/1"), &config), Inward::Wanted(_)));
}

#[test]
fn wish_5_what_comes_in_is_mapped_by_the_first_subscription_that_matches() {
    let config = config(json!({ "subscriptions": [
        { "filter": "sensors/+/#", "from": ["mqtt_bob"], "rename": "weather/$1/bob/$2" },
        { "filter": "sensors/#", "strip_prefix": "sensors/", "add_prefix": "others/" },
    ] }));
    let topic = |sender| match from(sender, message("sensors/porch/wind"), &config) {
        Inward::Wanted(message) => message.topic.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        (topic("mqtt_bob").as_str(), topic("mqtt_carol").as_str()),
        ("weather/porch/bob/wind", "others/porch/wind")
    );
}

#[test]
fn quality_of_service_is_capped_and_the_retained_flag_stripped() {
    let got = wanted(json!({ "filter": "#", "max_qos": 1, "retain": "strip" }), "doors/1").unwrap();
    assert_eq!((got.qos, got.retain), (Qos::AtLeastOnce, false));
    let got = wanted(json!("#"), "doors/1").unwrap();
    assert_eq!((got.qos, got.retain), (Qos::ExactlyOnce, true));
}

#[test]
fn the_brokers_and_bridges_own_topics_never_get_in_before_or_after_mapping() {
    for topic in ["$SYS/load", "mqtt-twister/home/state"] {
        assert_eq!(refusal("mqtt_bob", message(topic), json!({})), Refusal::Local(topic.parse().unwrap()));
    }
    for topic in ["to/$SYS/load", "to/mqtt-twister/home/state"] {
        let stripping = json!({ "subscriptions": [{ "filter": "to/#", "strip_prefix": "to/" }] });
        assert_eq!(refusal("mqtt_bob", message(topic), stripping), Refusal::Local(topic[3..].parse().unwrap()));
    }
}

#[test]
fn a_message_that_came_through_here_before_is_refused_as_a_loop() {
    let mut back = message("doors/1");
    back.path = ["mqtt_alice", "mqtt_carol"].map(|name| name.parse().unwrap()).to_vec();
    assert!(matches!(refusal("mqtt_bob", back, json!({})), Refusal::Loop { .. }));
    let following = json!({ "following": ["mqtt_alice"] });
    assert!(matches!(refusal("mqtt_alice", message("doors/1"), following), Refusal::Loop { .. }));
}

#[test]
fn only_followed_accounts_get_in() {
    assert!(matches!(refusal("mqtt_eve", message("doors/1"), json!({})), Refusal::NotFollowed(_)));
}

#[test]
fn a_peer_is_held_to_its_topics() {
    let peers = json!({ "peers": { "mqtt_bob": { "topics": ["doors/#"] } } });
    assert!(matches!(refusal("mqtt_bob", message("sensors/1"), peers.clone()), Refusal::NotAllowed { .. }));
    let config = config(json!({ "subscriptions": ["#"], "peers": peers["peers"] }));
    assert!(matches!(from("mqtt_bob", message("doors/1"), &config), Inward::Wanted(_)));
    assert!(matches!(from("mqtt_carol", message("sensors/1"), &config), Inward::Wanted(_)));
}

#[test]
fn a_payload_larger_than_the_limit_is_refused_and_a_peers_own_limit_goes_first() {
    let limits = json!({ "limits": { "max_payload": 3 } });
    assert!(matches!(refusal("mqtt_bob", message("a"), limits), Refusal::TooLarge { len: 4, most: 3, .. }));
    let config = config(json!({
        "subscriptions": ["#"], "limits": { "max_payload": 3 }, "peers": { "mqtt_bob": { "max_payload": 4 } },
    }));
    assert!(matches!(from("mqtt_bob", message("a"), &config), Inward::Wanted(_)));
}

#[test]
fn a_topic_of_which_nothing_is_left_is_refused() {
    let stripping = json!({ "subscriptions": [{ "filter": "to/#", "strip_prefix": "to/" }] });
    assert!(matches!(refusal("mqtt_bob", message("to"), stripping), Refusal::Unmapped(_)));
}
