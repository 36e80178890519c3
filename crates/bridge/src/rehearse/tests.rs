#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::*;
use crate::config::parse_bridge;
use crate::message::Qos;

fn config(forwards: Value) -> BridgeConfig {
    let config = json!({
        "name": "home",
        "twister": {"url": "http://127.0.0.1:28332", "account": "mqtt_alice"},
        "broker": {"url": "127.0.0.1"},
        "publications": ["home/#"],
        "forwards": forwards,
    });
    parse_bridge(config).unwrap()
}

fn message(topic: &str, payload: &[u8]) -> Message {
    Message::new(topic.parse().unwrap(), payload, Qos::AtLeastOnce)
}

fn rehearsed(topic: &str, forwards: Value) -> Rehearsal {
    let published = PublishedTopics::from([("mqtt_bob".parse().unwrap(), vec!["doors/#".parse().unwrap()])]);
    rehearse(&config(forwards), &published, &message(topic, b"open"))
}

fn reasons(rehearsal: &Rehearsal) -> Vec<(usize, String)> {
    rehearsal.held_back.iter().map(|held| (held.forward, held.reason.to_string())).collect()
}

#[test]
fn every_rule_that_fires_is_told_with_receiver_topic_and_cost() {
    let rehearsal = rehearsed(
        "home/doors/1",
        json!([
            { "from": "other/#" },
            { "from": "home/#", "add_prefix": "alice/", "max_qos": 0 },
            { "from": "home/#", "type": "private", "to": ["mqtt_bob", "mqtt_carol"], "strip_prefix": "home/" },
        ]),
    );
    assert!(rehearsal.heard && rehearsal.held_back.is_empty());
    let told: Vec<_> = rehearsal
        .sent
        .iter()
        .map(|sent| (sent.forward, sent.route.receiver.to_string(), sent.route.message.topic.as_str(), sent.uncertain))
        .collect();
    assert_eq!(
        told,
        [
            (1, "everybody".to_owned(), "alice/home/doors/1", false),
            (2, "mqtt_bob".to_owned(), "doors/1", false),
            (2, "mqtt_carol".to_owned(), "doors/1", true),
        ]
    );
    assert_eq!(rehearsal.sent[0].route.message.qos, Qos::AtMostOnce);
    for sent in &rehearsal.sent {
        let (v1, v0) = (sent.v1.unwrap(), sent.v0.unwrap());
        assert!(v1.posts == 1 && v0.posts == 1 && (200..600).contains(&v1.bytes) && (200..600).contains(&v0.bytes));
    }
}

#[test]
fn a_rule_that_does_not_fire_says_why() {
    let held = |topic: &str, forwards| reasons(&rehearsed(topic, forwards));
    let said = |index: usize, reason: &str| vec![(index, reason.to_owned())];
    assert_eq!(
        held("home/a/b", json!([{ "from": "home/#", "except": ["home/x", "home/a/#"] }])),
        said(0, "its except = \"home/a/#\" leaves it out")
    );
    assert_eq!(
        held("home", json!([{ "from": "home/#", "strip_prefix": "home/" }])),
        said(0, "its new name leaves no topic that can cross")
    );
    assert_eq!(
        held("home/a", json!([{ "from": "#", "type": "private", "to": ["mqtt_bob"] }])),
        said(0, "mqtt_bob has not subscribed to home/a")
    );
    assert_eq!(
        held("home/a", json!([{ "from": "home/a" }, { "from": "#", "rename": "b" }])),
        said(1, "forwards[0] sends it to everybody already, and the first rule that matches counts")
    );
}

#[test]
fn a_message_that_came_through_its_receiver_says_so() {
    let config = config(json!([{ "from": "#", "type": "private", "to": ["mqtt_eve"] }]));
    let mut message = message("home/a", b"");
    message.path = vec!["mqtt_eve".parse().unwrap()];
    let rehearsal = rehearse(&config, &PublishedTopics::new(), &message);
    assert_eq!(reasons(&rehearsal), [(0, "it came through mqtt_eve already".to_owned())]);
}

#[test]
fn a_message_that_is_not_listened_to_is_told_apart() {
    assert!(!rehearsed("office/1", json!([{ "from": "#" }])).heard);
}

#[test]
fn a_large_message_takes_several_posts_and_none_as_v0() {
    let mut state = 1u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let noise: Vec<u8> = (0..5000).map(|_| noise()).collect();
    let rehearsal = rehearse(&config(json!([{ "from": "#" }])), &PublishedTopics::new(), &message("home/a", &noise));
    let Sent { v1, v0, .. } = rehearsal.sent[0].clone();
    assert!(v1.unwrap().posts > 1 && v0.is_none(), "{v1:?} {v0:?}");
    let too_large = message("home/a", &vec![0; 300_000]);
    let rehearsal = rehearse(&config(json!([{ "from": "#" }])), &PublishedTopics::new(), &too_large);
    assert_eq!(rehearsal.sent[0].v1, None);
}

/// Rehearses messages at these seconds, with posts scarce, so that they share them.
fn traced(forwards: Value, messages: &[(f64, &str)]) -> TraceRehearsal {
    let timed =
        |(at, topic): &(f64, &str)| Timed { at: Duration::from_secs_f64(*at), message: message(topic, b"open") };
    rehearse_trace(&config(forwards), &PublishedTopics::new(), Pace::Scarce, messages.iter().map(timed))
}

#[test]
fn rules_share_the_posts_that_their_messages_share() {
    let forwards = json!([{ "from": "home/a/#" }, { "from": "home/b/#" }]);
    let total = traced(forwards, &[(0.0, "home/a/1"), (0.1, "home/a/2"), (0.1, "home/a/3"), (0.2, "home/b/1")]);
    let posts: Vec<f64> = total.rules.iter().map(|rule| rule.posts).collect();
    assert_eq!((posts, total.posts()), (vec![0.75, 0.25], 1.0));
    assert!(total.post_bytes > 200 && total.post_bytes < 600);
}

#[test]
fn each_receiver_has_posts_of_its_own_and_v0_has_one_a_message() {
    let private = json!([{ "from": "#", "type": "private", "to": ["mqtt_bob", "mqtt_eve"] }]);
    let two = [(0.0, "home/a"), (0.0, "home/b")];
    let total = traced(private, &two);
    assert_eq!((total.rules[0].copies, total.posts()), (4, 2.0));
    assert_eq!(traced(json!([{ "from": "#", "compatible": true }]), &two).posts(), 2.0);
}

#[test]
fn what_is_not_listened_to_not_sent_replaced_or_expired_is_counted() {
    let forwards = json!([
        { "from": "home/new", "latest_only": true, "max_wait_ms": 60_000 },
        { "from": "home/late", "expires_after_s": 1, "max_wait_ms": 60_000 },
    ]);
    let total = traced(
        forwards,
        &[(0.0, "home/new"), (1.0, "home/new"), (2.0, "home/late"), (10.0, "home/x"), (20.0, "office/x")],
    );
    assert_eq!((total.messages, total.unsent, total.unheard, total.seconds), (5, 1, 1, 20.0));
    assert_eq!((total.rules[0].superseded, total.rules[0].posts), (1, 1.0));
    assert_eq!((total.rules[1].expired, total.rules[1].posts), (1, 0.0));
    assert_eq!(total.posts_a_day(total.posts()), Some(4320.0));
    assert_eq!(total.rules[0].quota_days(), 1.0 / 288.0);
}

#[test]
fn an_empty_recording_costs_nothing() {
    let total = traced(json!([{ "from": "#" }]), &[]);
    assert_eq!((total.messages, total.posts(), total.posts_a_day(0.0)), (0, 0.0, None));
}
