//! How posts travel: joined and parted swarms, late followers, nodes in a row, nodes that were away.

use std::time::Duration;

use mqtt_twister_sandbox::{Arrivals, Network, NodeConfig, ReleaseOrder, Via};
use serde_json::json;

use crate::calls::{alice_and_bob, last_have, message, messages, numbers, post};
use crate::http::call;

#[tokio::test]
async fn swarms_that_join_later_bring_the_backlog() {
    let network = alice_and_bob().await;
    network.part_swarms(0, 1);
    post(network.node(0), "alice", 0, "public").await;
    message(network.node(0), "alice", 1, "bob", "private").await;
    assert!(numbers(network.node(1), "alice").await.is_empty());
    network.join_swarms(0, 1);
    assert_eq!(numbers(network.node(1), "alice").await, [0, 1]);
    assert_eq!(messages(network.node(1), "bob", "alice").await, [(1, "private".to_owned())]);
}

#[tokio::test]
async fn an_unjoined_node_knows_no_outside_address_and_no_peers() {
    let network = alice_and_bob().await;
    let address = async |node| call(network.node(node), "getinfo", json!([])).await.unwrap()["ext_addr_net2"].clone();
    let peers = async || call(network.node(1), "torrentstatus", json!(["alice"])).await.unwrap()["num_peers"].clone();
    assert_eq!((address(1).await, peers().await), (json!("10.77.0.2"), json!(1)));
    network.part_swarms(0, 1);
    assert_eq!((address(1).await, peers().await), (json!("0.0.0.0"), json!(0)));
    assert_eq!(call(network.node(1), "torrentstatus", json!(["nobody_here"])).await, Ok(json!(null)));
}

#[tokio::test]
async fn a_late_follower_gets_all_posts_and_reads_earlier_messages_after_a_rescan() {
    let network = Network::builder()
        .node(NodeConfig::new().account("alice"))
        .node(NodeConfig::new().account("bob").account("zoe"))
        .start()
        .await
        .unwrap();
    let bob = network.node(1);
    // Another account of Bob's node follows Alice, so that her posts are there already.
    network.follow(1, "zoe", &["alice"]);
    post(network.node(0), "alice", 0, "public").await;
    message(network.node(0), "alice", 1, "bob", "early").await;
    assert!(messages(bob, "bob", "alice").await.is_empty(), "not from somebody whom Bob does not follow");
    call(bob, "follow", json!(["bob", ["alice"]])).await.unwrap();
    assert_eq!(numbers(bob, "alice").await, [0, 1]);
    assert!(messages(bob, "bob", "alice").await.is_empty(), "not before a rescan");
    call(bob, "rescandirectmsgs", json!(["bob"])).await.unwrap();
    assert_eq!(messages(bob, "bob", "alice").await, [(1, "early".to_owned())]);
}

#[tokio::test]
async fn a_first_follower_gets_messages_that_were_sent_before() {
    let network = Network::builder()
        .node(NodeConfig::new().account("alice"))
        .node(NodeConfig::new().account("bob"))
        .start()
        .await
        .unwrap();
    post(network.node(0), "alice", 0, "public").await;
    call(network.node(1), "follow", json!(["bob", ["alice"]])).await.unwrap();
    assert_eq!(numbers(network.node(1), "alice").await, [0]);
}

#[tokio::test]
async fn posts_travel_along_a_row_of_nodes_that_follow() {
    let network = Network::builder()
        .node(NodeConfig::new().account("alice"))
        .node(NodeConfig::new().account("bob"))
        .node(NodeConfig::new().account("carol"))
        .swarms_joined(false)
        .start()
        .await
        .unwrap();
    network.join_swarms(0, 1);
    network.join_swarms(1, 2);
    network.follow(2, "carol", &["alice"]);
    post(network.node(0), "alice", 0, "x").await;
    assert!(numbers(network.node(2), "alice").await.is_empty(), "the node between does not follow");
    network.follow(1, "bob", &["alice"]);
    post(network.node(0), "alice", 1, "y").await;
    assert_eq!(numbers(network.node(2), "alice").await, [0, 1]);
}

#[tokio::test]
async fn five_nodes_all_get_what_each_posts() {
    let names = ["n0", "n1", "n2", "n3", "n4"];
    let builder = names.iter().fold(Network::builder(), |builder, name| builder.node(NodeConfig::new().account(*name)));
    let network = builder.start().await.unwrap();
    for (i, name) in names.iter().enumerate() {
        network.follow(i, name, &names);
    }
    for (i, name) in names.iter().enumerate() {
        post(network.node(i), name, 0, "hello").await;
    }
    for node in network.nodes() {
        let last = call(node, "getlasthave", json!([names[node.index()]])).await.unwrap();
        assert_eq!(last, json!({"n0": 0, "n1": 0, "n2": 0, "n3": 0, "n4": 0}));
    }
}

#[tokio::test]
async fn held_posts_come_in_the_order_of_their_release() {
    let network = alice_and_bob().await;
    let bob = network.node(1);
    bob.set_arrivals(Via::Peer, Arrivals::Held);
    for number in 0..4 {
        post(network.node(0), "alice", number, "x").await;
    }
    assert_eq!(last_have(bob, "bob", "alice").await, -1);
    assert_eq!(bob.held_arrivals(Via::Peer).len(), 4);
    bob.release_arrivals(Via::Peer, &ReleaseOrder::Reversed);
    assert_eq!(numbers(bob, "alice").await.len(), 4);
    post(network.node(0), "alice", 4, "x").await;
    assert_eq!(last_have(bob, "bob", "alice").await, 3, "later posts are held as before");
    bob.set_arrivals(Via::Peer, Arrivals::AtOnce);
    assert_eq!(last_have(bob, "bob", "alice").await, 4);
}

#[tokio::test]
async fn delayed_posts_come_after_their_delay() {
    let network = alice_and_bob().await;
    network.node(1).set_arrivals(Via::Peer, Arrivals::After(Duration::from_millis(50)));
    let start = std::time::Instant::now();
    post(network.node(0), "alice", 0, "x").await;
    let arrived = async {
        while last_have(network.node(1), "bob", "alice").await < 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), arrived).await.expect("the post");
    assert!(start.elapsed() >= Duration::from_millis(50));
}

#[tokio::test]
async fn scattered_posts_overtake_each_other_and_all_come() {
    let network = alice_and_bob().await;
    let bob = network.node(1);
    bob.set_arrivals(Via::Peer, Arrivals::Scattered { most: Duration::from_millis(300), seed: 7 });
    for number in 0..20 {
        message(network.node(0), "alice", number, "bob", &format!("message {number}")).await;
    }
    let all_arrived = async {
        while messages(bob, "bob", "alice").await.len() < 20 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), all_arrived).await.expect("all messages");
    let listed: Vec<_> = messages(bob, "bob", "alice").await.into_iter().map(|(number, _)| number).collect();
    let is_in_order = listed.is_sorted() || listed.iter().rev().is_sorted();
    assert!(!is_in_order, "{listed:?}");
}

#[tokio::test]
async fn a_node_that_was_down_gets_what_it_missed() {
    let network = alice_and_bob().await;
    post(network.node(0), "alice", 0, "before").await;
    network.node(1).take_down().await;
    post(network.node(0), "alice", 1, "meanwhile").await;
    message(network.node(0), "alice", 2, "bob", "private").await;
    network.node(1).bring_up().await.unwrap();
    assert_eq!(numbers(network.node(1), "alice").await, [0, 1, 2]);
    assert_eq!(messages(network.node(1), "bob", "alice").await, [(2, "private".to_owned())]);
}
