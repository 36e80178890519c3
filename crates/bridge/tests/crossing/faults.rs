//! What must not be lost when things go wrong.

use std::time::Duration;

use mqtt_twister_bridge::event::{PartState, ProblemCode};
use mqtt_twister_bridge::message::Qos;
use mqtt_twister_bridge::secrets::Password;
use mqtt_twister_bridge::{Bridge, StartError, StoreError};
use mqtt_twister_sandbox::{Arrivals, Network, NodeConfig, ReleaseOrder, Via};
use serde_json::json;
use twister::PostNumber;

use crate::support::{Side, network, problem, until};

async fn sender(network: &Network) -> Side {
    let rules = json!({
        "publications": ["#"],
        "forwards": [{"from": "public/#"}, {"from": "private/#", "type": "private", "to": ["mqtt_bob"]}],
    });
    Side::new(network, 0, "mqtt_alice", rules).await
}

async fn receiver(network: &Network) -> Side {
    Side::new(network, 1, "mqtt_bob", json!({"following": ["mqtt_alice"], "subscriptions": ["#"]})).await
}

/// Two bridges at work, over which messages 0 and 1 have crossed.
struct Joined {
    network: Network,
    alice: Side,
    bob: Side,
    at_alice: Bridge,
    at_bob: Bridge,
}

impl Joined {
    async fn start() -> Self {
        let network = network().await;
        let (alice, mut bob) = (sender(&network).await, receiver(&network).await);
        let (at_alice, at_bob) = (alice.start_ready().await, bob.start_ready().await);
        publish(&alice, 0..2).await;
        hear_all(&mut bob, 0..2).await;
        Self { network, alice, bob, at_alice, at_bob }
    }
}

/// Publishes numbered messages, public and private by turns.
async fn publish(alice: &Side, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let topic = if number % 2 == 0 { "public/1" } else { "private/1" };
        alice.publish(topic, number.to_string().as_bytes(), Qos::AtLeastOnce).await;
    }
}

fn is_down(part: &PartState, code: ProblemCode) -> bool {
    matches!(part, PartState::Down { problem } if problem.code == code)
}

/// Hears until all numbers are there, and checks that each came once.
async fn hear_all(bob: &mut Side, numbers: std::ops::Range<u32>) {
    let mut missing: std::collections::BTreeSet<u32> = numbers.collect();
    while !missing.is_empty() {
        let payload = String::from_utf8(bob.hear().await.payload).unwrap();
        assert!(missing.remove(&payload.parse().unwrap()), "{payload} came twice or unasked");
    }
}

#[tokio::test]
async fn stolen_numbers_are_posted_again() {
    let Joined { network, alice, bob, .. } = &mut Joined::start().await;
    network.steal_numbers("mqtt_alice", 5);
    publish(alice, 2..18).await;
    hear_all(bob, 2..18).await;
}

#[tokio::test]
async fn numbers_stolen_while_later_frames_are_posted_make_no_message_lost_or_late() {
    let Joined { network, alice, bob, .. } = &mut Joined::start().await;
    network.steal_numbers("mqtt_alice", 12);
    // Hardly two of these share a frame: there are more frames than are posted before the look whether they are out.
    let mut dice = 7_u32;
    let mut noise = || {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (dice >> 24) as u8
    };
    let payloads: Vec<Vec<u8>> = (0..40).map(|_| (0..1000).map(|_| noise()).collect()).collect();
    for payload in &payloads {
        alice.publish("public/noise", payload, Qos::AtLeastOnce).await;
    }
    for payload in &payloads {
        assert_eq!(bob.hear().await.payload, *payload);
    }
}

#[tokio::test]
async fn a_reply_that_is_lost_makes_no_message_lost_or_doubled() {
    let Joined { network, alice, bob, .. } = &mut Joined::start().await;
    network.node(0).drop_replies("newpostmsg", 2);
    network.node(0).drop_replies("newdirectmsg", 2);
    publish(alice, 2..12).await;
    hear_all(bob, 2..12).await;
}

#[tokio::test]
async fn posts_that_arrive_in_any_order_are_all_found() {
    let Joined { network, alice, bob, at_alice, .. } = &mut Joined::start().await;
    network.node(1).set_arrivals(Via::Peer, Arrivals::Held);
    publish(alice, 2..30).await;
    until(at_alice, |state| state.counters.posted == 30).await;
    network.node(1).release_arrivals(Via::Peer, &ReleaseOrder::Shuffled { seed: 7 });
    hear_all(bob, 2..30).await;
}

#[tokio::test]
async fn a_number_below_the_highest_known_that_comes_late_is_found() {
    let Joined { network, alice, bob, at_alice, .. } = &mut Joined::start().await;
    network.node(1).set_arrivals(Via::Peer, Arrivals::Held);
    publish(alice, 2..6).await;
    until(at_alice, |state| state.counters.posted == 6).await;
    let held = network.node(1).held_arrivals(Via::Peer);
    let newest = held.iter().map(|(_, number)| *number).max().unwrap();
    network.node(1).release_arrivals(Via::Peer, &ReleaseOrder::Numbers(vec![newest]));
    let first = bob.hear().await;
    network.node(1).release_arrivals(Via::Peer, &ReleaseOrder::Reversed);
    let mut heard = vec![first.payload];
    for _ in 0..3 {
        heard.push(bob.hear().await.payload);
    }
    heard.sort();
    assert_eq!(heard, [b"2", b"3", b"4", b"5"]);
}

#[tokio::test]
async fn a_node_that_goes_away_and_comes_back_loses_nothing() {
    let Joined { network, alice, bob, at_alice, at_bob } = &mut Joined::start().await;
    for (node, bridge) in [(0, at_alice), (1, at_bob)] {
        network.node(node).take_down().await;
        publish(alice, 2..8).await;
        until(bridge, |state| is_down(&state.node, ProblemCode::NodeUnreachable)).await;
        network.node(node).bring_up().await.unwrap();
        hear_all(bob, 2..8).await;
    }
}

#[tokio::test]
async fn a_bridge_that_stops_at_any_time_goes_on_where_it_was() {
    let Joined { network: _network, alice, mut bob, at_alice, at_bob } = Joined::start().await;
    publish(&alice, 2..20).await;
    at_alice.stop().await;
    publish(&alice, 20..30).await;
    at_bob.stop().await;
    let (_at_alice, _at_bob) = (alice.start().await, bob.start().await);
    hear_all(&mut bob, 2..30).await;
}

#[tokio::test]
async fn without_quota_messages_wait_for_the_next_blocks() {
    let node = |account: &str| NodeConfig::new().account(account);
    let builder = Network::builder().node(node("mqtt_alice")).node(node("mqtt_bob")).start_height(1);
    let network = builder.dht_wait(Duration::ZERO).start().await.unwrap();
    let (mut alice, mut bob) = (sender(&network).await, receiver(&network).await);
    // One message a post.
    alice.config.forwards[0].compatible = true;
    let (at_alice, _at_bob) = (alice.start_ready().await, bob.start_ready().await);
    let mut events = at_alice.events();
    publish(&alice, 0..60).await;
    let told = problem(&mut events, ProblemCode::QuotaExhausted).await;
    assert!(told.message.contains("block"), "{}", told.message);
    until(&at_alice, |state| state.quota.is_some_and(|quota| quota.left == 0)).await;
    network.mine_until_allowed("mqtt_alice", 60);
    hear_all(&mut bob, 0..60).await;
}

#[tokio::test]
async fn a_wrong_password_is_told_and_does_not_stop_another_bridge() {
    let network = network().await;
    let (mut alice, bob) = (sender(&network).await, receiver(&network).await);
    alice.secrets.node = Password::new("wrong");
    let at_alice = alice.start().await;
    let _at_bob = bob.start_ready().await;
    until(&at_alice, |state| is_down(&state.node, ProblemCode::NodeCredentials)).await;
    assert!(!format!("{:?}", at_alice.state()).contains("wrong\""));
}

#[tokio::test]
async fn a_name_that_is_not_in_the_wallet_or_not_registered_is_told_and_works_as_soon_as_it_is() {
    let network = network().await;
    let mut carol = sender(&network).await;
    carol.config.twister.account = "mqtt_carol".parse().unwrap();
    let at_carol = carol.start().await;
    until(&at_carol, |state| is_down(&state.account, ProblemCode::AccountNotInWallet)).await;
    let credentials = twister::Credentials::new(network.node(0).user(), network.node(0).password());
    let client = twister::Client::new(&carol.config.twister.url, &credentials).unwrap();
    client.create_wallet_user(&carol.account()).await.unwrap();
    until(&at_carol, |state| is_down(&state.account, ProblemCode::AccountNotRegistered)).await;
    client.send_new_user_transaction(&carol.account()).await.unwrap();
    network.mine(1);
    until(&at_carol, |state| state.ready).await;
}

#[tokio::test]
async fn a_bridge_does_not_run_twice() {
    let network = network().await;
    let alice = sender(&network).await;
    let running = alice.start().await;
    let second = Bridge::start(alice.config.clone(), alice.secrets.clone(), alice.data.path()).await;
    assert!(matches!(second, Err(StartError::Store(StoreError::InUse { .. }))));
    running.stop().await;
    alice.start().await.stop().await;
}

#[tokio::test]
async fn posts_from_before_the_first_contact_are_not_brought_in() {
    let network = network().await;
    let (alice, mut bob) = (sender(&network).await, receiver(&network).await);
    let credentials = twister::Credentials::new(network.node(0).user(), network.node(0).password());
    let client = twister::Client::new(&alice.config.twister.url, &credentials).unwrap();
    let old = r#"{"topic":"public/1","payload":"b2xk","qos":0}"#;
    client.new_post(&alice.account(), PostNumber(0), old, None).await.unwrap();
    network.follow(1, "mqtt_bob", &["mqtt_alice"]);
    let (_at_alice, _at_bob) = (alice.start_ready().await, bob.start_ready().await);
    publish(&alice, 0..1).await;
    hear_all(&mut bob, 0..1).await;
}
