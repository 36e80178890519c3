//! Direct messages and groups.

use mqtt_twister_sandbox::{Arrivals, Network, NodeConfig, ReleaseOrder, SelfCopy, Via};
use serde_json::json;

use crate::calls::{alice_and_bob, alice_and_bob_at, last_have, message, messages, numbers};
use crate::http::call;

#[tokio::test]
async fn messages_of_one_second_are_listed_in_the_reverse_order_of_their_arrival() {
    let (network, clock) = alice_and_bob_at(1_000_000).await;
    let bob = network.node(1);
    bob.set_arrivals(Via::Peer, Arrivals::Held);
    for number in 0..4 {
        message(network.node(0), "alice", number, "bob", &format!("m{number}")).await;
    }
    clock.advance(1);
    message(network.node(0), "alice", 4, "bob", "next second").await;
    bob.release_arrivals(Via::Peer, &ReleaseOrder::Numbers(vec![2, 4, 0, 3, 1]));
    let listed: Vec<_> = messages(bob, "bob", "alice").await.into_iter().map(|(number, _)| number).collect();
    assert_eq!(listed, [1, 3, 0, 2, 4]);
    let sent: Vec<_> = messages(network.node(0), "alice", "bob").await.into_iter().map(|(number, _)| number).collect();
    assert_eq!(sent, [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn equal_texts_of_one_second_collapse_when_they_arrive_in_a_row() {
    let (network, clock) = alice_and_bob_at(1_000_000).await;
    for number in 0..3 {
        message(network.node(0), "alice", number, "bob", "same").await;
    }
    clock.advance(1);
    message(network.node(0), "alice", 3, "bob", "same").await;
    let listed: Vec<_> =
        messages(network.node(1), "bob", "alice").await.into_iter().map(|(number, _)| number).collect();
    assert_eq!(listed, [0, 3]);
}

#[tokio::test]
async fn a_rescan_lists_messages_of_one_second_again() {
    let (network, _) = alice_and_bob_at(1_000_000).await;
    for (number, text) in [(0, "a"), (1, "b")] {
        message(network.node(0), "alice", number, "bob", text).await;
    }
    call(network.node(1), "rescandirectmsgs", json!(["bob"])).await.unwrap();
    let listed: Vec<_> =
        messages(network.node(1), "bob", "alice").await.into_iter().map(|(number, _)| number).collect();
    assert_eq!(listed, [1, 0, 1, 0]);
}

#[tokio::test]
async fn a_copy_for_the_sender_takes_the_number_that_was_set() {
    for (order, own) in [(SelfCopy::First, 0), (SelfCopy::Last, 1)] {
        let network = alice_and_bob().await;
        network.set_self_copy(order);
        call(network.node(0), "newdirectmsg", json!(["alice", 0, "bob", "hi", true])).await.unwrap();
        assert_eq!(messages(network.node(0), "alice", "bob").await, [(own, "hi".to_owned())]);
        assert_eq!(messages(network.node(1), "bob", "alice").await, [(1 - own, "hi".to_owned())]);
        assert_eq!(last_have(network.node(0), "alice", "alice").await, 1);
    }
}

#[tokio::test]
async fn two_accounts_of_one_wallet_write_to_each_other() {
    let network = Network::builder().node(NodeConfig::new().account("alice").account("bob")).start().await.unwrap();
    let node = network.node(0);
    network.follow(0, "bob", &["alice"]);
    message(node, "alice", 0, "bob", "hi").await;
    assert_eq!(messages(node, "bob", "alice").await, [(0, "hi".to_owned())]);
    assert_eq!(messages(node, "alice", "bob").await, [(0, "hi".to_owned())]);
}

#[tokio::test]
async fn an_empty_message_never_arrives() {
    let network = alice_and_bob().await;
    message(network.node(0), "alice", 0, "bob", "").await;
    assert_eq!(numbers(network.node(1), "alice").await, [0]);
    assert!(messages(network.node(1), "bob", "alice").await.is_empty());
}

#[tokio::test]
async fn a_group_has_another_alias_on_every_node_and_one_post_reaches_all_members() {
    let (network, clock) = alice_and_bob_at(1_000_000).await;
    let (a, b) = (network.node(0), network.node(1));
    let alias_a = call(a, "creategroup", json!(["doors"])).await.unwrap();
    call(a, "newgroupinvite", json!(["alice", 0, alias_a, ["alice", "bob"]])).await.unwrap();
    assert_eq!(last_have(a, "alice", "alice").await, 2, "one number for each member and one for the list");
    let alias_b = call(b, "listgroups", json!(["bob"])).await.unwrap()[0].clone();
    assert_ne!(alias_a, alias_b);
    let info = call(b, "getgroupinfo", json!([alias_b])).await.unwrap();
    assert_eq!((&info["description"], &info["members"]), (&json!("doors"), &json!(["alice", "bob"])));

    clock.advance(1);
    message(a, "alice", 3, alias_a.as_str().unwrap(), "from alice").await;
    clock.advance(1);
    message(b, "bob", 0, alias_b.as_str().unwrap(), "from bob").await;
    for (node, user, alias) in [(a, "alice", &alias_a), (b, "bob", &alias_b)] {
        let listed = messages(node, user, alias.as_str().unwrap()).await;
        let texts: Vec<_> =
            listed.iter().map(|(_, text)| text.as_str()).filter(|text| !text.starts_with("***")).collect();
        assert_eq!(texts, ["from alice", "from bob"], "{user}");
    }

    call(b, "leavegroup", json!(["bob", alias_b])).await.unwrap();
    message(a, "alice", 4, alias_a.as_str().unwrap(), "too late").await;
    assert!(messages(b, "bob", alias_b.as_str().unwrap()).await.is_empty());
}
