//! The memory of a mixture: two megabytes, which a mixture that is gone leaves to the next one.

use std::mem;
use std::sync::{Mutex, PoisonError};

use crate::mixture::{LINES, Line};

/// As many lines as a mixture has.
#[derive(Debug)]
pub(crate) struct Lines(Vec<Line>);

/// Where lines that are not used any more wait.
///
/// Each frame is made or read with a copy of a model. The C library's heap takes so large a piece that has to stand at the
/// beginning of a cache line from somewhere else each time, and grows: by tens of megabytes in each thread that does it.
struct Spares(Mutex<Vec<Vec<Line>>>);

/// One for a frame that is made, one for a frame that is read.
const MOST_SPARES: usize = 2;

static SPARES: Spares = Spares::new();

impl Lines {
    /// All of them the same.
    pub(crate) fn all(line: Line) -> Self {
        Self(vec![line; LINES])
    }

    /// The lines, by their numbers.
    pub(crate) fn get(&mut self) -> &mut [Line; LINES] {
        match self.0.as_mut_slice().try_into() {
            Ok(lines) => lines,
            Err(_) => unreachable!("there are as many as there have to be"),
        }
    }
}

impl Clone for Lines {
    fn clone(&self) -> Self {
        let mut lines = SPARES.take();
        lines.clone_from(&self.0);
        Self(lines)
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        SPARES.give(mem::take(&mut self.0));
    }
}

impl Spares {
    const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Lines that say nothing any more; none at all if there are no spare ones.
    fn take(&self) -> Vec<Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn give(&self, lines: Vec<Line>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < MOST_SPARES {
            all.push(lines);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_mixture_leaves_another_one_takes_and_no_more_than_a_few_are_kept() {
        let spares = Spares::new();
        (1..=3).for_each(|lines| spares.give(Vec::with_capacity(lines)));
        assert_eq!([spares.take().capacity(), spares.take().capacity()], [2, 1]);
        assert_eq!(spares.take().capacity(), 0);
    }
}
