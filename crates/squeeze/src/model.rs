//! Foretells the next byte: whether it is the guessed one and, if not, its bits.

use crate::mixture::{CONTEXTS, Mixture};
use crate::trail::{Guess, Trail};
use crate::words::Words;

/// Keys of the questions about guesses, to which the byte or the length of the run is added. Smaller ones are of bits.
const GUESSED: u32 = 256;
const RUN: u32 = 512;

/// The sets of weights of these, one for each number of hits.
const GUESSED_SETS: usize = 256;
const RUN_SETS: usize = GUESSED_SETS + 16;
const DOUBTED_SETS: usize = RUN_SETS + 16;

/// What has been seen, as far as it helps to foretell what comes.
#[derive(Debug, Clone)]
pub struct Model {
    trail: Trail,
    words: Words,
    mixture: Mixture,
}

/// What is coded: a byte or a run of bytes is the answers to one or more of these.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Question<'a> {
    /// Whether it is these bytes, one after the other.
    Run(&'a [u8]),
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
        let mut rest = dictionary;
        while !rest.is_empty() {
            let known = model.next(|question, _| question.answer(rest));
            rest = &rest[known..];
        }
        // The kinds of the dictionary's records are not those of the text's records.
        model.trail.forget_records();
        model
    }

    /// Asks for what comes next until a byte or more are known, learns these, and says how many they are. `answer` is told each
    /// question, and the probability of a yes in 1/4096: 1 to 4094.
    pub(crate) fn next(&mut self, mut answer: impl FnMut(Question<'_>, u32) -> bool) -> usize {
        let contexts = self.contexts();
        let hits = self.trail.record.hits.min(15) as usize;
        if let Some(run) = self.trail.run() {
            let question = Question::Run(&self.trail.history()[run.clone()]);
            let answer = |probability| answer(question, probability);
            if self.mixture.ask(&keyed(&contexts, RUN + run.len() as u32), 0, RUN_SETS + hits, answer) {
                let len = run.len();
                for place in run {
                    self.push(self.trail.history()[place]);
                }
                return len;
            }
            self.trail.doubted = true;
        }
        let guess = self.trail.guess();
        let trusted = if self.trail.doubted { DOUBTED_SETS } else { GUESSED_SETS } + hits;
        let mut ask = |hashes: &[u32; CONTEXTS], node, set, question: Question<'_>| {
            self.mixture.ask(hashes, node, set, |probability| answer(question, probability))
        };
        let byte = match guess {
            Some(guess) if ask(&keyed(&contexts, GUESSED + u32::from(guess)), 0, trusted, Question::Guessed(guess)) => {
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
        self.push(byte);
        1
    }

    /// The last `count` bytes that are known.
    pub(crate) fn last(&self, count: usize) -> &[u8] {
        let history = self.trail.history();
        &history[history.len() - count..]
    }

    fn push(&mut self, byte: u8) {
        self.trail.push(byte);
        self.words.push(byte);
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

impl Question<'_> {
    /// The answer if `rest` comes next, which is one byte or more.
    pub(crate) fn answer(self, rest: &[u8]) -> bool {
        match self {
            Self::Run(run) => rest.starts_with(run),
            Self::Guessed(guess) => guess == rest[0],
            Self::Bit(shift) => rest[0] >> shift & 1 == 1,
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
