//! What crosses, and what does not.

use std::time::Duration;

use mqtt_twister_bridge::event::ProblemCode;
use mqtt_twister_bridge::message::Qos;
use mqtt_twister_sandbox::Network;
use serde_json::json;

use crate::support::{LIMIT, Side, network, problem, until};

async fn alice(network: &Network) -> Side {
    let rules = json!({
        "following": ["mqtt_bob"],
        "publications": ["sensors/#", "doors/#"],
        "forwards": [{"from": "sensors/#"}, {"from": "doors/#", "type": "private", "to": ["mqtt_bob"]}],
        "subscriptions": ["fridges/#", "earrings/#"],
    });
    Side::new(network, 0, "mqtt_alice", rules).await
}

async fn bob(network: &Network) -> Side {
    let rules = json!({
        "following": ["mqtt_alice"],
        "publications": ["fridges/#"],
        "forwards": [{"from": "fridges/#"}],
        "subscriptions": ["doors/#", "sensors/1"],
    });
    Side::new(network, 1, "mqtt_bob", rules).await
}

#[tokio::test]
async fn public_and_private_messages_arrive_with_their_bytes() {
    let network = network().await;
    let (mut alice, mut bob) = (alice(&network).await, bob(&network).await);
    let (at_alice, at_bob) = (alice.start_ready().await, bob.start_ready().await);
    let every_byte: Vec<u8> = (0..=255).collect();
    for payload in [b"".as_slice(), &every_byte, "21,5 °C ☃".as_bytes()] {
        for qos in [Qos::AtLeastOnce, Qos::ExactlyOnce] {
            for topic in ["doors/1", "sensors/1"] {
                alice.publish(topic, payload, qos).await;
                let heard = bob.hear().await;
                assert_eq!((heard.topic.as_str(), heard.payload.as_slice(), heard.qos), (topic, payload, qos.into()));
            }
        }
    }
    bob.publish("fridges/1", b"cold", Qos::AtMostOnce).await;
    assert_eq!(alice.hear_on("fridges/1").await.payload, b"cold");
    at_alice.stop().await;
    at_bob.stop().await;
}

#[tokio::test]
async fn a_sender_hears_that_the_far_broker_has_its_private_messages() {
    let network = network().await;
    let (alice, mut bob) = (alice(&network).await, bob(&network).await);
    bob.config.forwards.clear();
    let (at_alice, _at_bob) = (alice.start_ready().await, bob.start_ready().await);
    for qos in [Qos::AtLeastOnce, Qos::ExactlyOnce] {
        alice.publish("doors/1", b"open", qos).await;
        bob.hear().await;
    }
    until(&at_alice, |state| state.counters.acked == 2 && state.counters.unheard == 0).await;
}

#[tokio::test]
async fn equal_messages_of_one_second_all_arrive_once() {
    let network = network().await;
    let (alice, mut bob) = (alice(&network).await, bob(&network).await);
    let (_at_alice, _at_bob) = (alice.start_ready().await, bob.start_ready().await);
    for _ in 0..10 {
        alice.publish("doors/1", b"open", Qos::AtLeastOnce).await;
    }
    alice.publish("doors/2", b"end", Qos::AtLeastOnce).await;
    for _ in 0..10 {
        assert_eq!(bob.hear().await.topic, "doors/1");
    }
    assert_eq!(bob.hear().await.topic, "doors/2");
}

#[tokio::test]
async fn what_was_not_subscribed_does_not_arrive() {
    let network = network().await;
    let (alice, mut bob) = (alice(&network).await, bob(&network).await);
    let (_at_alice, at_bob) = (alice.start_ready().await, bob.start_ready().await);
    alice.publish("sensors/2", b"not for bob", Qos::AtLeastOnce).await;
    alice.publish("windows/1", b"not published", Qos::AtLeastOnce).await;
    alice.publish("sensors/1", b"for bob", Qos::AtLeastOnce).await;
    assert_eq!(bob.hear().await.payload, b"for bob");
    until(&at_bob, |state| state.counters.unwanted == 1).await;
}

#[tokio::test]
async fn a_private_message_waits_for_a_peer_that_was_never_heard_of() {
    let network = network().await;
    let (alice, mut bob) = (alice(&network).await, bob(&network).await);
    let at_alice = alice.start_ready().await;
    alice.publish("doors/1", b"patience", Qos::AtLeastOnce).await;
    until(&at_alice, |state| state.counters.waiting_out == 1).await;
    let _at_bob = bob.start_ready().await;
    assert_eq!(bob.hear().await.payload, b"patience");
}

#[tokio::test]
async fn a_message_larger_than_a_post_arrives_and_one_larger_than_messages_may_be_is_refused() {
    let network = network().await;
    let (alice, mut bob) = (alice(&network).await, bob(&network).await);
    let (at_alice, _at_bob) = (alice.start_ready().await, bob.start_ready().await);
    let mut events = at_alice.events();
    let noise = |len: usize| {
        let numbers = std::iter::successors(Some(1_u64), |x| Some(x.wrapping_mul(6_364_136_223_846_793_005) + 1));
        numbers.map(|x| (x >> 56) as u8).take(len).collect::<Vec<u8>>()
    };
    alice.publish("doors/1", &noise(300_000), Qos::AtLeastOnce).await;
    alice.publish("doors/1", &noise(9000), Qos::AtLeastOnce).await;
    assert_eq!(bob.hear().await.payload, noise(9000));
    let told = problem(&mut events, ProblemCode::PayloadTooLarge).await.message;
    assert!(told.contains("doors/1") && told.contains("300000 bytes"), "{told}");
    alice.publish("sensors/1", &noise(9000), Qos::ExactlyOnce).await;
    assert_eq!(bob.hear().await.payload, noise(9000));
    until(&at_alice, |state| state.counters.refused == 1).await;
}

#[tokio::test]
async fn the_rest_of_a_persons_profile_is_kept() {
    let network = network().await;
    let alice = alice(&network).await;
    let credentials = twister::Credentials::new(network.node(0).user(), network.node(0).password());
    let client = twister::Client::new(&alice.config.twister.url, &credentials).unwrap();
    let account = alice.account();
    let put = twister::DhtPut::Single { seq: 7 };
    let profile = json!({"fullname": "Alice", "bio": "doors and sensors"});
    client.dht_put("mqtt_alice", "profile", put, &profile, &account).await.unwrap();
    let _at_alice = alice.start_ready().await;
    let topics = json!(["fridges/#", "earrings/#"]);
    let published = async {
        loop {
            let found = client.dht_get("mqtt_alice", "profile", twister::DhtKind::Single, None).await.unwrap();
            if found[0].value["mqtt_topics"] == topics {
                return found[0].value.clone();
            }
            tokio::task::yield_now().await;
        }
    };
    let value = tokio::time::timeout(LIMIT, published).await.unwrap();
    assert_eq!(value["fullname"], "Alice");
    assert_eq!(value["bio"], "doors and sensors");
}

#[tokio::test]
async fn changed_subscriptions_are_heard_of_by_a_post() {
    let network = network().await;
    let private = |from: &str| json!({"from": from, "type": "private", "to": ["mqtt_bob"]});
    let forwards = [private("doors/#"), private("sensors/#")];
    let rules = json!({"following": ["mqtt_bob"], "publications": ["#"], "forwards": forwards});
    let alice = Side::new(&network, 0, "mqtt_alice", rules).await;
    let mut bob = bob(&network).await;
    bob.config.subscriptions = vec!["doors/#".parse().unwrap()];
    let _at_alice = alice.start_ready().await;
    let at_bob = bob.start_ready().await;
    alice.publish("doors/1", b"first", Qos::AtLeastOnce).await;
    bob.hear_on("doors/1").await;
    at_bob.stop().await;
    bob.config.subscriptions = vec!["sensors/#".parse().unwrap()];
    let _at_bob = bob.start_ready().await;
    // Alice looks at the profile again only in a minute, later than this test may take: only the post can tell.
    let heard = async {
        loop {
            alice.publish("sensors/1", b"now wanted", Qos::AtLeastOnce).await;
            if let Ok(heard) = tokio::time::timeout(Duration::from_millis(200), bob.hear()).await {
                return heard;
            }
        }
    };
    let heard = tokio::time::timeout(LIMIT, heard).await.unwrap();
    assert_eq!(heard.topic, "sensors/1");
}
