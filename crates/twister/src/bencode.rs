//! Bencode, the encoding that Twister signs, limits and carries: integers, byte strings, lists, and dictionaries with
//! keys sorted by byte. There are no floats, no null and no booleans in it.

use std::collections::BTreeMap;

/// A bencoded value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A signed integer.
    Integer(i64),
    /// A byte string, not necessarily UTF-8.
    Bytes(Vec<u8>),
    /// A list.
    List(Vec<Value>),
    /// A dictionary; the map keeps its keys in the order that bencode wants.
    Dictionary(BTreeMap<Vec<u8>, Value>),
}

/// Why bytes are not bencode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The input ends inside a value.
    #[error("the bencoded value ends too early, at byte {at}")]
    Truncated {
        /// Offset in bytes.
        at: usize,
    },
    /// A byte that cannot stand where it stands.
    #[error("byte {at} is not bencode")]
    Unexpected {
        /// Offset in bytes.
        at: usize,
    },
    /// Bytes follow after the value.
    #[error("bytes follow after the bencoded value, at byte {at}")]
    Trailing {
        /// Offset in bytes.
        at: usize,
    },
    /// Lists and dictionaries nest deeper than [`MAX_DEPTH`].
    #[error("the bencoded value nests deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

/// Deepest nesting that [`Value::decode`] follows.
pub const MAX_DEPTH: usize = 32;

impl Value {
    /// The value as bencode.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode_into(&mut out);
        out
    }

    /// Reads one value that fills `bytes` to the end.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader { bytes, at: 0 };
        let value = reader.value(0)?;
        match reader.at == bytes.len() {
            true => Ok(value),
            false => Err(DecodeError::Trailing { at: reader.at }),
        }
    }

    /// The byte string, if it is one.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The integer, if it is one.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The dictionary, if it is one.
    pub fn as_dictionary(&self) -> Option<&BTreeMap<Vec<u8>, Value>> {
        match self {
            Self::Dictionary(map) => Some(map),
            _ => None,
        }
    }

    fn encode_into(&self, out: &mut Vec<u8>) {
        match self {
            Self::Integer(number) => out.extend_from_slice(format!("i{number}e").as_bytes()),
            Self::Bytes(bytes) => encode_bytes(bytes, out),
            Self::List(items) => {
                out.push(b'l');
                items.iter().for_each(|item| item.encode_into(out));
                out.push(b'e');
            }
            Self::Dictionary(map) => {
                out.push(b'd');
                for (key, value) in map {
                    encode_bytes(key, out);
                    value.encode_into(out);
                }
                out.push(b'e');
            }
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Bytes(text.as_bytes().to_vec())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl<K: AsRef<[u8]>> FromIterator<(K, Value)> for Value {
    fn from_iter<T: IntoIterator<Item = (K, Value)>>(pairs: T) -> Self {
        Self::Dictionary(pairs.into_iter().map(|(key, value)| (key.as_ref().to_vec(), value)).collect())
    }
}

fn encode_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(bytes.len().to_string().as_bytes());
    out.push(b':');
    out.extend_from_slice(bytes);
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Value, DecodeError> {
        if depth > MAX_DEPTH {
            return Err(DecodeError::TooDeep);
        }
        match self.peek()? {
            b'i' => {
                self.at += 1;
                let number = self.number(b'e')?;
                Ok(Value::Integer(number))
            }
            b'l' => {
                self.at += 1;
                let mut items = Vec::new();
                while self.peek()? != b'e' {
                    items.push(self.value(depth + 1)?);
                }
                self.at += 1;
                Ok(Value::List(items))
            }
            b'd' => {
                self.at += 1;
                let mut map = BTreeMap::new();
                while self.peek()? != b'e' {
                    let key = self.byte_string()?;
                    map.insert(key, self.value(depth + 1)?);
                }
                self.at += 1;
                Ok(Value::Dictionary(map))
            }
            _ => self.byte_string().map(Value::Bytes),
        }
    }

    fn byte_string(&mut self) -> Result<Vec<u8>, DecodeError> {
        let start = self.at;
        let len = usize::try_from(self.number(b':')?).map_err(|_| DecodeError::Unexpected { at: start })?;
        let end = self.at.checked_add(len).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or(DecodeError::Truncated { at: self.bytes.len() })?;
        let bytes = self.bytes[self.at..end].to_vec();
        self.at = end;
        Ok(bytes)
    }

    /// Reads a decimal number and the byte that ends it.
    fn number(&mut self, end: u8) -> Result<i64, DecodeError> {
        let start = self.at;
        while self.peek()? != end {
            if !(self.peek()?.is_ascii_digit() || (self.at == start && self.peek()? == b'-')) {
                return Err(DecodeError::Unexpected { at: self.at });
            }
            self.at += 1;
        }
        let digits = std::str::from_utf8(&self.bytes[start..self.at]).unwrap_or_default();
        self.at += 1;
        digits.parse().map_err(|_| DecodeError::Unexpected { at: start })
    }

    fn peek(&self) -> Result<u8, DecodeError> {
        self.bytes.get(self.at).copied().ok_or(DecodeError::Truncated { at: self.at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_the_way_there_and_back() {
        let value: Value = [
            ("n", Value::from("carol")),
            ("k", Value::from(-3)),
            ("list", Value::List(vec![Value::Bytes(vec![0, 255]), Value::from(0)])),
        ]
        .into_iter()
        .collect();
        assert_eq!(value.encode(), b"d1:ki-3e4:listl2:\x00\xffi0ee1:n5:carole");
        assert_eq!(Value::decode(&value.encode()), Ok(value));
    }

    #[test]
    fn broken_input_is_refused_without_panic() {
        assert_eq!(Value::decode(b""), Err(DecodeError::Truncated { at: 0 }));
        assert_eq!(Value::decode(b"5:abc"), Err(DecodeError::Truncated { at: 5 }));
        assert_eq!(Value::decode(b"i1x"), Err(DecodeError::Unexpected { at: 2 }));
        assert_eq!(Value::decode(b"i1ei2e"), Err(DecodeError::Trailing { at: 3 }));
        assert_eq!(Value::decode(b"-1:a"), Err(DecodeError::Unexpected { at: 0 }));
        assert_eq!(Value::decode(b"99999999999999999999:a"), Err(DecodeError::Unexpected { at: 0 }));
        assert_eq!(Value::decode(&[b'l'; 100]), Err(DecodeError::TooDeep));
    }
}
