//! Payloads as people type them: text, or hexadecimal digits.

use crate::view::PayloadFormat;

/// Why a text is no payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// A character that is neither a hexadecimal digit nor a space.
    #[error("{0:?} is no hexadecimal digit: use 0-9 and a-f, two a byte, or send the payload as text")]
    Digit(char),
    /// A byte with one digit only.
    #[error("the last byte has one digit only: write two for every byte, as in 0a for 10")]
    HalfByte,
}

/// The bytes that the text stands for.
///
/// # Errors
/// [`PayloadError`]; text is always good.
pub fn bytes(text: &str, format: PayloadFormat) -> Result<Vec<u8>, PayloadError> {
    match format {
        PayloadFormat::Text => Ok(text.as_bytes().to_vec()),
        PayloadFormat::Hex => hex(text),
    }
}

fn hex(text: &str) -> Result<Vec<u8>, PayloadError> {
    let digits = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()).ok_or(PayloadError::Digit(c)))
        .collect::<Result<Vec<u8>, _>>()?;
    match digits.len() % 2 {
        0 => Ok(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()),
        _ => Err(PayloadError::HalfByte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_sent_as_it_is() {
        assert_eq!(bytes("0ü", PayloadFormat::Text), Ok("0ü".as_bytes().to_vec()));
    }

    #[test]
    fn hexadecimal_digits_make_bytes() {
        assert_eq!(bytes("00 fF\n0a", PayloadFormat::Hex), Ok(vec![0, 255, 10]));
        assert_eq!(bytes("", PayloadFormat::Hex), Ok(vec![]));
    }

    #[test]
    fn what_is_no_byte_is_refused_with_the_reason() {
        assert_eq!(bytes("0g", PayloadFormat::Hex), Err(PayloadError::Digit('g')));
        assert_eq!(bytes("00f", PayloadFormat::Hex), Err(PayloadError::HalfByte));
    }
}
