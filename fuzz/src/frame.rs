//! Texts that come as frames, from anybody whom an account follows.

use std::sync::LazyLock;

use mqtt_twister_bridge::frame::v1::{Content, MAX_BODY_LEN, MAX_ENTRIES, MAX_HOPS, MAX_MESSAGE_LEN, MAX_TOPICS_LEN};
use mqtt_twister_bridge::frame::{v0, v1};
use mqtt_twister_squeeze::{Compressor, Model};
use twister::limits::MAX_POST_SIZE;

/// What every v1 text begins with.
const MARKER: &str = "~m1";

/// The longest body that is taken as it is; a longer one is compressed, or no post has room for it.
const MAX_PLAIN_LEN: usize = 1600;

/// What dictionary 1 is made of.
const DICTIONARY: &[u8] = include_bytes!("../../crates/bridge/src/frame/v1/dictionary/1.bin");

static MODEL: LazyLock<Model> = LazyLock::new(|| Model::with_dictionary(DICTIONARY));

/// A text is refused or read, and what was read is written and read again without change.
pub fn check_text(text: &str) {
    if let Ok(frame) = v0::decode(text) {
        assert_eq!(v0::decode(&v0::encode(&frame)), Ok(frame));
    }
    match v1::decode(text) {
        Ok(frame) => check_frame(&frame),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// The same for the frame that has this body, with all that stands around a body as it should be.
pub fn check_body(body: &[u8]) {
    check_text(&framed(&body[..body.len().min(MAX_BODY_LEN)]));
}

fn check_frame(frame: &v1::Frame) {
    let topics: usize = frame.entries.iter().map(|entry| entry.topic.as_str().len()).sum();
    assert!(frame.entries.len() <= MAX_ENTRIES && topics <= MAX_TOPICS_LEN);
    for entry in &frame.entries {
        assert!(entry.path.len() <= MAX_HOPS);
        if let Content::Piece { offset, total, bytes } = &entry.content {
            assert!(*total as usize <= MAX_MESSAGE_LEN && *offset as usize + bytes.len() <= *total as usize);
        }
    }
    // A frame written by others may be denser than this program's, and then there may be no room for it here.
    let written = v1::encode(frame).filter(|text| text.len() <= MARKER.len() + MAX_POST_SIZE);
    if let Some(text) = written {
        assert_eq!(v1::decode(&text).as_ref(), Ok(frame));
    }
}

/// The text of a v1 frame, as `docs/frame-format.md` has it.
fn framed(body: &[u8]) -> String {
    let checksum = (crc32(body) as u16).to_be_bytes();
    let mut bytes = vec![u8::from(body.len() > MAX_PLAIN_LEN), checksum[0], checksum[1]];
    match body.len() > MAX_PLAIN_LEN {
        true => {
            let mut len = body.len();
            while len >= 128 {
                bytes.push(len as u8 | 128);
                len >>= 7;
            }
            bytes.push(len as u8);
            let mut compressor = Compressor::new(MODEL.clone());
            compressor.write(body);
            let end = compressor.mark();
            bytes.extend(compressor.finish_at(end));
        }
        false => bytes.extend_from_slice(body),
    }
    format!("{MARKER}{}", armoured(&bytes))
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

fn armoured(bytes: &[u8]) -> String {
    const DIGITS: [u32; 14] = [0, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 14, 15, 16];
    let alphabet: Vec<char> = ('!'..='~').filter(|character| !"\"/\\".contains(*character)).collect();
    let mut text = String::new();
    for block in bytes.chunks(13) {
        let number = block.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        let places = (0..DIGITS[block.len()]).rev();
        text.extend(places.map(|place| alphabet[(number / 91_u128.pow(place) % 91) as usize]));
    }
    text
}
