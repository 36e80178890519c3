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
        let mut value = block.iter().fold(0_u128, |value, byte| value << 8 | u128::from(*byte));
        let mut digits = [0; BLOCK_CHARS];
        let digits = &mut digits[..CHARS[block.len()]];
        for digit in digits.iter_mut().rev() {
            *digit = (value % BASE) as u8;
            value /= BASE;
        }
        text.extend(digits.iter().map(|digit| char::from(character(*digit))));
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

/// The alphabet, by digit.
const CHARACTERS: [u8; BASE as usize] = {
    let mut characters = [0; BASE as usize];
    let (mut digit, mut character) = (0, b'!');
    while digit < characters.len() {
        if !matches!(character, b'"' | b'/' | b'\\') {
            characters[digit] = character;
            digit += 1;
        }
        character += 1;
    }
    characters
};

/// The digit that each character is; [`NO_DIGIT`] for those that are left out.
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < CHARACTERS.len() {
        digits[CHARACTERS[digit] as usize] = digit as u8;
        digit += 1;
    }
    digits
};
const NO_DIGIT: u8 = u8::MAX;

fn character(digit: u8) -> u8 {
    CHARACTERS[usize::from(digit)]
}

fn digit(character: u8) -> Option<u8> {
    match DIGITS[usize::from(character)] {
        NO_DIGIT => None,
        digit => Some(digit),
    }
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
