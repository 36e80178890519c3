//! Messages that come in pieces.

use super::*;

/// The piece of message `number` from `offset` on, of a payload of `total` bytes that count up.
fn piece(number: u64, offset: u32, len: u32, total: u32) -> Entry {
    let bytes = (offset..offset + len).map(|place| place as u8).collect();
    let content = Content::Piece { offset, total, bytes };
    Entry { topic: "pictures/1".parse().unwrap(), content, ..entry(number) }
}

fn payload(total: u32) -> Vec<u8> {
    (0..total).map(|place| place as u8).collect()
}

#[test]
fn pieces_become_a_message_in_whatever_order_and_however_often_they_come() {
    let mut bob = Bob::new();
    let frames = [
        asking(1, 1, vec![piece(7, 600, 400, 1000)]),
        asking(2, 1, vec![piece(7, 0, 300, 1000), entry(8)]),
        asking(3, 1, vec![piece(7, 600, 400, 1000)]),
        asking(4, 1, vec![piece(7, 200, 500, 1000), entry(9)]),
    ];
    let news = bob.find_frames(&[&frames[0], &frames[1], &frames[2]]);
    assert_eq!(payloads(&news), ["8"]);
    bob.restart();
    let news = bob.find_frames(&[&frames[3]]);
    assert_eq!(news.rows[0].message.payload, payload(1000));
    assert_eq!(news.rows[1].message.payload, b"9");
    assert!(bob.find_frames(&[&asking(5, 1, vec![piece(7, 0, 1000, 1000)])]).rows.is_empty());
    let left = |tx: &Transaction<'_>| tx.query_row("SELECT count(*) FROM piece", [], |row| row.get(0));
    assert_eq!(bob.store.run::<u32, _>(left).unwrap(), 0);
}

#[test]
fn the_frames_of_pieces_are_delivered_when_the_whole_is() {
    let mut bob = Bob::new();
    bob.find_frames(&[&asking(1, 1, vec![piece(7, 0, 10, 20)])]);
    assert_eq!(bob.receipt().unwrap().1.highest, 0);
    let news = bob.find_frames(&[&asking(2, 1, vec![piece(7, 10, 10, 20)])]);
    assert_eq!(bob.receipt().unwrap().1.highest, 0);
    bob.deliver(&news.rows);
    assert_eq!(bob.receipt().unwrap().1.highest, 2);
}

#[test]
fn an_empty_message_in_pieces_is_whole_at_once() {
    let mut bob = Bob::new();
    assert_eq!(bob.find_frames(&[&asking(1, 1, vec![piece(7, 0, 0, 0)])]).rows.len(), 1);
}

#[test]
fn a_whole_message_makes_its_pieces_superfluous() {
    let mut bob = Bob::new();
    bob.find_frames(&[&asking(1, 1, vec![piece(7, 0, 10, 20)])]);
    let news = bob.find_frames(&[&asking(2, 1, vec![entry(7)])]);
    bob.deliver(&news.rows);
    assert_eq!(bob.receipt().unwrap().1.highest, 2);
    assert!(bob.find_frames(&[&asking(3, 1, vec![piece(7, 10, 10, 20)])]).rows.is_empty());
}

#[test]
fn a_piece_of_another_message_is_refused() {
    let mut bob = Bob::new();
    bob.find_frames(&[&asking(1, 1, vec![piece(7, 0, 10, 20)])]);
    let mut other_topic = piece(7, 10, 10, 20);
    other_topic.topic = "pictures/2".parse().unwrap();
    let mut other_qos = piece(7, 10, 10, 20);
    other_qos.qos = Qos::ExactlyOnce;
    let news = bob.find_frames(&[&asking(2, 1, vec![other_topic, other_qos, piece(7, 10, 10, 21)])]);
    assert_eq!((news.rows.len(), news.refused.len()), (0, 3));
    assert_eq!(bob.find_frames(&[&asking(3, 1, vec![piece(7, 10, 10, 20)])]).rows.len(), 1);
}

#[test]
fn pieces_of_what_does_not_get_in_are_not_kept() {
    let mut bob = Bob::new();
    let unwanted = |offset| Entry { topic: "fridges/1".parse().unwrap(), ..piece(7, offset, 10, 30) };
    let frames = [asking(1, 1, vec![unwanted(0), unwanted(10)]), asking(2, 1, vec![unwanted(20)])];
    assert_eq!(bob.find_frames(&[&frames[0], &frames[1]]), News::default());
    assert_eq!(bob.counters().unwanted, 1);
    assert_eq!(bob.receipt().unwrap().1.highest, 2);
}

#[test]
fn messages_that_never_become_whole_are_given_up() {
    let mut bob = Bob::new();
    for number in 1..=32 {
        assert!(bob.find_frames(&[&asking(number, 1, vec![piece(number, 0, 10, 20)])]).refused.is_empty());
    }
    let news = bob.find_frames(&[&asking(33, 1, vec![piece(33, 0, 10, 20)])]);
    assert_eq!(news.refused[0].reason, Refusal::Unfinished { there: 10, total: 20 });
    assert_eq!(bob.receipt().unwrap().1.highest, 1, "its author need not wait for it");
    assert!(bob.find_frames(&[&asking(34, 1, vec![piece(1, 10, 10, 20)])]).rows.is_empty());
    assert_eq!(bob.find_frames(&[&asking(35, 1, vec![piece(2, 10, 10, 20)])]).rows.len(), 1);
}

#[test]
fn hostile_pieces_take_bounded_room() {
    let mut bob = Bob::new();
    let total = v1::MAX_MESSAGE_LEN as u32;
    let mut frame = 0;
    // Every other byte alone, and then large pieces of many messages.
    for start in 0..4 {
        frame += 1;
        let entries = (0..500).map(|place| piece(1, start * 1000 + place * 2, 1, total)).collect();
        bob.find_unpacked(asking(frame, frame, entries));
    }
    assert_eq!(bob.counters().refused, 1);
    for number in 2..=100 {
        for part in 0..4 {
            frame += 1;
            bob.find_unpacked(asking(frame, frame, vec![piece(number, part * 60_000, 60_000, total)]));
        }
    }
    let size = |tx: &Transaction<'_>| tx.query_row("SELECT sum(size) FROM unfinished", [], |row| row.get(0));
    assert!(bob.store.run::<usize, _>(size).unwrap() <= 4 * 1024 * 1024);
}
