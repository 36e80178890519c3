//! A node's copy of one account's posts: a torrent whose pieces are the posts, found by their numbers.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::post::{Flags, Post};

/// The posts of one account that a node holds.
#[derive(Debug)]
pub(crate) struct Swarm {
    pieces: BTreeMap<u32, Arc<Post>>,
    /// How many numbers the torrent spans; it always leaves room behind the highest one.
    span: u32,
    /// Place in the order in which the node started its torrents.
    pub(crate) position: usize,
}

/// Which posts are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Range {
    /// Only numbers above this one.
    pub(crate) since: i64,
    /// Only numbers up to this one.
    pub(crate) max: i64,
    /// No flag but these.
    pub(crate) allowed: Flags,
    /// All of these flags.
    pub(crate) required: Flags,
}

impl Range {
    /// All numbers, of posts with none but the `allowed` flags.
    pub(crate) fn all(allowed: Flags) -> Self {
        Self { since: -1, max: i64::from(i32::MAX), allowed, required: 0 }
    }
}

impl Swarm {
    pub(crate) fn new(position: usize) -> Self {
        Self { pieces: BTreeMap::new(), span: 1, position }
    }

    pub(crate) fn has(&self, number: u32) -> bool {
        self.pieces.contains_key(&number)
    }

    pub(crate) fn get(&self, number: u32) -> Option<&Arc<Post>> {
        self.pieces.get(&number)
    }

    /// Stores a post, unless its number is used.
    pub(crate) fn insert(&mut self, post: Arc<Post>) -> bool {
        self.span = self.span.max(post.number.saturating_add(2));
        let free = !self.has(post.number);
        if free {
            self.pieces.insert(post.number, post);
        }
        free
    }

    /// All posts, lowest number first.
    pub(crate) fn posts(&self) -> impl Iterator<Item = &Arc<Post>> {
        self.pieces.values()
    }

    pub(crate) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// The highest number held; -1 for none.
    pub(crate) fn highest(&self) -> i64 {
        self.pieces.last_key_value().map_or(-1, |(number, _)| i64::from(*number))
    }

    /// The `count` posts of `range` with the highest numbers, highest first.
    pub(crate) fn newest(&self, count: usize, range: Range) -> impl Iterator<Item = &Arc<Post>> {
        let wanted = move |post: &&Arc<Post>| {
            i64::from(post.number) > range.since
                && post.flags & !range.allowed == 0
                && post.flags & range.required == range.required
        };
        let lowest = u32::try_from(range.since.saturating_add(1)).unwrap_or(0);
        let highest = u32::try_from(range.max).ok().filter(|highest| *highest >= lowest);
        let numbers = highest.map(|highest| self.pieces.range(lowest..=highest));
        numbers.into_iter().flatten().rev().map(|(_, post)| post).filter(wanted).take(count)
    }

    /// A digit for every number of the torrent: 1 where the post is held.
    pub(crate) fn bitfield(&self) -> String {
        (0..self.span).map(|number| if self.has(number) { '1' } else { '0' }).collect()
    }
}
