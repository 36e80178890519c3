//! What users of bridges have long asked for.

use futures::future::join_all;
use mqtt_twister_bridge::message::Qos;
use mqtt_twister_sandbox::Network;
use serde_json::{Value, json};

use crate::support::{Side, network, network_of, until};

/// Everything private that is published at alice's goes to bob, who wants it.
async fn alice_and_bob(network: &Network) -> (Side, Side) {
    let alice = json!({
        "following": ["mqtt_bob"],
        "publications": ["home/#"],
        "forwards": [{"from": "home/#", "type": "private", "to": ["mqtt_bob"]}],
    });
    let bob = json!({"following": ["mqtt_alice"], "subscriptions": ["home/#"]});
    (Side::new(network, 0, "mqtt_alice", alice).await, Side::new(network, 1, "mqtt_bob", bob).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn wish_1_a_ring_of_four_bridges_with_overlapping_rules_stays_quiet() {
    const RING: [&str; 4] = ["mqtt_a", "mqtt_b", "mqtt_c", "mqtt_d"];
    let network = network_of(&RING).await;
    let mut sides = Vec::new();
    for (node, account) in RING.into_iter().enumerate() {
        let others: Vec<&str> = RING.into_iter().filter(|other| *other != account).collect();
        let rules = json!({
            "following": others,
            "publications": ["#"],
            "forwards": [{"from": "#"}, {"from": "#", "type": "private", "to": others}],
            "subscriptions": ["#"],
        });
        sides.push(Side::new(&network, node, account, rules).await);
    }
    let bridges = join_all(sides.iter().map(Side::start_ready)).await;

    for (index, account) in RING.into_iter().enumerate() {
        sides[index].publish("round", account.as_bytes(), Qos::ExactlyOnce).await;
    }
    for side in &mut sides {
        // The one published here, and that of each of the others: once, though it comes by a public post and a private one.
        let mut heard = Vec::new();
        for _ in RING {
            heard.push(String::from_utf8(side.hear().await.payload).unwrap());
        }
        heard.sort();
        assert_eq!(heard, RING);
    }
    // A last message overtakes nothing: whatever went round would be there before it.
    sides[0].publish("end", b"", Qos::ExactlyOnce).await;
    for side in &mut sides {
        assert_eq!(side.hear().await.topic, "end");
    }
    for (bridge, taken) in bridges.iter().zip([2, 1, 1, 1]) {
        until(bridge, |state| state.counters.waiting_out == 0 && state.counters.taken >= taken).await;
        assert_eq!(bridge.state().counters.taken, taken);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wish_3_retained_values_are_kept_updated_and_cleared_at_the_far_end() {
    let network = network().await;
    let (alice, bob) = alice_and_bob(&network).await;
    let (_at_alice, _at_bob) = (alice.start_ready().await, bob.start_ready().await);
    alice.publish_retained("home/door", b"open").await;
    bob.until_retained("home/door", Some(b"open")).await;
    alice.publish_retained("home/door", b"closed").await;
    bob.until_retained("home/door", Some(b"closed")).await;
    alice.publish_retained("home/door", b"").await;
    bob.until_retained("home/door", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wish_3_a_value_that_was_cleared_while_the_peer_was_away_is_cleared_there_too() {
    let network = network().await;
    let (alice, bob) = alice_and_bob(&network).await;
    let (at_alice, at_bob) = (alice.start_ready().await, bob.start_ready().await);
    alice.publish_retained("home/door", b"open").await;
    bob.until_retained("home/door", Some(b"open")).await;
    at_bob.stop().await;
    alice.publish_retained("home/door", b"").await;
    until(&at_alice, |state| state.counters.taken == 2 && state.counters.waiting_out == 0).await;
    bob.until_retained("home/door", Some(b"open")).await;
    let _at_bob = bob.start_ready().await;
    bob.until_retained("home/door", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wish_3_a_newcomer_gets_what_is_retained_without_its_being_published_again() {
    let network = network_of(&["mqtt_alice", "mqtt_bob", "mqtt_carol"]).await;
    let (mut alice, bob) = alice_and_bob(&network).await;
    let (at_alice, _at_bob) = (alice.start_ready().await, bob.start_ready().await);
    alice.publish_retained("home/door", b"open").await;
    bob.until_retained("home/door", Some(b"open")).await;
    at_alice.stop().await;

    let mut config: Value = serde_json::to_value(&alice.config).unwrap();
    config["forwards"][0]["to"] = json!(["mqtt_bob", "mqtt_carol"]);
    alice.config = mqtt_twister_bridge::config::parse_bridge(config).unwrap();
    let carol = json!({"following": ["mqtt_alice"], "subscriptions": ["home/#"]});
    let carol = Side::new(&network, 2, "mqtt_carol", carol).await;
    let (at_alice, _at_carol) = (alice.start_ready().await, carol.start_ready().await);
    carol.until_retained("home/door", Some(b"open")).await;
    until(&at_alice, |state| state.counters.taken >= 2 && state.counters.waiting_out == 0).await;
    assert_eq!(at_alice.state().counters.taken, 2, "bob is not sent again what he has");
}

#[tokio::test(flavor = "multi_thread")]
async fn wish_7_rules_change_while_messages_flow_and_none_is_lost() {
    let network = network().await;
    let (mut alice, mut bob) = alice_and_bob(&network).await;
    let (at_alice, _at_bob) = (alice.start_ready().await, bob.start_ready().await);
    alice.publish("home/1", b"before", Qos::AtLeastOnce).await;
    assert_eq!(bob.hear().await.payload, b"before");
    alice.publish("home/1", b"just before", Qos::AtLeastOnce).await;
    at_alice.stop().await;
    let mut config: Value = serde_json::to_value(&alice.config).unwrap();
    config["publications"] = json!(["home/#", "garden/#"]);
    config["forwards"].as_array_mut().unwrap().push(json!({"from": "garden/#"}));
    alice.config = mqtt_twister_bridge::config::parse_bridge(config).unwrap();
    alice.publish("home/1", b"meanwhile", Qos::AtLeastOnce).await;
    let _at_alice = alice.start_ready().await;
    alice.publish("home/1", b"after", Qos::AtLeastOnce).await;
    for expected in ["just before", "meanwhile", "after"] {
        assert_eq!(bob.hear().await.payload, expected.as_bytes());
    }
}
