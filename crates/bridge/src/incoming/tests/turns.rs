//! Whose turn it is, and what authors hear of it.

use super::*;

fn frame(number: u64, unsettled: u64) -> Frame {
    asking(number, unsettled, vec![entry(number)])
}

fn coverage(highest: u64, gaps: &[u64]) -> v1::Coverage {
    v1::Coverage { highest, gaps: gaps.iter().map(|gap| *gap..=*gap).collect() }
}

#[test]
fn frames_are_taken_in_the_order_of_their_numbers() {
    let mut bob = Bob::new();
    assert_eq!(payloads(&bob.find_frames(&[&frame(3, 1), &frame(1, 1), &frame(2, 1)])), ["1", "2", "3"]);
}

#[test]
fn a_frame_that_will_be_posted_again_is_waited_for_as_long_as_it_takes() {
    let mut bob = Bob::new();
    assert_eq!(payloads(&bob.find_frames(&[&frame(1, 1), &frame(3, 1)])), ["1"]);
    assert!(bob.wait(PATIENCE * 1000).rows.is_empty());
    bob.restart();
    assert!(bob.wait(PATIENCE * 1000).rows.is_empty());
    assert_eq!(payloads(&bob.find_frames(&[&frame(2, 1)])), ["2", "3"]);
}

#[test]
fn what_its_author_has_given_up_is_not_waited_for() {
    let mut bob = Bob::new();
    assert!(bob.find_frames(&[&frame(1, 1), &frame(3, 1), &frame(4, 1)]).rows.len() == 1);
    assert_eq!(payloads(&bob.find_frames(&[&frame(6, 3)])), ["3", "4"]);
    assert_eq!(payloads(&bob.find_frames(&[&frame(5, 3)])), ["5", "6"]);
    assert_eq!(payloads(&bob.find_frames(&[&frame(2, 1)])), ["2"], "it comes late, but is not lost");
}

#[test]
fn a_stream_begins_where_its_author_waits() {
    let mut bob = Bob::new();
    assert!(bob.find_frames(&[&frame(9, 7)]).rows.is_empty());
    assert_eq!(payloads(&bob.find_frames(&[&frame(7, 7), &frame(8, 7)])), ["7", "8", "9"]);
}

#[test]
fn once_an_author_asks_its_frames_are_waited_for() {
    let mut bob = Bob::new();
    let mut unsure = entry(5);
    unsure.qos = Qos::AtMostOnce;
    assert_eq!(payloads(&bob.find_frames(&[&plain(5, vec![unsure])])), ["5"]);
    assert!(bob.find_frames(&[&frame(6, 4)]).rows.is_empty());
    assert_eq!(payloads(&bob.find_frames(&[&frame(4, 4)])), ["4", "6"]);
}

#[test]
fn other_gaps_are_waited_for_with_patience() {
    let mut bob = Bob::new();
    let frame = |number| plain(number, vec![entry(number)]);
    assert_eq!(payloads(&bob.find_public_frames(&[&frame(4), &frame(2)])), ["2"]);
    bob.wait(PATIENCE / 2);
    assert!(bob.find_public_frames(&[&frame(6)]).rows.is_empty());
    assert!(bob.wait(PATIENCE / 2 - Duration::from_millis(1)).rows.is_empty());
    assert_eq!(payloads(&bob.wait(Duration::from_millis(1))), ["4"], "6 has not waited for so long");
    assert_eq!(payloads(&bob.find_public_frames(&[&frame(3), &frame(5)])), ["3", "5", "6"]);
    assert_eq!(bob.incoming.poll_timeout(), None);
}

#[test]
fn all_that_waited_as_long_as_the_first_goes_on_with_it() {
    let mut bob = Bob::new();
    let frame = |number| plain(number, vec![entry(number)]);
    assert_eq!(payloads(&bob.find_frames(&[&frame(2), &frame(4), &frame(6), &frame(8)])), ["2"]);
    assert_eq!(payloads(&bob.wait(PATIENCE)), ["4", "6", "8"]);
}

#[test]
fn patience_begins_anew_after_a_restart() {
    let mut bob = Bob::new();
    let frame = |number| plain(number, vec![entry(number)]);
    bob.find_public_frames(&[&frame(2), &frame(4)]);
    bob.wait(PATIENCE / 2);
    bob.restart();
    assert!(bob.wait(PATIENCE / 2).rows.is_empty());
    assert_eq!(payloads(&bob.wait(PATIENCE)), ["4"]);
}

#[test]
fn public_frames_and_those_for_this_account_are_counted_apart() {
    let mut bob = Bob::new();
    assert_eq!(bob.find_frames(&[&frame(1, 1)]).rows.len(), 1);
    assert_eq!(payloads(&bob.find_public_frames(&[&plain(1, vec![entry(20)])])), ["20"]);
    assert_eq!(payloads(&bob.find_frames(&[&frame(2, 1)])), ["2"]);
}

#[test]
fn when_an_author_begins_anew_nobody_is_left_to_fill_the_old_gaps() {
    let mut bob = Bob::new();
    assert!(bob.find_frames(&[&frame(1, 1), &frame(3, 1)]).rows.len() == 1);
    let mut anew = frame(1, 1);
    anew.head.stream = "newnewne".parse().unwrap();
    assert_eq!(payloads(&bob.find_frames(&[&anew])), ["1"]);
    assert!(bob.wait(PATIENCE - Duration::from_millis(1)).rows.is_empty());
    assert_eq!(payloads(&bob.wait(PATIENCE)), ["3"]);
}

#[test]
fn frames_that_are_held_are_bounded_and_so_are_streams() {
    let mut bob = Bob::new();
    bob.find_frames(&[&frame(1, 1)]);
    let mut taken = Vec::new();
    for number in 3..1010 {
        taken.extend(payloads(&bob.find_frames(&[&frame(number, 1)])));
    }
    taken.extend(payloads(&bob.wait(Duration::ZERO)));
    let expected: Vec<String> = (3..1010).map(|number| number.to_string()).collect();
    assert_eq!(taken, expected);
    let mut refused = 0;
    for number in 0..20 {
        let mut frames = [frame(1, 1), frame(3, 1)];
        frames.iter_mut().for_each(|frame| frame.head.stream = Stream::from_number(number));
        refused += bob.find_frames(&[&frames[0], &frames[1]]).refused.len();
    }
    assert_eq!((refused, bob.incoming.waiting.len()), (12, 8));
    let streams = |tx: &Transaction<'_>| tx.query_row("SELECT count(*) FROM peer_stream", [], |row| row.get(0));
    assert_eq!(bob.store.run::<u32, _>(streams).unwrap(), 8);
}

#[test]
fn senseless_numbers_do_no_harm() {
    let mut bob = Bob::new();
    for number in [0, u64::MAX, i64::MAX as u64] {
        assert_eq!(bob.find_frames(&[&frame(number, 1)]).refused.len(), 1);
    }
    assert_eq!(bob.find_frames(&[&frame(i64::MAX as u64 - 1, u64::MAX)]).rows.len(), 1);
    let mut far = asking(5, 5, vec![entry(u64::MAX / 4)]);
    far.head.stream = "farfarfa".parse().unwrap();
    far.entries[0].taken_s = u64::MAX / 4;
    far.entries[0].properties.expiry_s = Some(u32::MAX);
    assert_eq!(bob.find_frames(&[&far]).rows.len(), 1);
}

#[test]
fn a_receipt_says_what_is_here_and_what_the_broker_has() {
    let mut bob = Bob::new();
    let first = bob.find_frames(&[&frame(1, 1), &frame(3, 1)]);
    assert_eq!(bob.receipt(), Some((coverage(3, &[2]), coverage(0, &[]))));
    bob.tell();
    assert_eq!(bob.receipt(), None);
    bob.deliver(&first.rows);
    assert_eq!(bob.receipt(), Some((coverage(3, &[2]), coverage(1, &[]))));
    let rest = bob.find_frames(&[&frame(2, 1)]);
    bob.deliver(&rest.rows[1..]);
    assert_eq!(bob.receipt(), Some((coverage(3, &[]), coverage(3, &[2]))));
    bob.deliver(&rest.rows);
    assert_eq!(bob.receipt(), Some((coverage(3, &[]), coverage(3, &[]))));
}

#[test]
fn an_author_that_posts_again_what_is_here_did_not_hear_of_it() {
    let mut bob = Bob::new();
    let news = bob.find_frames(&[&frame(1, 1)]);
    bob.deliver(&news.rows);
    bob.tell();
    assert_eq!(bob.find_frames(&[&frame(1, 1)]), News::default());
    assert_eq!(bob.receipt(), Some((coverage(1, &[]), coverage(1, &[]))));
}

#[test]
fn a_held_frame_that_needs_nothing_is_told_of_when_its_turn_has_come() {
    let mut bob = Bob::new();
    bob.find_frames(&[&frame(1, 1)]);
    let mut other = entry(3);
    other.topic = "fridges/1".parse().unwrap();
    bob.find_frames(&[&asking(3, 1, vec![other])]);
    bob.tell();
    bob.find_frames(&[&plain(2, Vec::new())]);
    assert_eq!(bob.receipt(), Some((coverage(3, &[]), coverage(3, &[1]))));
}

#[test]
fn a_message_that_is_here_already_is_waited_for_by_each_of_its_frames() {
    let mut bob = Bob::new();
    let public = bob.find_public_frames(&[&plain(1, vec![entry(1)])]);
    assert!(bob.find_frames(&[&frame(1, 1)]).rows.is_empty());
    assert_eq!(bob.receipt().unwrap().1, coverage(0, &[]));
    bob.deliver(&public.rows);
    assert_eq!(bob.receipt().unwrap().1, coverage(1, &[]));
}

#[test]
fn no_receipts_are_owed_for_what_may_be_lost() {
    let mut bob = Bob::new();
    let mut unsure = entry(1);
    unsure.qos = Qos::AtMostOnce;
    assert_eq!(bob.find_frames(&[&asking(1, 1, vec![unsure])]).rows.len(), 1);
    assert_eq!(bob.receipt(), None);
    bob.find_public_frames(&[&plain(1, vec![entry(2)])]);
    bob.find_frames(&[&plain(2, vec![entry(3)])]);
    assert_eq!(bob.receipt(), None);
    let news = bob.find_frames(&[&asking(3, 3, vec![entry(4)])]);
    assert_eq!(bob.receipt(), Some((coverage(3, &[]), coverage(2, &[]))));
    bob.deliver(&news.rows);
    assert_eq!(bob.receipt(), Some((coverage(3, &[]), coverage(3, &[]))));
}
