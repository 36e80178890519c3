//! Whether something is out. The node answers success even when it stored nothing, so the only proof is to read it back.

use twister::wire::{DirectMessage, PostKind};
use twister::{MessageRange, Peer, PostFlags, PostNumber, PostRange, RpcError, SignedPost, Username};

use super::Context;
use crate::frame::v1;
use crate::route::Receiver;
use crate::store::FrameRow;

/// Direct messages that are read at a time at most.
const PAGE: u32 = 100;

/// Direct messages that are read beside those that are looked for: others of their seconds stand between them.
const MARGIN: u32 = 4;

/// The account's own posts from `first` to `last`, both included, as its node has them.
pub(super) async fn own_posts(
    context: &Context,
    first: PostNumber,
    last: PostNumber,
) -> Result<Vec<SignedPost>, RpcError> {
    posts_between(context, &context.account, first, last).await
}

/// Posts of every kind from `first` to `last`, both included, without promoted ones.
pub(super) async fn posts_between(
    context: &Context,
    author: &Username,
    first: PostNumber,
    last: PostNumber,
) -> Result<Vec<SignedPost>, RpcError> {
    let since = first.0.checked_sub(1).map(PostNumber);
    let range = PostRange { username: author.clone(), since, max: Some(last) };
    // One more than there can be: a promoted post may take the place of one.
    let count = (last.0 - first.0).saturating_add(2);
    let mut posts = context.client.posts(count, &[range], Some(PostFlags::ALL)).await?;
    posts.retain(|found| {
        let in_range = (first..=last).contains(&found.post.number);
        in_range && !found.is_promoted() && found.post.author == author.as_str()
    });
    Ok(posts)
}

/// The text of the frame that a public post carries: a v1 frame has a field of its own.
pub(super) fn frame_text(found: &SignedPost) -> &str {
    found.post.fields.get(v1::FIELD).and_then(|field| field.as_str()).unwrap_or_else(|| found.post.text())
}

/// The post that brought `frame` out under `number`, if it did. It is known by its text: nothing else is left of it after a
/// crash.
pub(super) async fn find_out(
    context: &Context,
    frame: &FrameRow,
    number: PostNumber,
) -> Result<Option<SignedPost>, RpcError> {
    let text = &frame.text;
    let Some(found) = own_posts(context, number, number).await?.pop() else { return Ok(None) };
    let is_it = match (&frame.receiver, &found.post.kind) {
        (Receiver::Everybody, PostKind::Public) => frame_text(&found) == text,
        (Receiver::Account(peer), PostKind::DirectMessage(_)) => {
            let listed = listed_since(context, peer, found.post.time, &context.account, &[number]).await?;
            listed.iter().any(|message| message.from_me && message.number == number && message.text == *text)
        }
        _ => false,
    };
    Ok(is_it.then_some(found))
}

/// The newest direct messages to and from `peer`: back to those that `author` has posted under `numbers`, or if they are not
/// in the list, at least to `oldest`, in seconds since 1970.
pub(super) async fn listed_since(
    context: &Context,
    peer: &Username,
    oldest: i64,
    author: &Username,
    numbers: &[PostNumber],
) -> Result<Vec<DirectMessage>, RpcError> {
    let local = &context.account;
    let peer = Peer::User(peer.clone());
    let mut range = MessageRange::default();
    let mut listed = Vec::new();
    // The list is long, and each of its messages is as large as a post: as a rule the newest will do.
    let mut count = u32::try_from(numbers.len()).unwrap_or(PAGE).saturating_add(MARGIN).min(PAGE);
    loop {
        let page = context.client.direct_messages(local, &peer, range, count).await?;
        let lowest = page.iter().map(|message| message.id).min();
        let reaches_back = page.iter().any(|message| message.time < oldest);
        listed.extend(page);
        let is_listed = |number: &PostNumber| {
            listed.iter().any(|message: &DirectMessage| message.number == *number && message.from == author.as_str())
        };
        let is_enough = reaches_back || numbers.iter().all(is_listed);
        match lowest {
            Some(lowest) if lowest > 0 && !is_enough => {
                range.max = Some(lowest - 1);
                count = PAGE;
            }
            _ => return Ok(listed),
        }
    }
}
