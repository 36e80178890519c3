//! Many messages, large ones, retained ones, and those of QoS 2.

use std::sync::Arc;

use rand::RngCore as _;
use rumqttc::QoS;

use super::{first_copies, numbered};
use crate::network::Network;
use crate::side::Pair;
use crate::support::Message;

/// More than a fresh account has posts.
const MANY: usize = 100;

/// Bytes that nothing makes smaller, of which a post holds less than a quarter.
const LARGE: usize = 8000;

pub async fn many_messages_share_a_post(network: Arc<Network>) {
    let pair = Pair::private(network).await;
    let at_bob = pair.bob.watcher("#").await;
    let alice = pair.alice.person().await;
    // Bob is known to understand packed frames when the first has arrived.
    let messages = numbered("out/meter", 0..MANY);
    alice.publish("out/meter", "0").await;
    at_bob.wait_for(1).await;
    alice.publish_all("out/meter", (1..MANY).map(|number| number.to_string())).await;
    let arrived = at_bob.wait_until("the last message", |arrived| arrived.last() == messages.last()).await;
    assert_eq!(first_copies(&arrived), messages);
    let all_out = |state: &serde_json::Value| state["counters"]["posted"] == MANY;
    let state = pair.alice.bridge().state("alice", "the count of posts", all_out).await;
    let posts = state["counters"]["posts"].as_u64().unwrap();
    assert!(posts < 20, "{posts} posts for {MANY} messages");
    pair.stop().await;
}

pub async fn a_message_larger_than_a_post_arrives_whole(network: Arc<Network>) {
    let pair = Pair::private(network).await;
    let at_bob = pair.bob.watcher("#").await;
    let mut payload = vec![0; LARGE];
    rand::rng().fill_bytes(&mut payload);
    pair.alice.person().await.publish("out/picture", payload.clone()).await;
    assert_eq!(at_bob.wait_for(1).await, [Message::new("out/picture", payload)]);
    pair.stop().await;
}

pub async fn a_retained_message_is_kept_and_cleared_at_the_far_end(network: Arc<Network>) {
    let pair = Pair::public(network).await;
    let at_bob = pair.bob.watcher("#").await;
    let alice = pair.alice.person().await;
    alice.publish_retained("out/lamp", "on").await;
    at_bob.wait_for(1).await;
    let newcomer = pair.bob.newcomer("out/#").await;
    assert_eq!(newcomer.wait_for(1).await, [Message::new("out/lamp", "on")]);
    assert_eq!(newcomer.kept(), [Message::new("out/lamp", "on")], "it is a retained one");

    alice.publish_retained("out/lamp", "").await;
    at_bob.wait_for(2).await;
    let newcomer = pair.bob.newcomer("out/#").await;
    alice.publish("out/end", "").await;
    assert_eq!(newcomer.wait_for(1).await, [Message::new("out/end", "")], "nothing was kept");
    pair.stop().await;
}

pub async fn messages_of_qos_2_arrive_once_and_in_order(network: Arc<Network>) {
    let pair = Pair::private(network).await;
    let at_bob = pair.bob.watcher("#").await;
    let alice = pair.alice.person().await;
    let messages = numbered("out/door", 0..20);
    for message in &messages {
        alice.publish_with(&message.topic, message.payload.clone(), QoS::ExactlyOnce).await;
    }
    let arrived = at_bob.wait_until("the last message", |arrived| arrived.last() == messages.last()).await;
    assert_eq!(arrived, messages);
    pair.stop().await;
}
