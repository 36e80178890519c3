//! What a mid-size home publishes, packed and unpacked again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../examples/home_trace.rs"]
#[allow(dead_code)]
mod home_trace;

use std::time::Duration;

use mqtt_twister_bridge::fit::{frame_post_size, frame_room};
use mqtt_twister_bridge::frame::v1::{self, Content, Entry, Notes, Stream};
use mqtt_twister_bridge::message::Properties;
use mqtt_twister_bridge::pack::{Pace, Packed, Packer, Terms};
use mqtt_twister_bridge::route::Receiver;
use twister::Username;
use twister::limits::{MAX_POST_SIZE, PostNumbers};

/// The frames of `entries` with scarce posts, when every message may wait for `max_wait`.
fn pack(entries: &[(Duration, Entry)], author: &Username, max_wait: Duration) -> Vec<Packed> {
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

#[test]
fn a_home_has_sixty_messages_a_post_and_each_frame_can_be_read_without_the_others() {
    let author: Username = "account_16_chars".parse().unwrap();
    let lines = home_trace::trace(1.0, 1);
    let entries: Vec<(Duration, Entry)> = (1..)
        .zip(lines)
        .map(|(number, (t, topic, payload, qos, retain))| {
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
        })
        .collect();
    let frames = pack(&entries, &author, Duration::from_secs(60));
    assert!(entries.len() >= 60 * frames.len(), "{} messages in {} frames", entries.len(), frames.len());
    let mut read = Vec::new();
    // The last comes first: none leans on an earlier one.
    for frame in frames.iter().rev() {
        assert!(frame_post_size(&author, &Receiver::Everybody, &frame.text, PostNumbers::WIDEST) <= MAX_POST_SIZE);
        read.extend(v1::decode(&frame.text).unwrap().entries);
    }
    read.sort_by_key(|entry| entry.number);
    assert!(read.iter().eq(entries.iter().map(|(_, entry)| entry)));
}
