//! Retained messages, here and there.

use mqtt_twister_bridge::Bridge;
use mqtt_twister_bridge::config::ProtocolChoice;
use mqtt_twister_bridge::retained::RetainedRow;
use mqtt_twister_bridge::route::Receiver;
use serde_json::json;
use tokio::time::timeout;

use crate::support::{LIMIT, Side, network};

async fn sides(protocol: ProtocolChoice) -> (mqtt_twister_sandbox::Network, Side, Side) {
    let network = network().await;
    let rules = json!({
        "following": ["mqtt_bob"],
        "publications": ["doors/#"],
        "forwards": [{"from": "doors/#", "type": "private", "to": ["mqtt_bob"], "add_prefix": "alice/"}],
    });
    let mut alice = Side::new(&network, 0, "mqtt_alice", rules).await;
    alice.config.broker.protocol = protocol;
    let rules = json!({"following": ["mqtt_alice"], "subscriptions": ["alice/#"]});
    let bob = Side::new(&network, 1, "mqtt_bob", rules).await;
    (network, alice, bob)
}

/// Waits until the rows are as wanted.
async fn until_rows(bridge: &Bridge, wanted: impl Fn(&[RetainedRow]) -> bool) -> Vec<RetainedRow> {
    let reached = async {
        loop {
            let rows = bridge.retained().await.unwrap();
            if wanted(&rows) {
                return rows;
            }
        }
    };
    timeout(LIMIT, reached).await.expect("the rows are as wanted in time")
}

fn is_same(row: &RetainedRow) -> bool {
    !row.there.is_empty() && row.there.iter().all(|there| there.coming.is_none() && there.is_same(row.here.as_ref()))
}

#[tokio::test]
async fn what_is_kept_here_and_there_is_told_and_cleared_at_both_ends() {
    for protocol in [ProtocolChoice::V5, ProtocolChoice::V311] {
        let (_network, alice, bob) = sides(protocol).await;
        alice.publish_retained("doors/1", b"open").await;
        alice.publish_retained("doors/2", b"shut").await;
        let (at_alice, at_bob) = (alice.start_ready().await, bob.start_ready().await);
        let rows = until_rows(&at_alice, |rows| rows.len() == 2 && rows.iter().all(is_same)).await;
        assert_eq!(rows[0].there[0].topic.as_str(), "alice/doors/1", "{protocol:?}");
        bob.until_retained("alice/doors/1", Some(b"open")).await;
        let at_bobs = until_rows(&at_bob, |rows| rows.len() == 2).await;
        assert!(at_bobs.iter().all(|row| row.came_in && row.from == Some(alice.account())));

        let topics = rows.iter().filter_map(|row| row.topic.clone()).collect();
        at_alice.clear_retained(topics).await.unwrap();
        for topic in ["alice/doors/1", "alice/doors/2"] {
            bob.until_retained(topic, None).await;
        }
        until_rows(&at_alice, <[RetainedRow]>::is_empty).await;
    }
}

#[tokio::test]
async fn what_only_the_far_side_keeps_is_told_and_can_be_cleared() {
    let (_network, mut alice, bob) = sides(ProtocolChoice::V5).await;
    let _at_bob = bob.start_ready().await;
    alice.publish_retained("doors/1", b"open").await;
    let at_alice = alice.start_ready().await;
    until_rows(&at_alice, |rows| rows.len() == 1 && is_same(&rows[0])).await;
    // Nothing goes out any more, so the clear does not either.
    alice.config.forwards[0].except = vec!["doors/1".parse().unwrap()];
    at_alice.reconfigure(alice.config.clone()).await.unwrap();
    alice.publish_retained("doors/1", b"").await;
    let rows = until_rows(&at_alice, |rows| rows.len() == 1 && rows[0].here.is_none()).await;
    let there = &rows[0].there[0];
    assert_eq!((there.receiver.clone(), there.topic.as_str()), (Receiver::Account(bob.account()), "alice/doors/1"));
    assert!(!is_same(&rows[0]));
    at_alice.clear_retained_there(vec![(there.receiver.clone(), there.topic.clone())]).await.unwrap();
    bob.until_retained("alice/doors/1", None).await;
    until_rows(&at_alice, <[RetainedRow]>::is_empty).await;
}
