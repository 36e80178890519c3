//! What happens when there are no posts left.

use std::sync::Arc;

use twister::PostNumber;

use super::{first_copies, numbered};
use crate::network::{Network, allowed};
use crate::side::Pair;
use crate::support::Message;

/// Messages that go one a post, so that they need more posts than a block brings.
const MESSAGES: usize = 3;

pub async fn without_posts_left_messages_wait_for_the_next_blocks(network: Arc<Network>) {
    let alice = "following = ['{bob}']\npublications = ['out/#']\nforwards = [{ from = 'out/#', compatible = true }]";
    let pair = Pair::ready(network, alice, "following = ['{alice}']\nsubscriptions = ['out/#']").await;
    let at_bob = pair.bob.watcher("#").await;
    let (node, account) = (pair.network.node(0), &pair.alice.account);
    // Gaps in the numbers stay gaps, so that the highest one uses all of them up.
    let highest = allowed(node, account).await.unwrap();
    node.client.new_post(account, PostNumber(highest), "the last one", None).await.unwrap();

    let person = pair.alice.person().await;
    let messages = numbered("out/door", 0..MESSAGES);
    for message in &messages {
        person.publish(&message.topic, message.payload.clone()).await;
    }
    let problem = pair.alice.bridge().problem("alice", "quota_exhausted").await;
    assert!(problem.contains("block"), "{problem}");
    let all_here = async || at_bob.messages().len() >= MESSAGES;
    pair.network.until_blocks("the blocks that bring new posts", all_here).await;
    // Nothing in this form says in which order posts were made, and swarms bring them in any.
    let mut arrived: Vec<Message> = first_copies(&at_bob.messages());
    arrived.sort();
    assert_eq!(arrived, messages);
    pair.stop().await;
}
