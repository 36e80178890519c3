//! Writing and reading public posts.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Client, MessageRange, range_object, text};
use crate::error::RpcError;
use crate::hex;
use crate::names::{PostNumber, Username};
use crate::wire::{CustomFields, Mention, PostRef, SignedPost};

/// How long `peekpost` looks for a post unless told otherwise. Source: its help text.
const PEEK_TIMEOUT: Duration = Duration::from_secs(90);

/// Which of an account's posts are wanted. [`PostRange::all`] wants all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostRange {
    /// Whose posts.
    pub username: Username,
    /// Only numbers above this one.
    pub since: Option<PostNumber>,
    /// Only numbers up to this one, itself included.
    pub max: Option<PostNumber>,
}

/// Kinds of posts that `getposts` may include beside plain ones, as a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PostFlags(u8);

impl PostRange {
    /// Every post of `username`.
    pub fn all(username: Username) -> Self {
        Self { username, since: None, max: None }
    }
}

impl PostFlags {
    /// Plain posts only.
    pub const NONE: Self = Self(0);
    /// Retweets.
    pub const RETWEETS: Self = Self(1);
    /// Posts that carry a direct message.
    pub const DIRECT_MESSAGES: Self = Self(2);
    /// Favourites.
    pub const FAVOURITES: Self = Self(4);
    /// Everything, kinds to come included.
    pub const ALL: Self = Self(255);

    /// The members of both sets.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Client {
    /// Signs a public post and puts it into the swarm and the DHT (`newpostmsg`).
    ///
    /// **Success does not mean that it is stored**: with a number already used, the node answers just so and stores
    /// nothing. Read it back and compare the signature.
    ///
    /// [`NodeFault::QuotaExhausted`](crate::NodeFault::QuotaExhausted),
    /// [`NodeFault::PostTooLarge`](crate::NodeFault::PostTooLarge),
    /// [`NodeFault::KeyNotInWallet`](crate::NodeFault::KeyNotInWallet).
    pub async fn new_post(
        &self,
        author: &Username,
        number: PostNumber,
        message: &str,
        reply_to: Option<&PostRef>,
    ) -> Result<SignedPost, RpcError> {
        let mut params = vec![text(author), json!(number), message.into()];
        if let Some(answered) = reply_to {
            params.extend([answered.author.as_str().into(), json!(answered.number)]);
        }
        self.typed("newpostmsg", params).await
    }

    /// Signs a post of custom fields, without readable text, and puts it into the swarm and the DHT (`newpostcustom`). What
    /// is said of [`new_post`](Self::new_post) holds here too.
    pub async fn new_custom_post(
        &self,
        author: &Username,
        number: PostNumber,
        fields: &CustomFields,
    ) -> Result<SignedPost, RpcError> {
        self.typed("newpostcustom", vec![text(author), json!(number), json!(fields)]).await
    }

    /// Hands the node a ready-made post, as [`SignedPost::bencode`] gives it, for its copy of the author's swarm
    /// (`newpostraw`). If it carries a direct message for an account of this wallet, the node decrypts and lists it. A post
    /// that the node has already changes nothing.
    ///
    /// [`NodeFault::NumberMismatch`](crate::NodeFault::NumberMismatch),
    /// [`NodeFault::AuthorMismatch`](crate::NodeFault::AuthorMismatch),
    /// [`NodeFault::BadSignature`](crate::NodeFault::BadSignature),
    /// [`NodeFault::InvalidPost`](crate::NodeFault::InvalidPost),
    /// [`NodeFault::AuthorNotFollowed`](crate::NodeFault::AuthorNotFollowed),
    /// [`NodeFault::PostFromFuture`](crate::NodeFault::PostFromFuture).
    pub async fn new_raw_post(&self, author: &Username, number: PostNumber, bencoded: &[u8]) -> Result<(), RpcError> {
        self.done("newpostraw", vec![text(author), json!(number), hex::encode(bencoded).into()]).await
    }

    /// Posts held by the node (`getposts`): at most `count`, the newest ones, newest first but in no order within one
    /// second. Older ones are cut without a word; page back with [`PostRange::max`].
    ///
    /// Now and then the first is a promoted one, not asked for and beyond `count`: see [`SignedPost::is_promoted`].
    /// `allowed` is the set of kinds included beside plain posts; `None` means the node's own choice, which hides direct
    /// messages.
    pub async fn posts(
        &self,
        count: u32,
        ranges: &[PostRange],
        allowed: Option<PostFlags>,
    ) -> Result<Vec<SignedPost>, RpcError> {
        let ranges: Value = ranges.iter().map(PostRange::to_json).collect();
        let mut params = vec![json!(count), ranges];
        params.extend(allowed.map(|flags| json!(flags.0)));
        self.typed("getposts", params).await
    }

    /// One post by number (`peekpost`), from the node's own store or by a connection to the author's swarm made for it.
    /// `timeout` is how long the node may look, rounded up to whole seconds; `None` means its own limit of 90 seconds.
    ///
    /// [`NodeFault::PostNotFound`](crate::NodeFault::PostNotFound), [`NodeFault::Busy`](crate::NodeFault::Busy).
    pub async fn peek_post(
        &self,
        author: &Username,
        number: PostNumber,
        timeout: Option<Duration>,
    ) -> Result<SignedPost, RpcError> {
        let mut params = vec![text(author), json!(number)];
        if let Some(timeout) = timeout {
            // The third parameter picks members of the post; the star takes all.
            let seconds = timeout.as_secs() + u64::from(timeout.subsec_nanos() > 0);
            params.extend(["*".into(), json!(seconds)]);
        }
        self.typed_waiting("peekpost", params, timeout.unwrap_or(PEEK_TIMEOUT)).await
    }

    /// Up to `count` posts that mention `local`, by accounts that it follows (`getmentions`).
    pub async fn mentions(&self, local: &Username, count: u32, range: MessageRange) -> Result<Vec<Mention>, RpcError> {
        self.typed("getmentions", vec![text(local), json!(count), range_object(range.members())]).await
    }
}

impl PostRange {
    fn to_json(&self) -> Value {
        range_object([
            ("username", Some(text(&self.username))),
            ("since_id", self.since.map(|number| json!(number))),
            ("max_id", self.max.map(|number| json!(number))),
        ])
    }
}
