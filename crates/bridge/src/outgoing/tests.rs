#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::frame::v1::{self, Content, Coverage};
use crate::message::{Message, Qos};
use crate::route::{Route, Waiting};

pub(super) const START: Now = Now { wall_ms: 1_000_000_000, mono: Duration::ZERO };

pub(super) fn after(ms: u64) -> Now {
    Now { wall_ms: START.wall_ms + ms, mono: Duration::from_millis(ms) }
}

pub(super) fn bob() -> Username {
    "mqtt_bob".parse().unwrap()
}

pub(super) fn to_bob() -> Receiver {
    Receiver::Account(bob())
}

pub(super) fn sender(store: &Store, peer: PeerTerms) -> Outgoing {
    let mut sender = Outgoing::new(store.clone(), "mqtt_alice".parse().unwrap(), "q3Rz9aB1".parse().unwrap());
    sender.set_peers(BTreeMap::from([(bob(), peer)])).unwrap();
    sender.set_pace(Pace::Plenty);
    sender
}

pub(super) const PACKED: PeerTerms = PeerTerms { packed: true, receipts: true, reachable: true };
const PLAIN: PeerTerms = PeerTerms { packed: false, receipts: false, reachable: true };

pub(super) fn taken(receiver: &Receiver, topic: &str, payload: &[u8], qos: Qos) -> Taken {
    let message = Message::new(topic.parse().unwrap(), payload, qos);
    let route = Route { receiver: receiver.clone(), message, waiting: Waiting::default(), compatible: false };
    Taken { routes: vec![route], refused: false, unreleased: None, again: false }
}

/// The payloads in a frame.
pub(super) fn payloads(text: &str) -> Vec<String> {
    let entries = v1::decode(text).unwrap().entries;
    let payload = |content| match content {
        Content::Whole(bytes) => String::from_utf8(bytes).unwrap(),
        Content::Piece { offset, .. } => format!("from {offset}"),
    };
    entries.into_iter().map(|entry| payload(entry.content)).collect()
}

/// Posts everything that is to be posted, under numbers from `first` on; all of it gets out.
pub(super) fn post_all(sender: &mut Outgoing, first: u32, now: Now) -> Vec<FrameRow> {
    sender.pack(now).unwrap();
    let frames = sender.frames_to_post(100).unwrap();
    for (number, frame) in (first..).map(PostNumber).zip(&frames) {
        sender.assign_post(frame.id, number).unwrap();
        sender.settle_post(frame.id, number, Fate::Out, now).unwrap();
    }
    frames
}

/// Bytes that no compressor makes smaller.
pub(super) fn noise(len: usize) -> Vec<u8> {
    let numbers = std::iter::successors(Some(1_u64), |x| Some(x.wrapping_mul(6_364_136_223_846_793_005) + 1));
    numbers.map(|x| (x >> 56) as u8).take(len).collect()
}

pub(super) fn receipt(arrived: u64, delivered: u64) -> Receipt {
    let up_to = |highest| Coverage { highest, gaps: Vec::new() };
    Receipt { stream: "q3Rz9aB1".parse().unwrap(), arrived: up_to(arrived), delivered: up_to(delivered) }
}

#[test]
fn messages_share_a_frame_and_stay_until_the_receivers_broker_has_them() {
    let store = Store::in_memory();
    let mut sender = sender(&store, PACKED);
    let batch = ["1", "2", "3"].map(|payload| taken(&to_bob(), "a/b", payload.as_bytes(), Qos::AtLeastOnce));
    sender.take(&batch, START).unwrap();
    assert_eq!(post_all(&mut sender, 0, START).len(), 1, "the first leaves at once, with what is there");
    let frames = store.awaited(&to_bob()).unwrap();
    assert_eq!(frames.len(), 1);
    assert!(matches!(
        sender.handle_receipts(&bob(), &[receipt(1, 0)], START).unwrap()[..],
        [Outcome::Seen(_), Outcome::Seen(_), Outcome::Seen(_)]
    ));
    let acked = sender.handle_receipts(&bob(), &[receipt(1, 1)], START).unwrap();
    assert_eq!(acked.len(), 3);
    assert!(store.awaited(&to_bob()).unwrap().is_empty());
    assert!(store.waiting_receivers().unwrap().is_empty());
}

#[tokio::test]
async fn a_message_sent_again_before_its_release_is_taken_once() {
    let store = Store::in_memory();
    let mut sender = sender(&store, PACKED);
    let sent = |again| [Taken { unreleased: Some(7), again, ..taken(&to_bob(), "a", b"1", Qos::ExactlyOnce) }];
    sender.take(&sent(false), START).unwrap();
    sender.take(&sent(true), START).unwrap();
    assert_eq!(store.counters_now().unwrap().taken, 1);
    store.note_handshakes(vec![], vec![7]).await.unwrap();
    sender.take(&sent(true), START).unwrap();
    assert_eq!(store.counters_now().unwrap().taken, 2);
}

#[test]
fn a_frame_keeps_its_text_however_often_it_is_posted() {
    let store = Store::in_memory();
    let mut first = sender(&store, PACKED);
    first.take(&[taken(&to_bob(), "a", b"1", Qos::AtLeastOnce)], START).unwrap();
    first.pack(START).unwrap();
    let frame = first.frames_to_post(1).unwrap().remove(0);
    first.assign_post(frame.id, PostNumber(7)).unwrap();
    // Killed here: the next run finds the frame, with the number that it may be out under.
    let mut next = sender(&store, PACKED);
    assert_eq!(next.doubtful_frames().unwrap()[0].post, Some(PostNumber(7)));
    next.settle_post(frame.id, PostNumber(7), Fate::Stolen, START).unwrap();
    next.take(&[taken(&to_bob(), "a", b"2", Qos::AtLeastOnce)], START).unwrap();
    next.pack(after(1000)).unwrap();
    let again = next.frames_to_post(10).unwrap();
    assert_eq!((again[0].id, &again[0].text, again[0].number), (frame.id, &frame.text, Some(1)));
    assert_eq!((payloads(&again[1].text), again[1].number), (vec!["2".to_owned()], Some(2)));
}

#[test]
fn what_a_silent_receiver_lacks_is_posted_again_and_given_up_when_it_is_worth_nothing() {
    let store = Store::in_memory();
    let mut sender = sender(&store, PACKED);
    let mut mortal = taken(&to_bob(), "a", b"1", Qos::AtLeastOnce);
    mortal.routes[0].waiting.expires_after = Some(Duration::from_secs(3600));
    sender.take(&[mortal], START).unwrap();
    assert_eq!(post_all(&mut sender, 0, START).len(), 1);
    assert!(post_all(&mut sender, 1, after(30_000)).is_empty());
    assert_eq!(post_all(&mut sender, 1, after(120_000)).len(), 1);
    assert!(post_all(&mut sender, 2, after(130_000)).is_empty());
    assert!(post_all(&mut sender, 2, after(3_700_000)).is_empty());
    assert!(store.awaited(&to_bob()).unwrap().is_empty());
}

#[test]
fn what_the_receiver_lacks_among_later_frames_is_posted_again_at_once() {
    let store = Store::in_memory();
    let mut sender = sender(&store, PACKED);
    for (number, payload) in (0..).zip(["1", "2", "3"]) {
        let now = after(u64::from(number) * 1000);
        sender.take(&[taken(&to_bob(), "a", payload.as_bytes(), Qos::AtLeastOnce)], now).unwrap();
        assert_eq!(post_all(&mut sender, number, now).len(), 1);
    }
    let gap = Coverage { highest: 3, gaps: vec![2..=2] };
    let receipt = Receipt { stream: "q3Rz9aB1".parse().unwrap(), arrived: gap.clone(), delivered: gap };
    sender.handle_receipts(&bob(), &[receipt], after(20_000)).unwrap();
    let again = sender.frames_to_post(10).unwrap();
    assert_eq!(again.iter().map(|frame| frame.number).collect::<Vec<_>>(), [Some(2)]);
    assert_eq!(v1::decode(&again[0].text).unwrap().notes.unsettled, Some(1));
}

#[test]
fn a_forged_receipt_changes_nothing() {
    let store = Store::in_memory();
    let mut sender = sender(&store, PACKED);
    sender.take(&[taken(&to_bob(), "a", b"1", Qos::AtLeastOnce)], START).unwrap();
    post_all(&mut sender, 0, START);
    let carol: Username = "mqtt_carol".parse().unwrap();
    let everything = receipt(u64::MAX, u64::MAX);
    assert!(sender.handle_receipts(&carol, std::slice::from_ref(&everything), START).unwrap().is_empty());
    let other = Receipt { stream: "Zz019abc".parse().unwrap(), ..everything };
    assert!(sender.handle_receipts(&bob(), &[other], START).unwrap().is_empty());
    assert_eq!(store.awaited(&to_bob()).unwrap().len(), 1);
}

#[test]
fn a_receiver_that_has_announced_nothing_gets_one_message_a_post() {
    let store = Store::in_memory();
    let mut sender = sender(&store, PLAIN);
    let batch = ["1", "2"].map(|payload| taken(&to_bob(), "a", payload.as_bytes(), Qos::AtLeastOnce));
    sender.take(&batch, START).unwrap();
    let frames = post_all(&mut sender, 0, START);
    let texts: Vec<&str> = frames.iter().map(|frame| frame.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            r#"{"topic":"a","payload":"MQ==","qos":1,"id":"q3Rz9aB1-1"}"#,
            r#"{"topic":"a","payload":"Mg==","qos":1,"id":"q3Rz9aB1-2"}"#
        ]
    );
    assert!(store.waiting_receivers().unwrap().is_empty());
}

#[test]
fn a_public_message_is_packed_unless_mosquitto_twister_must_be_able_to_read_it() {
    let store = Store::in_memory();
    let mut sender = sender(&store, PACKED);
    let mut compatible = taken(&Receiver::Everybody, "a", b"1", Qos::AtLeastOnce);
    compatible.routes[0].compatible = true;
    sender.take(&[compatible, taken(&Receiver::Everybody, "a", b"2", Qos::AtLeastOnce)], START).unwrap();
    let numbers: Vec<Option<u64>> = post_all(&mut sender, 0, START).iter().map(|frame| frame.number).collect();
    assert_eq!(numbers, [Some(1), None]);
}

#[test]
fn a_message_larger_than_a_post_leaves_in_pieces_and_is_settled_with_the_last() {
    let store = Store::in_memory();
    let mut sender = sender(&store, PACKED);
    let noise = noise(5000);
    sender.take(&[taken(&to_bob(), "a", &noise, Qos::ExactlyOnce)], START).unwrap();
    let frames = post_all(&mut sender, 0, START).len() as u64;
    assert!(frames > 2);
    assert!(sender.handle_receipts(&bob(), &[receipt(frames - 1, frames - 1)], START).unwrap().is_empty());
    assert_eq!(sender.handle_receipts(&bob(), &[receipt(frames, frames)], START).unwrap().len(), 1);
    assert_eq!(store.counters_now().unwrap().waiting_out, 0);
}

#[test]
fn with_no_posts_left_nothing_leaves_and_that_is_said() {
    let store = Store::in_memory();
    let mut sender = sender(&store, PACKED);
    sender.set_pace(Pace::Out);
    assert!(!sender.is_stuck().unwrap());
    sender.take(&[taken(&to_bob(), "a", b"1", Qos::AtLeastOnce)], START).unwrap();
    assert!(post_all(&mut sender, 0, after(10_000)).is_empty());
    assert!(sender.is_stuck().unwrap());
    sender.set_pace(Pace::Scarce);
    assert_eq!(post_all(&mut sender, 0, after(10_000)).len(), 1);
}

#[test]
fn wish_9_quality_of_service_0_does_not_fill_the_queue() {
    let store = Store::in_memory();
    let mut sender = sender(&store, PACKED);
    sender.set_pace(Pace::Out);
    for round in 0..30_u64 {
        let batch: Vec<Taken> = (0..100).map(|_| taken(&to_bob(), "a", b"x", Qos::AtMostOnce)).collect();
        sender.take(&batch, after(round)).unwrap();
        sender.take(&[taken(&to_bob(), "b", b"y", Qos::AtLeastOnce)], after(round)).unwrap();
    }
    let counters = store.counters_now().unwrap();
    assert_eq!((counters.waiting_out, counters.expired), (1030, 2000));
}

#[test]
fn what_was_dropped_while_its_receiver_was_away_is_not_waited_for() {
    let store = Store::in_memory();
    let mut sender = sender(&store, PACKED);
    sender.set_pace(Pace::Scarce);
    let mut patient = taken(&to_bob(), "a", b"1", Qos::AtMostOnce);
    patient.routes[0].waiting.max_wait = Duration::from_secs(300);
    sender.take(&[patient], START).unwrap();
    assert!(post_all(&mut sender, 0, START).is_empty());
    assert_eq!(sender.timeout(START).unwrap(), Some(Duration::from_secs(300)));
    sender.set_peers(BTreeMap::from([(bob(), PeerTerms { reachable: false, ..PACKED })])).unwrap();
    assert!(post_all(&mut sender, 0, after(STALE_MS + 1)).is_empty());
    sender.set_peers(BTreeMap::from([(bob(), PACKED)])).unwrap();
    assert!(post_all(&mut sender, 0, after(300_000)).is_empty());
    assert_eq!(sender.timeout(after(300_000)).unwrap(), None);
}

#[test]
fn a_newer_value_takes_the_place_of_one_that_waits_wherever_that_is() {
    let store = Store::in_memory();
    let mut sender = sender(&store, PACKED);
    sender.set_pace(Pace::Scarce);
    let latest = |payload: &str| {
        let mut taken = taken(&to_bob(), "a", payload.as_bytes(), Qos::AtLeastOnce);
        taken.routes[0].waiting.latest_only = true;
        taken
    };
    sender.take(&[latest("1"), latest("2")], START).unwrap();
    sender.pack(START).unwrap();
    sender.take(&[latest("3")], after(100)).unwrap();
    let frames = post_all(&mut sender, 0, after(250));
    assert_eq!(frames.iter().flat_map(|frame| payloads(&frame.text)).collect::<Vec<_>>(), ["3"]);
    assert_eq!(store.counters_now().unwrap().superseded, 2);
}

#[test]
fn a_backlog_leaves_in_order_although_only_a_window_of_it_is_in_memory() {
    let store = Store::in_memory();
    let mut sender = sender(&store, PACKED);
    let batch: Vec<Taken> =
        (0..1500).map(|i| taken(&to_bob(), "a", i.to_string().as_bytes(), Qos::AtLeastOnce)).collect();
    sender.take(&batch, START).unwrap();
    let mut arrived = Vec::new();
    for round in 0..100 {
        let frames = post_all(&mut sender, round * 100, after(1000 + u64::from(round)));
        arrived.extend(frames.iter().flat_map(|frame| payloads(&frame.text)));
    }
    let expected: Vec<String> = (0..1500).map(|i| i.to_string()).collect();
    assert_eq!(arrived, expected);
}

#[test]
fn what_a_peer_does_not_want_any_more_is_dropped() {
    let store = Store::in_memory();
    let mut sender = sender(&store, PACKED);
    let batch = [taken(&to_bob(), "a", b"1", Qos::AtLeastOnce), taken(&to_bob(), "b", b"2", Qos::AtLeastOnce)];
    sender.take(&batch, START).unwrap();
    sender.handle_published(&bob(), &["b".parse().unwrap()]).unwrap();
    let frames = post_all(&mut sender, 0, START);
    assert_eq!(frames.iter().flat_map(|frame| payloads(&frame.text)).collect::<Vec<_>>(), ["2"]);
}
