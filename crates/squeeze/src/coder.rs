//! Binary arithmetic coding: turns predictions and bits into bytes, and back.

use crate::model::Model;

/// Compresses what is written to it, byte by byte.
#[derive(Debug, Clone)]
pub struct Compressor {
    model: Model,
    range: Range,
    out: Vec<u8>,
}

/// A place at which a [`Compressor`]'s output may end.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    range: Range,
    len: usize,
}

/// The numbers that are still possible, both ends included.
#[derive(Debug, Clone, Copy)]
struct Range {
    low: u32,
    high: u32,
}

impl Compressor {
    /// Starts with what `model` knows.
    pub fn new(model: Model) -> Self {
        Self { model, range: Range::FULL, out: Vec::new() }
    }

    /// Compresses these bytes more. Those of one record cost less together than one at a time.
    pub fn write(&mut self, bytes: &[u8]) {
        let Self { model, range, out } = self;
        let mut rest = bytes;
        while !rest.is_empty() {
            let known = model.next(|question, probability| {
                let yes = question.answer(rest);
                range.narrow(probability, yes);
                while let Some(settled) = range.shift() {
                    out.push(settled);
                }
                yes
            });
            rest = &rest[known..];
        }
    }

    /// The place after what has been written.
    pub fn mark(&self) -> Mark {
        Mark { range: self.range, len: self.out.len() }
    }

    /// The compressed form of what had been written at `mark`.
    pub fn finish_at(mut self, mark: Mark) -> Vec<u8> {
        self.out.truncate(mark.len);
        let (value, len) = mark.range.shortest();
        self.out.extend_from_slice(&value.to_be_bytes()[..len]);
        self.out
    }
}

impl Mark {
    /// How many bytes [`Compressor::finish_at`] gives.
    pub fn size(&self) -> usize {
        self.len + self.range.shortest().1
    }
}

/// The `len` bytes that `compressed` stands for. Whatever is in `compressed`, `len` bytes come out: damage gives other bytes.
pub fn decompress(mut model: Model, compressed: &[u8], len: usize) -> Vec<u8> {
    // Beyond the end there are zeros: a compressor leaves them out.
    let mut input = compressed.iter().copied().chain(std::iter::repeat(0));
    let mut take = || u32::from(input.next().unwrap_or(0));
    let mut value = (0..4).fold(0, |value, _| value << 8 | take());
    let mut range = Range::FULL;
    let mut out = Vec::with_capacity(len);
    while out.len() < len {
        let known = model.next(|_, probability| {
            let yes = value <= range.middle(probability);
            range.narrow(probability, yes);
            while range.shift().is_some() {
                value = value << 8 | take();
            }
            yes
        });
        out.extend_from_slice(model.last(known));
    }
    // Damaged, it may end in the midst of a run.
    out.truncate(len);
    out
}

impl Range {
    const FULL: Self = Self { low: 0, high: u32::MAX };

    /// Where the part for 1 ends.
    fn middle(self, probability: u32) -> u32 {
        let width = self.high - self.low;
        self.low + (width >> 12) * probability + (((width & 0xfff) * probability) >> 12)
    }

    fn narrow(&mut self, probability: u32, yes: bool) {
        let middle = self.middle(probability);
        match yes {
            true => self.high = middle,
            false => self.low = middle + 1,
        }
    }

    /// The first byte, once it is the same for all the numbers.
    fn shift(&mut self) -> Option<u8> {
        let first = self.low >> 24;
        (first == self.high >> 24).then(|| {
            self.low <<= 8;
            self.high = self.high << 8 | 255;
            first as u8
        })
    }

    /// The number in it with the fewest bytes before its trailing zeros, and how many these are.
    fn shortest(self) -> (u32, usize) {
        for len in 0..4 {
            let unit = 1_u64 << (8 * (4 - len));
            let value = u64::from(self.low).next_multiple_of(unit);
            if let Ok(value) = u32::try_from(value)
                && value <= self.high
            {
                return (value, len);
            }
        }
        (self.low, 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"{\"temperature\":21.5}\0{\"temperature\":21.6}\0{\"temperature\":21.4}\0";

    fn compressed(model: &Model, bytes: &[u8]) -> Vec<u8> {
        let mut compressor = Compressor::new(model.clone());
        compressor.write(bytes);
        let mark = compressor.mark();
        let out = compressor.finish_at(mark);
        assert_eq!(out.len(), mark.size());
        out
    }

    #[test]
    fn what_was_compressed_comes_back() {
        let model = Model::new();
        let every_byte: Vec<u8> = (0..=255).rev().collect();
        for bytes in [b"".as_slice(), b"\0", b"\xff\xff\xff", TEXT, &every_byte, &[0; 3000]] {
            let compressed = compressed(&model, bytes);
            assert_eq!(decompress(model.clone(), &compressed, bytes.len()), bytes);
        }
    }

    #[test]
    fn what_was_written_in_parts_comes_back_and_costs_more() {
        let model = Model::with_dictionary(TEXT);
        let mut compressor = Compressor::new(model.clone());
        TEXT.iter().for_each(|byte| compressor.write(std::slice::from_ref(byte)));
        let mark = compressor.mark();
        let parts = compressor.finish_at(mark);
        assert_eq!(decompress(model.clone(), &parts, TEXT.len()), TEXT);
        assert!(compressed(&model, TEXT).len() < parts.len());
    }

    #[test]
    fn a_dictionary_makes_it_shorter() {
        let knowing = Model::with_dictionary(TEXT);
        let (with, without) = (compressed(&knowing, TEXT).len(), compressed(&Model::new(), TEXT).len());
        assert!(with * 2 < without, "{with} {without}");
    }

    #[test]
    fn the_output_can_end_at_any_mark() {
        let mut compressor = Compressor::new(Model::new());
        let mut marks = Vec::new();
        for byte in TEXT {
            marks.push(compressor.mark());
            compressor.write(&[*byte]);
        }
        for (len, mark) in marks.into_iter().enumerate() {
            let cut = compressor.clone().finish_at(mark);
            assert_eq!(decompress(Model::new(), &cut, len), TEXT[..len]);
        }
    }

    #[test]
    fn damage_gives_other_bytes_and_nothing_worse() {
        let mut state = 1_u32;
        for len in 0..200 {
            let noise: Vec<u8> = (0..len)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8
                })
                .collect();
            assert_eq!(decompress(Model::new(), &noise, 500).len(), 500);
        }
    }

    #[test]
    fn the_format_stays_as_it_is() {
        // Bytes that an earlier build wrote. If they change, frames of earlier versions can no longer be read.
        assert_eq!(compressed(&Model::new(), b"zigbee2mqtt/porch\0{\"state\":\"ON\"}"), VECTOR);
    }

    const VECTOR: [u8; 28] = [
        133, 201, 37, 16, 92, 30, 147, 4, 129, 6, 180, 206, 184, 130, 55, 255, 49, 126, 50, 199, 239, 220, 222, 129, 0,
        167, 31, 112,
    ];
}
