//! Bytes as text that JSON and twisterd carry unharmed: 13 bytes in 16 characters of an alphabet of 91.
//!
//! The alphabet is printable ASCII without the space, `"` and `\`, which JSON escapes, and `/`, which some writers escape.
//! Characters beyond ASCII would not be denser: they cost two bytes and more in a post.

use super::error::FrameError;

const BASE: u128 = 91;
const BLOCK_BYTES: usize = 13;
const BLOCK_CHARS: usize = 16;
/// How many characters a block of so many bytes takes.
const CHARS: [usize; BLOCK_BYTES + 1] = [0, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 14, 15, 16];

/// How many characters [`encode`] makes of `bytes` bytes.
pub(super) fn encoded_len(bytes: usize) -> usize {
    bytes / BLOCK_BYTES * BLOCK_CHARS + CHARS[bytes % BLOCK_BYTES]
}

/// The text that carries `bytes`.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(encoded_len(bytes.len()));
    for block in bytes.chunks(BLOCK_BYTES) {
        let value = block.iter().fold(0_u128, |value, byte| value << 8 | u128::from(*byte));
        let digits = (0..CHARS[block.len()] as u32).rev().map(|place| value / BASE.pow(place) % BASE);
        text.extend(digits.map(|digit| char::from(character(digit as u8))));
    }
    text
}

/// The bytes that `text` carries.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, FrameError> {
    let mut bytes = Vec::with_capacity(text.len() / BLOCK_CHARS * BLOCK_BYTES + BLOCK_BYTES);
    for block in text.as_bytes().chunks(BLOCK_CHARS) {
        let len = CHARS.iter().position(|chars| *chars == block.len()).ok_or(FrameError::Text)?;
        let mut value = 0_u128;
        for character in block {
            value = value * BASE + u128::from(digit(*character).ok_or(FrameError::Text)?);
        }
        if value >> (8 * len) != 0 {
            return Err(FrameError::Text);
        }
        bytes.extend_from_slice(&value.to_be_bytes()[16 - len..]);
    }
    Ok(bytes)
}

/// The characters that are left out, in order.
const LEFT_OUT: [u8; 3] = [b'"', b'/', b'\\'];

fn character(digit: u8) -> u8 {
    LEFT_OUT.iter().fold(b'!' + digit, |character, left_out| character + u8::from(character >= *left_out))
}

fn digit(character: u8) -> Option<u8> {
    if !(b'!'..=b'~').contains(&character) || LEFT_OUT.contains(&character) {
        return None;
    }
    let skipped = LEFT_OUT.iter().filter(|left_out| **left_out < character).count();
    Some(character - b'!' - skipped as u8)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_length_survives() {
        for fill in [0, 1, 0x5a, 0xff] {
            for len in 0..60 {
                let bytes = vec![fill; len];
                let text = encode(&bytes);
                assert_eq!(text.len(), encoded_len(len));
                assert_eq!(decode(&text).unwrap(), bytes);
            }
        }
    }

    #[test]
    fn the_alphabet_has_91_characters_that_json_does_not_escape() {
        let alphabet: String = (0..91).map(|digit| char::from(character(digit))).collect();
        assert_eq!(serde_json::to_string(&alphabet).unwrap().len(), 93);
        assert!(alphabet.is_ascii() && alphabet.starts_with("!#$") && alphabet.ends_with("|}~"));
        assert!(alphabet.bytes().enumerate().all(|(place, character)| digit(character) == Some(place as u8)));
    }

    #[test]
    fn what_no_bytes_become_is_refused() {
        for text in ["a", "~~~~~~", "~~", "~~~~~~~~~~~~~~~~", "a b", "a\"b", "ü", "ab/"] {
            assert_eq!(decode(text), Err(FrameError::Text), "{text}");
        }
    }
}
