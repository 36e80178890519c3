//! Sets of numbers that come in long runs: frames that were seen, bytes that are there.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// A set of numbers, kept as its runs. Memory grows with the gaps between them, not with the numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Ranges {
    /// First and last of each run, rising; between two runs is at least one number.
    runs: Vec<(u64, u64)>,
}

impl Ranges {
    /// Adds a number; false if it was there.
    pub(crate) fn insert(&mut self, number: u64) -> bool {
        self.insert_run(number..=number)
    }

    /// Adds all numbers of `run`; false if they were all there, or if it is empty.
    pub(crate) fn insert_run(&mut self, run: RangeInclusive<u64>) -> bool {
        let (mut first, mut last) = run.into_inner();
        if first > last || self.contains_run(first..=last) {
            return false;
        }
        // The runs that overlap or touch it become one with it.
        let from = self.runs.partition_point(|(_, end)| end.saturating_add(1) < first);
        let to = self.runs.partition_point(|(start, _)| *start <= last.saturating_add(1));
        if let Some((start, _)) = self.runs.get(from).filter(|_| from < to) {
            first = first.min(*start);
            last = last.max(self.runs[to - 1].1);
        }
        self.runs.splice(from..to, [(first, last)]);
        true
    }

    /// Whether all numbers of `run` are in it.
    pub(crate) fn contains_run(&self, run: RangeInclusive<u64>) -> bool {
        let after = self.runs.partition_point(|(start, _)| start <= run.start());
        run.is_empty() || after > 0 && *run.end() <= self.runs[after - 1].1
    }

    /// The runs, rising.
    pub(crate) fn runs(&self) -> &[(u64, u64)] {
        &self.runs
    }

    /// Forgets the lowest runs until there are at most `most`.
    pub(crate) fn keep_highest(&mut self, most: usize) {
        self.runs.drain(..self.runs.len().saturating_sub(most));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_in_a_row_are_one_run() {
        let mut ranges = Ranges::default();
        for number in [3, 1, 2, 7, 5, 6] {
            assert!(ranges.insert(number));
        }
        assert_eq!(ranges.runs(), [(1, 3), (5, 7)]);
        assert!(!ranges.insert(2));
        assert!(ranges.insert(u64::MAX) && !ranges.insert(u64::MAX));
        ranges.keep_highest(2);
        assert_eq!(ranges.runs(), [(5, 7), (u64::MAX, u64::MAX)]);
    }

    proptest! {
        #[test]
        fn a_set_of_runs_is_a_set(runs in proptest::collection::vec((0u64..60, 0u64..9), 0..40)) {
            let mut ranges = Ranges::default();
            let mut model = BTreeSet::new();
            for (first, len) in runs {
                let news = (first..first + len).filter(|number| model.insert(*number)).count() > 0;
                let run = first..=(first + len).wrapping_sub(1);
                prop_assert_eq!(len > 0 && ranges.insert_run(run), news);
            }
            for number in 0..80 {
                prop_assert_eq!(ranges.contains_run(number..=number), model.contains(&number));
            }
            let apart = ranges.runs().windows(2).all(|pair| pair[0].1 + 1 < pair[1].0);
            prop_assert!(apart);
        }
    }
}
