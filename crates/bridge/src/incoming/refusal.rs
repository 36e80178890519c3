//! Why something from the network must not get in.

use crate::inward;

/// Why a message, or a whole frame, is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// It cannot be read, or the rules do not let it in.
    #[error(transparent)]
    Inward(#[from] inward::Refusal),
    /// A frame with a number that no frame has.
    #[error("its frame has the number {0}, which no frame has")]
    FrameNumber(u64),
    /// A frame that waited too long for others of its stream.
    #[error("it waited for others of its stream, while its sender began too many new ones")]
    Abandoned,
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
        use inward::Refusal as Inward;
        match self {
            Self::Inward(refusal) => match refusal {
                Inward::DamagedV0(_) | Inward::DamagedV1(_) => "damaged",
                Inward::NotFollowed(_) => "not_followed",
                Inward::Local(_) => "local_topic",
                Inward::Loop { .. } => "loop",
                Inward::NotAllowed { .. } => "topic_not_allowed",
                Inward::TooLarge { .. } => "too_large",
                Inward::Unmapped(_) => "unmapped",
            },
            Self::FrameNumber(_) => "frame_number",
            Self::Abandoned => "abandoned",
            Self::PieceOfAnother => "piece_of_another",
            Self::Unfinished { .. } => "unfinished",
        }
    }
}
