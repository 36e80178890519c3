//! What a mid-size home publishes, packed and unpacked again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod home;

use std::time::Duration;

use mqtt_twister_bridge::fit::frame_post_size;
use mqtt_twister_bridge::frame::v1;
use mqtt_twister_bridge::route::Receiver;
use twister::Username;
use twister::limits::{MAX_POST_SIZE, PostNumbers};

#[test]
fn a_home_has_sixty_messages_a_post_and_each_frame_can_be_read_without_the_others() {
    let author: Username = "account_16_chars".parse().unwrap();
    let entries = home::entries(1.0);
    let frames = home::frames(&entries, &author, Duration::from_secs(60));
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
