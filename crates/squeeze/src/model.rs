//! Foretells the next byte: whether it is the guessed one and, if not, its bits.

use crate::mixture::{CONTEXTS, Mixture};
use crate::trail::{Guess, Trail};
use crate::words::Words;

/// What has been seen, as far as it helps to foretell what comes.
#[derive(Debug, Clone)]
pub struct Model {
    trail: Trail,
    words: Words,
    mixture: Mixture,
}

/// What is coded: a byte is the answers to one or more of these.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Question {
    /// Whether it is this byte.
    Guessed(u8),
    /// Whether this bit of it is 1, 0 being the lowest.
    Bit(u32),
}

impl Model {
    /// A model that has seen nothing.
    pub fn new() -> Self {
        Self { trail: Trail::new(), words: Words::default(), mixture: Mixture::new() }
    }

    /// A model that has seen `dictionary`: records like those that will come.
    pub fn with_dictionary(dictionary: &[u8]) -> Self {
        let mut model = Self::new();
        for byte in dictionary {
            model.next(|question, _| question.answer(*byte));
        }
        // The kinds of the dictionary's records are not those of the text's records.
        model.trail.forget_records();
        model
    }

    /// Asks for the next byte until it is known, and learns it. `answer` is told each question, and the probability of a yes
    /// in 1/4096: 1 to 4094.
    pub(crate) fn next(&mut self, mut answer: impl FnMut(Question, u32) -> bool) -> u8 {
        let guess = self.trail.guess();
        let contexts = self.contexts();
        let trusted = 256 + self.trail.record.hits.min(15) as usize;
        let mut ask = |hashes: &[u32; CONTEXTS], node, set, question| {
            self.mixture.ask(hashes, node, set, |probability| answer(question, probability))
        };
        let byte = match guess {
            Some(guess) if ask(&keyed(&contexts, 256 | u32::from(guess)), 0, trusted, Question::Guessed(guess)) => {
                guess
            }
            _ => {
                // The byte's bits so far, after a leading 1, and the same of this half of it.
                let (mut bits, mut node) = (1, 1);
                let mut hashes = keyed(&contexts, bits);
                for shift in (0..8).rev() {
                    if shift == 3 {
                        node = 1;
                        hashes = keyed(&contexts, bits);
                    }
                    let bit = match guess {
                        // The last bit cannot be that of the guess.
                        Some(guess) if bits == 128 | u32::from(guess >> 1) => guess & 1 == 0,
                        _ => ask(&hashes, node, bits as usize, Question::Bit(shift)),
                    };
                    bits = bits << 1 | u32::from(bit);
                    node = node << 1 | u32::from(bit);
                }
                bits as u8
            }
        };
        self.trail.push(byte);
        self.words.push(byte);
        byte
    }

    /// The hash of each context of the next byte.
    fn contexts(&self) -> [u32; CONTEXTS] {
        let Trail { record, stretch, .. } = &self.trail;
        let back = |count: usize| u32::from(self.trail.last(count));
        let guessed = |guess: &Guess| self.trail.guessed(*guess).map_or(0, |byte| u32::from(byte) | 256);
        let two = back(1) | back(2) << 8;
        let (by_record, by_stretch) = (guessed(record), guessed(stretch));
        let agreement = match by_stretch {
            0 => 0,
            same if same == by_record => 1,
            _ => 2,
        };
        [
            hash(back(1), 0),
            hash(two, 1),
            hash(two | back(3) << 16, 2),
            hash(self.words.field(), 3),
            hash(self.words.long_field(), 4),
            hash(by_record | back(1) << 16, 5 | record.hits.min(3) << 4),
            hash(record.hits.min(15) | record.misses << 4 | agreement << 8 | stretch.hits.min(15) << 12, 6),
            match self.trail.record_len {
                // In the head of a record: which one it is counts.
                len @ 0..5 => hash(len as u32 | 1 << 9, u32::from(self.trail.record_kind)),
                _ => hash(by_record | by_stretch << 16, 7),
            },
        ]
    }
}

impl Default for Model {
    fn default() -> Self {
        Self::new()
    }
}

impl Question {
    /// The answer if the next byte is `byte`.
    pub(crate) fn answer(self, byte: u8) -> bool {
        match self {
            Self::Guessed(guess) => guess == byte,
            Self::Bit(shift) => byte >> shift & 1 == 1,
        }
    }
}

/// The hashes of the questions with this key, one a context.
fn keyed(contexts: &[u32; CONTEXTS], key: u32) -> [u32; CONTEXTS] {
    contexts.map(|context| hash(context, key))
}

/// Mixes two numbers into one.
pub(crate) fn hash(a: u32, b: u32) -> u32 {
    let sum = a.wrapping_mul(0x2f0b_4c47).wrapping_add(b.wrapping_mul(0x9e37_79b1)).wrapping_add(0x7ed5_5d16);
    (sum ^ sum >> 15).wrapping_mul(0x85eb_ca6b)
}
