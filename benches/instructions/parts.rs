//! The parts that are counted, by the names that their counts have.

use std::hint::black_box;
use std::time::Duration;

use mqtt_twister_bridge::config::{parse_bridge, problems_of};
use mqtt_twister_bridge::fit::frame_room;
use mqtt_twister_bridge::frame::{v0, v1};
use mqtt_twister_bridge::inward::{Inward, inward};
use mqtt_twister_bridge::limits::PeerLimits;
use mqtt_twister_bridge::message::{Message, MessageId};
use mqtt_twister_bridge::pack::{Pace, Packer, Terms};
use mqtt_twister_bridge::quota::{QuotaHistory, QuotaSample};
use mqtt_twister_bridge::route::{PublishedTopics, Receiver, route};
use mqtt_twister_bridge::seen::Seen;
use mqtt_twister_squeeze::{Compressor, Model, decompress};
use serde_json::{Value, json};
use twister::limits::PostNumbers;

use crate::inputs::{accounts, bridge, entries, home, messages, settings};

/// What is counted of a part.
type Work = Box<dyn FnMut()>;

/// A part: its name, and what prepares it, which is not counted.
type Part = (&'static str, fn() -> Work);

/// Each part.
pub const PARTS: [Part; 19] = [
    ("route-1-rule", || routing(1)),
    ("route-1000-rules", || routing(1000)),
    ("map-prefix", || mapping(json!({"from": "#", "add_prefix": "homes/alice/"}))),
    ("map-rename", || mapping(json!({"from": "+/#", "rename": "homes/$1/alice/$2"}))),
    ("pack", packing),
    ("frame-v1-encode", encoding_v1),
    ("frame-v1-decode", decoding_v1),
    ("frame-v0-encode", encoding_v0),
    ("frame-v0-decode", decoding_v0),
    ("inward", admitting),
    ("seen-note", noting),
    ("seen-list", listing),
    ("limits", limiting),
    ("quota", forecasting),
    ("squeeze-learn", learning),
    ("squeeze-compress", compressing),
    ("squeeze-decompress", decompressing),
    ("config-parse", parsing),
    ("config-problems", finding_problems),
];

/// Messages in a frame that is encoded or decoded: about as many as one has of a home.
const FRAME_MESSAGES: usize = 60;

/// Bytes that are compressed.
const SQUEEZED_LEN: usize = 8 * 1024;

/// Messages for which only the last rule counts.
fn routing(rules: usize) -> Work {
    let other = |number: usize| match number % 3 {
        0 => json!({"from": format!("zigbee2mqtt/shed_{number}")}),
        1 => json!({"from": format!("shellies/+/shed_{number}/#")}),
        _ => json!({"from": format!("shed_{number}/#"), "type": "private", "to": ["mqtt_bob"]}),
    };
    let last = json!({"from": "#", "except": ["owntracks/#"], "type": "private", "to": ["mqtt_bob", "mqtt_carol"]});
    let forwards: Vec<Value> = (1..rules).map(other).chain([last]).collect();
    let config = bridge(json!({"forwards": forwards}));
    let published = PublishedTopics::from([("mqtt_bob".parse().unwrap(), vec!["#".parse().unwrap()])]);
    let messages = messages();
    assert_eq!(route(&messages[0], &config, &published).len(), 2);
    Box::new(move || {
        for message in &messages {
            black_box(route(black_box(message), &config, &published));
        }
    })
}

fn mapping(forward: Value) -> Work {
    let config = bridge(json!({"forwards": [forward]}));
    let messages = messages();
    assert!(config.forwards[0].mapping().apply(&messages[0].topic).unwrap().as_str().starts_with("homes/"));
    Box::new(move || {
        let mapping = config.forwards[0].mapping();
        for message in &messages {
            black_box(mapping.apply(black_box(&message.topic)));
        }
    })
}

/// Few posts are left, so that messages share them.
fn packing() -> Work {
    let room = frame_room(&"mqtt_alice".parse().unwrap(), &Receiver::Everybody, PostNumbers::WIDEST);
    let terms = Terms { max_wait: Duration::from_secs(60), latest_only: false, expires_at: None };
    let mut entries = Some(entries());
    warm_up();
    Box::new(move || {
        let mut packer = Packer::new(v1::Stream::from_number(1), 1, room);
        packer.set_pace(Pace::Scarce);
        let poll = |packer: &mut Packer, now: Duration| {
            while let Some(packed) = packer.poll_frame(now, now.as_secs(), &v1::Notes::default()) {
                black_box(packed);
            }
        };
        for (at, entry) in entries.take().into_iter().flatten() {
            packer.handle_message(entry, terms, at);
            poll(&mut packer, at);
        }
        while let Some(due) = packer.poll_timeout() {
            poll(&mut packer, due);
        }
    })
}

fn frame() -> v1::Frame {
    let entries = entries().into_iter().map(|(_, entry)| entry).take(FRAME_MESSAGES).collect();
    let head = v1::FrameHead { stream: v1::Stream::from_number(1), number: 1, time_s: 400 };
    v1::Frame { head, notes: v1::Notes::default(), entries }
}

/// The dictionary is read once in the life of a program, so that is not counted.
fn warm_up() {
    assert!(v1::encode(&v1::Frame { entries: Vec::new(), ..frame() }).is_some());
}

fn encoding_v1() -> Work {
    let frame = frame();
    warm_up();
    Box::new(move || {
        black_box(v1::encode(black_box(&frame)));
    })
}

fn decoding_v1() -> Work {
    let text = v1::encode(&frame()).unwrap();
    assert_eq!(v1::decode(&text), Ok(frame()));
    Box::new(move || {
        black_box(v1::decode(black_box(&text)).is_ok());
    })
}

fn v0_frames() -> Vec<v0::Frame> {
    let frame = |(number, Message { topic, payload, qos, .. })| {
        let id = Some(MessageId::new("q3Rz9aB1", number));
        v0::Frame { topic, payload, qos, id }
    };
    (1..).zip(messages()).map(frame).collect()
}

fn encoding_v0() -> Work {
    let frames = v0_frames();
    Box::new(move || {
        for frame in &frames {
            black_box(v0::encode(black_box(frame)));
        }
    })
}

fn decoding_v0() -> Work {
    let frames = v0_frames();
    let texts: Vec<String> = frames.iter().map(v0::encode).collect();
    assert_eq!(v0::decode(&texts[0]).as_ref(), Ok(&frames[0]));
    Box::new(move || {
        for text in &texts {
            black_box(v0::decode(black_box(text)).is_ok());
        }
    })
}

/// Of a hundred followed accounts, some held to their topics; some topics are renamed, and some nobody wants.
fn admitting() -> Work {
    let peers = accounts(100);
    let config = bridge(json!({
        "following": peers,
        "subscriptions": ["weather/#", {"filter": "zigbee2mqtt/+", "rename": "far/$1"}, {"filter": "tele/#", "max_qos": 0},
            {"filter": "shellies/#", "add_prefix": "far/"}, "+/sensor/#"],
        "peers": {"peer_7": {"topics": ["zigbee2mqtt/#"], "max_payload": 1000}},
    }));
    let sent: Vec<_> = peers.into_iter().cycle().zip(messages()).collect();
    let wanted =
        sent.iter().filter(|(peer, message)| matches!(inward(peer, message.clone(), &config), Inward::Wanted(_)));
    assert!(wanted.count() > sent.len() / 2);
    let mut sent = Some(sent);
    Box::new(move || {
        for (peer, message) in sent.take().into_iter().flatten() {
            black_box(inward(&peer, message, &config));
        }
    })
}

/// More than is remembered, so that some is forgotten.
fn note_all(seen: &mut Seen, home: &[(Duration, Message)]) {
    for (at, message) in home.iter().cycle().take(3000) {
        seen.note(black_box(message), at.as_millis() as u64);
    }
}

fn noting() -> Work {
    let home = home();
    Box::new(move || {
        let mut seen = Seen::default();
        note_all(&mut seen, &home);
        black_box(&seen);
    })
}

fn listing() -> Work {
    let mut seen = Seen::default();
    note_all(&mut seen, &home());
    Box::new(move || {
        black_box((seen.topics(), seen.messages()));
    })
}

fn limiting() -> Work {
    let peers = accounts(100);
    let limits = PeerLimits::new(&bridge(json!({"following": peers})), Duration::ZERO);
    Box::new(move || {
        let mut limits = limits.clone();
        for (second, peer) in (0..2000).zip(peers.iter().cycle()) {
            let now = Duration::from_secs(second);
            black_box(limits.wait(peer, now));
            limits.handle_messages(peer, 60, now);
        }
        black_box(&limits);
    })
}

/// A sample every five minutes of a month.
fn forecasting() -> Work {
    let sample = |number: u32| QuotaSample {
        time_s: 1_700_000_000 + u64::from(number) * 300,
        used: 3 * number,
        left: 30_000 - 2 * number,
    };
    let mut samples: Option<Vec<QuotaSample>> = Some((0..30 * 288).map(sample).collect());
    assert!(samples.clone().is_some_and(|samples| QuotaHistory::new(samples).forecast.is_some()));
    Box::new(move || {
        black_box(QuotaHistory::new(samples.take().unwrap_or_default()));
    })
}

/// Payloads of a home, so many bytes of them.
fn payloads() -> Vec<u8> {
    let payloads = messages().into_iter().map(|message| message.payload);
    let mut bytes: Vec<u8> = payloads.collect::<Vec<_>>().join(&0);
    assert!(bytes.len() >= SQUEEZED_LEN);
    bytes.truncate(SQUEEZED_LEN);
    bytes
}

fn compress(model: Model, bytes: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(model);
    bytes.split_inclusive(|byte| *byte == 0).for_each(|record| compressor.write(record));
    let mark = compressor.mark();
    compressor.finish_at(mark)
}

/// What a dictionary costs at the start of a program.
fn learning() -> Work {
    let bytes = payloads();
    Box::new(move || {
        black_box(Model::with_dictionary(black_box(&bytes)));
    })
}

fn compressing() -> Work {
    let bytes = payloads();
    let mut model = Some(Model::new());
    Box::new(move || {
        black_box(model.take().map(|model| compress(model, black_box(&bytes))));
    })
}

fn decompressing() -> Work {
    let bytes = payloads();
    let compressed = compress(Model::new(), &bytes);
    let mut model = Some(Model::new());
    Box::new(move || {
        let back = model.take().map(|model| decompress(model, black_box(&compressed), bytes.len()));
        assert!(back.as_ref() == Some(&bytes));
    })
}

/// Settings with fifty rules each way.
fn rules() -> Value {
    let forward =
        |number| json!({"from": format!("floor/{number}/#"), "strip_prefix": "floor/", "add_prefix": "home/"});
    let subscription =
        |number| json!({"filter": format!("far/{number}/+/state"), "rename": "near/$1", "from": ["peer_1"]});
    settings(json!({
        "following": accounts(50),
        "publications": ["floor/#"],
        "forwards": (0..50).map(forward).collect::<Vec<_>>(),
        "subscriptions": (0..50).map(subscription).collect::<Vec<_>>(),
    }))
}

/// The text of settings as the window sends them.
fn parsing() -> Work {
    let text = rules().to_string();
    assert!(parse_bridge(rules()).is_ok());
    Box::new(move || {
        let value: Result<Value, _> = serde_json::from_str(black_box(&text));
        black_box(value.map(parse_bridge).is_ok());
    })
}

fn finding_problems() -> Work {
    let rules = rules();
    assert!(problems_of(&rules).is_empty());
    Box::new(move || {
        black_box(problems_of(black_box(&rules)));
    })
}
