//! An entry as the messages section has it.

use std::collections::HashMap;

use twister::Username;

use super::error::FrameError;
use super::wire::{Reader, put_bytes, put_number, put_step};
use super::{Content, Entry, MAX_HOPS, MAX_MESSAGE_LEN, MAX_TOPICS_LEN};
use crate::message::{Properties, Qos};
use crate::topic::Topic;

/// Bits of a record's flags; the lowest two are the quality of service.
const RETAIN: u8 = 1 << 2;
const COUNTED: u8 = 1 << 3;
const REST: u8 = 1 << 4;
const EXTRAS: u8 = 1 << 5;
const KNOWN_FLAGS: u8 = 0b11 | RETAIN | COUNTED | REST | EXTRAS;

/// Bits of the extras.
const PATH: u8 = 1;
const PROPERTIES: u8 = 1 << 1;
const PIECE: u8 = 1 << 2;

/// Numbers of properties. A reader skips those that it does not know.
mod property {
    pub(super) const CONTENT_TYPE: u64 = 1;
    pub(super) const RESPONSE_TOPIC: u64 = 2;
    pub(super) const CORRELATION_DATA: u64 = 3;
    pub(super) const EXPIRY: u64 = 4;
    pub(super) const USER: u64 = 5;
    pub(super) const IS_TEXT: u64 = 6;
}

/// How a payload ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// As it likes best: at a zero, or after so many bytes if it has zeros.
    Own,
    /// With the body.
    Body,
}

/// Writes records, each after the one before.
#[derive(Debug, Clone)]
pub(super) struct RecordWriter {
    topics: HashMap<Topic, u64>,
    next_number: u64,
    taken_s: u64,
}

impl RecordWriter {
    /// For a frame made at `time_s`.
    pub(super) fn new(time_s: u64) -> Self {
        Self { topics: HashMap::new(), next_number: 0, taken_s: time_s }
    }

    /// The record of `entry`.
    pub(super) fn record(&mut self, entry: &Entry, ending: Ending) -> Vec<u8> {
        let mut out = Vec::new();
        let new = self.topics.len() as u64 + 1;
        let reference = *self.topics.entry(entry.topic.clone()).or_insert(new);
        let (bytes, extents) = match &entry.content {
            Content::Whole(bytes) => (bytes, None),
            Content::Piece { offset, total, bytes } => (bytes, Some((*offset, *total))),
        };
        let has_properties = entry.properties != Properties::default();
        let mut extras = 0;
        set(&mut extras, PATH, !entry.path.is_empty());
        set(&mut extras, PROPERTIES, has_properties);
        set(&mut extras, PIECE, extents.is_some());
        let counted = ending == Ending::Own && bytes.contains(&0);
        let mut flags = u8::from(entry.qos);
        set(&mut flags, RETAIN, entry.retain);
        set(&mut flags, COUNTED, counted);
        set(&mut flags, REST, ending == Ending::Body);
        set(&mut flags, EXTRAS, extras != 0);

        put_number(&mut out, reference);
        out.push(flags);
        put_step(&mut out, self.next_number, entry.number);
        put_step(&mut out, self.taken_s, entry.taken_s);
        if reference == new {
            put_bytes(&mut out, entry.topic.as_str().as_bytes());
        }
        if extras != 0 {
            out.push(extras);
        }
        if !entry.path.is_empty() {
            put_number(&mut out, entry.path.len() as u64);
            entry.path.iter().for_each(|account| put_bytes(&mut out, account.as_str().as_bytes()));
        }
        if has_properties {
            put_properties(&mut out, &entry.properties);
        }
        if let Some((offset, total)) = extents {
            put_number(&mut out, offset.into());
            put_number(&mut out, total.into());
        }
        if counted {
            put_number(&mut out, bytes.len() as u64);
        }
        out.extend_from_slice(bytes);
        if ending == Ending::Own && !counted {
            out.push(0);
        }
        self.next_number = entry.number.wrapping_add(1);
        self.taken_s = entry.taken_s;
        out
    }
}

/// Reads records, each after the one before.
#[derive(Debug)]
pub(super) struct RecordReader {
    topics: Vec<Topic>,
    topics_len: usize,
    next_number: u64,
    taken_s: u64,
}

impl RecordReader {
    /// For a frame made at `time_s`.
    pub(super) fn new(time_s: u64) -> Self {
        Self { topics: Vec::new(), topics_len: 0, next_number: 0, taken_s: time_s }
    }

    pub(super) fn read(&mut self, reader: &mut Reader<'_>) -> Result<Entry, FrameError> {
        let reference = reader.number()?;
        let flags = reader.byte()?;
        if flags & !KNOWN_FLAGS != 0 || flags & COUNTED != 0 && flags & REST != 0 {
            return Err(FrameError::UnknownFlag(flags));
        }
        let qos = Qos::try_from(flags & 0b11).map_err(|_| FrameError::Qos)?;
        let number = reader.step(self.next_number)?;
        let taken_s = reader.step(self.taken_s)?;
        let topic = self.topic(reference, reader)?;
        let extras = if flags & EXTRAS != 0 { reader.byte()? } else { 0 };
        if extras & !(PATH | PROPERTIES | PIECE) != 0 {
            return Err(FrameError::UnknownFlag(extras));
        }
        let path = if extras & PATH != 0 { read_path(reader)? } else { Vec::new() };
        let properties = if extras & PROPERTIES != 0 { read_properties(reader)? } else { Properties::default() };
        let extents = match extras & PIECE != 0 {
            true => Some((reader.small_number()?, reader.small_number()?)),
            false => None,
        };
        let bytes = match flags {
            _ if flags & COUNTED != 0 => reader.bytes()?,
            _ if flags & REST != 0 => reader.rest(),
            _ => reader.until_zero()?,
        }
        .to_vec();
        let content = match extents {
            None => Content::Whole(bytes),
            Some((offset, total)) => {
                let within = u64::from(offset) + bytes.len() as u64 <= u64::from(total);
                if !within || total as usize > MAX_MESSAGE_LEN {
                    return Err(FrameError::Piece);
                }
                Content::Piece { offset, total, bytes }
            }
        };
        self.next_number = number.wrapping_add(1);
        self.taken_s = taken_s;
        Ok(Entry { number, taken_s, topic, qos, retain: flags & RETAIN != 0, path, properties, content })
    }

    /// The topic that `reference` means: one that was there before, or the next, which stands here.
    fn topic(&mut self, reference: u64, reader: &mut Reader<'_>) -> Result<Topic, FrameError> {
        let index = reference.checked_sub(1).and_then(|index| usize::try_from(index).ok());
        let index = index.filter(|index| *index <= self.topics.len()).ok_or(FrameError::TopicReference)?;
        if index == self.topics.len() {
            self.topics.push(Topic::try_from(reader.text()?.to_owned())?);
        }
        let topic = self.topics[index].clone();
        self.topics_len += topic.as_str().len();
        if self.topics_len > MAX_TOPICS_LEN {
            return Err(FrameError::TooMany("bytes of topics"));
        }
        Ok(topic)
    }
}

fn set(flags: &mut u8, flag: u8, on: bool) {
    if on {
        *flags |= flag;
    }
}

fn put_properties(out: &mut Vec<u8>, properties: &Properties) {
    let Properties { is_text, content_type, response_topic, correlation_data, expiry_s, user } = properties;
    let mut all: Vec<(u64, Vec<u8>)> = Vec::new();
    all.extend(content_type.iter().map(|text| (property::CONTENT_TYPE, text.clone().into_bytes())));
    all.extend(response_topic.iter().map(|topic| (property::RESPONSE_TOPIC, topic.as_str().as_bytes().to_vec())));
    all.extend(correlation_data.iter().map(|bytes| (property::CORRELATION_DATA, bytes.clone())));
    all.extend(expiry_s.iter().map(|seconds| {
        let mut value = Vec::new();
        put_number(&mut value, (*seconds).into());
        (property::EXPIRY, value)
    }));
    all.extend(user.iter().map(|(name, value)| {
        let mut pair = Vec::new();
        put_bytes(&mut pair, name.as_bytes());
        pair.extend_from_slice(value.as_bytes());
        (property::USER, pair)
    }));
    all.extend(is_text.then(|| (property::IS_TEXT, Vec::new())));
    put_number(out, all.len() as u64);
    for (number, value) in all {
        put_number(out, number);
        put_bytes(out, &value);
    }
}

fn read_properties(reader: &mut Reader<'_>) -> Result<Properties, FrameError> {
    let mut properties = Properties::default();
    for _ in 0..reader.number()? {
        let number = reader.number()?;
        let mut value = Reader::new(reader.bytes()?);
        match number {
            property::CONTENT_TYPE => properties.content_type = Some(rest_text(&mut value)?),
            property::RESPONSE_TOPIC => properties.response_topic = Some(rest_text(&mut value)?.try_into()?),
            property::CORRELATION_DATA => properties.correlation_data = Some(value.rest().to_vec()),
            property::EXPIRY => properties.expiry_s = Some(value.small_number()?),
            property::IS_TEXT => properties.is_text = true,
            property::USER => properties.user.push((value.text()?.to_owned(), rest_text(&mut value)?)),
            _ => {}
        }
    }
    Ok(properties)
}

fn rest_text(reader: &mut Reader<'_>) -> Result<String, FrameError> {
    String::from_utf8(reader.rest().to_vec()).map_err(|_| FrameError::Utf8)
}

fn read_path(reader: &mut Reader<'_>) -> Result<Vec<Username>, FrameError> {
    let count = reader.number()?;
    if count > MAX_HOPS as u64 {
        return Err(FrameError::TooMany("accounts in a path"));
    }
    (0..count).map(|_| reader.text()?.parse().map_err(|_| FrameError::Account)).collect()
}
