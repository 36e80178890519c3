//! The kinds of a body's sections.

/// Messages, up to the end of the body. All other sections have their length after their kind.
pub(super) const MESSAGES: u8 = 0;
/// The first kind that a reader may skip if it does not know it.
pub(super) const FIRST_OPTIONAL: u8 = 128;
/// Receipts.
pub(super) const RECEIPTS: u8 = 128;
/// The author asks for receipts.
pub(super) const UNSETTLED: u8 = 129;
