//! What the parts are given: the same on every machine.

use std::time::Duration;

use mqtt_twister_bridge::config::{BridgeConfig, parse_bridge};
use mqtt_twister_bridge::frame::v1::{Content, Entry};
use mqtt_twister_bridge::message::Message;
use serde_json::{Value, json};
use twister::Username;

use crate::home;

/// How many messages most parts are given.
const MESSAGES: usize = 200;

/// When they begin, in seconds from the start of the home, whose first messages are unlike the later ones.
const BEGIN_S: f64 = 300.0;

/// What a home publishes in a row, and when, as a frame has it.
pub fn entries() -> Vec<(Duration, Entry)> {
    let begin = Duration::from_secs_f64(BEGIN_S);
    let entries = home::entries(0.25).into_iter().filter(|(at, _)| *at >= begin).take(MESSAGES);
    let entries = (1..).zip(entries).map(|(number, (at, entry))| (at, Entry { number, ..entry }));
    let entries: Vec<_> = entries.collect();
    assert_eq!(entries.len(), MESSAGES);
    entries
}

/// The same as messages.
pub fn home() -> Vec<(Duration, Message)> {
    let message = |(at, entry): (Duration, Entry)| {
        let Content::Whole(payload) = entry.content else { panic!("a piece") };
        let message = Message::new(entry.topic, payload, entry.qos);
        (at, Message { retain: entry.retain, ..message })
    };
    entries().into_iter().map(message).collect()
}

/// The same without their times.
pub fn messages() -> Vec<Message> {
    home().into_iter().map(|(_, message)| message).collect()
}

/// The JSON of a bridge with these members beside those that every bridge has.
pub fn settings(members: Value) -> Value {
    let mut settings = json!({
        "name": "home",
        "twister": {"url": "http://127.0.0.1:28332", "account": "mqtt_alice"},
        "broker": {"url": "127.0.0.1"},
    });
    let (Value::Object(all), Value::Object(members)) = (&mut settings, members) else { panic!("no object") };
    all.extend(members);
    settings
}

/// A bridge with these members beside those that every bridge has.
pub fn bridge(members: Value) -> BridgeConfig {
    parse_bridge(settings(members)).unwrap()
}

/// So many accounts.
pub fn accounts(count: usize) -> Vec<Username> {
    (0..count).map(|number| format!("peer_{number}").parse().unwrap()).collect()
}
