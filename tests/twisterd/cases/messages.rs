//! Messages cross: public and private, both ways, and without swarms.

use std::sync::Arc;

use libtest_mimic::Completion;

use crate::network::Network;
use crate::side::{Pair, Side};
use crate::support::Message;

/// A payload of each kind that a careless program would damage.
fn payloads() -> [Vec<u8>; 3] {
    [Vec::new(), (0..=255).collect(), "Tür auf – 门开了 🚪".into()]
}

pub async fn a_public_message_arrives_as_it_was_sent(network: Arc<Network>) {
    let pair = Pair::public(network).await;
    let at_bob = pair.bob.watcher("#").await;
    let alice = pair.alice.person().await;
    for payload in payloads() {
        alice.publish("out/kitchen", payload).await;
    }
    assert_eq!(at_bob.wait_for(3).await, payloads().map(|payload| Message::new("out/kitchen", payload)));
    pair.stop().await;
}

pub async fn a_private_message_arrives_at_its_receiver_and_at_nobody_else(network: Arc<Network>) {
    let alice = "following = ['{bob}']\npublications = ['#']\n\
                 forwards = [{ from = 'open/#' }, { from = 'closed/#', type = 'private', to = ['{bob}'] }]";
    let pair = Pair::ready(network, alice, "following = ['{alice}']\nsubscriptions = ['closed/#']").await;
    let stranger = pair.network.account(1).await;
    let rules = format!("following = ['{}']\nsubscriptions = ['#']", pair.alice.account);
    let mut carol = Side::new(&pair.network, 1, "carol", stranger, &rules).await;
    carol.start();
    carol.bridge().ready().await;
    let (at_bob, at_carol) = tokio::join!(pair.bob.watcher("#"), carol.watcher("#"));

    let person = pair.alice.person().await;
    for payload in payloads() {
        person.publish("closed/1", payload).await;
    }
    assert_eq!(at_bob.wait_for(3).await, payloads().map(|payload| Message::new("closed/1", payload)));
    person.publish("open/1", "for everybody").await;
    assert_eq!(at_carol.wait_for(1).await, [Message::new("open/1", "for everybody")]);
    carol.stop().await;
    pair.stop().await;
}

pub async fn messages_go_both_ways_and_none_comes_back(network: Arc<Network>) {
    let rules = |other: &str| {
        format!(
            "following = ['{other}']\npublications = ['shared/#']\nsubscriptions = ['shared/#']\n\
             forwards = [{{ from = 'shared/#', type = 'private', to = ['{other}'] }}]"
        )
    };
    let pair = Pair::ready(network, &rules("{bob}"), &rules("{alice}")).await;
    let (at_alice, at_bob) = tokio::join!(pair.alice.watcher("#"), pair.bob.watcher("#"));
    let (alice, bob) = tokio::join!(pair.alice.person(), pair.bob.person());
    let (of_alice, of_bob) = (Message::new("shared/1", "of alice"), Message::new("shared/2", "of bob"));
    alice.publish(&of_alice.topic, of_alice.payload.clone()).await;
    at_bob.wait_for(1).await;
    bob.publish(&of_bob.topic, of_bob.payload.clone()).await;
    at_alice.wait_for(2).await;
    // A last message overtakes nothing: whatever came back would be there before it.
    alice.publish("shared/end", "").await;
    let end = Message::new("shared/end", "");
    assert_eq!(at_bob.wait_for(3).await, [of_alice.clone(), of_bob.clone(), end.clone()]);
    assert_eq!(at_alice.wait_for(3).await, [of_alice, of_bob, end]);
    pair.stop().await;
}

/// Where the swarms of the two nodes are joined, nobody can part them.
pub async fn messages_arrive_where_swarms_are_not_joined(network: Arc<Network>) -> Completion {
    let alice = "following = ['{bob}']\npublications = ['#']\n\
                 forwards = [{ from = 'open/#' }, { from = 'closed/#', type = 'private', to = ['{bob}'] }]";
    let pair = Pair::ready(network, alice, "following = ['{alice}']\nsubscriptions = ['#']").await;
    let at_bob = pair.bob.watcher("#").await;
    let person = pair.alice.person().await;
    person.publish("closed/1", "for bob").await;
    at_bob.wait_for(1).await;
    person.publish("open/1", "for everybody").await;
    let expected = [Message::new("closed/1", "for bob"), Message::new("open/1", "for everybody")];
    assert_eq!(at_bob.wait_for(2).await, expected);
    let peers = pair.network.node(1).swarm_peers(&pair.alice.account).await;
    pair.stop().await;
    match peers {
        0 => Completion::Completed,
        _ => Completion::ignored_with("the swarms of the two nodes are joined"),
    }
}
