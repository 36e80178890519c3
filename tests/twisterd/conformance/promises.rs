//! What the program builds on, one by one.

use std::sync::Arc;

use serde_json::{Value, json};
use twister::limits::{MAX_POST_SIZE, PostNumbers, post_room, post_size};
use twister::{
    BlockHeight, Client, DhtKind, DhtPut, MessageRange, NodeFault, Peer, PostFlags, PostNumber, PostRange, SignedPost,
    Username,
};

use crate::network::Network;
use crate::node::becomes;
use crate::patience;

/// An account at A that follows itself, without which neither posting nor reading back works.
async fn author(network: &Network) -> (Client, Username) {
    let (client, author) = (network.node(0).client.clone(), network.account(0).await);
    client.follow(&author, std::slice::from_ref(&author)).await.unwrap();
    (client, author)
}

/// The posts of a range, without promoted ones, when there are as many.
async fn posts(client: &Client, range: &PostRange, count: usize) -> Vec<SignedPost> {
    let mut posts = Vec::new();
    let range = std::slice::from_ref(range);
    let came = becomes(patience(), async || {
        posts = client.posts(50, range, Some(PostFlags::ALL)).await.unwrap();
        posts.retain(|post| !post.is_promoted());
        posts.len() == count
    });
    assert!(came.await, "{} posts where {count} should be", posts.len());
    posts
}

pub async fn a_taken_number_answers_success_and_stores_nothing(network: Arc<Network>) {
    let (client, author) = author(&network).await;
    let first = client.new_post(&author, PostNumber(0), "first", None).await.unwrap();
    posts(&client, &PostRange::all(author.clone()), 1).await;
    let second = client.new_post(&author, PostNumber(0), "second", None).await.unwrap();
    assert_ne!(first.signature, second.signature);
    // A gap stays a gap, and what comes after it shows that the node has looked at everything before.
    client.new_post(&author, PostNumber(2), "after a gap", None).await.unwrap();
    let stored = posts(&client, &PostRange::all(author), 2).await;
    let zeroth = stored.iter().find(|post| post.post.number == PostNumber(0)).unwrap();
    assert_eq!(zeroth.signature, first.signature);
}

pub async fn a_post_may_have_so_many_bytes_and_no_more(network: Arc<Network>) {
    let (client, author) = author(&network).await;
    let height = client.block_count().await.unwrap();
    let numbers = PostNumbers {
        number: PostNumber(0),
        height: BlockHeight(height.0 - 1),
        time: std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().try_into().unwrap(),
        last_public: None,
    };
    let largest = "a".repeat(post_room(&author, numbers));
    assert_eq!(post_size(&author, &largest, None, numbers), MAX_POST_SIZE);
    let refused = client.new_post(&author, PostNumber(0), &format!("{largest}a"), None).await.unwrap_err();
    assert_eq!(refused.node_fault(), Some(NodeFault::PostTooLarge), "{refused}");
    let taken = client.new_post(&author, PostNumber(0), &largest, None).await.unwrap();
    assert_eq!(taken.bencode().unwrap().len(), MAX_POST_SIZE);
}

pub async fn a_range_excludes_its_beginning_and_includes_its_end(network: Arc<Network>) {
    let (client, author) = author(&network).await;
    for number in 0..4 {
        client.new_post(&author, PostNumber(number), &format!("température {number} °C"), None).await.unwrap();
    }
    posts(&client, &PostRange::all(author.clone()), 4).await;
    let range = PostRange { username: author, since: Some(PostNumber(0)), max: Some(PostNumber(2)) };
    let mut found: Vec<(u32, String)> =
        posts(&client, &range, 2).await.iter().map(|post| (post.post.number.0, post.post.text().to_owned())).collect();
    found.sort();
    assert_eq!(found, [1, 2].map(|number| (number, format!("température {number} °C"))));
}

pub async fn a_profile_with_a_stale_number_is_ignored(network: Arc<Network>) {
    let (client, author) = author(&network).await;
    let far = &network.node(1).client;
    let put = async |seq, topics: Value| {
        let profile = json!({ "mqtt_topics": topics });
        client.dht_put(author.as_str(), "profile", DhtPut::Single { seq }, &profile, &author).await.unwrap();
    };
    let far_sees = async |topics: Value| {
        becomes(patience(), async || {
            let entries = far.dht_get(author.as_str(), "profile", DhtKind::Single, None).await.unwrap();
            entries.first().is_some_and(|entry| entry.value["mqtt_topics"] == topics)
        })
        .await
    };
    put(2, json!(["doors/#"])).await;
    assert!(far_sees(json!(["doors/#"])).await, "the far node does not find the profile");
    put(1, json!(["stale"])).await;
    assert!(far_sees(json!(["doors/#"])).await, "the far node has another profile");
    put(3, json!(["fridges/+", "doors/#"])).await;
    assert!(far_sees(json!(["fridges/+", "doors/#"])).await, "the far node does not find the newer profile");
}

pub async fn a_direct_message_is_carried_by_hand_and_a_damaged_one_is_refused(network: Arc<Network>) {
    let (client, sender) = author(&network).await;
    let (far, receiver) = (&network.node(1).client, network.account(1).await);
    far.follow(&receiver, &[receiver.clone(), sender.clone()]).await.unwrap();
    let peer = Peer::User(receiver.clone());
    let sent =
        client.new_direct_message(&sender, PostNumber(0), &peer, "carried", twister::SelfCopy::No).await.unwrap();
    let bytes = sent.bencode().unwrap();

    let mut damaged = bytes.clone();
    *damaged.last_mut().unwrap() ^= 1;
    far.new_raw_post(&sender, PostNumber(0), &damaged).await.unwrap_err();
    let misnumbered = far.new_raw_post(&sender, PostNumber(1), &bytes).await.unwrap_err();
    assert_eq!(misnumbered.node_fault(), Some(NodeFault::NumberMismatch), "{misnumbered}");
    // A post that is there already changes nothing.
    for _ in 0..2 {
        far.new_raw_post(&sender, PostNumber(0), &bytes).await.unwrap();
    }
    let from = Peer::User(sender);
    let listed = becomes(patience(), async || {
        let messages = far.direct_messages(&receiver, &from, MessageRange::default(), 10).await.unwrap();
        messages.len() == 1 && messages[0].text == "carried"
    });
    assert!(listed.await, "the message is not listed at the far node");
}
