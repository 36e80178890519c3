//! What a home publishes, as messages that wait to be packed, and the frames that they leave in. Benchmarks use it too.

#![allow(dead_code, reason = "each user needs a part of it")]

#[path = "../../examples/home_trace.rs"]
mod home_trace;

use std::time::Duration;

use mqtt_twister_bridge::fit::frame_room;
use mqtt_twister_bridge::frame::v1::{Content, Entry, Notes, Stream};
use mqtt_twister_bridge::message::Properties;
use mqtt_twister_bridge::pack::{Pace, Packed, Packer, Terms};
use mqtt_twister_bridge::route::Receiver;
use twister::Username;
use twister::limits::PostNumbers;

/// What the home publishes in so many hours, and when.
pub fn entries(hours: f64) -> Vec<(Duration, Entry)> {
    let entry = |(number, (t, topic, payload, qos, retain)): (u64, home_trace::Line)| {
        let entry = Entry {
            number,
            taken_s: t as u64,
            topic: topic.parse().unwrap(),
            qos: qos.try_into().unwrap(),
            retain,
            path: Vec::new(),
            properties: Properties::default(),
            content: Content::Whole(payload.into()),
        };
        (Duration::from_secs_f64(t), entry)
    };
    (1..).zip(home_trace::trace(hours, 1)).map(entry).collect()
}

/// The public frames of `entries` with scarce posts, when every message may wait for `max_wait`.
pub fn frames(entries: &[(Duration, Entry)], author: &Username, max_wait: Duration) -> Vec<Packed> {
    let room = frame_room(author, &Receiver::Everybody, PostNumbers::WIDEST);
    let mut packer = Packer::new(Stream::from_number(1), 1, room);
    packer.set_pace(Pace::Scarce);
    let terms = Terms { max_wait, latest_only: false, expires_at: None };
    let mut frames = Vec::new();
    let mut entries = entries.iter().peekable();
    loop {
        let due = packer.poll_timeout();
        let now = match (entries.peek(), due) {
            (Some((at, _)), due) if due.is_none_or(|due| *at < due) => *at,
            (_, Some(due)) => due,
            (_, None) => return frames,
        };
        if let Some((at, entry)) = entries.next_if(|(at, _)| *at <= now) {
            packer.handle_message(entry.clone(), terms, *at);
        }
        frames.extend(std::iter::from_fn(|| packer.poll_frame(now, now.as_secs(), &Notes::default())));
    }
}
