//! What waits to go out, for a person to look at and to decide on: a summary of each receiver, the messages one by one, and
//! what can be done with them.
//!
//! A message can be held or dropped as long as no part of it is in a frame: a frame that was made goes out as it is, because
//! its number and text may be out already. The one exception is a frame that is out and whose receiver is silent: it is given
//! up, that is not posted again, when all of its messages are dropped. The receiver may have it all the same.
//!
//! What is held stays until it is released, dropped, or worth nothing any more. Messages that come later overtake it; only a
//! newer value of a *latest value only* topic takes its place, and is held then. Nothing is held beforehand: a hold is about
//! what waits at that moment.
//!
//! Deliberately not here: the window or command line that shows it, and the database.

mod delays;
mod span;
mod stopped;

pub(crate) use delays::{Outlook, delays};
pub use span::Span;
pub use stopped::StoppedQueue;

use serde::{Deserialize, Serialize};

use crate::route::Receiver;
pub use crate::store::RowId;
use crate::topic::{Topic, TopicFilter};

/// Entries that one page has at most.
pub const MOST_ENTRIES: usize = 500;

/// What waits for one receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueSummary {
    /// Who it is for.
    pub receiver: Receiver,
    /// How much it is.
    #[serde(flatten)]
    pub totals: QueueTotals,
    /// When the receiver last said what it has received, in milliseconds since 1970; none if it never did.
    pub last_heard_ms: Option<u64>,
    /// Why it has not arrived: a reason for each of the states that messages are in.
    pub delays: Vec<Delay>,
}

/// How much waits for one receiver. Each message is counted in one of the five states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct QueueTotals {
    /// Messages that wait to be put into a frame.
    pub waiting: u64,
    /// Messages that a person holds back.
    pub held: u64,
    /// Messages in frames that are not out.
    pub packed: u64,
    /// Messages that are out, and that the receiver has not said to have.
    pub posted: u64,
    /// Messages that the receiver has, but not its broker.
    pub seen: u64,
    /// Bytes of their topics and payloads.
    pub bytes: u64,
    /// When the oldest was taken, in milliseconds since 1970.
    pub oldest_ms: Option<u64>,
    /// Messages that are worth nothing any more at some time.
    pub expiring: u64,
    /// When the first of them expires, in milliseconds since 1970.
    pub next_expiry_ms: Option<u64>,
}

/// Why messages have not arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delay {
    /// Which reason, for a program to decide on.
    pub code: DelayCode,
    /// Which reason, for a person to read.
    pub message: String,
}

/// The kinds of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum DelayCode {
    /// The bridge does not run.
    NotRunning,
    /// A person holds them back.
    Held,
    /// No forward names the receiver (any more).
    NotNamed,
    /// Nobody knows yet what the receiver wants.
    NotHeardOf,
    /// The receiver is no registered account (yet).
    NotRegistered,
    /// The node or the account cannot be used now.
    NotReady,
    /// The posts are used up.
    NoPosts,
    /// They wait for others to share a post, as long as their rules let them.
    Gathering,
    /// They are out, and the receiver has not said that it has them.
    Silent,
    /// The receiver has them, and its broker has not.
    NotTakenOver,
}

/// Which messages are meant: those that fit everything that is said here, all if nothing is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Selection {
    /// Only these; empty for any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<RowId>,
    /// Only those for this receiver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiver: Option<Receiver>,
    /// Only those on such topics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<TopicFilter>,
}

/// What can be done with messages that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum QueueAction {
    /// Keep them until they are released.
    Hold,
    /// Let those go that are held.
    Release,
    /// Never send them, or, if they are out, not again.
    Drop,
    /// Post those again at once that are out and whose receiver is silent.
    Retry,
}

/// What a [`QueueAction`] has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct QueueChange {
    /// How many messages it changed.
    pub changed: u64,
    /// How many of the selected messages it could not hold or drop any more, because they are in frames.
    pub too_late: u64,
    /// How many posts a retry makes.
    pub posts: u64,
}

/// A message that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueEntry {
    /// Its number in the queue: it names the message in a [`Selection`].
    pub id: RowId,
    /// Who it is for.
    pub receiver: Receiver,
    /// Its topic.
    pub topic: Topic,
    /// Its payload's length in bytes.
    pub bytes: u64,
    /// Its quality of service: 0, 1 or 2.
    pub qos: u8,
    /// Whether it is retained.
    pub retain: bool,
    /// When it was taken from the local broker, in milliseconds since 1970.
    pub taken_ms: u64,
    /// When it is worth nothing any more, in milliseconds since 1970; none for never.
    pub expires_ms: Option<u64>,
    /// How far it is.
    #[serde(flatten)]
    pub state: EntryState,
    /// How often it was posted again.
    pub tries: u32,
}

/// How far a message is. One in pieces is as far as the last of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum EntryState {
    /// It waits to be put into a frame.
    Waiting,
    /// A person holds it back.
    Held,
    /// It, or a part of it, is in a frame that is not out.
    Packed,
    /// It is out.
    Posted {
        /// Its post number.
        number: u32,
    },
    /// The receiver has it, but not its broker.
    Seen {
        /// Its post number.
        number: u32,
    },
}

/// A part of the queue.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct QueuePage {
    /// The messages, the oldest first.
    pub entries: Vec<QueueEntry>,
    /// There are more after these.
    pub more: bool,
}

impl QueueTotals {
    /// How many messages it is.
    pub fn messages(&self) -> u64 {
        self.waiting + self.held + self.packed + self.posted + self.seen
    }
}
