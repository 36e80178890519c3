//! What was seen in a run, from outside: what brokers handed over and were handed, what was posted, and what was found.

use std::collections::{BTreeMap, BTreeSet};

use super::network::Body;
use super::plan::Publication;
use crate::frame::v0;
use crate::frame::v1::{self, Content};
use crate::message::Message;
use crate::route::Receiver;
use crate::store::RowId;

/// A message's place in [`Record::messages`].
pub(super) type MessageIndex = usize;

/// Everything that the promises are checked against.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub messages: Vec<Publication>,
    known: BTreeMap<(usize, String, Vec<u8>), MessageIndex>,
    pub commits: Vec<Commit>,
    /// How often each message was taken.
    pub takes: BTreeMap<MessageIndex, usize>,
    pub handed: Vec<Handed>,
    /// How often each member was handed each message.
    pub copies: BTreeMap<(usize, MessageIndex), usize>,
    /// By member and row: which entry of `handed` it is.
    pub rows: BTreeMap<(usize, RowId), usize>,
    /// By author and number in the author's stream.
    numbers: BTreeMap<(usize, u64), MessageIndex>,
    /// By signature.
    pub posts: BTreeMap<u64, Posted>,
    /// What a member has looked at, by member and signature.
    pub looks: BTreeMap<(usize, u64), Look>,
    /// Messages that a bridge said to be too large, by who was to get them.
    pub too_large: BTreeSet<(Receiver, MessageIndex)>,
}

/// A message was taken from its broker, which was told so or will send it again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Commit {
    pub at: u64,
    pub by: usize,
    pub message: MessageIndex,
}

/// A message was handed to a broker.
#[derive(Debug, Clone, Copy)]
pub(super) struct Handed {
    pub to: usize,
    pub from: usize,
    pub message: MessageIndex,
}

/// A look at some posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Look {
    /// When it was.
    pub at: u64,
    /// How many of the member there were before.
    pub order: usize,
}

/// A post with a frame.
#[derive(Debug)]
pub(super) struct Posted {
    pub by: usize,
    pub receiver: Receiver,
    /// The frame's number, in v1.
    pub frame: Option<u64>,
    parts: Vec<Part>,
}

/// A message in a post, or a piece of one.
#[derive(Debug)]
struct Part {
    which: Which,
    start: u64,
    end: u64,
    total: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Which {
    Number(u64),
    Message(MessageIndex),
}

impl Record {
    pub(super) fn add_message(&mut self, publication: Publication) -> MessageIndex {
        let index = self.messages.len();
        let key = (publication.by, publication.topic.as_str().to_owned(), publication.payload.clone());
        self.known.insert(key, index);
        self.messages.push(publication);
        index
    }

    pub(super) fn add_commit(&mut self, commit: Commit) {
        *self.takes.entry(commit.message).or_default() += 1;
        self.commits.push(commit);
    }

    pub(super) fn add_handed(&mut self, handed: Handed) {
        *self.copies.entry((handed.to, handed.message)).or_default() += 1;
        self.handed.push(handed);
    }

    /// A look that is made now.
    pub(super) fn next_look(&self, at: u64) -> Look {
        Look { at, order: self.looks.len() }
    }

    /// When a message was taken last.
    pub(super) fn taken_at(&self, message: MessageIndex) -> u64 {
        self.commits.iter().rfind(|commit| commit.message == message).map_or(0, |commit| commit.at)
    }

    /// Which message of `by` it is.
    pub(super) fn find(&self, by: usize, message: &Message) -> Option<MessageIndex> {
        self.known.get(&(by, message.topic.as_str().to_owned(), message.payload.clone())).copied()
    }

    /// Writes down what is in a post. False if it is no frame that can be read, or holds what was never published.
    pub(super) fn note_post(&mut self, by: usize, signature: u64, body: &Body) -> bool {
        let Body::Frame { receiver, text, packed } = body else { return true };
        let read = match packed {
            true => self.read_packed(by, text),
            false => self.read_plain(by, text),
        };
        let Some((frame, parts)) = read else { return false };
        self.posts.insert(signature, Posted { by, receiver: receiver.clone(), frame, parts });
        true
    }

    fn read_plain(&self, by: usize, text: &str) -> Option<(Option<u64>, Vec<Part>)> {
        let frame = v0::decode(text).ok()?;
        let message = self.find(by, &Message::new(frame.topic, frame.payload, frame.qos))?;
        Some((None, vec![Part { which: Which::Message(message), start: 0, end: 0, total: 0 }]))
    }

    fn read_packed(&mut self, by: usize, text: &str) -> Option<(Option<u64>, Vec<Part>)> {
        let frame = v1::decode(text).ok()?;
        let mut parts = Vec::new();
        for entry in frame.entries {
            let (start, total, bytes) = match entry.content {
                Content::Whole(bytes) => (0, bytes.len() as u64, bytes),
                Content::Piece { offset, total, bytes } => (u64::from(offset), u64::from(total), bytes),
            };
            let end = start + bytes.len() as u64;
            if start == 0 && !self.numbers.contains_key(&(by, entry.number)) {
                // A beginning tells what it is the beginning of.
                let is_it = |candidate: &Publication| {
                    let is_long = candidate.payload.len() as u64 == total;
                    candidate.by == by
                        && is_long
                        && candidate.topic == entry.topic
                        && candidate.payload.starts_with(&bytes)
                };
                let message = self.messages.iter().position(is_it)?;
                self.numbers.insert((by, entry.number), message);
            }
            parts.push(Part { which: Which::Number(entry.number), start, end, total });
        }
        Some((Some(frame.head.number), parts))
    }

    /// The messages of `by` of which all is in these posts.
    pub(super) fn readable<'a>(&'a self, by: usize, posts: impl Iterator<Item = &'a Posted>) -> BTreeSet<MessageIndex> {
        let mut pieces: BTreeMap<Which, (u64, Vec<(u64, u64)>)> = BTreeMap::new();
        for part in posts.flat_map(|post| &post.parts) {
            let (total, pieces) = pieces.entry(part.which).or_default();
            *total = part.total;
            pieces.push((part.start, part.end));
        }
        let mut readable = BTreeSet::new();
        for (which, (total, mut pieces)) in pieces {
            pieces.sort_unstable();
            let reached = pieces.iter().fold(0, |reached, (start, end)| match *start <= reached {
                true => reached.max(*end),
                false => reached,
            });
            let message = match which {
                Which::Message(message) => Some(message),
                Which::Number(number) => self.numbers.get(&(by, number)).copied(),
            };
            readable.extend(message.filter(|_| reached >= total));
        }
        readable
    }

    /// How many posts there were of which each has something of `message` in it.
    pub(super) fn posts_with(&self, message: MessageIndex) -> usize {
        let by = self.messages[message].by;
        let has = |part: &Part| match part.which {
            Which::Message(index) => index == message,
            Which::Number(number) => self.numbers.get(&(by, number)) == Some(&message),
        };
        self.posts.values().filter(|post| post.by == by && post.parts.iter().any(has)).count()
    }
}
