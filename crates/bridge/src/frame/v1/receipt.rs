//! Receipts: which frames have arrived, told on frames that go the other way.

use std::ops::RangeInclusive;

use super::error::FrameError;
use super::stream::Stream;
use super::wire::{Reader, put_number};

/// Most gaps in a coverage.
const MAX_GAPS: usize = 256;

/// What has become of the frames of one stream. Frames count from 1, separately for each receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Whose frames.
    pub stream: Stream,
    /// The frames that have arrived.
    pub arrived: Coverage,
    /// The frames whose messages the far broker has taken over.
    pub delivered: Coverage,
}

/// The numbers from 1 up to one, but for gaps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    /// The highest number; 0 if there is none.
    pub highest: u64,
    /// What is missing below it: rising, not touching each other.
    pub gaps: Vec<RangeInclusive<u64>>,
}

impl Coverage {
    /// Whether `number` is in it.
    pub fn contains(&self, number: u64) -> bool {
        (1..=self.highest).contains(&number) && !self.gaps.iter().any(|gap| gap.contains(&number))
    }

    /// The highest number, how many gaps, and for each: how many numbers stand before it since the last, less one, and how
    /// many it has, less one.
    fn put(&self, out: &mut Vec<u8>) {
        put_number(out, self.highest);
        put_number(out, self.gaps.len() as u64);
        let mut next = 1;
        for gap in &self.gaps {
            put_number(out, gap.start().saturating_sub(next));
            put_number(out, gap.end().saturating_sub(*gap.start()));
            next = gap.end().saturating_add(2);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, FrameError> {
        let highest = reader.number()?;
        let count = reader.number()?;
        if count > MAX_GAPS as u64 {
            return Err(FrameError::TooMany("gaps"));
        }
        let mut gaps = Vec::new();
        let mut next: u64 = 1;
        for _ in 0..count {
            let start = next.checked_add(reader.number()?).ok_or(FrameError::Number)?;
            let end = start.checked_add(reader.number()?).ok_or(FrameError::Number)?;
            if end >= highest {
                return Err(FrameError::Number);
            }
            gaps.push(start..=end);
            next = end.checked_add(2).ok_or(FrameError::Number)?;
        }
        Ok(Self { highest, gaps })
    }
}

impl Receipt {
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.stream.as_str().as_bytes());
        self.arrived.put(out);
        self.delivered.put(out);
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, FrameError> {
        let stream = Stream::try_from(reader.take(Stream::LEN)?).map_err(|_| FrameError::Stream)?;
        Ok(Self { stream, arrived: Coverage::read(reader)?, delivered: Coverage::read(reader)? })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_coverage_knows_its_gaps() {
        let coverage = Coverage { highest: 9, gaps: vec![1..=1, 4..=6] };
        let covered: Vec<u64> = (0..12).filter(|number| coverage.contains(*number)).collect();
        assert_eq!(covered, [2, 3, 7, 8, 9]);
        assert!(!Coverage::default().contains(0));
    }

    #[test]
    fn a_coverage_with_impossible_gaps_is_refused() {
        for bytes in [[5, 1, 4, 0], [5, 1, 0, 4]] {
            assert_eq!(Coverage::read(&mut Reader::new(&bytes)), Err(FrameError::Number));
        }
        assert_eq!(Coverage::read(&mut Reader::new(&[5, 255, 3])), Err(FrameError::TooMany("gaps")));
        assert!(Coverage::read(&mut Reader::new(&[5, 1, 0, 3])).is_ok());
    }
}
