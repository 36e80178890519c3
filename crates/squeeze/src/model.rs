//! Foretells the next bit.

use crate::logistic::{MAX_LOGIT, logits, probability};
use crate::trail::{Guess, Trail};

/// Contexts of text, and the guesses at the next byte; one more input is constant.
const CONTEXTS: usize = 10;
const INPUTS: usize = CONTEXTS + 3;
/// Bits of a slot's number in a context's table.
const SLOT_BITS: u32 = 18;
/// How many bits a slot counts before its probability settles.
const SLOT_LIMIT: u32 = 127;
/// The same for the guesses' slots.
const GUESS_LIMIT: u32 = 255;
/// The constant input.
const BIAS: i32 = 256;
/// How fast weights learn.
const RATE: i32 = 3;
/// All weights at first, in 1/65536.
const FIRST_WEIGHT: i32 = 20_000;
const MOST_WEIGHT: i32 = 1 << 20;
/// Sets of weights: by how good the guesses are, and by the byte's bits so far.
const GUESS_SETS: usize = 5 * 3;
const BIT_SETS: usize = 256;

/// What has been seen, as far as it helps to foretell what comes.
#[derive(Debug, Clone)]
pub struct Model {
    trail: Trail,
    /// The bits of the next byte so far, after a leading 1.
    bits: u32,
    /// The hash of each context, for the next byte.
    contexts: [u32; CONTEXTS],
    /// One table a context.
    slots: Vec<Slot>,
    record_slots: Vec<Slot>,
    stretch_slots: Vec<Slot>,
    /// Sets of weights by guesses, then those by bits.
    weights: Vec<[i32; INPUTS]>,
    words: Words,
    foretold: Foretold,
}

/// A probability that learns: the upper 22 bits, and how often it has learned, the lower 10.
#[derive(Debug, Clone, Copy)]
struct Slot(u32);

/// The last words: letters, and what came after them.
#[derive(Debug, Clone, Copy, Default)]
struct Words {
    /// Hash of the word before the last.
    before: u32,
    /// Hash of the last word.
    last: u32,
    /// Hash of what stands after it.
    since: u32,
}

/// What a prediction was made from; learning needs it.
#[derive(Debug, Clone, Copy)]
struct Foretold {
    inputs: [i32; INPUTS],
    slots: [usize; CONTEXTS],
    record: Option<usize>,
    stretch: Option<usize>,
    sets: [usize; 2],
    outputs: [i32; 2],
    probability: u32,
}

impl Model {
    /// A model that has seen nothing.
    pub fn new() -> Self {
        let mut model = Self {
            trail: Trail::new(),
            bits: 1,
            contexts: [0; CONTEXTS],
            slots: vec![Slot::NEW; CONTEXTS << SLOT_BITS],
            record_slots: vec![Slot::NEW; 256],
            stretch_slots: vec![Slot::NEW; 64],
            weights: vec![[FIRST_WEIGHT; INPUTS]; GUESS_SETS + BIT_SETS],
            words: Words::default(),
            foretold: Foretold {
                inputs: [0; INPUTS],
                slots: [0; CONTEXTS],
                record: None,
                stretch: None,
                sets: [0; 2],
                outputs: [0; 2],
                probability: 0,
            },
        };
        model.set_contexts();
        model.foretell();
        model
    }

    /// A model that has seen `dictionary`: records like those that will come.
    pub fn with_dictionary(dictionary: &[u8]) -> Self {
        let mut model = Self::new();
        for byte in dictionary {
            for shift in (0..8).rev() {
                model.learn(u32::from(byte >> shift) & 1);
            }
        }
        // The kinds of the dictionary's records are not those of the text's records.
        model.trail.forget_records();
        model.set_contexts();
        model.foretell();
        model
    }

    /// The probability that the next bit is 1, in 1/4096: 1 to 4095.
    pub(crate) fn probability(&self) -> u32 {
        self.foretold.probability
    }

    /// Learns what the bit really was, and foretells the next.
    pub(crate) fn learn(&mut self, bit: u32) {
        let Foretold { inputs, slots, record, stretch, sets, outputs, .. } = self.foretold;
        for slot in slots {
            self.slots[slot].learn(bit, SLOT_LIMIT);
        }
        if let Some(slot) = record {
            self.record_slots[slot].learn(bit, GUESS_LIMIT);
        }
        if let Some(slot) = stretch {
            self.stretch_slots[slot].learn(bit, GUESS_LIMIT);
        }
        for (set, output) in sets.into_iter().zip(outputs) {
            let error = ((bit << 12) as i32 - probability(output)) * RATE;
            for (weight, input) in self.weights[set].iter_mut().zip(inputs) {
                *weight = (*weight + ((input * error + 0x2000) >> 14)).clamp(-MOST_WEIGHT, MOST_WEIGHT);
            }
        }
        self.bits = self.bits << 1 | bit;
        if self.bits >= 256 {
            let byte = (self.bits & 255) as u8;
            self.bits = 1;
            self.trail.push(byte);
            self.words.push(byte);
            self.set_contexts();
        }
        self.foretell();
    }

    fn foretell(&mut self) {
        let mut inputs = [0; INPUTS];
        let mut slots = [0; CONTEXTS];
        for (index, context) in self.contexts.iter().enumerate() {
            let slot = (index << SLOT_BITS) + (hash(*context, self.bits) >> (32 - SLOT_BITS)) as usize;
            slots[index] = slot;
            inputs[index] = self.slots[slot].logit();
        }
        let Trail { record, stretch, .. } = self.trail;
        let record_slot = self.guessed_bit(record).map(|bit| {
            let state = record.hits.min(15) * 8 + record.misses.min(7);
            (state * 2 + bit) as usize
        });
        let stretch_slot = self.guessed_bit(stretch).map(|bit| (stretch.hits.min(31) * 2 + bit) as usize);
        inputs[CONTEXTS] = record_slot.map_or(0, |slot| self.record_slots[slot].logit());
        inputs[CONTEXTS + 1] = stretch_slot.map_or(0, |slot| self.stretch_slots[slot].logit());
        inputs[CONTEXTS + 2] = BIAS;
        let record_level = match (record_slot, record.hits) {
            (None, _) => 0,
            (_, 0) => 1,
            (_, 1..4) => 2,
            (_, 4..16) => 3,
            _ => 4,
        };
        let stretch_level = match (stretch_slot, stretch.hits) {
            (None, _) => 0,
            (_, ..16) => 1,
            _ => 2,
        };
        let sets = [record_level * 3 + stretch_level, GUESS_SETS + self.bits as usize];
        let outputs = sets.map(|set| {
            let sum: i64 =
                self.weights[set].iter().zip(inputs).map(|(weight, input)| i64::from(*weight) * i64::from(input)).sum();
            (sum >> 16).clamp(i64::from(-MAX_LOGIT), i64::from(MAX_LOGIT)) as i32
        });
        let probability = probability((outputs[0] + outputs[1]) >> 1).clamp(1, 4095) as u32;
        self.foretold =
            Foretold { inputs, slots, record: record_slot, stretch: stretch_slot, sets, outputs, probability };
    }

    /// The next bit, if the byte has begun as `guess` says.
    fn guessed_bit(&self, guess: Guess) -> Option<u32> {
        let byte = u32::from(self.trail.guessed(guess)?) | 256;
        let known = self.bits.ilog2();
        (byte >> (8 - known) == self.bits).then_some(byte >> (7 - known) & 1)
    }

    fn set_contexts(&mut self) {
        let Words { before, last, since } = self.words;
        let back = |count: usize| u32::from(self.trail.last(count));
        let guessed = |guess: Guess| self.trail.guessed(guess).map_or(0, |byte| u32::from(byte) | 256);
        let kind = u32::from(self.trail.record_kind);
        let record = guessed(self.trail.record);
        let after = u32::from(self.trail.after_guessed(self.trail.record));
        let two = back(1) | back(2) << 8;
        let four = two | back(3) << 16 | back(4) << 24;
        let field = hash(last, since);
        let long_field = hash(field, before);
        self.contexts = [
            back(1) + 1,
            two | 1 << 24,
            two | back(3) << 16 | 2 << 24,
            hash(four, 4),
            hash(hash(four, 4), back(5) | back(6) << 8),
            hash(field, 77),
            hash(long_field, 78),
            hash(hash(record | back(1) << 16, self.trail.record.hits.min(3)), 5),
            hash(hash(record | after << 16, field), 6),
            match self.trail.record_len {
                // In the head of a record: which one it is counts.
                len @ 0..5 => hash(len as u32, kind),
                _ => hash(record | guessed(self.trail.stretch) << 16, 9),
            },
        ];
    }
}

impl Default for Model {
    fn default() -> Self {
        Self::new()
    }
}

impl Slot {
    /// One half, and nothing learned.
    const NEW: Self = Self(1 << 31);

    fn logit(self) -> i32 {
        logits()[(self.0 >> 20) as usize]
    }

    /// Moves towards `bit`: by less, the more it has learned.
    fn learn(&mut self, bit: u32, limit: u32) {
        let (value, count) = ((self.0 >> 10) as i32, self.0 & 1023);
        let target = if bit == 1 { (1 << 22) - 1 } else { 0 };
        let moved = value + (target - value) * 2 / (2 * count as i32 + 3);
        self.0 = (moved as u32) << 10 | limit.min(count + 1);
    }
}

impl Words {
    fn push(&mut self, byte: u8) {
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

/// Mixes two numbers into one.
pub(crate) fn hash(a: u32, b: u32) -> u32 {
    let sum = a.wrapping_mul(0x2f0b_4c47).wrapping_add(b.wrapping_mul(0x9e37_79b1)).wrapping_add(0x7ed5_5d16);
    (sum ^ sum >> 15).wrapping_mul(0x85eb_ca6b)
}
