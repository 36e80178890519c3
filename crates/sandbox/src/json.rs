//! JSON as the node's own library reads and writes it, which is not quite JSON.
//!
//! A text is a string of bytes, not of characters: UTF-8 passes through, and of an escape `\uXXXX` only the low byte
//! survives. Integers and floating-point numbers are different types. Members keep their order, and may repeat.

use twister::bencode;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Integer(i64),
    Real(f64),
    Text(Vec<u8>),
    Array(Vec<Json>),
    Object(Vec<(Vec<u8>, Json)>),
}

/// Deepest nesting of lists and objects that [`Json::parse`] follows.
const MAX_DEPTH: usize = 64;

impl Json {
    /// Reads one value; `None` if `bytes` are not one.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader { bytes, at: 0 };
        let value = reader.value(0)?;
        reader.skip_space();
        (reader.at == bytes.len()).then_some(value)
    }

    pub(crate) fn text(text: impl AsRef<[u8]>) -> Self {
        Self::Text(text.as_ref().to_vec())
    }

    pub(crate) fn object<K: AsRef<[u8]>>(members: impl IntoIterator<Item = (K, Json)>) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (name.as_ref().to_vec(), value)).collect())
    }

    pub(crate) fn texts<T: AsRef<[u8]>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::Array(texts.into_iter().map(Self::text).collect())
    }

    /// The member `name`, if this is an object that has one.
    pub(crate) fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(key, _)| key == name.as_bytes()).map(|(_, value)| value),
            _ => None,
        }
    }

    /// What the node calls the type of this value in its error texts.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Integer(_) => "int",
            Self::Real(_) => "real",
            Self::Text(_) => "str",
            Self::Array(_) => "array",
            Self::Object(_) => "obj",
        }
    }

    /// The value in bencode. What bencode has no form for turns into a text that says so, as at the real node.
    pub(crate) fn to_bencode(&self) -> bencode::Value {
        match self {
            Self::Integer(number) => bencode::Value::Integer(*number),
            Self::Text(text) => bencode::Value::Bytes(text.clone()),
            Self::Array(items) => bencode::Value::List(items.iter().map(Self::to_bencode).collect()),
            Self::Object(members) => members.iter().map(|(name, value)| (name, value.to_bencode())).collect(),
            Self::Null | Self::Bool(_) | Self::Real(_) => bencode::Value::from("<uninitialized>"),
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
            Self::Integer(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Self::Real(number) => out.extend_from_slice(format!("{number:.8}").as_bytes()),
            Self::Text(text) => write_text(text, out),
            Self::Array(items) => write_list(b"[]", items, out, |item, out| item.write(out)),
            Self::Object(members) => write_list(b"{}", members, out, |(name, value), out| {
                write_text(name, out);
                out.push(b':');
                value.write(out);
            }),
        }
    }
}

impl From<&bencode::Value> for Json {
    fn from(value: &bencode::Value) -> Self {
        match value {
            bencode::Value::Integer(number) => Self::Integer(*number),
            bencode::Value::Bytes(bytes) => Self::Text(bytes.clone()),
            bencode::Value::List(items) => Self::Array(items.iter().map(Self::from).collect()),
            bencode::Value::Dictionary(map) => Self::object(map.iter().map(|(name, value)| (name, Self::from(value)))),
        }
    }
}

impl From<usize> for Json {
    fn from(number: usize) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

fn write_list<T>(brackets: &[u8; 2], items: &[T], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    out.push(brackets[0]);
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(brackets[1]);
}

fn write_text(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\x08' => out.extend_from_slice(b"\\b"),
            b'\x0c' => out.extend_from_slice(b"\\f"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 | 0x7f => out.extend_from_slice(format!("\\u{byte:04X}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Option<Json> {
        self.skip_space();
        match self.peek()? {
            _ if depth > MAX_DEPTH => None,
            b'"' => self.text().map(Json::Text),
            b'[' => self.list(b']', |reader| reader.value(depth + 1)).map(Json::Array),
            b'{' => self.list(b'}', |reader| reader.pair(depth + 1)).map(Json::Object),
            b't' => self.word(b"true", Json::Bool(true)),
            b'f' => self.word(b"false", Json::Bool(false)),
            b'n' => self.word(b"null", Json::Null),
            _ => self.number(),
        }
    }

    fn pair(&mut self, depth: usize) -> Option<(Vec<u8>, Json)> {
        let name = self.text()?;
        self.skip_space();
        self.expect(b':')?;
        Some((name, self.value(depth)?))
    }

    fn list<T>(&mut self, end: u8, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.peek()? == end {
            self.at += 1;
            return Some(items);
        }
        loop {
            self.skip_space();
            items.push(item(self)?);
            self.skip_space();
            match self.next()? {
                b',' => {}
                byte if byte == end => return Some(items),
                _ => return None,
            }
        }
    }

    fn text(&mut self) -> Option<Vec<u8>> {
        self.expect(b'"')?;
        let mut text = Vec::new();
        loop {
            match self.next()? {
                b'"' => return Some(text),
                b'\\' => match self.next()? {
                    b'b' => text.push(b'\x08'),
                    b'f' => text.push(b'\x0c'),
                    b'n' => text.push(b'\n'),
                    b'r' => text.push(b'\r'),
                    b't' => text.push(b'\t'),
                    b'u' => text.push(self.escaped_byte()?),
                    byte => text.push(byte),
                },
                byte => text.push(byte),
            }
        }
    }

    /// Four hexadecimal digits. The real node squeezes them into one byte, which damages all but ASCII.
    fn escaped_byte(&mut self) -> Option<u8> {
        let digits = self.bytes.get(self.at..self.at + 4)?;
        self.at += 4;
        let code = u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        Some(code.to_le_bytes()[0])
    }

    fn number(&mut self) -> Option<Json> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) {
            self.at += 1;
        }
        let digits = std::str::from_utf8(&self.bytes[start..self.at]).ok()?;
        match digits.contains(['.', 'e', 'E']) {
            true => digits.parse().ok().map(Json::Real),
            false => digits.parse().ok().map(Json::Integer),
        }
    }

    fn word(&mut self, word: &[u8], value: Json) -> Option<Json> {
        let found = self.bytes[self.at..].starts_with(word);
        self.at += word.len();
        found.then_some(value)
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn rewritten(text: &str) -> Option<String> {
        let mut out = Vec::new();
        Json::parse(text.as_bytes())?.write(&mut out);
        Some(String::from_utf8(out).unwrap())
    }

    #[test]
    fn values_survive_the_way_there_and_back_with_their_members_in_order() {
        let text = r#"{"b":[1,-2,true,null,"x\"y\\\n"],"a":{},"°":"☃"}"#;
        assert_eq!(rewritten(text).as_deref(), Some(text));
        assert_eq!(rewritten(" [ 1.5 , 2 ] ").as_deref(), Some("[1.50000000,2]"));
    }

    #[test]
    fn an_escaped_character_keeps_only_its_low_byte() {
        assert_eq!(Json::parse(br#""A\u0042\u00e9\u2603""#), Some(Json::Text(vec![b'A', b'B', 0xe9, 0x03])));
    }

    #[test]
    fn what_is_not_json_is_refused_without_panic() {
        for text in ["", "not json", "{", "[1,", "[1 2]", r#"{"a" 1}"#, r#""\u12"#, "1 2", "--1", "nul", "{1:2}"] {
            assert_eq!(Json::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Json::parse("[".repeat(100_000).as_bytes()), None);
    }

    #[test]
    fn what_bencode_cannot_say_turns_into_a_text() {
        let value = Json::parse(b"[1,null,true,1.5]").unwrap().to_bencode();
        assert_eq!(value.encode(), b"li1e15:<uninitialized>15:<uninitialized>15:<uninitialized>e");
    }
}
