//! Fills a frame up to the room that a post has.

use mqtt_twister_squeeze::{Compressor, Mark};

use super::record::{Ending, RecordWriter};
use super::wire::{put_bytes, put_number};
use super::{Content, Entry, Frame, MAX_BODY_LEN, MAX_ENTRIES, Notes, Stream, armour, checksum, dictionary, section};

/// What every text of version 1 begins with.
pub(super) const MARKER: &str = "~m1";

/// Bytes of a record that are written before the look whether they fit.
const STRIDE: usize = 256;

/// Whose frame it is and when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHead {
    /// The outbox that it comes from.
    pub stream: Stream,
    /// Its number among the stream's frames to the same receiver, from 1.
    pub number: u64,
    /// When it was made, in Unix seconds.
    pub time_s: u64,
}

/// Writes a frame, entry by entry, as long as they fit.
#[derive(Debug, Clone)]
pub struct FrameWriter {
    room: usize,
    records: RecordWriter,
    body: Vec<u8>,
    /// How far the body counts.
    len: usize,
    /// What compresses the body, and where the compressed one ends there; none for a body that stays as it is.
    compressor: Option<(Compressor, Mark)>,
    entries: usize,
    full: bool,
}

impl FrameWriter {
    /// A frame whose text may have `room` bytes. The notes are in it in any case.
    pub fn new(head: &FrameHead, notes: &Notes, room: usize) -> Self {
        let records = RecordWriter::new(head.time_s);
        let compressor = compressor();
        let mut writer = Self { room, records, body: Vec::new(), len: 0, compressor, entries: 0, full: false };
        let mut start = head.stream.as_str().as_bytes().to_vec();
        put_number(&mut start, head.number);
        put_number(&mut start, head.time_s);
        if !notes.receipts.is_empty() {
            let mut content = Vec::new();
            notes.receipts.iter().for_each(|receipt| receipt.put(&mut content));
            start.push(section::RECEIPTS);
            put_bytes(&mut start, &content);
        }
        if let Some(unsettled) = notes.unsettled {
            let mut content = Vec::new();
            put_number(&mut content, unsettled);
            start.push(section::UNSETTLED);
            put_bytes(&mut start, &content);
        }
        writer.write(&start);
        writer.keep();
        writer
    }

    /// Appends `entry`; false if it does not fit, and then the frame is full: nothing more fits after it.
    pub fn push(&mut self, entry: &Entry) -> bool {
        if self.full || self.entries == MAX_ENTRIES {
            return false;
        }
        let record = self.record(entry, Ending::Own);
        for part in record.chunks(STRIDE) {
            self.write(part);
            // What is too large already does not get smaller.
            if self.size() > self.room || self.body.len() > MAX_BODY_LEN {
                self.full = true;
                return false;
            }
        }
        self.keep();
        self.entries += 1;
        true
    }

    /// Appends as much as fits of the piece `entry`, and returns how many bytes of it that is; the frame is full then.
    /// Nothing if not even one byte fits, or if `entry` is no piece.
    pub fn push_some(&mut self, entry: &Entry) -> Option<usize> {
        let Content::Piece { bytes, .. } = &entry.content else { return None };
        if self.full || self.entries == MAX_ENTRIES {
            return None;
        }
        let record = self.record(entry, Ending::Body);
        let head_len = record.len() - bytes.len();
        let (head, bytes) = record.split_at(head_len);
        self.write(head);
        let mut taken = 0;
        // The frame can end only where a write ends.
        for byte in bytes {
            self.write(std::slice::from_ref(byte));
            if self.size() > self.room || self.body.len() > MAX_BODY_LEN {
                break;
            }
            self.keep();
            taken += 1;
        }
        self.full = true;
        self.entries += usize::from(taken > 0);
        (taken > 0).then_some(taken)
    }

    /// How many bytes the text has so far.
    pub fn text_len(&self) -> usize {
        self.text_len_at(self.len, self.compressor.as_ref().map(|(_, mark)| *mark))
    }

    /// Whether no entry is in it.
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// The text that carries the frame.
    pub fn finish(mut self) -> String {
        self.body.truncate(self.len);
        let dictionary = if self.compressor.is_some() { dictionary::NEWEST } else { dictionary::NONE };
        let mut bytes = vec![dictionary];
        bytes.extend_from_slice(&checksum::checksum(&self.body).to_be_bytes());
        match self.compressor {
            Some((compressor, mark)) => {
                put_number(&mut bytes, self.len as u64);
                bytes.extend(compressor.finish_at(mark));
            }
            None => bytes.extend(self.body),
        }
        format!("{MARKER}{}", armour::encode(&bytes))
    }

    fn record(&mut self, entry: &Entry, ending: Ending) -> Vec<u8> {
        let mut record = Vec::new();
        if self.entries == 0 {
            record.push(section::MESSAGES);
        }
        record.extend(self.records.record(entry, ending));
        record
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some((compressor, _)) = &mut self.compressor {
            compressor.write(bytes);
        }
        self.body.extend_from_slice(bytes);
    }

    fn size(&self) -> usize {
        self.text_len_at(self.body.len(), self.compressor.as_ref().map(|(compressor, _)| compressor.mark()))
    }

    /// How many bytes the text has of a body of this length.
    fn text_len_at(&self, len: usize, mark: Option<Mark>) -> usize {
        // Dictionary, checksum, and if it is compressed the body's length in groups of seven bits.
        let bytes = match mark {
            Some(mark) => 3 + (len.max(1).ilog2() as usize / 7 + 1) + mark.size(),
            None => 3 + len,
        };
        MARKER.len() + armour::encoded_len(bytes)
    }

    fn keep(&mut self) {
        self.len = self.body.len();
        if let Some((compressor, mark)) = &mut self.compressor {
            *mark = compressor.mark();
        }
    }
}

/// The text that carries `frame`, however long it is; nothing if it has more than a frame may have.
pub fn encode(frame: &Frame) -> Option<String> {
    let mut writer = FrameWriter::new(&frame.head, &frame.notes, usize::MAX);
    let all = frame.entries.iter().all(|entry| writer.push(entry));
    all.then(|| writer.finish())
}

#[cfg(not(test))]
fn compressor() -> Option<(Compressor, Mark)> {
    Some(new_compressor())
}

/// Compressing costs milliseconds a frame, which a test of many thousand frames does not have.
#[cfg(test)]
fn compressor() -> Option<(Compressor, Mark)> {
    (!PLAIN.get()).then(new_compressor)
}

fn new_compressor() -> (Compressor, Mark) {
    let compressor = Compressor::new(dictionary::newest().clone());
    let mark = compressor.mark();
    (compressor, mark)
}

#[cfg(test)]
thread_local! {
    static PLAIN: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Whether frames that this thread writes from now on stay as they are, instead of being compressed.
#[cfg(test)]
pub(crate) fn write_plain(plain: bool) {
    PLAIN.set(plain);
}
