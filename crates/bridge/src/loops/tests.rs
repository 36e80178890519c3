#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::*;
use crate::config::parse_bridge;

/// A bridge called after its account, at a broker on this machine or elsewhere.
fn bridge(account: &str, broker: &str, rules: Value) -> BridgeConfig {
    let mut config = json!({
        "name": account,
        "twister": {"url": "http://127.0.0.1:28332", "account": account},
        "broker": {"url": broker},
    });
    config.as_object_mut().unwrap().extend(rules.as_object().unwrap().clone());
    parse_bridge(config).unwrap()
}

/// The warnings, in short: kind, the rule that begins, the other one.
fn found(bridges: &[BridgeConfig]) -> Vec<String> {
    let short = |warning: &LoopWarning| {
        let kind = match warning {
            LoopWarning::Round { .. } => "round",
            LoopWarning::Echo { .. } => "echo",
            LoopWarning::Returned { .. } => "returned",
            LoopWarning::Reposted { .. } => "reposted",
        };
        let (one, other) = warning.rules();
        format!("{kind}: {} {}[{}], {} {}[{}]", one.bridge, one.list, one.index, other.bridge, other.list, other.index)
    };
    find(bridges).iter().map(short).collect()
}

/// Sends `topics` to everybody and takes them from `peers`.
fn shares(topics: &str, peers: &[&str]) -> Value {
    json!({ "following": peers, "publications": [topics], "forwards": [{ "from": topics }], "subscriptions": [topics] })
}

#[test]
fn wish_1_sharing_topics_between_two_brokers_is_no_loop() {
    let alice = bridge("alice", "127.0.0.1:1883", shares("home/#", &["bob"]));
    let bob = bridge("bob", "127.0.0.1:1884", shares("home/#", &["alice"]));
    assert!(found(&[alice.clone(), bob]).is_empty());
    assert!(found(&[alice]).is_empty());
}

#[test]
fn two_bridges_at_one_broker_that_feed_each_other_are_a_loop() {
    let alice = bridge("alice", "127.0.0.1:1883", shares("home/#", &["bob"]));
    let bob = bridge("bob", "localhost", shares("home/#", &["alice"]));
    let expected = ["round: alice forwards[0], bob subscriptions[0]", "round: bob forwards[0], alice subscriptions[0]"];
    assert_eq!(found(&[alice, bob]), expected);
}

#[test]
fn delivering_under_another_name_ends_the_loop() {
    let alice = bridge("alice", "127.0.0.1", json!({ "publications": ["home/#"], "forwards": [{ "from": "home/#" }] }));
    let bob = |subscription: Value| {
        bridge("bob", "127.0.0.1", json!({ "following": ["alice"], "subscriptions": [subscription] }))
    };
    assert_eq!(found(&[alice.clone(), bob(json!("home/#"))]).len(), 1);
    let renamed = json!({ "filter": "home/#", "add_prefix": "from_alice/" });
    assert!(found(&[alice.clone(), bob(renamed)]).is_empty());
    let deeper = json!({ "filter": "home/#", "add_prefix": "home/" });
    assert_eq!(found(&[alice, bob(deeper)]).len(), 1, "under a longer name it goes out again all the same");
}

#[test]
fn what_is_left_out_ends_the_loop() {
    let alice = |forward: Value| bridge("alice", "127.0.0.1", json!({ "publications": ["#"], "forwards": [forward] }));
    let bob = bridge("bob", "127.0.0.1", json!({ "following": ["alice"], "subscriptions": ["home/#"] }));
    assert_eq!(found(&[alice(json!({ "from": "#" })), bob.clone()]).len(), 1);
    assert!(found(&[alice(json!({ "from": "#", "except": ["home/#"] })), bob.clone()]).is_empty());
    let part = json!({ "from": "#", "except": ["home/attic/#"] });
    assert_eq!(found(&[alice(part), bob.clone()]).len(), 1);
    let prefixed = json!({ "from": "#", "add_prefix": "alice/" });
    assert!(found(&[alice(prefixed), bob]).is_empty());
}

#[test]
fn what_is_left_out_stays_out_under_its_new_name() {
    let forward =
        json!({ "from": "home/#", "except": ["home/out/#"], "strip_prefix": "home/", "add_prefix": "alice/" });
    let alice = bridge("alice", "127.0.0.1", json!({ "publications": ["#"], "forwards": [forward] }));
    let bob = |filter: &str| {
        let subscription = json!({ "filter": filter, "strip_prefix": "alice/", "add_prefix": "home/" });
        bridge("bob", "127.0.0.1", json!({ "following": ["alice"], "subscriptions": [subscription] }))
    };
    assert!(found(&[alice.clone(), bob("alice/out/+")]).is_empty());
    assert_eq!(found(&[alice, bob("alice/+/out")]).len(), 1);
}

#[test]
fn only_what_reaches_the_other_bridge_counts() {
    let alice = |rules: Value| bridge("alice", "127.0.0.1", rules);
    let private =
        |to: &str| json!({ "publications": ["a"], "forwards": [{ "from": "a", "type": "private", "to": [to] }] });
    let bob = |rules: Value| bridge("bob", "127.0.0.1", rules);
    let wants = json!({ "following": ["alice", "carol"], "subscriptions": ["#"] });
    assert_eq!(found(&[alice(private("bob")), bob(wants.clone())]).len(), 1);
    assert!(found(&[alice(private("eve")), bob(wants)]).is_empty());
    let of_carol = json!({ "following": ["alice", "carol"], "subscriptions": [{ "filter": "#", "from": ["carol"] }] });
    assert!(found(&[alice(private("bob")), bob(of_carol)]).is_empty());
    let held = json!({
        "following": ["alice"], "subscriptions": ["#"], "peers": { "alice": { "topics": ["b/#"] } },
    });
    assert!(found(&[alice(private("bob")), bob(held)]).is_empty());
    let unheard = json!({ "publications": ["b"], "forwards": [{ "from": "a" }] });
    assert!(found(&[alice(unheard), bob(json!({ "following": ["alice"], "subscriptions": ["#"] }))]).is_empty());
}

#[test]
fn a_rule_that_an_earlier_one_hides_makes_no_loop() {
    let alice = bridge("alice", "127.0.0.1", json!({ "publications": ["home/#"], "forwards": [{ "from": "home/#" }] }));
    let rules = json!([{ "filter": "home/#", "add_prefix": "from_alice/" }, "#"]);
    let bob = bridge("bob", "127.0.0.1", json!({ "following": ["alice"], "subscriptions": rules }));
    assert!(found(&[alice, bob]).is_empty());
    let forwards = json!([{ "from": "home/#", "add_prefix": "alice/" }, { "from": "#" }]);
    let alice = bridge("alice", "127.0.0.1", json!({ "publications": ["home/#"], "forwards": forwards }));
    let bob = bridge("bob", "127.0.0.1", json!({ "following": ["alice"], "subscriptions": ["home/#"] }));
    assert!(found(&[alice, bob]).is_empty());
}

#[test]
fn a_ring_of_four_bridges_is_told_of_once_with_those_on_the_way() {
    let sends = json!({ "publications": ["home/#"], "forwards": [{ "from": "home/#" }] });
    let takes = |from: &str| json!({ "following": [from], "subscriptions": ["home/#"] });
    let ring = [
        bridge("a", "one.lan", sends.clone()),
        bridge("b", "two.lan", takes("a")),
        bridge("c", "two.lan", sends),
        bridge("d", "one.lan", takes("c")),
    ];
    assert_eq!(found(&ring), ["round: a forwards[0], d subscriptions[0]"]);
    let warning = &find(&ring)[0];
    assert!(warning.concerns(&ring[2].name) && !warning.concerns(&ring[1].name));
    assert_eq!(
        warning.to_string(),
        "messages would go round: what forwards[0] (home/#) of a sends out comes back to its broker by subscriptions[0] \
         (home/#) of d (through c), and goes out again. Leave these topics out of one of the two by `except`, or have \
         subscriptions[0] (home/#) of d deliver them under another name (`add_prefix`)"
    );
}

#[test]
fn what_comes_back_by_way_of_another_broker_is_an_echo() {
    let home = bridge("home", "one.lan", shares("home/#", &["back"]));
    let there = bridge("there", "two.lan", json!({ "following": ["home"], "subscriptions": ["home/#"] }));
    let back = bridge("back", "two.lan", json!({ "publications": ["#"], "forwards": [{ "from": "home/#" }] }));
    assert_eq!(found(&[home, there, back]), ["echo: home forwards[0], home subscriptions[0]"]);
}

#[test]
fn messages_that_another_bridge_at_the_broker_sends_back_to_their_author_are_returned() {
    let bob = bridge("bob", "127.0.0.1", json!({ "following": ["eve", "dave"], "subscriptions": ["home/#"] }));
    let private = json!([{ "from": "#", "type": "private", "to": ["dave", "mallory"] }]);
    let alice = bridge("alice", "127.0.0.1", json!({ "publications": ["#"], "forwards": private }));
    assert_eq!(found(&[bob.clone(), alice]), ["returned: bob subscriptions[0], alice forwards[0]"]);
    let public = json!({ "publications": ["#"], "forwards": [{ "from": "#" }] });
    let alice = bridge("alice", "127.0.0.1", public.clone());
    assert_eq!(found(&[bob.clone(), alice]), ["reposted: bob subscriptions[0], alice forwards[0]"]);
    let elsewhere = bridge("alice", "other.lan", public);
    assert!(found(&[bob, elsewhere]).is_empty());
}

#[test]
fn what_a_bridge_brings_in_and_its_own_rules_send_is_no_loop() {
    let mut rules = shares("home/#", &["bob"]);
    rules["subscriptions"] = json!([{ "filter": "theirs/#", "strip_prefix": "theirs/", "add_prefix": "home/" }]);
    assert!(found(&[bridge("alice", "127.0.0.1", rules)]).is_empty());
}
