//! What the parts are given: the same on every machine.

use std::time::Duration;

use mqtt_twister_bridge::config::{BridgeConfig, parse_bridge};
use mqtt_twister_bridge::frame::v1::{Content, Entry};
use mqtt_twister_bridge::message::Message;
use serde_json::{Value, json};
use twister::Username;

use crate::home_trace;

/// How many messages most parts are given.
const MESSAGES: usize = 200;

/// When they begin, in seconds from the start of the home, whose first messages are unlike the later ones.
const BEGIN_S: f64 = 300.0;

/// What a home publishes in a row, and when.
pub fn home() -> Vec<(Duration, Message)> {
    let lines = home_trace::trace(0.25, 1).into_iter().filter(|(t, ..)| *t >= BEGIN_S).take(MESSAGES);
    let messages = lines.map(|(t, topic, payload, qos, retain)| {
        let message = Message::new(topic.parse().unwrap(), payload, qos.try_into().unwrap());
        (Duration::from_secs_f64(t), Message { retain, ..message })
    });
    let messages: Vec<_> = messages.collect();
    assert_eq!(messages.len(), MESSAGES);
    messages
}

/// The same without their times.
pub fn messages() -> Vec<Message> {
    home().into_iter().map(|(_, message)| message).collect()
}

/// The same as a frame has them.
pub fn entries() -> Vec<(Duration, Entry)> {
    let entry = |(number, (at, message)): (u64, (Duration, Message))| {
        let Message { topic, payload, qos, retain, properties, path } = message;
        let content = Content::Whole(payload);
        (at, Entry { number, taken_s: at.as_secs(), topic, qos, retain, path, properties, content })
    };
    (1..).zip(home()).map(entry).collect()
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
