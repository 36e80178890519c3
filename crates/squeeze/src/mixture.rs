//! Foretells a yes or no from several contexts: in each, a probability that learns, and weights that learn how much it counts.

use crate::lines::Lines;
use crate::logistic::{MAX_LOGIT, logit, probability};

/// How many contexts are mixed.
pub(crate) const CONTEXTS: usize = 8;
/// Sets of weights: one for each beginning of a byte, and 16 for each of three questions about guesses.
const SETS: usize = 256 + 3 * 16;
/// Bits of a slot's number.
const SLOT_BITS: u32 = 19;
/// All weights at first, and the largest, in 1/16384.
const FIRST_WEIGHT: i32 = 4000;
const MOST_WEIGHT: i32 = 1 << 16;
/// How fast weights learn.
const RATE: i32 = 12;

/// Slots that stand side by side, and lines of them.
const LINE: usize = 16;
pub(crate) const LINES: usize = 1 << (SLOT_BITS - LINE.ilog2());

/// What has been learned about answers.
#[derive(Debug, Clone)]
pub(crate) struct Mixture {
    lines: Lines,
    weights: Box<[[i32; CONTEXTS]; SETS]>,
}

/// The slots of one hash, which are needed one after the other: they come into the processor's cache together.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Line([Slot; LINE]);

/// What is known of one question in one context: the probability of a yes in the upper 16 bits, below it in 4 how often it has
/// learned, and in the lower 12 the end of its hash, which tells it from others that would stand in its place.
#[derive(Debug, Clone, Copy)]
struct Slot(u32);

impl Mixture {
    pub(crate) fn new() -> Self {
        let lines = Lines::all(Line([Slot::new(0); LINE]));
        Self { lines, weights: Box::new([[FIRST_WEIGHT; CONTEXTS]; SETS]) }
    }

    /// Asks the question that is `node` (0 to 15) of those with these hashes, one a context, and learns the answer. `set` of
    /// the weights says how much each context counts. `answer` is told how likely a yes is, in 1/4096: 1 to 4094.
    pub(crate) fn ask(
        &mut self,
        hashes: &[u32; CONTEXTS],
        node: u32,
        set: usize,
        answer: impl FnOnce(u32) -> bool,
    ) -> bool {
        let lines = self.lines.get();
        let places = hashes.map(|hash| place(hash, node));
        let mut inputs = [0; CONTEXTS];
        for ((input, hash), (line, slot)) in inputs.iter_mut().zip(hashes).zip(places) {
            *input = lines[line].0[slot].of(*hash).logit();
        }
        let weights = &mut self.weights[set];
        let sum: i32 = weights.iter().zip(&inputs).map(|(weight, input)| weight * input).sum();
        let probability = probability((sum >> 14).clamp(-MAX_LOGIT, MAX_LOGIT));
        let yes = answer(probability as u32);
        for (hash, (line, slot)) in hashes.iter().zip(places) {
            let slot = &mut lines[line].0[slot];
            *slot = slot.of(*hash).learned(yes);
        }
        let error = ((i32::from(yes) << 12) - probability) * RATE;
        for (weight, input) in weights.iter_mut().zip(&inputs) {
            *weight = (*weight + ((input * error + 0x8000) >> 16)).clamp(-MOST_WEIGHT, MOST_WEIGHT);
        }
        yes
    }
}

impl Slot {
    /// How often it counts that it has learned: from then on its probability moves as far each time.
    const MOST: u32 = 12;
    const CHECK: u32 = 0xfff;
    /// How far it moves after having learned so often, in 1/65536: 2 / (2n + 3).
    const STEPS: [u32; 16] = {
        let mut steps = [0; 16];
        let mut n = 0;
        while n < 16 {
            steps[n] = (1 << 17) / (2 * n as u32 + 3);
            n += 1;
        }
        steps
    };

    /// One half, and nothing learned.
    const fn new(hash: u32) -> Self {
        Self(1 << 31 | hash & Self::CHECK)
    }

    /// Itself if it has this hash, else a new one.
    fn of(self, hash: u32) -> Self {
        if (self.0 ^ hash) & Self::CHECK == 0 { self } else { Self::new(hash) }
    }

    fn logit(self) -> i32 {
        logit(self.0 >> 20)
    }

    /// Nearer to the answer: by less, the more it has learned.
    fn learned(self, yes: bool) -> Self {
        let (value, count) = (self.0 >> 16, self.0 >> 12 & 15);
        let step = Self::STEPS[count as usize];
        let value = match yes {
            true => value + (((0xffff - value) * step) >> 16),
            false => value - ((value * step) >> 16),
        };
        Self(value << 16 | Self::MOST.min(count + 1) << 12 | self.0 & Self::CHECK)
    }
}

/// Where a slot stands: its line, and its place there.
fn place(hash: u32, node: u32) -> (usize, usize) {
    let place = (hash >> (32 - SLOT_BITS) ^ node) as usize;
    (place / LINE % LINES, place % LINE)
}
