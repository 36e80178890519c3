//! The dictionaries: records of the kind that homes and fields send, which the compressor has seen before it begins.
//!
//! A dictionary that has shipped never changes; a better one gets a new number. `1.bin` is made of the messages in `1.jsonl`
//! by `cargo run -p mqtt-twister-bridge --example make_dictionary`.

use std::sync::LazyLock;

use mqtt_twister_squeeze::Model;
use serde::Deserialize;

use super::record::{Ending, RecordWriter};
use super::{Content, Entry};
use crate::message::{Properties, Qos};
use crate::topic::Topic;

/// The body is not compressed.
pub(super) const NONE: u8 = 0;

/// The dictionary that this program writes with.
pub(super) const NEWEST: u8 = 1;

static FIRST: LazyLock<Model> = LazyLock::new(|| Model::with_dictionary(include_bytes!("dictionary/1.bin")));

/// A message of a dictionary, as a line of its source.
#[derive(Debug, Deserialize)]
struct Line {
    topic: Topic,
    payload: String,
    qos: u8,
    retain: bool,
}

/// The bytes of the dictionary whose messages stand in `source`, one JSON object a line.
///
/// # Errors
/// A line that is not such an object.
pub fn build(source: &str) -> Result<Vec<u8>, serde_json::Error> {
    let mut records = RecordWriter::new(0);
    let mut bytes = Vec::new();
    for (number, line) in (0..).zip(source.lines()) {
        let Line { topic, payload, qos, retain } = serde_json::from_str(line)?;
        let qos = Qos::try_from(qos).map_err(serde::de::Error::custom)?;
        let content = Content::Whole(payload.into());
        let properties = Properties::default();
        let entry = Entry { number, taken_s: 0, topic, qos, retain, path: Vec::new(), properties, content };
        bytes.extend(records.record(&entry, Ending::Own));
    }
    Ok(bytes)
}

/// The model that has seen dictionary `number`.
pub(super) fn by_number(number: u8) -> Option<&'static Model> {
    match number {
        NEWEST => Some(&FIRST),
        _ => None,
    }
}

/// The model of the dictionary that this program writes with.
pub(super) fn newest() -> &'static Model {
    &FIRST
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_dictionary_is_made_of_its_source() {
        assert!(build(include_str!("dictionary/1.jsonl")).unwrap() == include_bytes!("dictionary/1.bin"));
    }
}
