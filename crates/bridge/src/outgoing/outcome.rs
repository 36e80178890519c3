//! What the sending half is told of receivers and posts, and what it tells.

use twister::PostNumber;

use crate::store::SentMessage;

/// What is known of an account that private messages go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PeerTerms {
    /// It understands packed frames.
    pub packed: bool,
    /// Its posts are read here, so it can say what it has received.
    pub receipts: bool,
    /// It can be written to, and what it wants is known.
    pub reachable: bool,
}

impl PeerTerms {
    /// Of an account of which nothing was heard.
    pub(super) const UNKNOWN: Self = Self { packed: false, receipts: false, reachable: false };
}

/// What became of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was read back.
    Out,
    /// Another client of the account has used its number.
    Stolen,
    /// The node does not have it.
    Absent,
}

/// What happened to messages, for people to see.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The node has it.
    Posted(SentMessage, Option<PostNumber>),
    /// The receiver has it.
    Seen(SentMessage),
    /// The receiver's broker has it.
    Acked(SentMessage),
    /// It does not fit a post, or is larger than messages may be.
    TooLarge(SentMessage),
    /// It is worth nothing any more, or had to make room for others and may be lost.
    Expired(SentMessage),
    /// A newer value of its topic has taken its place.
    Superseded(SentMessage),
}
