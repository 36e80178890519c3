//! Numbers and texts as a body has them.

use super::error::FrameError;

/// Appends `number` in groups of seven bits, the lowest first; all but the last have the upper bit set.
pub(super) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 128 {
        out.push(number as u8 | 128);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends how far it is from `from` to `to`: twice the distance, less one if it goes down.
pub(super) fn put_step(out: &mut Vec<u8>, from: u64, to: u64) {
    let step = to.wrapping_sub(from) as i64;
    put_number(out, ((step << 1) ^ (step >> 63)) as u64);
}

/// Appends `bytes` after their length.
pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Reads what the functions above have written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// All that is left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    pub(super) fn byte(&mut self) -> Result<u8, FrameError> {
        let (first, rest) = self.rest.split_first().ok_or(FrameError::Truncated)?;
        self.rest = rest;
        Ok(*first)
    }

    pub(super) fn number(&mut self) -> Result<u64, FrameError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let group = u64::from(byte & 127);
            if group << shift >> shift != group {
                return Err(FrameError::Number);
            }
            number |= group << shift;
            if byte < 128 {
                return Ok(number);
            }
        }
        Err(FrameError::Number)
    }

    /// A number of at most 32 bits.
    pub(super) fn small_number(&mut self) -> Result<u32, FrameError> {
        u32::try_from(self.number()?).map_err(|_| FrameError::Number)
    }

    /// Where a step from `from` leads.
    pub(super) fn step(&mut self, from: u64) -> Result<u64, FrameError> {
        let number = self.number()?;
        let step = (number >> 1) as i64 ^ -((number & 1) as i64);
        from.checked_add_signed(step).ok_or(FrameError::Number)
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], FrameError> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(FrameError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Bytes after their length.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], FrameError> {
        let len = usize::try_from(self.number()?).map_err(|_| FrameError::Truncated)?;
        self.take(len)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, FrameError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| FrameError::Utf8)
    }

    /// Bytes up to a zero, which is taken too.
    pub(super) fn until_zero(&mut self) -> Result<&'a [u8], FrameError> {
        let len = self.rest.iter().position(|byte| *byte == 0).ok_or(FrameError::Truncated)?;
        let taken = self.take(len)?;
        self.byte()?;
        Ok(taken)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_steps_come_back() {
        for number in [0, 1, 127, 128, 300, 1 << 32, u64::MAX] {
            let mut out = Vec::new();
            put_number(&mut out, number);
            put_step(&mut out, 1000, number);
            let mut reader = Reader::new(&out);
            assert_eq!(reader.number(), Ok(number));
            match number <= i64::MAX as u64 {
                true => assert_eq!(reader.step(1000), Ok(number)),
                false => assert_eq!(reader.step(1000), Err(FrameError::Number)),
            }
        }
    }

    #[test]
    fn a_number_that_is_too_large_is_refused() {
        assert_eq!(Reader::new(&[255; 20]).number(), Err(FrameError::Number));
        assert_eq!(Reader::new(&[255, 255, 255, 255, 255, 255, 255, 255, 255, 2]).number(), Err(FrameError::Number));
        assert_eq!(Reader::new(&[128]).number(), Err(FrameError::Truncated));
        assert_eq!(Reader::new(&[5, 1]).step(2), Err(FrameError::Number));
        assert_eq!(Reader::new(&[9, 1]).bytes(), Err(FrameError::Truncated));
    }
}
