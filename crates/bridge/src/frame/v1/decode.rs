//! Reads a frame.

use std::borrow::Cow;

use mqtt_twister_squeeze::decompress;
use twister::limits::MAX_POST_SIZE;

use super::record::RecordReader;
use super::wire::Reader;
use super::writer::MARKER;
use super::{
    Frame, FrameError, FrameHead, MAX_BODY_LEN, MAX_ENTRIES, Notes, Receipt, Stream, armour, checksum, dictionary,
    section,
};

/// Most receipts in a frame.
const MAX_RECEIPTS: usize = 16;

/// The frame that `text` carries.
///
/// # Errors
/// [`FrameError::NotAFrame`] for texts that were not meant as one; the `Unknown…` errors for frames of the future, which are
/// to be skipped; the others for damaged frames.
pub fn decode(text: &str) -> Result<Frame, FrameError> {
    let (family, version) = MARKER.split_at(MARKER.len() - 1);
    let rest = text.strip_prefix(family).ok_or(FrameError::NotAFrame)?;
    let Some(rest) = rest.strip_prefix(version) else {
        return Err(match rest.chars().next() {
            Some(other) if other.is_ascii_alphanumeric() => FrameError::UnknownVersion(other),
            _ => FrameError::NotAFrame,
        });
    };
    if rest.len() > MAX_POST_SIZE {
        return Err(FrameError::TooLong);
    }
    let bytes = armour::decode(rest)?;
    let mut reader = Reader::new(&bytes);
    let dictionary = reader.byte()?;
    let expected = u16::from_be_bytes([reader.byte()?, reader.byte()?]);
    let body = body(dictionary, &mut reader)?;
    match checksum::checksum(&body) == expected {
        true => read_body(&mut Reader::new(&body)),
        false => Err(FrameError::Checksum),
    }
}

fn body<'a>(dictionary: u8, reader: &mut Reader<'a>) -> Result<Cow<'a, [u8]>, FrameError> {
    if dictionary == dictionary::NONE {
        return Ok(reader.rest().into());
    }
    let model = dictionary::by_number(dictionary).ok_or(FrameError::UnknownDictionary(dictionary))?;
    let len = reader.number()? as usize;
    if len > MAX_BODY_LEN {
        return Err(FrameError::TooLong);
    }
    Ok(decompress(model.clone(), reader.rest(), len).into())
}

/// What is in a body.
pub(super) fn read_body(reader: &mut Reader<'_>) -> Result<Frame, FrameError> {
    let stream = Stream::try_from(reader.take(Stream::LEN)?).map_err(|_| FrameError::Stream)?;
    let head = FrameHead { stream, number: reader.number()?, time_s: reader.number()? };
    let mut frame = Frame { head, notes: Notes::default(), entries: Vec::new() };
    while !reader.is_empty() {
        match reader.byte()? {
            section::MESSAGES => {
                let mut records = RecordReader::new(head.time_s);
                while !reader.is_empty() {
                    if frame.entries.len() == MAX_ENTRIES {
                        return Err(FrameError::TooMany("messages"));
                    }
                    frame.entries.push(records.read(reader)?);
                }
            }
            section::RECEIPTS => {
                let mut content = Reader::new(reader.bytes()?);
                while !content.is_empty() {
                    if frame.notes.receipts.len() == MAX_RECEIPTS {
                        return Err(FrameError::TooMany("receipts"));
                    }
                    frame.notes.receipts.push(Receipt::read(&mut content)?);
                }
            }
            section::UNSETTLED => {
                let mut content = Reader::new(reader.bytes()?);
                frame.notes.unsettled = Some(content.number()?);
            }
            optional if optional >= section::FIRST_OPTIONAL => {
                reader.bytes()?;
            }
            unknown => return Err(FrameError::UnknownSection(unknown)),
        }
    }
    Ok(frame)
}
