//! The DHT: who keeps what, and posts that are looked for in it.

use std::slice;

use serde_json::{Value, json};

use crate::calls::{alice_and_bob, builder, post};
use crate::http::call;

async fn values(network: &mqtt_twister_sandbox::Network, node: usize, resource: &str) -> Vec<Value> {
    let found = call(network.node(node), "dhtget", json!(["alice", resource, "s"])).await.unwrap();
    found.as_array().unwrap().iter().map(|entry| entry["p"]["v"].clone()).collect()
}

#[tokio::test]
async fn what_other_nodes_refuse_is_there_only_while_its_own_node_runs() {
    let network = alice_and_bob().await;
    let large = "a".repeat(9000);
    for (resource, value) in [("small", "v"), ("large", large.as_str())] {
        call(network.node(0), "dhtput", json!(["alice", resource, "s", value, "alice", 1])).await.unwrap();
        assert_eq!(values(&network, 1, resource).await, [json!(value)]);
    }
    network.node(0).take_down().await;
    assert_eq!(values(&network, 1, "small").await, [json!("v")]);
    assert!(values(&network, 1, "large").await.is_empty());
}

#[tokio::test]
async fn the_highest_sequence_number_wins_whichever_node_has_it() {
    let network = alice_and_bob().await;
    let put = async |value: &str, seq: i64| {
        call(network.node(0), "dhtput", json!(["alice", "r", "s", value, "alice", seq])).await.unwrap();
    };
    put("first", 1).await;
    network.node(1).take_down().await;
    put("second", 2).await;
    network.node(1).bring_up().await.unwrap();
    assert_eq!(values(&network, 1, "r").await, [json!("second")]);
    put("stale", 1).await;
    assert_eq!(values(&network, 1, "r").await, [json!("second")]);
}

#[tokio::test]
async fn unknown_resources_are_forgotten_after_two_weeks_of_blocks() {
    let network = alice_and_bob().await;
    for resource in ["mqttc3", "profile"] {
        call(network.node(0), "dhtput", json!(["alice", resource, "s", "v", "alice", 1])).await.unwrap();
    }
    network.mine(2015);
    assert_eq!(values(&network, 1, "mqttc3").await, [json!("v")]);
    network.mine(1);
    assert!(values(&network, 1, "mqttc3").await.is_empty());
    assert_eq!(values(&network, 1, "profile").await, [json!("v")]);
}

#[tokio::test]
async fn a_public_post_is_in_the_dht_though_swarms_do_not_join() {
    let network = builder().swarms_joined(false).start().await.unwrap();
    let signed = post(network.node(0), "alice", 0, "hello").await;
    assert_eq!(values(&network, 1, "post0").await, slice::from_ref(&signed));
    assert_eq!(values(&network, 1, "status").await, slice::from_ref(&signed));
    assert_eq!(call(network.node(1), "peekpost", json!(["alice", 0])).await, Ok(signed));
    assert_eq!(
        call(network.node(1), "peekpost", json!(["alice", 0, "msg,n,none"])).await,
        Ok(json!(["hello", "alice", ""]))
    );
}

#[tokio::test]
async fn a_look_for_a_post_ends_when_it_appears_or_when_its_time_is_over() {
    let network = builder().swarms_joined(false).start().await.unwrap();
    let bob = network.node(1);
    let look = call(bob, "peekpost", json!(["alice", 0, "msg", 60]));
    let meanwhile = async {
        let busy = async || call(bob, "peekpost", json!(["alice", 1, "*", 0])).await.unwrap_err().0 == -25;
        while !busy().await {
            tokio::task::yield_now().await;
        }
        post(network.node(0), "alice", 0, "hello").await;
    };
    assert_eq!(tokio::join!(look, meanwhile).0, Ok(json!("hello")));
    let timeout = (-24, "timeout or post not found".to_owned());
    assert_eq!(call(bob, "peekpost", json!(["alice", 1, "*", 0])).await, Err(timeout));
    assert_eq!(call(bob, "peekpost", json!(["unregistered", 0])).await.unwrap_err().0, -25);
}
