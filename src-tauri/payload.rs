//! Payloads as people type them: text, JSON, hexadecimal digits, or Base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::IgnoredAny;

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
    /// It is not JSON.
    #[error("this is not JSON: {0}. Correct it, or send the payload as text")]
    Json(String),
    /// It is not Base64.
    #[error("this is not Base64: {0}. Use A-Z, a-z, 0-9, + and /, with = at the end, or send the payload as text")]
    Base64(String),
}

/// The bytes that the text stands for.
///
/// # Errors
/// [`PayloadError`]; text is always good.
pub fn bytes(text: &str, format: PayloadFormat) -> Result<Vec<u8>, PayloadError> {
    match format {
        PayloadFormat::Text => Ok(text.as_bytes().to_vec()),
        PayloadFormat::Json => match serde_json::from_str::<IgnoredAny>(text) {
            // It is sent as it was typed.
            Ok(_) => Ok(text.as_bytes().to_vec()),
            Err(error) => Err(PayloadError::Json(error.to_string())),
        },
        PayloadFormat::Hex => hex(text),
        PayloadFormat::Base64 => {
            let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            STANDARD.decode(digits).map_err(|error| PayloadError::Base64(error.to_string()))
        }
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
    fn json_is_sent_as_it_was_typed() {
        assert_eq!(bytes("{ \"a\": 1 }\n", PayloadFormat::Json), Ok(b"{ \"a\": 1 }\n".to_vec()));
    }

    #[test]
    fn digits_make_bytes() {
        assert_eq!(bytes("00 fF\n0a", PayloadFormat::Hex), Ok(vec![0, 255, 10]));
        assert_eq!(bytes("", PayloadFormat::Hex), Ok(vec![]));
        assert_eq!(bytes("AP\n8=", PayloadFormat::Base64), Ok(vec![0, 255]));
    }

    #[test]
    fn what_is_not_in_its_format_is_refused_with_the_reason() {
        assert_eq!(bytes("0g", PayloadFormat::Hex), Err(PayloadError::Digit('g')));
        assert_eq!(bytes("00f", PayloadFormat::Hex), Err(PayloadError::HalfByte));
        let said = |text, format| bytes(text, format).map_err(|error| error.to_string());
        assert!(said("{", PayloadFormat::Json).is_err_and(|error| error.contains("line 1 column 1")));
        assert!(said("%", PayloadFormat::Base64).is_err_and(|error| error.contains("not Base64")));
    }
}
