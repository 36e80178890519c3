//! Why a text is not a frame that can be used.

use crate::topic::TopicError;

/// Why a text is not a v1 frame that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The text is no frame at all: somebody wrote it for people, or it is a v0 frame.
    #[error("the text is not a packed frame")]
    NotAFrame,
    /// A frame of a version that this program does not know.
    #[error("it is a frame of version {0:?}, which this program does not know; a newer one may")]
    UnknownVersion(char),
    /// A dictionary that this program does not have.
    #[error("it needs dictionary {0}, which this program does not have; a newer one may")]
    UnknownDictionary(u8),
    /// A section that must be understood and is not.
    #[error("it has a section {0} that must be understood; this program does not know it, a newer one may")]
    UnknownSection(u8),
    /// A flag that this program does not know.
    #[error("it has a message with flags {0:#04x}, which this program does not know; a newer one may")]
    UnknownFlag(u8),
    /// The text is longer than a post can be.
    #[error("it is longer than a post can be")]
    TooLong,
    /// Characters that a frame does not have.
    #[error("its text is damaged")]
    Text,
    /// The body is not the one that was sent.
    #[error("its checksum is wrong: it is damaged, or was made with another dictionary")]
    Checksum,
    /// The body ends inside a value.
    #[error("it ends too early")]
    Truncated,
    /// A number that is too large.
    #[error("it has a number that is too large")]
    Number,
    /// More of something than a frame may have.
    #[error("it has too many {0}")]
    TooMany(&'static str),
    /// Its stream has other characters than streams have.
    #[error("its stream is not valid")]
    Stream,
    /// A quality of service of 3.
    #[error("it has a message with quality of service 3; MQTT has 0, 1 and 2")]
    Qos,
    /// A reference to a topic that it does not have.
    #[error("it refers to a topic that it does not have")]
    TopicReference,
    /// A topic that is not valid.
    #[error(transparent)]
    Topic(#[from] TopicError),
    /// A text inside that is not UTF-8.
    #[error("it has a text that is not UTF-8")]
    Utf8,
    /// An account that cannot be one.
    #[error("it names an account that cannot be one")]
    Account,
    /// A piece that is not within its message, or a message that is too large.
    #[error("it has a piece that is not within its message")]
    Piece,
}
