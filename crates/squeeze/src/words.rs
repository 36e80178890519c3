//! The last words of the record: letters, and what came after them.

use crate::model::hash;

/// Hashes of the last words; all are 0 at a record's beginning.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Words {
    before: u32,
    last: u32,
    /// Of what stands after the last word.
    since: u32,
}

impl Words {
    /// The last word, and what stands after it.
    pub(crate) fn field(self) -> u32 {
        hash(self.last, self.since)
    }

    /// The same, and the word before.
    pub(crate) fn long_field(self) -> u32 {
        hash(self.field(), self.before)
    }

    pub(crate) fn push(&mut self, byte: u8) {
        if byte == 0 {
            *self = Self::default();
        } else if byte.is_ascii_alphabetic() || byte == b'_' || byte >= 128 {
            if self.since != 0 {
                *self = Self { before: self.last, last: 0, since: 0 };
            }
            self.last = hash(self.last, u32::from(byte) + 1);
        } else {
            self.since = hash(self.since, u32::from(byte) + 1);
        }
    }
}
