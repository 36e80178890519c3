//! The network between the members: accounts, numbered posts, the quota, and when a node comes to have a post.

use std::collections::BTreeMap;

use twister::limits::{MAX_POST_SIZE, PostNumbers, direct_message_size, post_size};
use twister::names::highest_allowed_number;
use twister::{BlockHeight, Peer, PostNumber, Username};

use crate::fit::frame_post_size;
use crate::route::Receiver;

/// What is in a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    /// A frame. A packed one stands in a field of its own in public posts.
    Frame { receiver: Receiver, text: String, packed: bool },
    /// What another client of the account has posted.
    Foreign,
}

/// A post as its author's node has it.
#[derive(Debug)]
pub(super) struct Post {
    pub body: Body,
    pub signature: u64,
    /// From when on the author's own node lists it.
    pub listed_at: u64,
}

/// Why a node does not take a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    QuotaExhausted,
    TooLarge,
}

/// All accounts and their posts.
#[derive(Debug)]
pub(super) struct Network {
    height: u32,
    accounts: Vec<Account>,
    signatures: u64,
}

#[derive(Debug)]
struct Account {
    name: Username,
    registered: u32,
    /// The number of its first post of the run.
    first: PostNumber,
    posts: BTreeMap<u32, Post>,
}

impl Network {
    /// Accounts with these names, which have so many posts left.
    pub(super) fn new(accounts: impl Iterator<Item = (Username, u32)>) -> Self {
        let (height, registered) = (300_000, 200_000);
        let allowed = highest_allowed_number(BlockHeight(registered), BlockHeight(height));
        let account = |(name, left)| {
            let last = Post { body: Body::Foreign, signature: 0, listed_at: 0 };
            let posts = BTreeMap::from([(allowed.0 - left, last)]);
            Account { name, registered, first: PostNumber(allowed.0 - left + 1), posts }
        };
        Self { height, accounts: accounts.map(account).collect(), signatures: 0 }
    }

    pub(super) fn add_blocks(&mut self, count: u32) {
        self.height += count;
    }

    /// The number of the first post that `author` makes in the run.
    pub(super) fn first(&self, author: usize) -> PostNumber {
        self.accounts[author].first
    }

    /// The highest number that `author` may use now.
    pub(super) fn allowed(&self, author: usize) -> PostNumber {
        highest_allowed_number(BlockHeight(self.accounts[author].registered), BlockHeight(self.height))
    }

    /// The highest number that `author` has used.
    pub(super) fn last(&self, author: usize) -> Option<PostNumber> {
        self.accounts[author].posts.last_key_value().map(|(number, _)| PostNumber(*number))
    }

    pub(super) fn post(&self, author: usize, number: PostNumber) -> Option<&Post> {
        self.accounts[author].posts.get(&number.0)
    }

    /// Whether a node would take a post.
    pub(super) fn check(&self, author: usize, number: PostNumber, body: &Body) -> Result<(), Refusal> {
        let name = &self.accounts[author].name;
        let size = match body {
            Body::Frame { receiver, text, packed: true } => frame_post_size(name, receiver, text, PostNumbers::WIDEST),
            Body::Frame { receiver: Receiver::Everybody, text, .. } => post_size(name, text, None, PostNumbers::WIDEST),
            Body::Frame { receiver: Receiver::Account(peer), text, .. } => {
                direct_message_size(name, &Peer::User(peer.clone()), text, PostNumbers::WIDEST)
            }
            Body::Foreign => 0,
        };
        match size {
            _ if number > self.allowed(author) => Err(Refusal::QuotaExhausted),
            _ if size > MAX_POST_SIZE => Err(Refusal::TooLarge),
            _ => Ok(()),
        }
    }

    /// Signs a post; whether it is stored is another matter: under a number that is used it is not.
    pub(super) fn sign(&mut self) -> u64 {
        self.signatures += 1;
        self.signatures
    }

    /// Stores a signed post; false if the number is used.
    pub(super) fn store(&mut self, author: usize, number: PostNumber, post: Post) -> bool {
        let posts = &mut self.accounts[author].posts;
        if posts.contains_key(&number.0) {
            return false;
        }
        posts.insert(number.0, post);
        true
    }
}
