//! How long something takes, in words.

use std::fmt;

/// A stretch of time in milliseconds. Shown in its largest unit, rounded down: `3 minutes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub u64);

/// Units and how many seconds they have, the largest first.
const UNITS: [(&str, u64); 4] = [("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)];

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1000;
        // Two of a unit at least: one hour says too little of 119 minutes.
        let unit = UNITS.iter().find(|(_, length)| seconds >= 2 * length);
        match (unit, seconds) {
            (Some((name, length)), _) => f.pad(&format!("{} {name}s", seconds / length)),
            (None, 0) => f.pad("0 seconds"),
            (None, _) => f.pad("1 second"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_said_in_the_largest_unit_that_it_has_two_of() {
        let spans = [
            (0, "0 seconds"),
            (1999, "1 second"),
            (2000, "2 seconds"),
            (119_999, "119 seconds"),
            (120_000, "2 minutes"),
            (7_199_000, "119 minutes"),
            (7_200_000, "2 hours"),
            (172_800_000, "2 days"),
        ];
        for (ms, words) in spans {
            assert_eq!(Span(ms).to_string(), words);
        }
    }
}
