//! A bridge is ready when its node is fit to be worked on, and waits by itself until it is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mqtt_twister_bridge::event::{BridgeState, PartState, ProblemCode};
use mqtt_twister_bridge::message::Qos;
use mqtt_twister_sandbox::{Clock, ManualClock, Network, NodeConfig};
use serde_json::json;

use crate::support::{Side, network, problem, until};

async fn alice(network: &Network) -> Side {
    let rules = json!({"publications": ["public/#"], "forwards": [{"from": "public/#"}]});
    Side::new(network, 0, "mqtt_alice", rules).await
}

/// Whether the network is what is wrong, and this is why.
fn waits_for(state: &BridgeState, code: ProblemCode) -> bool {
    let is_down = matches!(&state.network, PartState::Down { problem } if problem.code == code);
    is_down && !state.ready
}

#[tokio::test]
async fn a_bridge_waits_while_the_chain_is_behind_and_posts_by_itself_when_it_has_caught_up() {
    let network = network().await;
    network.node(0).hold_chain_at(Some(4000));
    let alice = alice(&network).await;
    let at_alice = alice.start().await;
    until(&at_alice, |state| waits_for(state, ProblemCode::NodeSyncing)).await;
    until(&at_alice, |state| state.broker == PartState::Up).await;
    alice.publish("public/1", b"early", Qos::AtLeastOnce).await;
    until(&at_alice, |state| state.counters.taken == 1).await;
    assert_eq!(at_alice.state().counters.posted, 0);

    network.node(0).hold_chain_at(Some(4500));
    until(&at_alice, |state| {
        let PartState::Down { problem } = &state.network else { return false };
        problem.message.contains("4500 of 5000")
    })
    .await;
    network.node(0).hold_chain_at(None);
    until(&at_alice, |state| state.ready && state.counters.posted == 1).await;
}

#[tokio::test]
async fn a_bridge_waits_while_the_newest_block_is_older_than_a_day() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let two_days = 2 * 86_400;
    let clock = ManualClock::new(i64::try_from(now).unwrap() - two_days);
    let node = |account: &str| NodeConfig::new().account(account);
    let builder = Network::builder().node(node("mqtt_alice")).node(node("mqtt_bob")).dht_wait(Duration::ZERO);
    let network = builder.clock(Clock::Manual(clock.clone())).start().await.unwrap();
    let alice = alice(&network).await;
    let at_alice = alice.start().await;
    until(&at_alice, |state| waits_for(state, ProblemCode::ChainStands)).await;
    clock.advance(two_days);
    network.mine(1);
    until(&at_alice, |state| state.ready).await;
}

#[tokio::test]
async fn a_bridge_waits_while_the_clock_is_further_off_than_twister_makes_up_for() {
    let network = network().await;
    network.node(0).set_clock_offset(-5000);
    let alice = alice(&network).await;
    let at_alice = alice.start().await;
    until(&at_alice, |state| waits_for(state, ProblemCode::ClockWrong)).await;
    network.node(0).set_clock_offset(-600);
    until(&at_alice, |state| state.ready).await;
}

#[tokio::test]
async fn the_only_node_of_a_private_network_is_enough_and_being_alone_is_told() {
    let network = network().await;
    let alice = alice(&network).await;
    let at_alice = alice.start_ready().await;
    let mut events = at_alice.events();
    network.node(0).cut_off(true);
    let told = problem(&mut events, ProblemCode::NoPeers).await;
    assert!(told.message.contains("alone in its private network"), "{}", told.message);
    alice.publish("public/1", b"to whoever comes", Qos::AtLeastOnce).await;
    until(&at_alice, |state| state.ready && state.counters.posted == 1).await;
}

#[tokio::test]
async fn a_dht_without_nodes_does_not_hinder_at_once() {
    let network = network().await;
    network.node(0).lose_dht(true);
    let alice = alice(&network).await;
    alice.start_ready().await.stop().await;
}
