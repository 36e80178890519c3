//! The name of an outbox.

use std::fmt;
use std::str::FromStr;

/// Names a sender's outbox: eight letters and digits, drawn anew with each fresh outbox, so that no number of a message or
/// frame is used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stream([u8; Stream::LEN]);

/// Why a text is no [`Stream`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stream has {} characters of A-Z, a-z and 0-9", Stream::LEN)]
pub struct StreamError;

impl Stream {
    /// Length in bytes.
    pub(super) const LEN: usize = 8;

    /// The stream that a number stands for, of 62^8 streams. To draw a new one, draw the number.
    pub fn from_number(number: u64) -> Self {
        const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut rest = number;
        Self(std::array::from_fn(|_| {
            let digit = DIGITS[(rest % 62) as usize];
            rest /= 62;
            digit
        }))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl TryFrom<&[u8]> for Stream {
    type Error = StreamError;

    fn try_from(bytes: &[u8]) -> Result<Self, StreamError> {
        let name: [u8; Self::LEN] = bytes.try_into().map_err(|_| StreamError)?;
        if name.iter().all(u8::is_ascii_alphanumeric) { Ok(Self(name)) } else { Err(StreamError) }
    }
}

impl FromStr for Stream {
    type Err = StreamError;

    fn from_str(text: &str) -> Result<Self, StreamError> {
        Self::try_from(text.as_bytes())
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_has_eight_letters_and_digits() {
        for number in [0, 61, 62, u64::MAX] {
            let stream = Stream::from_number(number);
            assert_eq!(stream.as_str().parse(), Ok(stream));
        }
        for text in ["", "abcdefg", "abcdefghi", "abcdefg-", "abcdefü"] {
            assert_eq!(text.parse::<Stream>(), Err(StreamError), "{text}");
        }
    }
}
