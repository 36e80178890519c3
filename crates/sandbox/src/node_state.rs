//! Everything one node of the network has: wallet, accounts, groups, posts, its part of the DHT.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use twister::bencode::Value;

use crate::arrivals::Mailbox;
use crate::dht::Store;
use crate::direct_messages::User;
use crate::faults::{NetworkFaults, RpcFaults};
use crate::groups::Group;
use crate::pace::Turnstile;
use crate::post::Post;
use crate::swarm::Swarm;
use crate::wallet::Wallet;

/// How many seconds pass at least between two promoted posts of a node.
const PROMOTED_INTERVAL: i64 = 8 * 3600;

/// Characters that end a word when mentions and hashtags are looked for.
const DELIMITERS: &[char] =
    &[' ', '\n', '\t', '.', ',', ':', '/', '?', '!', ';', '\'', '"', '(', ')', '[', ']', '{', '}', '*'];

/// Everything one node has.
#[derive(Debug)]
pub(crate) struct NodeState {
    /// Whether the node runs.
    pub(crate) is_up: bool,
    pub(crate) wallet: Wallet,
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) groups: BTreeMap<String, Group>,
    pub(crate) swarms: BTreeMap<String, Swarm>,
    pub(crate) dht: Store,
    pub(crate) promoted: Promoted,
    pub(crate) mining: Mining,
    /// Posts on their way from other nodes.
    pub(crate) arrivals: Mailbox,
    /// Posts on their way from this node's own RPC to its store.
    pub(crate) landing: Mailbox,
    /// Posts of its own accounts that wait for their turn.
    pub(crate) turnstile: Turnstile,
    /// Calls that it was asked, by method.
    pub(crate) calls: BTreeMap<String, u64>,
    pub(crate) faults: RpcFaults,
    pub(crate) network_faults: NetworkFaults,
    /// Accounts of which a single post is being looked for.
    pub(crate) peeking: BTreeSet<String>,
}

impl NodeState {
    pub(crate) fn new() -> Self {
        Self {
            is_up: true,
            wallet: Wallet::default(),
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            swarms: BTreeMap::new(),
            dht: Store::default(),
            promoted: Promoted::default(),
            mining: Mining::default(),
            arrivals: Mailbox::default(),
            landing: Mailbox::default(),
            turnstile: Turnstile::default(),
            calls: BTreeMap::new(),
            faults: RpcFaults::default(),
            network_faults: NetworkFaults::default(),
            peeking: BTreeSet::new(),
        }
    }

    /// Counts a call. Returns how long it has to wait for its turn.
    pub(crate) fn handle_asked(&mut self, method: &str, now: Instant) -> Duration {
        match self.calls.get_mut(method) {
            Some(count) => *count += 1,
            None => drop(self.calls.insert(method.to_owned(), 1)),
        }
        self.turnstile.handle_call(method, now)
    }

    /// Starts to collect the posts of an account; false if the node does already.
    pub(crate) fn start_swarm(&mut self, author: &str) -> bool {
        let is_new = !self.swarms.contains_key(author);
        if is_new {
            let position = self.swarms.len();
            self.swarms.insert(author.to_owned(), Swarm::new(position));
        }
        is_new
    }

    /// Notes a public post for those accounts of this node that it mentions and that follow its author.
    pub(crate) fn receive_post(&mut self, post: &Arc<Post>) {
        let text = post.text();
        for name in words(&text, '@') {
            let Some(user) = self.users.get_mut(&name).filter(|user| user.following.contains(&post.author)) else {
                continue;
            };
            if user.mention_keys.insert((post.author.clone(), post.time)) {
                user.mentions.push(Arc::clone(post));
            }
        }
    }
}

/// The message of the newest block, that a node shows between the posts now and then.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Promoted {
    /// Height of the block whose message waits to be shown.
    pub(crate) waiting: Option<u32>,
    /// When one was shown last; `None` for never.
    pub(crate) shown_at: Option<i64>,
}

impl Promoted {
    /// The height of the block whose message is to be shown now, if one is. It is then done with.
    pub(crate) fn take_due(&mut self, now: i64) -> Option<u32> {
        let is_due = self.shown_at.is_none_or(|shown_at| now > shown_at + PROMOTED_INTERVAL);
        let height = self.waiting.take_if(|_| is_due)?;
        self.shown_at = Some(now);
        Some(height)
    }
}

/// Whether the node makes blocks, and on how many processors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mining {
    pub(crate) is_on: bool,
    pub(crate) processors: i64,
}

impl Default for Mining {
    fn default() -> Self {
        Self { is_on: false, processors: 1 }
    }
}

/// The words of `text` that start with `mark`, in lower case and without it.
pub(crate) fn words(text: &str, mark: char) -> Vec<String> {
    let marked = text.split(DELIMITERS).filter_map(|word| word.strip_prefix(mark));
    marked.flat_map(|word| word.split(mark)).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// The message of a block in the form of a post, which nobody signed.
pub(crate) fn promoted_post(height: u32, now: i64) -> Value {
    let height = Value::from(i64::from(height));
    let post = [
        ("height", height.clone()),
        ("k", height),
        ("msg", Value::from(crate::chain::PROMOTED_MESSAGE)),
        ("n", Value::from(crate::chain::PROMOTED_USER)),
        ("time", Value::from(now)),
    ];
    [("sig_userpost", Value::from("")), ("userpost", post.into_iter().collect())].into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marked_words_are_found_between_punctuation_and_in_chains() {
        assert_eq!(words("@Dave, look (@bob) at mail@example #mqtt", '@'), ["dave", "bob"]);
        assert_eq!(words("#a#b ## #", '#'), ["a", "b"]);
    }

    #[test]
    fn a_promoted_post_comes_at_most_every_eight_hours() {
        let mut promoted = Promoted { waiting: Some(7), shown_at: None };
        assert_eq!(promoted.take_due(1000), Some(7));
        promoted.waiting = Some(8);
        assert_eq!(promoted.take_due(1000 + PROMOTED_INTERVAL), None);
        assert_eq!(promoted.take_due(1001 + PROMOTED_INTERVAL), Some(8));
        assert_eq!(promoted.take_due(i64::MAX), None);
    }
}
