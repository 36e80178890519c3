#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::*;
use crate::config::parse_bridge;
use crate::message::Qos;

fn config(forwards: &Value) -> BridgeConfig {
    let config = json!({
        "name": "home",
        "twister": {"url": "http://127.0.0.1:28332", "account": "mqtt_alice"},
        "broker": {"url": "127.0.0.1"},
        "forwards": forwards,
    });
    parse_bridge(config).unwrap()
}

/// Bob wants doors, carol nothing; nobody else has been heard of.
fn published() -> PublishedTopics {
    PublishedTopics::from([
        ("mqtt_bob".parse().unwrap(), vec!["doors/#".parse().unwrap()]),
        ("mqtt_carol".parse().unwrap(), vec![]),
    ])
}

fn message(topic: &str) -> Message {
    Message { retain: true, ..Message::new(topic.parse().unwrap(), "21.5", Qos::ExactlyOnce) }
}

fn routes(message: &Message, forwards: &Value) -> Vec<Route> {
    route(message, &config(forwards), &published())
}

/// Who gets a message on `topic`, and on which topic.
fn routed(topic: &str, forwards: &Value) -> Vec<String> {
    let shown = |route: &Route| format!("{} {}", route.receiver, route.message.topic);
    routes(&message(topic), forwards).iter().map(shown).collect()
}

fn private(from: &str, to: &[&str]) -> Value {
    json!({ "from": from, "type": "private", "to": to })
}

#[test]
fn a_public_forward_goes_to_everybody_once() {
    let forwards = json!([{ "from": "sensors/#" }, { "from": "sensors/+", "add_prefix": "again/" }]);
    assert_eq!(routed("sensors/1", &forwards), ["everybody sensors/1"]);
    assert!(routed("doors/1", &forwards).is_empty());
}

#[test]
fn a_private_forward_goes_to_those_who_subscribed() {
    let forwards = json!([private("#", &["mqtt_bob", "mqtt_carol"])]);
    assert_eq!(routed("doors/1", &forwards), ["mqtt_bob doors/1"]);
    assert!(routed("sensors/1", &forwards).is_empty());
}

#[test]
fn a_message_for_a_peer_not_heard_of_yet_is_kept() {
    assert_eq!(routed("doors/1", &json!([private("doors/#", &["mqtt_dave"])])), ["mqtt_dave doors/1"]);
}

#[test]
fn every_forward_that_matches_is_honoured() {
    let forwards = json!([{ "from": "doors/#" }, private("doors/#", &["mqtt_bob"])]);
    assert_eq!(routed("doors/1", &forwards), ["everybody doors/1", "mqtt_bob doors/1"]);
}

#[test]
fn what_belongs_to_the_broker_or_a_bridge_never_leaves() {
    for topic in ["$SYS/load", "mqtt-twister/home/state"] {
        let forwards = json!([{ "from": "$SYS/#" }, { "from": "#" }]);
        assert!(routed(topic, &forwards).is_empty());
        let forwards = json!([{ "from": "a/#", "strip_prefix": "a/" }]);
        assert!(routed(&format!("a/{topic}"), &forwards).is_empty());
    }
}

#[test]
fn wish_6_what_a_rule_leaves_out_does_not_leave() {
    let forwards = json!([{ "from": "home/#", "except": ["home/+/battery", "home/secret/#"] }]);
    assert_eq!(routed("home/door/state", &forwards), ["everybody home/door/state"]);
    for topic in ["home/door/battery", "home/secret", "home/secret/key"] {
        assert!(routed(topic, &forwards).is_empty(), "{topic}");
    }
}

#[test]
fn wish_6_what_one_rule_leaves_out_another_can_send() {
    let forwards = json!([{ "from": "home/#", "except": ["home/door"] }, private("home/door", &["mqtt_dave"])]);
    assert_eq!(routed("home/door", &forwards), ["mqtt_dave home/door"]);
}

#[test]
fn wish_5_a_rule_sends_topics_under_other_names() {
    let forwards = json!([
        { "from": "home/+/door", "rename": "doors/$1" },
        { "from": "home/#", "strip_prefix": "home/", "add_prefix": "alice/" },
    ]);
    assert_eq!(routed("home/front/door", &forwards), ["everybody doors/front"]);
    assert_eq!(routed("home/front/bell", &forwards), ["everybody alice/front/bell"]);
}

#[test]
fn wish_5_a_receivers_subscriptions_are_about_the_topic_as_it_is_sent() {
    let mut forward = private("home/#", &["mqtt_bob"]);
    forward["strip_prefix"] = json!("home/");
    assert_eq!(routed("home/doors/1", &json!([forward])), ["mqtt_bob doors/1"]);
    let mut forward = private("doors/#", &["mqtt_bob"]);
    forward["add_prefix"] = json!("home/");
    assert!(routed("doors/1", &json!([forward])).is_empty());
}

#[test]
fn a_rule_whose_topic_a_receiver_does_not_want_leaves_the_receiver_to_the_next() {
    let mut elsewhere = private("#", &["mqtt_bob"]);
    elsewhere["add_prefix"] = json!("alice/");
    assert_eq!(routed("doors/1", &json!([elsewhere, private("#", &["mqtt_bob"])])), ["mqtt_bob doors/1"]);
}

#[test]
fn a_topic_of_which_nothing_is_left_is_not_sent() {
    let forwards = json!([{ "from": "home/#", "strip_prefix": "home/" }]);
    assert_eq!(routed("home/door", &forwards), ["everybody door"]);
    assert!(routed("home", &forwards).is_empty());
}

#[test]
fn quality_of_service_is_capped_and_the_retained_flag_stripped() {
    let sent = |forward: Value| routes(&message("a"), &json!([forward])).remove(0).message;
    let as_it_is = sent(json!({ "from": "#", "max_qos": 2 }));
    assert_eq!((as_it_is.qos, as_it_is.retain), (Qos::ExactlyOnce, true));
    let changed = sent(json!({ "from": "#", "max_qos": 0, "retain": "strip" }));
    assert_eq!((changed.qos, changed.retain), (Qos::AtMostOnce, false));
}

#[test]
fn how_a_message_waits_is_what_its_rule_says() {
    let route = |forward: Value| routes(&message("a"), &json!([forward])).remove(0);
    assert_eq!(route(json!({ "from": "#" })).waiting, Waiting::default());
    let all = route(json!({ "from": "#", "max_wait_ms": 5000, "latest_only": true, "expires_after_s": 60 }));
    let max_wait = Duration::from_secs(5);
    let expected = Waiting { max_wait, latest_only: true, expires_after: Some(Duration::from_secs(60)) };
    assert_eq!(all.waiting, expected);
}

#[test]
fn the_shorter_expiry_counts_and_goes_with_the_message() {
    let expiry = |own: Option<u32>, rule: Value| {
        let mut message = message("a");
        message.properties.expiry_s = own;
        let route = routes(&message, &json!([{ "from": "#", "expires_after_s": rule }])).remove(0);
        assert_eq!(
            route.waiting.expires_after,
            route.message.properties.expiry_s.map(|s| Duration::from_secs(s.into()))
        );
        route.message.properties.expiry_s
    };
    assert_eq!(expiry(None, json!(60)), Some(60));
    assert_eq!(expiry(Some(10), json!(60)), Some(10));
    assert_eq!(expiry(Some(90), json!(60)), Some(60));
    assert_eq!(expiry(Some(10), json!(null)), Some(10));
}

#[test]
fn public_messages_are_for_mosquitto_twister_where_the_rule_says_so() {
    let forwards = json!([{ "from": "a", "compatible": true }, { "from": "b" }]);
    let compatible = |topic| routes(&message(topic), &forwards)[0].compatible;
    assert!(compatible("a") && !compatible("b"));
}

#[test]
fn a_message_does_not_go_back_where_it_came_through() {
    let forwards = json!([private("#", &["mqtt_dave", "mqtt_eve"])]);
    let mut message = message("a");
    message.path = vec!["mqtt_dave".parse().unwrap()];
    let receivers: Vec<String> = routes(&message, &forwards).iter().map(|route| route.receiver.to_string()).collect();
    assert_eq!(receivers, ["mqtt_eve"]);
    message.path.push("mqtt_alice".parse().unwrap());
    assert!(routes(&message, &forwards).is_empty());
}

#[test]
fn a_message_that_came_through_as_many_accounts_as_a_frame_can_name_goes_no_further() {
    let forwards = json!([{ "from": "#" }]);
    let mut message = message("a");
    let names = (0..MAX_HOPS).map(|number| format!("a{number}").parse().unwrap());
    message.path = names.collect();
    assert!(routes(&message, &forwards).is_empty());
    message.path.pop();
    assert_eq!(routes(&message, &forwards).len(), 1);
}
