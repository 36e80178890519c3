//! Swarms that never join: a LAN, a VPN, closed routers.

use std::time::{Duration, Instant};

use mqtt_twister_bridge::message::Qos;
use mqtt_twister_sandbox::{Network, NodeConfig};
use serde_json::json;

use crate::support::{Side, until};

/// As on a LAN: chain and DHT are shared, the swarms are not. The DHT takes as long as a real one to answer.
async fn lan() -> Network {
    let node = |account: &str| NodeConfig::new().account(account);
    let builder = Network::builder().node(node("mqtt_alice")).node(node("mqtt_bob")).start_height(5000);
    builder.swarms_joined(false).start().await.unwrap()
}

async fn sides(network: &Network) -> (Side, Side) {
    let alice = json!({
        "following": ["mqtt_bob"],
        "publications": ["public/#", "private/#"],
        "forwards": [{"from": "public/#"}, {"from": "private/#", "type": "private", "to": ["mqtt_bob"]}],
    });
    let bob = json!({"following": ["mqtt_alice"], "subscriptions": ["#"]});
    (Side::new(network, 0, "mqtt_alice", alice).await, Side::new(network, 1, "mqtt_bob", bob).await)
}

#[tokio::test]
async fn where_swarms_never_join_messages_arrive_all_the_same_within_a_second() {
    let network = lan().await;
    let (alice, mut bob) = sides(&network).await;
    let (_at_alice, _at_bob) = (alice.start_ready().await, bob.start_ready().await);
    alice.publish("private/0", b"the first finds the way", Qos::AtLeastOnce).await;
    bob.hear_on("private/0").await;
    let mut times = Vec::new();
    for (qos, topic) in [
        (Qos::AtMostOnce, "public/0"),
        (Qos::AtLeastOnce, "public/1"),
        (Qos::ExactlyOnce, "public/2"),
        (Qos::AtMostOnce, "private/0"),
        (Qos::AtLeastOnce, "private/1"),
        (Qos::ExactlyOnce, "private/2"),
    ] {
        for number in 0..3 {
            let payload = format!("{topic} {number}");
            let start = Instant::now();
            alice.publish(topic, payload.as_bytes(), qos).await;
            let heard = bob.hear().await;
            assert_eq!(
                (heard.topic.as_str(), heard.payload.as_slice(), heard.qos),
                (topic, payload.as_bytes(), qos.into())
            );
            times.push(start.elapsed());
        }
    }
    times.sort();
    let median = times[times.len() / 2];
    assert!(median < Duration::from_secs(1), "median {median:?}, worst {:?}", times.last());
}

#[tokio::test]
async fn what_was_sent_while_the_peer_was_away_is_found_in_the_ring() {
    let network = lan().await;
    let (alice, mut bob) = sides(&network).await;
    let at_alice = alice.start_ready().await;
    bob.start_ready().await.stop().await;
    alice.publish("private/0", b"known now", Qos::AtLeastOnce).await;
    until(&at_alice, |state| state.counters.posted == 1).await;
    for number in 0..40_u32 {
        alice.publish("private/1", number.to_string().as_bytes(), Qos::AtLeastOnce).await;
    }
    until(&at_alice, |state| state.counters.posted == 41).await;
    let _at_bob = bob.start_ready().await;
    bob.hear_on("private/0").await;
    let mut missing: std::collections::BTreeSet<u32> = (0..40).collect();
    while !missing.is_empty() {
        let payload = String::from_utf8(bob.hear_on("private/1").await.payload).unwrap();
        assert!(missing.remove(&payload.parse().unwrap()), "{payload} came twice");
    }
}

#[tokio::test]
async fn where_swarms_are_joined_the_dht_is_spared() {
    let network = crate::support::network().await;
    // Bob's node is in alice's swarm before her first post.
    network.follow(1, "mqtt_bob", &["mqtt_alice"]);
    let (alice, mut bob) = sides(&network).await;
    let (_at_alice, _at_bob) = (alice.start_ready().await, bob.start_ready().await);
    alice.publish("private/0", b"by the swarm", Qos::AtLeastOnce).await;
    bob.hear_on("private/0").await;
    let credentials = twister::Credentials::new(network.node(1).user(), network.node(1).password());
    let client = twister::Client::new(&bob.config.twister.url, &credentials).unwrap();
    let left = client.dht_get("mqtt_alice", "mqttc", twister::DhtKind::Single, None).await.unwrap();
    assert!(left.is_empty());
}
