//! What happened in a run: always as a hash, by which two runs are compared, and on demand in words.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher as _};

/// Most lines that are kept.
const KEPT: usize = 400;

/// The record of a run.
pub(super) struct Trace {
    hasher: DefaultHasher,
    lines: Option<VecDeque<Line>>,
}

struct Line {
    at: u64,
    words: String,
    times: usize,
}

impl Trace {
    pub(super) fn new(in_words: bool) -> Self {
        Self { hasher: DefaultHasher::new(), lines: in_words.then(VecDeque::new) }
    }

    /// Notes what happened at `at` milliseconds.
    pub(super) fn note(&mut self, at: u64, what: impl Hash, words: impl FnOnce() -> String) {
        (at, what).hash(&mut self.hasher);
        let Some(lines) = &mut self.lines else { return };
        let words = words();
        match lines.back_mut() {
            Some(last) if last.words == words => last.times += 1,
            _ => lines.push_back(Line { at, words, times: 1 }),
        }
        if lines.len() > KEPT {
            lines.pop_front();
        }
    }

    pub(super) fn hash(&self) -> u64 {
        self.hasher.finish()
    }

    /// The last lines, if there are any.
    pub(super) fn lines(self) -> Vec<String> {
        self.lines.unwrap_or_default().iter().map(Line::text).collect()
    }
}

impl Line {
    fn text(&self) -> String {
        let Self { at, words, times } = self;
        let (seconds, millis) = (at / 1000, at % 1000);
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let times = if *times > 1 { format!(" ({times} times)") } else { String::new() };
        format!("{hours:>3}:{minutes:02}:{seconds:02}.{millis:03} {words}{times}")
    }
}
