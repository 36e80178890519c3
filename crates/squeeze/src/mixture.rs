//! Foretells a yes or no from several contexts: in each, a probability that learns, and weights that learn how much it counts.

use crate::logistic::{MAX_LOGIT, logit, probability};

/// How many contexts are mixed.
pub(crate) const CONTEXTS: usize = 8;
/// Sets of weights: one for each beginning of a byte, the others for guesses.
const SETS: usize = 256 + 16;
/// Bits of a slot's number.
const SLOT_BITS: u32 = 19;
/// All weights at first, and the largest, in 1/16384.
const FIRST_WEIGHT: i32 = 4000;
const MOST_WEIGHT: i32 = 1 << 16;
/// How fast weights learn.
const RATE: i32 = 12;

/// What has been learned about answers.
#[derive(Debug, Clone)]
pub(crate) struct Mixture {
    slots: Vec<Slot>,
    weights: Box<[[i32; CONTEXTS]; SETS]>,
}

/// What is known of one question in one context: the probability of a yes in the upper 16 bits, below it in 4 how often it has
/// learned, and in the lower 12 the end of its hash, which tells it from others that would stand in its place.
#[derive(Debug, Clone, Copy)]
struct Slot(u32);

/// A prediction, and what it was made from; learning needs it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forecast {
    hashes: [u32; CONTEXTS],
    node: u32,
    inputs: [i32; CONTEXTS],
    set: usize,
    probability: i32,
}

impl Mixture {
    pub(crate) fn new() -> Self {
        Self { slots: vec![Slot::new(0); 1 << SLOT_BITS], weights: Box::new([[FIRST_WEIGHT; CONTEXTS]; SETS]) }
    }

    /// How likely a yes is to the question that is `node` (0 to 15) of those with these hashes, one a context. `set` of the
    /// weights says how much each context counts.
    pub(crate) fn forecast(&self, hashes: &[u32; CONTEXTS], node: u32, set: usize) -> Forecast {
        let mut inputs = [0; CONTEXTS];
        for (input, hash) in inputs.iter_mut().zip(*hashes) {
            *input = self.slots[place(hash, node)].of(hash).logit();
        }
        let sum: i32 = self.weights[set].iter().zip(inputs).map(|(weight, input)| weight * input).sum();
        let probability = probability((sum >> 14).clamp(-MAX_LOGIT, MAX_LOGIT));
        Forecast { hashes: *hashes, node, inputs, set, probability }
    }

    /// Learns what the answer was.
    pub(crate) fn learn(&mut self, forecast: &Forecast, yes: bool) {
        for hash in forecast.hashes {
            let slot = &mut self.slots[place(hash, forecast.node)];
            *slot = slot.of(hash).learned(yes);
        }
        let error = ((i32::from(yes) << 12) - forecast.probability) * RATE;
        for (weight, input) in self.weights[forecast.set].iter_mut().zip(forecast.inputs) {
            *weight = (*weight + ((input * error + 0x8000) >> 16)).clamp(-MOST_WEIGHT, MOST_WEIGHT);
        }
    }
}

impl Forecast {
    /// How likely a yes is, in 1/4096: 1 to 4094.
    pub(crate) fn probability(&self) -> u32 {
        self.probability as u32
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

/// Where the slot stands: those of one hash side by side, as they are needed one after the other.
fn place(hash: u32, node: u32) -> usize {
    (hash >> (32 - SLOT_BITS) ^ node) as usize
}
