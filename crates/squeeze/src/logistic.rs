//! The logistic function and its inverse in integers: probabilities of 12 bits, logits in units of 1/256.

/// Largest logit.
pub(crate) const MAX_LOGIT: i32 = 2047;

/// The logistic function at every 128th logit from -2048 on, times 4096.
const KNOTS: [i32; 33] = [
    1, 2, 3, 6, 10, 16, 27, 45, 73, 120, 194, 310, 488, 747, 1101, 1546, 2047, 2549, 2994, 3348, 3607, 3785, 3901,
    3975, 4022, 4050, 4068, 4079, 4085, 4089, 4092, 4093, 4094,
];

static LOGITS: [i16; 4096] = {
    let mut logits = [MAX_LOGIT as i16; 4096];
    let mut filled = 0;
    let mut logit = -MAX_LOGIT;
    while logit <= MAX_LOGIT {
        while filled <= probability(logit) {
            logits[filled as usize] = logit as i16;
            filled += 1;
        }
        logit += 1;
    }
    logits
};

/// The probability of `logit`, from -[`MAX_LOGIT`] to [`MAX_LOGIT`], times 4096: the straight line between two knots.
pub(crate) const fn probability(logit: i32) -> i32 {
    let place = logit + 2048;
    let (knot, rest) = ((place >> 7) as usize, place & 127);
    (KNOTS[knot] * (128 - rest) + KNOTS[knot + 1] * rest + 64) >> 7
}

/// The smallest logit whose probability is not less than `probability`, of 4096.
pub(crate) fn logit(probability: u32) -> i32 {
    i32::from(LOGITS[(probability & 4095) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probability_comes_back_from_its_logit() {
        for wanted in 1..4095 {
            let found = probability(logit(wanted));
            assert!((found - wanted as i32).abs() <= 4, "{wanted} {found}");
        }
        assert_eq!((probability(-MAX_LOGIT), probability(0), probability(MAX_LOGIT)), (1, 2047, 4094));
    }
}
