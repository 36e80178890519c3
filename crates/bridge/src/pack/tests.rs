#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use twister::Username;
use twister::limits::{MAX_POST_SIZE, PostNumbers};

use super::*;
use crate::fit::{frame_post_size, frame_room};
use crate::frame::v1::{self, Notes};
use crate::message::Properties;
use crate::route::Receiver;

const WAIT: Duration = Duration::from_millis(250);
const TERMS: Terms = Terms { max_wait: WAIT, latest_only: false, expires_at: None };
const LATEST: Terms = Terms { latest_only: true, ..TERMS };
const ROOM: usize = 400;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn packer() -> Packer {
    Packer::new("q3Rz9aB1".parse().unwrap(), 1, ROOM)
}

fn message(number: u64, topic: &str, payload: &[u8]) -> Entry {
    Entry {
        number,
        taken_s: 100,
        topic: topic.parse().unwrap(),
        qos: Qos::AtMostOnce,
        retain: false,
        path: Vec::new(),
        properties: Properties::default(),
        content: Content::Whole(payload.to_vec()),
    }
}

fn noise(number: u64, len: usize) -> Vec<u8> {
    let mut state = number;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..len).map(|_| next()).collect()
}

fn numbers(packed: &Packed) -> Vec<u64> {
    packed.messages.iter().map(|message| message.number).collect()
}

/// All frames that leave until nothing waits, with the time of each.
fn drain(packer: &mut Packer, mut now: Duration) -> Vec<(Duration, Packed)> {
    let mut frames = Vec::new();
    loop {
        while let Some(packed) = packer.poll_frame(now, 100, &Notes::default()) {
            assert!(packed.text.len() <= packer.room);
            frames.push((now, packed));
        }
        match packer.poll_timeout() {
            Some(next) => now = now.max(next),
            None => return frames,
        }
    }
}

#[test]
fn a_message_alone_on_a_quiet_bridge_leaves_at_once() {
    let mut packer = packer();
    packer.handle_message(message(1, "a", b"x"), TERMS, ms(0));
    assert_eq!(numbers(&packer.poll_frame(ms(0), 100, &Notes::default()).unwrap()), [1]);
    packer.handle_message(message(2, "a", b"y"), TERMS, ms(300));
    let packed = packer.poll_frame(ms(300), 100, &Notes::default()).unwrap();
    assert_eq!((packed.number, numbers(&packed)), (2, vec![2]));
    assert_eq!(packer.poll_timeout(), None);
}

#[test]
fn messages_close_together_share_a_frame_and_wait_no_longer_than_they_may() {
    let mut packer = packer();
    packer.handle_message(message(1, "a", b"x"), TERMS, ms(0));
    packer.poll_frame(ms(0), 100, &Notes::default()).unwrap();
    for (number, at) in [(2, 10), (3, 100), (4, 200)] {
        packer.handle_message(message(number, "a", b"x"), TERMS, ms(at));
        assert_eq!(packer.poll_frame(ms(at), 100, &Notes::default()), None);
    }
    assert_eq!(packer.poll_timeout(), Some(ms(260)));
    assert_eq!(numbers(&packer.poll_frame(ms(260), 100, &Notes::default()).unwrap()), [2, 3, 4]);
}

#[test]
fn with_scarce_posts_even_a_message_alone_waits_for_others() {
    let mut packer = packer();
    packer.set_pace(Pace::Scarce);
    packer.handle_message(message(1, "a", b"x"), TERMS, ms(0));
    assert_eq!(packer.poll_frame(ms(0), 100, &Notes::default()), None);
    assert!(packer.poll_frame(ms(250), 100, &Notes::default()).is_some());
}

#[test]
fn without_posts_nothing_leaves_and_nothing_is_lost() {
    let mut packer = packer();
    packer.set_pace(Pace::Out);
    packer.handle_message(message(1, "a", b"x"), TERMS, ms(0));
    assert_eq!((packer.poll_frame(ms(9000), 100, &Notes::default()), packer.poll_timeout()), (None, None));
    packer.set_pace(Pace::Plenty);
    assert!(packer.poll_frame(ms(9000), 100, &Notes::default()).is_some());
}

#[test]
fn under_load_a_full_frame_leaves_before_its_time_and_is_full() {
    let mut packer = packer();
    packer.set_pace(Pace::Scarce);
    let mut packed = Vec::new();
    for number in 1..=400 {
        packer.handle_message(message(number, "noise", &noise(number, 20)), TERMS, ms(1));
        packed.extend(packer.poll_frame(ms(1), 100, &Notes::default()));
    }
    assert!(packed.len() > 20, "{}", packed.len());
    for frame in &packed {
        // What is free is less than the message that would have come next.
        assert!((ROOM - 50..=ROOM).contains(&frame.text.len()), "{}", frame.text.len());
    }
    let sent: Vec<u64> = packed.iter().flat_map(numbers).collect();
    assert_eq!(sent, (1..=sent.len() as u64).collect::<Vec<_>>());
}

#[test]
fn trying_whether_a_frame_is_full_is_rare() {
    let mut packer = packer();
    packer.set_pace(Pace::Scarce);
    let mut tries = 0;
    for number in 1..=300 {
        packer.handle_message(message(number, "a", b"21.5"), TERMS, ms(1));
        tries += usize::from(packer.weight >= packer.full_weight);
        packer.poll_frame(ms(1), 100, &Notes::default());
    }
    assert!((1..40).contains(&tries), "{tries}");
}

#[test]
fn what_must_arrive_and_what_is_retained_leaves_first() {
    let mut packer = packer();
    let mut retained = message(3, "c", b"z");
    retained.retain = true;
    let mut certain = message(4, "d", b"z");
    certain.qos = Qos::ExactlyOnce;
    packer.set_pace(Pace::Scarce);
    for entry in [message(1, "a", b"x"), message(2, "b", b"y"), retained, certain] {
        packer.handle_message(entry, TERMS, ms(0));
    }
    assert_eq!(numbers(&packer.poll_frame(ms(250), 100, &Notes::default()).unwrap()), [3, 4, 1, 2]);
}

#[test]
fn messages_of_one_topic_and_qos_never_overtake_each_other() {
    let mut packer = packer();
    packer.set_pace(Pace::Scarce);
    for number in 1..=60 {
        let mut entry = message(number, &format!("t/{}", number % 4), &noise(number, 30));
        entry.retain = number % 3 == 0;
        entry.qos = if number % 5 == 0 { Qos::AtLeastOnce } else { Qos::AtMostOnce };
        packer.handle_message(entry, TERMS, ms(number));
    }
    let mut last = HashMap::new();
    let mut count = 0;
    for (_, packed) in drain(&mut packer, ms(60)) {
        for entry in v1::decode(&packed.text).unwrap().entries {
            let previous = last.insert((entry.topic, entry.qos), entry.number).unwrap_or(0);
            assert!(previous < entry.number);
            count += 1;
        }
    }
    assert_eq!(count, 60);
}

#[test]
fn where_only_the_latest_value_counts_a_newer_one_replaces_the_older() {
    let mut packer = packer();
    packer.set_pace(Pace::Scarce);
    packer.handle_message(message(1, "a", b"1"), LATEST, ms(0));
    packer.handle_message(message(2, "b", b"1"), TERMS, ms(1));
    packer.handle_message(message(3, "a", b"2"), LATEST, ms(200));
    packer.handle_message(message(4, "b", b"2"), TERMS, ms(201));
    assert_eq!(packer.poll_dropped(), [Dropped { number: 1, reason: DropReason::Superseded }]);
    assert_eq!(packer.poll_timeout(), Some(WAIT), "the newer one waits no longer than the older would have");
    assert_eq!(numbers(&packer.poll_frame(WAIT, 100, &Notes::default()).unwrap()), [3, 2, 4]);
    packer.handle_message(message(5, "a", b"3"), LATEST, ms(300));
    assert_eq!((packer.poll_dropped(), packer.waiting()), (vec![], 1));
}

#[test]
fn an_expired_message_is_dropped_and_told() {
    let mut packer = packer();
    packer.set_pace(Pace::Scarce);
    packer.handle_message(message(1, "a", b"1"), Terms { expires_at: Some(ms(100)), ..TERMS }, ms(0));
    packer.handle_message(message(2, "a", b"2"), TERMS, ms(0));
    assert_eq!(packer.poll_timeout(), Some(ms(100)));
    assert_eq!(packer.poll_frame(ms(100), 100, &Notes::default()), None);
    assert_eq!(packer.poll_dropped(), [Dropped { number: 1, reason: DropReason::Expired }]);
    assert_eq!(numbers(&packer.poll_frame(WAIT, 100, &Notes::default()).unwrap()), [2]);
}

#[test]
fn a_message_larger_than_a_post_travels_in_pieces() {
    let mut packer = packer();
    let payload = noise(7, 3000);
    packer.handle_message(message(1, "picture", &payload), TERMS, ms(0));
    packer.handle_message(message(2, "a", b"x"), TERMS, ms(0));
    let frames = drain(&mut packer, ms(0));
    let mut found = vec![0; payload.len()];
    let mut complete = Vec::new();
    for (_, packed) in &frames {
        complete.extend(packed.messages.iter().filter(|message| message.complete).map(|message| message.number));
        for entry in v1::decode(&packed.text).unwrap().entries {
            if let Content::Piece { offset, total, bytes } = entry.content {
                assert_eq!(total as usize, payload.len());
                found[offset as usize..][..bytes.len()].copy_from_slice(&bytes);
            }
        }
    }
    assert!(frames.len() < 13 && found == payload, "{}", frames.len());
    assert_eq!(complete, [1, 2]);
}

#[test]
fn the_largest_message_travels_and_a_larger_one_is_refused() {
    let mut packer = packer();
    packer.handle_message(message(1, "zeros", &vec![0; MAX_MESSAGE_LEN]), TERMS, ms(0));
    packer.handle_message(message(2, "zeros", &vec![0; MAX_MESSAGE_LEN + 1]), TERMS, ms(0));
    packer.handle_message(
        message(3, &noise(1, 900).iter().map(|b| format!("{b:02x}")).collect::<String>(), b""),
        TERMS,
        ms(0),
    );
    let frames = drain(&mut packer, ms(0));
    assert!(frames.len() >= 4 && frames.last().unwrap().1.messages[0].complete);
    let refused: Vec<u64> = packer.poll_dropped().iter().map(|dropped| dropped.number).collect();
    assert_eq!(refused, [2, 3]);
}

#[test]
fn a_message_that_has_begun_to_leave_is_not_replaced() {
    let mut packer = packer();
    packer.handle_message(message(1, "a", &noise(1, 900)), LATEST, ms(0));
    packer.poll_frame(ms(0), 100, &Notes::default()).unwrap();
    packer.handle_message(message(2, "a", b"x"), LATEST, ms(1));
    let last: Vec<u64> = drain(&mut packer, ms(1)).iter().flat_map(|(_, packed)| numbers(packed)).collect();
    assert_eq!((last.last(), packer.poll_dropped()), (Some(&2), vec![]));
}

#[test]
fn full_frames_fit_the_posts_of_the_network() {
    let author: Username = "sixteen_letters_".parse().unwrap();
    for receiver in [Receiver::Everybody, Receiver::Account("bob".parse().unwrap())] {
        let room = frame_room(&author, &receiver, PostNumbers::WIDEST);
        let mut packer = Packer::new("q3Rz9aB1".parse().unwrap(), 1, room);
        packer.handle_message(message(1, "picture", &noise(3, 20_000)), TERMS, ms(0));
        let frames = drain(&mut packer, ms(0));
        for (_, packed) in &frames[..frames.len() - 1] {
            let size = frame_post_size(&author, &receiver, &packed.text, PostNumbers::WIDEST);
            assert!((MAX_POST_SIZE - 20..=MAX_POST_SIZE).contains(&size), "{size}");
        }
    }
}
