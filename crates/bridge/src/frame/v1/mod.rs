//! v1 frames: many messages in one text, compressed. `docs/frame-format.md` has every byte.
//!
//! A frame can be read alone: nothing in it leans on another frame. Texts come from strangers, so reading one costs bounded
//! time and memory, whatever is in it.
//!
//! Deliberately not here: which messages share a frame (`pack`), putting pieces together, and what is wanted.

mod armour;
mod checksum;
mod decode;
pub mod dictionary;
mod error;
mod receipt;
mod record;
mod section;
mod stream;
mod wire;
mod writer;

use twister::Username;

pub use decode::decode;
pub use error::FrameError;
pub use receipt::{Coverage, Receipt};
pub use stream::{Stream, StreamError};
#[cfg(test)]
pub(crate) use writer::write_plain;
pub use writer::{FrameHead, FrameWriter, encode};

use crate::message::{Properties, Qos};
use crate::topic::Topic;

/// The custom field of a public post that a frame stands in; the text of the post stays empty.
pub const FIELD: &str = "mqtt";

/// Longest message that travels, in bytes of payload.
pub const MAX_MESSAGE_LEN: usize = 256 * 1024;

/// Most messages or pieces in a frame.
pub const MAX_ENTRIES: usize = 4096;

/// Longest body of a frame before compression, in bytes.
pub const MAX_BODY_LEN: usize = 64 * 1024;

/// Most bytes that the topics of a frame's entries may have together, each counted as often as it is used.
pub const MAX_TOPICS_LEN: usize = 1024 * 1024;

/// Most bridges that a message may have come through.
pub const MAX_HOPS: usize = 16;

/// What a text carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Whose frame it is and when it was made.
    pub head: FrameHead,
    /// What it says beside its messages.
    pub notes: Notes,
    /// The messages and pieces of messages.
    pub entries: Vec<Entry>,
}

/// What a frame says beside its messages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notes {
    /// What its author has received from the frame's reader.
    pub receipts: Vec<Receipt>,
    /// The author asks for receipts, and waits for none of frames below this one: they were received, or given up.
    pub unsettled: Option<u64>,
}

/// A message, or a piece of one, in a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The message's number in its stream.
    pub number: u64,
    /// When the author's bridge took it, in Unix seconds.
    pub taken_s: u64,
    /// Where it was published.
    pub topic: Topic,
    /// The quality of service it was published with.
    pub qos: Qos,
    /// Whether brokers should keep it for later subscribers.
    pub retain: bool,
    /// The accounts it came through before its author, the first being its origin; empty if the author is the origin.
    pub path: Vec<Username>,
    /// Its MQTT 5 properties.
    pub properties: Properties,
    /// What was published.
    pub content: Content,
}

/// The payload of an [`Entry`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// All of it.
    Whole(Vec<u8>),
    /// A piece of it.
    Piece {
        /// Where in the payload it begins.
        offset: u32,
        /// How long the payload is; at most [`MAX_MESSAGE_LEN`].
        total: u32,
        /// The bytes.
        bytes: Vec<u8>,
    },
}

#[cfg(test)]
mod tests;
