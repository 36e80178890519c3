//! Private networks: created, joined, left, and with blocks when somebody waits for one.

use std::collections::BTreeSet;

use mqtt_twister_daemon::{BlockMaker, BlockPolicy, Daemon, NetworkKind, NodeProblemCode, NodeSettings};
use twister::{Client, MessageRange, Peer, PostNumber, SelfCopy, Username};

use crate::support::{Bench, eventually, is_running, until};

fn name(text: &str) -> Username {
    text.parse().unwrap()
}

/// Registers an account as any program would, and waits until it is in the chain.
async fn register(client: &Client, account: &str) {
    let account = name(account);
    client.create_wallet_user(&account).await.unwrap();
    client.send_new_user_transaction(&account).await.unwrap();
    eventually("it is registered", async || client.registration(&account).await.unwrap().is_some()).await;
    client.follow(&account, std::slice::from_ref(&account)).await.unwrap();
}

/// A node's address for others on this machine.
fn address(node: &NodeSettings) -> String {
    format!("127.0.0.1:{}", node.ports.p2p)
}

async fn height(daemon: &Daemon) -> u32 {
    daemon.client().block_count().await.unwrap().0
}

#[tokio::test]
async fn the_first_node_makes_a_block_when_an_account_waits_for_one_and_then_stops() {
    let bench = Bench::new();
    let node = bench.private("home", &[]);
    assert_eq!(node.blocks, BlockPolicy::WhenNeeded);
    let daemon = bench.run(&node.id).await;
    let before = height(&daemon).await;
    let client = daemon.client();

    register(&client, "mqtt_alice").await;
    until(&daemon, "nobody waits", |status| status.blocks.maker == BlockMaker::NotNeeded).await;
    eventually("it makes no more", async || !client.mining_info().await.unwrap().generate).await;
    let after = height(&daemon).await;
    assert!(after > before, "{before} {after}");
    eventually("its name is noted", async || daemon.settings().unwrap().accounts == ["mqtt_alice"]).await;
    assert_eq!(height(&daemon).await, after, "nobody waited any more");
    daemon.end().await;
}

#[tokio::test]
async fn three_people_exchange_private_messages_in_a_network_of_their_own() {
    let bench = Bench::new();
    let first = bench.private("home", &[]);
    let alice = bench.run(&first.id).await;
    let joined: Vec<NodeSettings> =
        ["home of bob", "home of carol"].map(|name| bench.private(name, &[address(&first)])).to_vec();
    assert!(joined.iter().all(|node| node.blocks == BlockPolicy::WhenNobodyElseDoes));
    let (bob, carol) = (bench.run(&joined[0].id).await, bench.run(&joined[1].id).await);

    let people = [("mqtt_alice", &alice), ("mqtt_bob", &bob), ("mqtt_carol", &carol)];
    for (account, daemon) in people {
        register(&daemon.client(), account).await;
    }
    for (account, daemon) in people {
        let everybody = people.map(|(account, _)| name(account));
        daemon.client().follow(&name(account), &everybody).await.unwrap();
    }
    let status =
        until(&alice, "she sees two others", |status| status.facts.as_ref().is_some_and(|facts| facts.peers == 2));
    assert!(is_running(&status.await));

    for (from, to) in [(1, 2), (2, 0), (0, 1)] {
        let ((sender, at), (receiver, there)) = (people[from], people[to]);
        let text = format!("from {sender} to {receiver}");
        let to = Peer::User(name(receiver));
        at.client().new_direct_message(&name(sender), PostNumber(0), &to, &text, SelfCopy::No).await.unwrap();
        eventually(&text, async || {
            let (local, peer) = (name(receiver), Peer::User(name(sender)));
            let found = there.client().direct_messages(&local, &peer, MessageRange::default(), 10).await;
            found.is_ok_and(|messages| messages.iter().any(|message| message.text == text))
        })
        .await;
    }
    let pids: BTreeSet<_> = people.iter().filter_map(|(_, daemon)| daemon.status().borrow().pid).collect();
    assert_eq!(pids.len(), 3);
    for daemon in [carol, bob, alice] {
        daemon.end().await;
    }
}

#[tokio::test]
async fn two_nodes_that_name_each_other_are_one_network() {
    let bench = Bench::new();
    let one = bench.private("one", &["127.0.0.1:1".to_owned()]);
    let other = bench.private("other", &[address(&one)]);
    let mutual = |node: &mut NodeSettings| {
        let peers = vec![address(&other).parse().unwrap()];
        node.network = NetworkKind::Private { name: "one".to_owned(), peers };
        node.blocks = BlockPolicy::WhenNeeded;
    };
    bench.nodes.change(&one.id, mutual).unwrap();
    let (one, other) = (bench.open(&one.id), bench.open(&other.id));
    for node in [&one, &other] {
        node.start().unwrap();
    }
    for node in [&one, &other] {
        until(node, "it runs", is_running).await;
    }
    register(&one.client(), "mqtt_alice").await;
    let client = other.client();
    let alice = name("mqtt_alice");
    eventually("the other knows her", async || client.registration(&alice).await.is_ok_and(|found| found.is_some()))
        .await;
    one.end().await;
    other.end().await;
}

#[tokio::test]
async fn a_network_is_left_with_all_that_was_in_it_and_nothing_of_another() {
    let bench = Bench::new();
    let (left, kept) = (bench.private("left", &[]), bench.private("kept", &[]));
    let daemon = bench.run(&left.id).await;
    register(&daemon.client(), "mqtt_alice").await;
    eventually("its name is noted", async || daemon.settings().unwrap().accounts == ["mqtt_alice"]).await;
    assert_eq!(bench.nodes.remove(&left.id).unwrap_err().code, NodeProblemCode::DataInUse);

    daemon.end().await;
    bench.nodes.remove(&left.id).unwrap();
    assert!(!bench.folder(&left.id).exists());
    assert_eq!(bench.nodes.list().unwrap(), [kept]);
}
