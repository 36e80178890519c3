//! The logistic function and its inverse in integers: probabilities of 12 bits, logits in units of 1/256.

use std::sync::LazyLock;

/// Largest logit.
pub(crate) const MAX_LOGIT: i32 = 2047;

/// The logistic function at every 128th logit from -2048 on, times 4096.
const KNOTS: [i32; 33] = [
    1, 2, 3, 6, 10, 16, 27, 45, 73, 120, 194, 310, 488, 747, 1101, 1546, 2047, 2549, 2994, 3348, 3607, 3785, 3901,
    3975, 4022, 4050, 4068, 4079, 4085, 4089, 4092, 4093, 4094,
];

static LOGITS: LazyLock<[i32; 4096]> = LazyLock::new(|| {
    let mut logits = [MAX_LOGIT; 4096];
    let mut filled = 0;
    for logit in -MAX_LOGIT..=MAX_LOGIT {
        let probability = probability(logit) as usize;
        for entry in logits.iter_mut().take(probability + 1).skip(filled) {
            *entry = logit;
        }
        filled = filled.max(probability + 1);
    }
    logits
});

/// The probability of `logit`, times 4096: the straight line between two knots.
pub(crate) fn probability(logit: i32) -> i32 {
    let place = logit.clamp(-MAX_LOGIT, MAX_LOGIT) + 2048;
    let (knot, rest) = ((place >> 7) as usize, place & 127);
    (KNOTS[knot] * (128 - rest) + KNOTS[knot + 1] * rest + 64) >> 7
}

/// For every probability the smallest logit whose probability is not less.
pub(crate) fn logits() -> &'static [i32; 4096] {
    &LOGITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probability_comes_back_from_its_logit() {
        for wanted in 1..4095 {
            let found = probability(logits()[wanted as usize]);
            assert!((found - wanted).abs() <= 4, "{wanted} {found}");
        }
        assert_eq!((probability(-3000), probability(0), probability(3000)), (1, 2047, 4094));
    }
}
