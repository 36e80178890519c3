//! Numbers, quota, promoted posts.

use std::slice;
use std::time::Duration;

use mqtt_twister_sandbox::{Arrivals, BlockTime, Network, Via};
use serde_json::json;

use crate::calls::{alice_and_bob, alice_and_bob_at, last_have, numbers, post, posts};
use crate::http::call;

#[tokio::test]
async fn a_used_number_answers_success_and_stores_nothing() {
    let network = alice_and_bob().await;
    let first = post(network.node(0), "alice", 0, "first").await;
    let lost = post(network.node(0), "alice", 0, "lost").await;
    assert_ne!(first["sig_userpost"], lost["sig_userpost"]);
    for node in network.nodes() {
        assert_eq!(posts(node, "alice").await, slice::from_ref(&first));
        let peeked = call(node, "peekpost", json!(["alice", 0])).await.unwrap();
        assert_eq!(peeked["sig_userpost"], first["sig_userpost"]);
    }
}

#[tokio::test]
async fn a_stolen_number_holds_the_post_of_another_client() {
    let network = alice_and_bob().await;
    network.steal_numbers("alice", 1);
    let lost = post(network.node(0), "alice", 0, "mine").await;
    let kept = post(network.node(0), "alice", 1, "mine again").await;
    let shown = posts(network.node(1), "alice").await;
    assert_eq!(shown.len(), 2);
    assert_ne!(shown[0]["sig_userpost"], lost["sig_userpost"]);
    assert_eq!(shown[0]["userpost"]["msg"], "another client was here first");
    assert_eq!(shown[1], kept);
}

#[tokio::test]
async fn the_quota_grows_by_two_with_every_block() {
    let network = Network::builder().nodes(1).start().await.unwrap();
    let node = network.node(0);
    network.create_account(0, "carol").unwrap();
    for highest in [20, 22, 24] {
        let (code, message) = call(node, "newpostmsg", json!(["carol", highest + 1, "x"])).await.unwrap_err();
        assert_eq!((code, message.as_str()), (-32602, "too much posts from user 'carol' rejecting post"));
        post(node, "carol", highest, "x").await;
        network.mine(1);
    }
    network.mine_until_allowed("carol", 100);
    post(node, "carol", 100, "x").await;
    assert!(call(node, "newpostmsg", json!(["carol", 102, "x"])).await.is_err());
}

#[tokio::test]
async fn the_highest_number_lags_behind_while_a_post_is_being_stored() {
    let network = alice_and_bob().await;
    let node = network.node(0);
    post(node, "alice", 0, "stored").await;
    node.set_arrivals(Via::Rpc, Arrivals::Held);
    post(node, "alice", 1, "being stored").await;
    assert_eq!(last_have(node, "alice", "alice").await, 0);
    assert_eq!(node.held_arrivals(Via::Rpc), [("alice".to_owned(), 1)]);
    node.set_arrivals(Via::Rpc, Arrivals::AtOnce);
    assert_eq!(last_have(node, "alice", "alice").await, 1);
    assert_eq!(last_have(network.node(1), "bob", "alice").await, 1);
}

#[tokio::test]
async fn posts_of_one_second_stand_together_and_newer_seconds_first() {
    let (network, clock) = alice_and_bob_at(1_000_000).await;
    for number in 0..6 {
        post(network.node(0), "alice", number, "x").await;
        if number % 2 == 1 {
            clock.advance(1);
        }
    }
    assert_eq!(numbers(network.node(1), "alice").await, [4, 5, 2, 3, 0, 1]);
    let newest = call(network.node(1), "getposts", json!([3, [{"username": "alice"}]])).await.unwrap();
    let newest: Vec<_> =
        newest.as_array().unwrap().iter().map(|post| post["userpost"]["k"].as_i64().unwrap()).collect();
    assert_eq!(newest, [4, 5, 3]);
}

#[tokio::test]
async fn a_promoted_post_stands_in_front_at_most_every_eight_hours_on_each_node() {
    let (network, clock) = alice_and_bob_at(1_000_000).await;
    post(network.node(0), "alice", 0, "x").await;
    let promoted = async |node: usize| {
        let shown = call(network.node(node), "getposts", json!([5, [{"username": "alice"}]])).await.unwrap();
        let first = &shown[0];
        let is_promoted = first["userpost"]["n"] == "nobody";
        assert_eq!(is_promoted, first["sig_userpost"] == "");
        is_promoted.then(|| first["userpost"]["k"].as_i64().unwrap())
    };
    let height = i64::from(network.height());
    assert_eq!(promoted(0).await, Some(height));
    assert_eq!(promoted(0).await, None);
    assert_eq!(promoted(1).await, Some(height));
    network.mine(1);
    clock.advance(8 * 3600);
    assert_eq!(promoted(0).await, None);
    clock.advance(1);
    assert_eq!(promoted(0).await, Some(height + 1));
    clock.advance(9 * 3600);
    assert_eq!(promoted(0).await, None, "a block's message is shown once");
}

#[tokio::test]
async fn blocks_come_by_themselves_when_told_to() {
    let every = BlockTime::Every(Duration::from_millis(1));
    let network = Network::builder().nodes(1).start_height(5).block_time(every).start().await.unwrap();
    let grown = async {
        while network.height() < 8 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), grown).await.expect("blocks");
}

#[tokio::test]
async fn a_node_that_is_told_to_generate_makes_a_block_at_once() {
    let network = Network::builder().nodes(1).start().await.unwrap();
    let (node, height) = (network.node(0), network.height());
    assert_eq!(call(node, "setgenerate", json!([true, 1])).await, Ok(json!(null)));
    assert_eq!(call(node, "getblockcount", json!([])).await, Ok(json!(height + 1)));
    assert_eq!(call(node, "getmininginfo", json!([])).await.unwrap()["generate"], json!(true));
    call(node, "setgenerate", json!([false])).await.unwrap();
    assert_eq!(call(node, "getgenerate", json!([])).await, Ok(json!(false)));
}

#[tokio::test]
async fn custom_fields_of_other_types_are_left_out_without_a_word() {
    let network = alice_and_bob().await;
    let fields = json!({"mqtt": "x", "n": "bob", "list": [1], "real": 1.5, "yes": true});
    let signed = call(network.node(0), "newpostcustom", json!(["alice", 0, fields])).await.unwrap();
    let names: Vec<_> = signed["userpost"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["height", "k", "mqtt", "msg", "msg2", "n", "time"]);
    assert_eq!(signed["userpost"]["n"], "alice");
}
