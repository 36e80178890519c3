//! Why something from the network must not get in.

use crate::frame::{v0, v1};

/// Why a message, or a whole frame, is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// A v0 frame that is damaged.
    #[error(transparent)]
    V0(#[from] v0::FrameError),
    /// A v1 frame that is damaged, or from the future.
    #[error(transparent)]
    V1(#[from] v1::FrameError),
    /// A frame with a number that no frame has.
    #[error("its frame has the number {0}, which no frame has")]
    FrameNumber(u64),
    /// A frame that waited too long for others of its stream.
    #[error("it waited for others of its stream, while its sender began too many new ones")]
    Abandoned,
    /// A topic that belongs to the broker itself or to a bridge.
    #[error("the topic {0} belongs to the broker itself or to its bridges")]
    Local(String),
    /// A piece that is not of the message whose number it has.
    #[error("a piece of it does not fit the others")]
    PieceOfAnother,
    /// A message that did not become whole while others began.
    #[error("{there} of its {total} bytes came, and then too many other large messages")]
    Unfinished {
        /// How many bytes came.
        there: u64,
        /// How many it has.
        total: u32,
    },
}

impl Refusal {
    /// Which kind of refusal it is, for a program.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::V0(_) | Self::V1(_) | Self::FrameNumber(_) => "damaged",
            Self::Abandoned => "abandoned",
            Self::Local(_) => "local_topic",
            Self::PieceOfAnother => "piece_of_another",
            Self::Unfinished { .. } => "unfinished",
        }
    }
}
