#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use super::super::tests::{PACKED, START, after, bob, noise, payloads, post_all, receipt, sender, taken, to_bob};
use super::super::{Outgoing, PeerTerms};
use super::*;
use crate::message::Qos;
use crate::pack::Pace;
use crate::queue::{EntryState, QueueEntry};
use crate::store::{FrameRow, Store, Taken};

fn on(topic: &str) -> Selection {
    Selection { topic: Some(topic.parse().unwrap()), ..Selection::default() }
}

fn door(number: u8) -> Taken {
    taken(&to_bob(), &format!("doors/{number}"), number.to_string().as_bytes(), Qos::AtLeastOnce)
}

fn texts(frames: &[FrameRow]) -> Vec<String> {
    frames.iter().flat_map(|frame| payloads(&frame.text)).collect()
}

fn change(sender: &mut Outgoing, action: QueueAction, selection: &Selection) -> (u64, u64) {
    let change = sender.change_queue(action, selection, START).unwrap();
    (change.changed, change.too_late)
}

fn entries(sender: &Outgoing, selection: &Selection, now: Now) -> Vec<QueueEntry> {
    sender.queue_page(selection, 0, 100, now).unwrap().entries
}

#[test]
fn what_is_held_waits_over_a_restart_until_it_is_released_and_the_rest_overtakes_it() {
    let store = Store::in_memory();
    let mut first = sender(&store, PACKED);
    first.set_pace(Pace::Scarce);
    first.take(&[door(1), door(2)], START).unwrap();
    assert!(post_all(&mut first, 0, START).is_empty(), "both are in memory, and wait for others");
    assert_eq!(change(&mut first, QueueAction::Hold, &on("doors/1")), (1, 0));
    assert_eq!(change(&mut first, QueueAction::Hold, &on("doors/1")), (0, 0));
    assert_eq!(texts(&post_all(&mut first, 0, after(1000))), ["2"]);

    let mut next = sender(&store, PACKED);
    assert!(post_all(&mut next, 1, after(2000)).is_empty());
    assert_eq!(entries(&next, &Selection::default(), after(2000))[0].state, EntryState::Held);
    assert_eq!(change(&mut next, QueueAction::Release, &Selection::default()), (1, 0));
    assert_eq!(texts(&post_all(&mut next, 1, after(3000))), ["1"]);
}

#[test]
fn what_is_dropped_never_leaves_and_is_counted() {
    let store = Store::in_memory();
    let mut sender = sender(&store, PACKED);
    sender.set_pace(Pace::Scarce);
    sender.take(&[door(1), door(2), door(3)], START).unwrap();
    sender.pack(START).unwrap();
    let second = entries(&sender, &on("doors/2"), START)[0].id;
    let ids = Selection { ids: vec![second, 99], ..Selection::default() };
    assert_eq!(change(&mut sender, QueueAction::Drop, &ids), (1, 0));
    assert_eq!(texts(&post_all(&mut sender, 0, after(1000))), ["1", "3"]);
    assert_eq!(store.counters_now().unwrap().dropped, 1);
}

#[test]
fn a_frame_that_was_made_goes_as_it_is() {
    let store = Store::in_memory();
    let mut sender = sender(&store, PACKED);
    sender.take(&[door(1), door(2)], START).unwrap();
    sender.pack(START).unwrap();
    for action in [QueueAction::Hold, QueueAction::Drop] {
        assert_eq!(change(&mut sender, action, &Selection::default()), (0, 2), "{action:?}");
    }
    assert_eq!(texts(&post_all(&mut sender, 0, START)), ["1", "2"]);
}

#[test]
fn a_frame_that_is_out_is_given_up_when_all_of_its_messages_are_dropped() {
    let store = Store::in_memory();
    let mut sender = sender(&store, PACKED);
    sender.take(&[door(1), door(2)], START).unwrap();
    post_all(&mut sender, 0, START);
    assert_eq!(change(&mut sender, QueueAction::Drop, &on("doors/1")), (0, 1));
    assert_eq!(change(&mut sender, QueueAction::Drop, &on("doors/+")), (2, 0));
    assert!(sender.waiting(START).unwrap().totals.is_empty());
    assert!(post_all(&mut sender, 1, after(3_600_000)).is_empty());
    assert_eq!(store.counters_now().unwrap().dropped, 2);
}

#[test]
fn a_message_in_pieces_is_given_up_with_all_of_its_frames_or_not_at_all() {
    let store = Store::in_memory();
    let mut sender = sender(&store, PACKED);
    sender.take(&[taken(&to_bob(), "pictures/1", &noise(3000), Qos::AtLeastOnce), door(1)], START).unwrap();
    let frames = post_all(&mut sender, 0, START);
    let last = payloads(&frames.last().unwrap().text);
    assert!(frames.len() > 1 && last.len() == 2, "the last piece shares its frame: {last:?}");
    for topic in ["pictures/1", "doors/1"] {
        assert_eq!(change(&mut sender, QueueAction::Drop, &on(topic)), (0, 1));
        assert_eq!(store.awaited(&to_bob()).unwrap().len(), frames.len());
    }
    assert_eq!(change(&mut sender, QueueAction::Drop, &Selection::default()), (2, 0));
    assert!(store.awaited(&to_bob()).unwrap().is_empty());
}

#[test]
fn a_retry_posts_at_once_what_the_receiver_is_silent_about() {
    let store = Store::in_memory();
    let mut sender = sender(&store, PACKED);
    sender.take(&[door(1)], START).unwrap();
    post_all(&mut sender, 0, START);
    sender.take(&[door(2)], after(1000)).unwrap();
    post_all(&mut sender, 1, after(1000));
    sender.handle_receipts(&bob(), &[receipt(1, 0)], after(2000)).unwrap();
    let retried = sender.change_queue(QueueAction::Retry, &Selection::default(), after(2000)).unwrap();
    assert_eq!((retried.changed, retried.posts), (1, 1), "the first has been seen");
    assert_eq!(texts(&post_all(&mut sender, 2, after(2000))), ["2"]);
    let states = entries(&sender, &Selection::default(), after(2000));
    let states: Vec<_> = states.iter().map(|entry| (entry.state, entry.tries)).collect();
    assert_eq!(states, [(EntryState::Seen { number: 0 }, 0), (EntryState::Posted { number: 2 }, 1)]);
    let waiting = sender.waiting(after(2000)).unwrap();
    assert_eq!(waiting.tries, BTreeMap::from([(to_bob(), 1)]));
    assert_eq!(waiting.last_heard, BTreeMap::from([(to_bob(), START.wall_ms + 2000)]));
}

#[test]
fn a_newer_value_takes_the_place_of_a_held_one_and_is_held() {
    let store = Store::in_memory();
    let mut sender = sender(&store, PACKED);
    let latest = |payload: &str| {
        let mut taken = taken(&to_bob(), "a", payload.as_bytes(), Qos::AtLeastOnce);
        taken.routes[0].waiting.latest_only = true;
        taken
    };
    sender.take(&[latest("1")], START).unwrap();
    assert_eq!(change(&mut sender, QueueAction::Hold, &Selection::default()), (1, 0));
    sender.take(&[latest("2")], START).unwrap();
    assert!(post_all(&mut sender, 0, after(1000)).is_empty());
    assert_eq!(change(&mut sender, QueueAction::Release, &Selection::default()), (1, 0));
    assert_eq!(texts(&post_all(&mut sender, 0, after(1000))), ["2"]);
}

#[test]
fn what_is_held_is_not_dropped_as_stale_but_expires() {
    let store = Store::in_memory();
    let unreachable = PeerTerms { reachable: false, ..PACKED };
    let mut sender = sender(&store, unreachable);
    let unsure = |topic| taken(&to_bob(), topic, b"x", Qos::AtMostOnce);
    let mut mortal = door(1);
    mortal.routes[0].waiting.expires_after = Some(Duration::from_secs(600));
    sender.take(&[unsure("held"), unsure("stale"), mortal], START).unwrap();
    assert_eq!(change(&mut sender, QueueAction::Hold, &on("held")), (1, 0));
    sender.pack(after(300_000)).unwrap();
    let totals = sender.waiting(after(300_000)).unwrap().totals[&to_bob()];
    assert_eq!((totals.waiting, totals.held, totals.expiring), (1, 1, 1));
    assert_eq!(totals.next_expiry_ms, Some(START.wall_ms + 600_000));
    let topics: Vec<String> =
        entries(&sender, &Selection::default(), after(600_000)).iter().map(|entry| entry.topic.to_string()).collect();
    assert_eq!(topics, ["held"]);
    assert_eq!(store.counters_now().unwrap().expired, 2);
}

#[test]
fn each_message_is_in_one_state_and_each_receiver_is_counted_for_itself() {
    let store = Store::in_memory();
    let mut sender = sender(&store, PACKED);
    sender.take(&[door(1)], START).unwrap();
    post_all(&mut sender, 0, START);
    sender.take(&[door(2)], after(1000)).unwrap();
    sender.pack(after(1000)).unwrap();
    sender.set_pace(Pace::Out);
    let public = taken(&Receiver::Everybody, "lamps/1", b"on", Qos::AtLeastOnce);
    sender.take(&[door(3), door(4), public], after(2000)).unwrap();
    assert_eq!(change(&mut sender, QueueAction::Hold, &on("doors/4")), (1, 0));

    let waiting = sender.waiting(after(3000)).unwrap();
    let bobs = waiting.totals[&to_bob()];
    assert_eq!((bobs.waiting, bobs.held, bobs.packed, bobs.posted, bobs.seen), (1, 1, 1, 1, 0));
    assert_eq!((bobs.messages(), bobs.bytes, bobs.oldest_ms), (4, 32, Some(START.wall_ms)));
    assert_eq!(waiting.totals[&Receiver::Everybody].bytes, 9);
    let all = entries(&sender, &Selection { receiver: Some(to_bob()), ..Selection::default() }, after(3000));
    let states: Vec<EntryState> = all.iter().map(|entry| entry.state).collect();
    let expected = [EntryState::Posted { number: 0 }, EntryState::Packed, EntryState::Waiting, EntryState::Held];
    assert_eq!(states, expected);
}

#[test]
fn a_long_queue_is_listed_in_pages() {
    let store = Store::in_memory();
    let mut sender = sender(&store, PeerTerms { reachable: false, ..PACKED });
    sender.set_peers(BTreeMap::new()).unwrap();
    let batch: Vec<Taken> = (0..10).map(|number| door(number % 2)).collect();
    sender.take(&batch, START).unwrap();
    let selection = on("doors/1");
    let (mut after, mut sizes, mut ids) = (0, Vec::new(), Vec::new());
    loop {
        let page = sender.queue_page(&selection, after, 2, START).unwrap();
        sizes.push(page.entries.len());
        ids.extend(page.entries.iter().map(|entry| entry.id));
        after = *ids.last().unwrap();
        if !page.more {
            break;
        }
    }
    assert_eq!((sizes, ids), (vec![2, 2, 1], vec![2, 4, 6, 8, 10]));
}
