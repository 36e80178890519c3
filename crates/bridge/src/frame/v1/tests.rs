#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;

/// The document that says what a frame is; its test vectors are checked here.
const DOCUMENT: &str = include_str!("../../../../../docs/frame-format.md");

fn head() -> FrameHead {
    FrameHead { stream: "q3Rz9aB1".parse().unwrap(), number: 7, time_s: 1_736_500_000 }
}

fn entry(number: u64, topic: &str, payload: &[u8]) -> Entry {
    Entry {
        number,
        taken_s: 1_736_500_000,
        topic: topic.parse().unwrap(),
        qos: Qos::AtLeastOnce,
        retain: false,
        path: Vec::new(),
        properties: Properties::default(),
        content: Content::Whole(payload.to_vec()),
    }
}

fn frame(entries: Vec<Entry>) -> Frame {
    Frame { head: head(), notes: Notes::default(), entries }
}

/// A body that nobody compressed, as a text.
fn plain(body: &[u8]) -> String {
    let mut bytes = vec![dictionary::NONE];
    bytes.extend_from_slice(&checksum::checksum(body).to_be_bytes());
    bytes.extend_from_slice(body);
    format!("~m1{}", armour::encode(&bytes))
}

fn body_with(section: &[u8]) -> String {
    plain(&[b"q3Rz9aB1\x07\x00".as_slice(), section].concat())
}

/// The vectors of the document: each is a block that begins with `vector NAME`, with `body` in hex and `text`.
fn vectors() -> Vec<(String, Vec<u8>, String)> {
    let field = |block: &str, name: &str| {
        let lines = block.lines().filter_map(|line| line.strip_prefix(name));
        lines.map(str::trim).collect::<String>()
    };
    let blocks = DOCUMENT.split("```vector\n").skip(1).map(|block| block.split("\n```").next().unwrap());
    let hex = |text: String| {
        let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.chunks(2).map(byte).collect()
    };
    blocks.map(|block| (field(block, "name:"), hex(field(block, "body:")), field(block, "text:"))).collect()
}

/// The frames of the document's vectors, by name.
fn documented(name: &str) -> Frame {
    let mut properties = Properties {
        is_text: false,
        content_type: Some("text/plain".to_owned()),
        response_topic: Some("doors/answer".parse().unwrap()),
        correlation_data: Some(vec![0, 1]),
        expiry_s: Some(3600),
        user: vec![("source".to_owned(), "porch".to_owned())],
    };
    match name {
        "empty" => frame(Vec::new()),
        "door" | "plain" => frame(vec![entry(17, "doors/1", b"empty")]),
        "three" => {
            let mut entries = vec![
                entry(17, "sensors/porch", br#"{"temperature":21.5}"#),
                entry(18, "sensors/porch", br#"{"temperature":21.6}"#),
                entry(20, "lamps/1", &[0, 255]),
            ];
            entries[1].taken_s += 60;
            entries[2].taken_s += 59;
            entries[1].qos = Qos::AtMostOnce;
            entries[2].qos = Qos::ExactlyOnce;
            entries[2].retain = true;
            frame(entries)
        }
        "extras" => {
            let mut entries = vec![entry(300, "doors/1", b"open"), entry(301, "pictures/1", b"JFIF")];
            entries[0].path = vec!["alice".parse().unwrap(), "bob".parse().unwrap()];
            std::mem::swap(&mut entries[0].properties, &mut properties);
            entries[1].content = Content::Piece { offset: 1200, total: 5000, bytes: b"JFIF".to_vec() };
            let arrived = Coverage { highest: 9, gaps: vec![3..=3, 5..=7] };
            let delivered = Coverage { highest: 2, gaps: Vec::new() };
            let receipts = vec![Receipt { stream: "Zz019abc".parse().unwrap(), arrived, delivered }];
            Frame { head: head(), notes: Notes { receipts, unsettled: Some(5) }, entries }
        }
        other => panic!("the document has a vector {other} that no test knows"),
    }
}

#[test]
fn the_documents_vectors_are_what_this_program_writes_and_reads() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 5, "vectors in the document");
    for (name, body, text) in vectors {
        let frame = documented(&name);
        assert_eq!(decode(&text).as_ref(), Ok(&frame), "{name}");
        assert_eq!(decode(&plain(&body)).as_ref(), Ok(&frame), "{name}");
        let written = if name == "plain" { plain(&body) } else { encode(&frame).unwrap() };
        assert_eq!(written, text, "{name}");
    }
}

#[test]
fn what_people_write_is_no_frame() {
    for text in ["", "hello", "~m", "~", "~m ", "~m1", "~mü", r#"{"topic":"a","payload":"","qos":0}"#] {
        let expected = if text == "~m1" { FrameError::Truncated } else { FrameError::NotAFrame };
        assert_eq!(decode(text), Err(expected), "{text}");
    }
}

#[test]
fn a_frame_of_the_future_is_named_as_such() {
    assert_eq!(decode("~m2abc"), Err(FrameError::UnknownVersion('2')));
    let other = format!("~m1{}", armour::encode(&[9, 0, 0, 0]));
    assert_eq!(decode(&other), Err(FrameError::UnknownDictionary(9)));
    assert_eq!(decode(&body_with(&[1, 0])), Err(FrameError::UnknownSection(1)));
    assert_eq!(decode(&body_with(b"\x00\x01\x40\x00\x00\x01ax\x00")), Err(FrameError::UnknownFlag(0x40)));
    assert_eq!(decode(&body_with(b"\x00\x01\x20\x00\x00\x01a\x08x\x00")), Err(FrameError::UnknownFlag(8)));
}

#[test]
fn an_optional_section_or_property_of_the_future_is_skipped() {
    assert!(decode(&body_with(&[200, 2, 1, 2])).unwrap().entries.is_empty());
    let read = decode(&body_with(b"\x00\x01\x20\x02\x00\x01a\x02\x01\x63\x01zx\x00")).unwrap();
    assert_eq!(read.entries[0].content, Content::Whole(b"x".to_vec()));
}

#[test]
fn a_damaged_body_is_refused_with_the_reason() {
    for (section, expected) in [
        (b"\x00\x02\x00\x00\x00\x01ax\x00".as_slice(), FrameError::TopicReference),
        (b"\x00\x00\x00\x00\x00\x01ax\x00", FrameError::TopicReference),
        (b"\x00\x01\x03\x00\x00\x01ax\x00", FrameError::Qos),
        (b"\x00\x01\x00\x01\x00\x01ax\x00", FrameError::Number),
        (b"\x00\x01\x00\x00\x00\x01#x\x00", FrameError::Topic(crate::topic::TopicError::Wildcard("#".to_owned()))),
        (b"\x00\x01\x00\x00\x00\x01\xffx\x00", FrameError::Utf8),
        (b"\x00\x01\x00\x00\x00\x01ax", FrameError::Truncated),
        (b"\x00\x01\x18\x00\x00\x01ax", FrameError::UnknownFlag(0x18)),
        (b"\x00\x01\x20\x00\x00\x01a\x04\x05\x04x\x00", FrameError::Piece),
        (b"\x00\x01\x20\x00\x00\x01a\x04\x05\xff\xff\xff\x0fx\x00", FrameError::Piece),
        (b"\x00\x01\x20\x00\x00\x01a\x01\x20x\x00", FrameError::TooMany("accounts in a path")),
        (b"\x00\x01\x20\x00\x00\x01a\x01\x01\x00x\x00", FrameError::Account),
        (b"\x80\x05abc", FrameError::Truncated),
    ] {
        assert_eq!(decode(&body_with(section)), Err(expected), "{section:02x?}");
    }
    assert_eq!(decode(&plain(b"q3Rz-aB1\x07\x00")), Err(FrameError::Stream));
}

#[test]
fn a_frame_that_was_changed_is_refused() {
    let text = encode(&documented("extras")).unwrap();
    let mut undetected = 0;
    for place in 3..text.len() {
        let mut damaged = text.clone().into_bytes();
        damaged[place] = if damaged[place] == b'!' { b'#' } else { b'!' };
        undetected += usize::from(decode(&String::from_utf8(damaged).unwrap()).is_ok());
        undetected += usize::from(decode(&text[..place]).is_ok());
    }
    assert_eq!(undetected, 0);
}

#[test]
fn a_bomb_is_refused_before_it_is_unpacked() {
    let mut bytes = vec![dictionary::NEWEST, 0, 0];
    wire::put_number(&mut bytes, u64::MAX);
    assert_eq!(decode(&format!("~m1{}", armour::encode(&bytes))), Err(FrameError::TooLong));
    assert_eq!(decode(&format!("~m1{}", "!".repeat(4000))), Err(FrameError::TooLong));
}

#[test]
fn a_topic_that_is_used_too_often_is_refused_instead_of_multiplied() {
    let mut section = b"\x00\x01\x00\x00\x00".to_vec();
    wire::put_bytes(&mut section, &[b'a'; 1400]);
    section.push(0);
    let record = b"\x01\x00\x00\x00\x00";
    let many: Vec<u8> = record.iter().copied().cycle().take(record.len() * 1000).collect();
    section.extend(many);
    let mut body = b"q3Rz9aB1\x07\x00".to_vec();
    body.extend(section);
    assert_eq!(read(&body), Err(FrameError::TooMany("bytes of topics")));
}

/// What is in a body of any length.
fn read(body: &[u8]) -> Result<Frame, FrameError> {
    decode::read_body(&mut wire::Reader::new(body))
}

#[test]
fn a_full_frame_stays_within_its_room_and_can_be_read() {
    for room in [80, 81, 200, 1000] {
        let mut writer = FrameWriter::new(&head(), &Notes::default(), room);
        let mut written = Vec::new();
        for number in 0_u64.. {
            let payload = format!("{}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let next = entry(number, &format!("sensors/{}", number % 9), payload.as_bytes());
            if !writer.push(&next) {
                break;
            }
            written.push(next);
        }
        assert!(!writer.push(&entry(0, "a", b"")), "nothing follows what did not fit");
        let len = writer.text_len();
        let text = writer.finish();
        assert!(text.len() == len && len <= room && len + 40 > room, "{len} of {room}");
        assert_eq!(decode(&text).unwrap().entries, written);
    }
}

#[test]
fn a_piece_fills_its_frame_to_the_last_bytes() {
    let bytes: Vec<u8> = (0..5000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut piece = entry(3, "pictures/1", b"");
    piece.content = Content::Piece { offset: 0, total: 5000, bytes: bytes.clone() };
    let mut writer = FrameWriter::new(&head(), &Notes::default(), 500);
    let taken = writer.push_some(&piece).unwrap();
    let text = writer.finish();
    assert!(text.len() <= 500 && text.len() > 490 && taken > 250, "{} {taken}", text.len());
    piece.content = Content::Piece { offset: 0, total: 5000, bytes: bytes[..taken].to_vec() };
    assert_eq!(decode(&text).unwrap().entries, [piece]);
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let topic = "[a-zA-Z0-9/ü☃ ]{1,12}".prop_map(|text| text.parse::<Topic>().unwrap());
    let properties = (
        any::<bool>(),
        option::of("[ -~]{0,8}"),
        option::of("[a-z/]{1,8}"),
        option::of(vec(any::<u8>(), 0..6)),
        option::of(any::<u32>()),
        vec(("[a-zü]{0,4}", "[a-zü]{0,4}"), 0..3),
    )
        .prop_map(|(is_text, content_type, response, correlation_data, expiry_s, user)| Properties {
            is_text,
            content_type,
            response_topic: response.map(|text| text.parse().unwrap()),
            correlation_data,
            expiry_s,
            user,
        });
    let content = (vec(any::<u8>(), 0..40), option::of(0..100_000_u32)).prop_map(|(bytes, offset)| match offset {
        None => Content::Whole(bytes),
        Some(offset) => Content::Piece { offset, total: offset + 50, bytes },
    });
    let path = vec("[a-z0-9_]{1,16}", 0..4).prop_map(|path| path.iter().map(|name| name.parse().unwrap()).collect());
    let numbers = (0..i64::MAX as u64, 0..i64::MAX as u64);
    (numbers, topic, 0..3_u8, any::<bool>(), path, option::of(properties), content).prop_map(
        |((number, taken_s), topic, qos, retain, path, properties, content)| Entry {
            number,
            taken_s,
            topic,
            qos: qos.try_into().unwrap(),
            retain,
            path,
            properties: properties.unwrap_or_default(),
            content,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_written_is_read(entries in vec(any_entry(), 0..8), number in 0..1_u64 << 40) {
        let mut written = frame(entries);
        written.head.number = number;
        let text = encode(&written).unwrap();
        prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\/".contains(&byte)));
        match text.len() <= twister::limits::MAX_POST_SIZE {
            true => prop_assert_eq!(decode(&text), Ok(written)),
            false => prop_assert_eq!(decode(&text), Err(FrameError::TooLong)),
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,60}", bytes in vec(any::<u8>(), 0..80)) {
        let _ = decode(&text);
        let _ = decode(&format!("~m1{text}"));
        let _ = decode(&format!("~m1{}", armour::encode(&bytes)));
    }

    #[test]
    fn no_body_makes_the_reader_panic(section in vec(any::<u8>(), 0..120)) {
        let _ = decode(&body_with(&section));
        let _ = decode(&body_with(&[b"\x00\x01\x20\x00\x00\x01a".as_slice(), &section].concat()));
    }
}
