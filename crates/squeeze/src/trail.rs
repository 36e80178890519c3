//! Two guesses at the next byte from what came before: the record of the same kind, and the last like stretch of text.

use std::ops::Range;

use crate::model::hash;

/// Records shorter than this do not end: their first bytes are a head in which zeros are common.
const HEAD_LEN: usize = 4;
/// How far a separator is looked for in the other record.
const REACH: usize = 12;
/// So many bytes guessed wrong, and the other record is given up.
const MOST_MISSES: u32 = 8;
/// Bits of the hash by which the last five bytes are looked up.
const LOOKUP_BITS: u32 = 14;
/// Longest stretch that is compared, and the shortest that counts.
const LONGEST_STRETCH: usize = 32;
const SHORTEST_STRETCH: usize = 5;
/// Longest and shortest run that is asked about as a whole.
const LONGEST_RUN: usize = 64;
const SHORTEST_RUN: usize = 3;

/// A place in the history that goes along with the end.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Guess {
    /// The byte that is guessed stands here; 0 is no guess.
    at: usize,
    /// Bytes guessed right in a row.
    pub(crate) hits: u32,
    /// Bytes guessed wrong.
    pub(crate) misses: u32,
}

/// The history and the guesses.
#[derive(Debug, Clone)]
pub(crate) struct Trail {
    history: Vec<u8>,
    /// Follows the last record that began with the same byte, through differences.
    pub(crate) record: Guess,
    /// Follows the last stretch of text like this one, until a difference.
    pub(crate) stretch: Guess,
    /// Where the second byte of the last record stands, by the record's first byte; 0 is nowhere.
    records: [usize; 256],
    /// Bytes of this record so far, and its first.
    pub(crate) record_len: usize,
    pub(crate) record_kind: u8,
    /// Where a text ended that has this hash.
    lookup: Vec<u32>,
    /// The record guess was said to be wrong soon, and has not been yet.
    pub(crate) doubted: bool,
}

impl Trail {
    pub(crate) fn new() -> Self {
        Self {
            // Enough zeros that one can always look back.
            history: vec![0; 8],
            record: Guess::default(),
            stretch: Guess::default(),
            records: [0; 256],
            record_len: 0,
            record_kind: 0,
            lookup: vec![0; 1 << LOOKUP_BITS],
            doubted: false,
        }
    }

    /// The byte that stands `back` from the end, 1 being the last.
    pub(crate) fn last(&self, back: usize) -> u8 {
        self.history[self.history.len() - back]
    }

    /// The byte that `guess` foretells.
    pub(crate) fn guessed(&self, guess: Guess) -> Option<u8> {
        (guess.at > 0).then(|| self.history.get(guess.at).copied()).flatten()
    }

    /// The guess at the next byte that is asked about: the record knows better than the stretch.
    pub(crate) fn guess(&self) -> Option<u8> {
        self.guessed(self.record).or_else(|| self.guessed(self.stretch))
    }

    /// Where the record guess at all that comes before the next digit or the record's end stands, if that is worth a question:
    /// not where it has just been wrong, or was said to be wrong soon.
    pub(crate) fn run(&self) -> Option<Range<usize>> {
        let Guess { at, hits, .. } = self.record;
        if self.doubted || at == 0 || hits < 2 {
            return None;
        }
        let rest = self.history.get(at..)?.iter().take(LONGEST_RUN);
        let len = rest.take_while(|byte| **byte != 0 && !byte.is_ascii_digit()).count();
        (len >= SHORTEST_RUN).then_some(at..at + len)
    }

    /// All bytes so far, after eight zeros.
    pub(crate) fn history(&self) -> &[u8] {
        &self.history
    }

    /// Records of the kinds seen so far are no longer guesses for new ones.
    pub(crate) fn forget_records(&mut self) {
        self.records = [0; 256];
        self.record = Guess::default();
        self.record_len = 0;
        self.doubted = false;
    }

    pub(crate) fn push(&mut self, byte: u8) {
        self.follow_record(byte);
        self.follow_stretch(byte);
        self.history.push(byte);
        self.look_up();
        if self.record.at == 0 && self.stretch.at > 0 {
            self.record = Guess { at: self.stretch.at, hits: 0, misses: 0 };
        }
        if self.record_len == 0 {
            self.begin_record(byte);
        }
        self.record_len += 1;
        if byte == 0 && self.record_len > HEAD_LEN {
            self.record_len = 0;
        }
    }

    fn begin_record(&mut self, kind: u8) {
        let like = std::mem::replace(&mut self.records[usize::from(kind)], self.history.len());
        self.record_kind = kind;
        self.doubted = false;
        self.record = Guess { at: like, hits: if like > 0 { 8 } else { 0 }, misses: 0 };
    }

    /// Goes on in the other record. Where values differ in length, both go on after the separator.
    fn follow_record(&mut self, byte: u8) {
        let Some(guessed) = self.guessed(self.record) else { return };
        let at = self.record.at;
        if guessed == byte {
            self.record.at += 1;
            self.record.hits += 1;
            if self.record.hits.is_multiple_of(16) {
                self.record.misses = self.record.misses.saturating_sub(1);
            }
            return;
        }
        self.doubted = false;
        self.record.hits = 0;
        self.record.misses += 1;
        if is_separator(byte) {
            let end = self.history.len().min(at + REACH);
            let same = (at + 1..end).find(|place| self.history[*place] == byte);
            self.record.at = same.unwrap_or(at) + 1;
        } else if !is_separator(guessed) {
            self.record.at += 1;
        }
        if self.record.misses >= MOST_MISSES {
            self.record.at = 0;
        }
    }

    fn follow_stretch(&mut self, byte: u8) {
        match self.guessed(self.stretch) == Some(byte) {
            true => {
                self.stretch.at += 1;
                self.stretch.hits += 1;
            }
            false => self.stretch = Guess::default(),
        }
    }

    fn look_up(&mut self) {
        let end = self.history.len();
        let four = u32::from_le_bytes([1, 2, 3, 4].map(|back| self.last(back)));
        let hash = hash(four, u32::from(self.last(5))) >> (32 - LOOKUP_BITS);
        let like = std::mem::replace(&mut self.lookup[hash as usize], end as u32) as usize;
        if self.stretch.at > 0 || like == 0 {
            return;
        }
        let backwards = |place: usize| self.history[..place].iter().rev();
        let same = backwards(like).zip(backwards(end)).take(LONGEST_STRETCH).take_while(|(a, b)| a == b).count();
        if same >= SHORTEST_STRETCH {
            self.stretch = Guess { at: like, hits: same as u32, misses: 0 };
        }
    }
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b',' | b'}' | b']' | b'"' | b'.' | 0)
}
