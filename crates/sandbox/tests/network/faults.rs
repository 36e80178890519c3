//! Faults of nodes on demand.

use std::time::{Duration, Instant};

use mqtt_twister_sandbox::{Node, PostPace};
use serde_json::json;
use tokio::net::TcpStream;

use crate::calls::{alice_and_bob, numbers, post};
use crate::http::{call, send};

async fn is_refused(node: &Node) -> bool {
    TcpStream::connect(("127.0.0.1", node.port())).await.is_err()
}

#[tokio::test]
async fn a_node_that_is_down_refuses_connections_and_comes_back_on_the_same_port() {
    let network = alice_and_bob().await;
    let (node, port) = (network.node(0), network.node(0).port());
    node.take_down().await;
    assert!(!node.is_up() && is_refused(node).await);
    assert_eq!(call(network.node(1), "getconnectioncount", json!([])).await, Ok(json!(0)));
    node.bring_up().await.unwrap();
    node.bring_up().await.unwrap();
    assert!(node.is_up() && node.port() == port);
    assert_eq!(call(node, "getblockcount", json!([])).await, Ok(json!(network.height())));
}

#[tokio::test]
async fn a_dropped_reply_hides_that_the_call_was_carried_out() {
    let network = alice_and_bob().await;
    let node = network.node(0);
    node.drop_replies("newpostmsg", 1);
    let request = json!({"id": 1, "method": "newpostmsg", "params": ["alice", 0, "x"]}).to_string();
    assert!(send(node, &request).await.is_none());
    assert_eq!(numbers(node, "alice").await, [0]);
    assert_eq!(send(node, &request).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_slow_method_is_carried_out_at_once_and_answered_late() {
    let network = alice_and_bob().await;
    let node = network.node(0);
    node.slow_down("newpostmsg", Duration::from_millis(200));
    let start = Instant::now();
    let slow = async {
        call(node, "newpostmsg", json!(["alice", 0, "x"])).await.unwrap();
        start.elapsed()
    };
    let others = async {
        while numbers(node, "alice").await.is_empty() {
            tokio::task::yield_now().await;
        }
        start.elapsed()
    };
    let (slow, others) = tokio::join!(slow, others);
    assert!(slow >= Duration::from_millis(200) && others < slow, "{slow:?} {others:?}");
}

#[tokio::test]
async fn posts_are_stored_and_answered_when_it_is_their_turn_and_each_call_is_counted() {
    let network = alice_and_bob().await;
    let node = network.node(0);
    let each = Duration::from_millis(100);
    node.set_post_pace(Some(PostPace { each, a_second: 5 }));
    let start = Instant::now();
    let posted = async |number: u32| {
        call(node, "newpostmsg", json!(["alice", number, "x"])).await.unwrap();
        start.elapsed()
    };
    let (first, second) = tokio::join!(posted(0), posted(1));
    let (earlier, later) = (first.min(second), first.max(second));
    assert!(earlier >= each && later >= each + Duration::from_millis(200), "{earlier:?} {later:?}");
    assert_eq!(numbers(node, "alice").await.len(), 2);
    let calls = node.calls();
    assert_eq!((calls["newpostmsg"], calls["getposts"]), (2, 1));
}

#[tokio::test]
async fn a_node_whose_chain_ends_early_knows_nothing_of_what_came_later_while_its_peers_do() {
    let network = alice_and_bob().await;
    let (node, other, height) = (network.node(0), network.node(1), network.height());
    network.create_account(1, "carol").unwrap();
    node.hold_chain_at(Some(height));
    assert_eq!(call(node, "getblockcount", json!([])).await, Ok(json!(height)));
    assert_eq!(call(node, "getinfo", json!([])).await.unwrap()["blocks"], height);
    assert_eq!(call(node, "getpeerinfo", json!([])).await.unwrap()[0]["startingheight"], height + 1);
    assert_eq!(call(other, "getpeerinfo", json!([])).await.unwrap()[0]["startingheight"], height);
    let newest = call(node, "getbestblockhash", json!([])).await.unwrap();
    let block = call(node, "getblock", json!([newest])).await.unwrap();
    assert_eq!((&block["height"], &block["nextblockhash"]), (&json!(height), &json!(null)));
    assert!(call(node, "getblockhash", json!([height + 1])).await.is_err());
    assert!(call(node, "getrawtransaction", json!(["carol", 1])).await.is_err());
    node.hold_chain_at(None);
    assert_eq!(call(node, "getrawtransaction", json!(["carol", 1])).await.unwrap()["height"], height + 1);
}

#[tokio::test]
async fn a_node_that_is_cut_off_has_nobody_and_gets_afterwards_what_it_missed() {
    let network = alice_and_bob().await;
    let (node, other) = (network.node(0), network.node(1));
    node.cut_off(true);
    for node in [node, other] {
        let info = call(node, "getinfo", json!([])).await.unwrap();
        assert_eq!((&info["connections"], &info["dht_nodes"]), (&json!(0), &json!(0)));
        assert_eq!(call(node, "getpeerinfo", json!([])).await, Ok(json!([])));
    }
    post(other, "bob", 0, "not yet").await;
    assert!(numbers(node, "bob").await.is_empty());
    node.cut_off(false);
    assert_eq!(numbers(node, "bob").await, [0]);
    assert_eq!(call(node, "getconnectioncount", json!([])).await, Ok(json!(1)));
}

#[tokio::test]
async fn a_node_that_has_lost_the_dht_keeps_its_peers_and_reaches_its_own_entries_only() {
    let network = alice_and_bob().await;
    let (node, other) = (network.node(0), network.node(1));
    node.lose_dht(true);
    let info = call(node, "getinfo", json!([])).await.unwrap();
    assert_eq!((&info["connections"], &info["dht_nodes"]), (&json!(1), &json!(0)));
    call(node, "dhtput", json!(["alice", "profile", "s", {"bio": "me"}, "alice", 1])).await.unwrap();
    let entries = async |node| call(node, "dhtget", json!(["alice", "profile", "s", 10])).await.unwrap();
    assert_eq!(entries(node).await.as_array().unwrap().len(), 1);
    assert_eq!(entries(other).await, json!([]));
    node.lose_dht(false);
    assert_eq!(entries(other).await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_node_says_by_how_much_the_clocks_of_its_peers_are_ahead() {
    let network = alice_and_bob().await;
    network.node(0).set_clock_offset(-4000);
    assert_eq!(call(network.node(0), "getinfo", json!([])).await.unwrap()["timeoffset"], -4000);
    assert_eq!(call(network.node(1), "getinfo", json!([])).await.unwrap()["timeoffset"], 0);
}
