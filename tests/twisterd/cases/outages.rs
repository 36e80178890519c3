//! What is killed and comes back has lost nothing.

use std::sync::Arc;

use libtest_mimic::Completion;

use super::{first_copies, numbered};
use crate::network::Network;
use crate::side::Pair;
use crate::support::{Client, Message};

async fn publish(person: &Client, messages: &[Message]) {
    for message in messages {
        person.publish(&message.topic, message.payload.clone()).await;
    }
}

/// Messages that come again after a kill may come late: all are there, whatever their order.
async fn all_arrive(at_bob: &Client, messages: &[Message]) {
    let all = |arrived: &[Message]| messages.iter().all(|message| arrived.contains(message));
    let arrived = first_copies(&at_bob.wait_until("every message", all).await);
    assert_eq!(arrived.len(), messages.len(), "something else arrived: {arrived:?}");
}

pub async fn kills_of_both_bridges_lose_nothing(network: Arc<Network>) {
    let mut pair = Pair::private(network).await;
    let at_bob = pair.bob.watcher("#").await;
    let alice = pair.alice.person().await;
    let messages = numbered("out/door", 0..30);
    publish(&alice, &messages[..10]).await;
    tokio::join!(pair.alice.kill(), pair.bob.kill());
    publish(&alice, &messages[10..20]).await;
    pair.start();
    publish(&alice, &messages[20..]).await;
    all_arrive(&at_bob, &messages).await;
    tokio::join!(pair.alice.bridge().ready(), pair.bob.bridge().ready());
    pair.stop().await;
}

/// Nobody kills a node of somebody else's.
pub async fn a_node_that_is_started_again_loses_nothing(network: Arc<Network>) -> Completion {
    if network.daemon(0).is_none() {
        return Completion::ignored_with("the nodes are not this suite's to stop");
    }
    let pair = Pair::private(network).await;
    let at_bob = pair.bob.watcher("#").await;
    let alice = pair.alice.person().await;
    let messages = numbered("out/door", 0..15);
    publish(&alice, &messages[..5]).await;
    at_bob.wait_for(5).await;
    for (index, (side, name)) in [(&pair.alice, "alice"), (&pair.bob, "bob")].into_iter().enumerate() {
        let daemon = pair.network.daemon(index).unwrap();
        daemon.kill().await;
        publish(&alice, &messages[5 + 5 * index..10 + 5 * index]).await;
        side.bridge().problem(name, "node_unreachable").await;
        daemon.start_again().await.unwrap();
        all_arrive(&at_bob, &messages[..10 + 5 * index]).await;
    }
    pair.stop().await;
    Completion::Completed
}
