//! The receiving half: what becomes of posts of followed accounts, from their texts to the inbox.
//!
//! [`Incoming`] is a state machine over the database. It knows no socket, task or clock; a driver finds the posts, hands it
//! `now`, and tells people and the sending half what comes out. Every step is one transaction: what was looked at, what was
//! learned from it and what is for the local broker are written down together, so a step that fails, or is cut short by a
//! kill, has not happened. After a failed one the same posts have to be found again.
//!
//! A v1 frame first joins the frames of its stream that are held, and is taken out when its turn comes:
//!
//! - An author that asks for receipts posts a frame again until it hears of it. A gap before such a frame is waited for as
//!   long as it takes, down to the lowest frame that the author says it still waits to hear of. If the author has begun
//!   another stream meanwhile, nobody is left to post the missing frame, and patience is limited as below.
//! - Other gaps, and all in public streams, are waited for with [`PATIENCE`]. What comes after that is taken late: the
//!   order yields, nothing is lost.
//!
//! Deliberately not here: which posts to look for ([`crate::watch`]), what is wanted ([`crate::inward`]), how fast it may come
//! ([`crate::limits`]), and posting receipts.

mod pieces;
mod refusal;
mod step;
mod take;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Transaction;
use twister::{PostNumber, Username};

pub(crate) use refusal::Refusal;

use self::step::Step;
use crate::clock::Now;
use crate::config::BridgeConfig;
use crate::frame::v0;
use crate::frame::v1::{self, Receipt, Stream};
use crate::inward;
use crate::message::{Message, MessageId};
use crate::store::streams::{self, Holding, StreamId};
use crate::store::{Count, InboxRow, Store, StoreError, ledger};
#[cfg(test)]
use crate::store::{RowId, inbox};

/// Most posts that are handed over at a time: their frames are unpacked together.
pub(crate) const MOST_POSTS: usize = 32;

/// How long a missing frame is waited for that may never come.
const PATIENCE: Duration = Duration::from_secs(120);

/// Longest pause between two times that the author of a missing frame is told that it is missing.
const LONGEST_PAUSE: Duration = Duration::from_secs(6 * 3600);

/// A sender with more frames that wait for their turn, though nothing is missing, is not looked at until they have become
/// fewer.
const BUSY: usize = 256;

/// One post of a followed account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub number: PostNumber,
    pub content: FoundContent,
}

/// What a post says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FoundContent {
    /// The text of a public post, or of a direct message to this account, that may be a frame.
    Text { text: String, public: bool },
    /// Nothing for the bridge.
    Nothing,
}

/// What came of a step, for others to act on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct News {
    /// What is new in the inbox, in order.
    pub rows: Vec<InboxRow>,
    /// What authors say of the frames that this bridge has sent them.
    pub receipts: Vec<(Username, Vec<Receipt>)>,
    /// What was refused.
    pub refused: Vec<Refused>,
}

/// A message, or a whole frame, that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub sender: Username,
    pub number: PostNumber,
    pub reason: Refusal,
    /// The message, if it is one that could be read.
    pub message: Option<RefusedMessage>,
}

/// A message that was refused, for people to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefusedMessage {
    /// Which message of its sender it is, if the sender says so.
    pub id: Option<MessageId>,
    pub public: bool,
    /// The message, as its sender has sent it.
    pub message: Message,
}

/// What comes in. See the [module](self).
pub(crate) struct Incoming {
    store: Store,
    config: Arc<BridgeConfig>,
    /// The bridge's own stream.
    stream: Stream,
    waiting: BTreeMap<StreamId, Waiting>,
    /// A step has failed: what is known of the streams here may not be what the database knows.
    stale: bool,
}

/// A stream that holds frames.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Waiting {
    sender: Username,
    public: bool,
    /// How many frames are held.
    held: usize,
    until: Until,
}

/// What a held frame waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    /// For frame `missing`, which its author will post again, or say to have given up: what is missing it hears anew at this
    /// time, and then after a longer pause.
    Frame { missing: u64, at: Duration, pause: Duration },
    /// For a frame that may never come, up to this time. Then no frame below `upto` is waited for any more.
    Patience { at: Duration, upto: u64 },
    /// For the next step.
    Now,
}

/// A post whose text was read.
struct Read {
    number: PostNumber,
    content: ReadContent,
}

enum ReadContent {
    /// One message.
    V0(v0::Frame, bool),
    /// A packed frame, with its text.
    V1(Box<v1::Frame>, String, bool),
    /// A frame that cannot be used, with its text.
    Refused(Refusal, String),
    /// Nothing for the bridge.
    Nothing,
}

impl Incoming {
    /// What the database knows, as it is at the start of a run. Call [`poll`](Self::poll) next.
    pub(crate) fn new(store: Store, config: Arc<BridgeConfig>) -> Result<Self, StoreError> {
        let stream = store.run(ledger::identity)?.stream;
        Ok(Self { store, config, stream, waiting: BTreeMap::new(), stale: true })
    }

    /// Goes by other settings from the next step on.
    pub(crate) fn set_config(&mut self, config: Arc<BridgeConfig>) {
        self.config = config;
    }

    /// Takes in posts of `sender`, at most [`MOST_POSTS`].
    pub(crate) fn handle_posts(
        &mut self,
        sender: &Username,
        mut found: Vec<Found>,
        now: Now,
    ) -> Result<News, StoreError> {
        found.sort_by_key(|found| found.number);
        // Unpacking takes its time: the database is not kept waiting for it.
        let posts: Vec<Read> = found.into_iter().map(Read::from).collect();
        self.step(now, |step| step.take_posts(sender, posts))
    }

    /// Takes in frames whose turn has come by the time alone. Call it again when [`poll_timeout`](Self::poll_timeout) is
    /// reached.
    pub(crate) fn poll(&mut self, now: Now) -> Result<News, StoreError> {
        self.step(now, |step| step.take_due())
    }

    /// When to poll next, on the clock of [`Now::mono`]; a time that has passed is at once.
    pub(crate) fn poll_timeout(&self) -> Option<Duration> {
        let at = |waiting: &Waiting| match waiting.until {
            Until::Frame { at, .. } | Until::Patience { at, .. } => Some(at),
            Until::Now => Some(Duration::ZERO),
        };
        let stale = self.stale.then_some(Duration::ZERO);
        self.waiting.values().filter_map(at).chain(stale).min()
    }

    /// Whether so much of `sender` waits for its turn that its further posts should be left where they are for now.
    pub(crate) fn is_busy(&self, sender: &Username) -> bool {
        let ready = |waiting: &&Waiting| waiting.sender == *sender && waiting.until == Until::Now;
        self.waiting.values().filter(ready).map(|waiting| waiting.held).sum::<usize>() > BUSY
    }

    /// Whether frames are held.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn step<F>(&mut self, now: Now, work: F) -> Result<News, StoreError>
    where
        F: FnOnce(&mut Step<'_>) -> rusqlite::Result<()>,
    {
        let store = self.store.clone();
        let news = store.run(|tx| {
            if std::mem::take(&mut self.stale) {
                self.waiting = waiting(tx)?;
            }
            let mut step = Step::new(tx, &self.config, self.stream, &mut self.waiting, now);
            work(&mut step)?;
            ledger::add(tx, Count::Received, step.news.rows.len())?;
            Ok(step.news)
        });
        self.stale = news.is_err();
        news
    }
}

#[cfg(test)]
impl Incoming {
    /// The local broker has taken these rows over: what the driver tells the store directly.
    pub(crate) fn handle_delivered(&mut self, rows: &[RowId], now: Now) -> Result<(), StoreError> {
        self.store.run(|tx| inbox::confirm_delivered(tx, rows, now.wall_ms))
    }
}

/// The streams that hold frames, each to be looked at.
fn waiting(tx: &Transaction<'_>) -> rusqlite::Result<BTreeMap<StreamId, Waiting>> {
    let waiting = |Holding { id, sender, public }| (id, Waiting { sender, public, held: 0, until: Until::Now });
    Ok(streams::holding(tx)?.into_iter().map(waiting).collect())
}

impl From<Found> for Read {
    fn from(found: Found) -> Self {
        let content = match found.content {
            FoundContent::Nothing => ReadContent::Nothing,
            FoundContent::Text { text, public } => read(text, public),
        };
        Self { number: found.number, content }
    }
}

/// What a text turns out to be.
fn read(text: String, public: bool) -> ReadContent {
    match v1::decode(&text) {
        Ok(frame) => return ReadContent::V1(Box::new(frame), text, public),
        Err(v1::FrameError::NotAFrame) => {}
        Err(error) => return ReadContent::Refused(inward::Refusal::from(error).into(), text),
    }
    match v0::decode(&text) {
        Ok(frame) => ReadContent::V0(frame, public),
        Err(v0::FrameError::NotAFrame) => ReadContent::Nothing,
        Err(error) => ReadContent::Refused(inward::Refusal::from(error).into(), text),
    }
}
