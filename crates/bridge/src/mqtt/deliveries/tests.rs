use super::*;

const MUCH: Allowance = Allowance { under_way: 100, max_qos: Qos::ExactlyOnce };

fn deliver(deliveries: &mut Deliveries, row: RowId, qos: Qos) {
    let message = Message::new("doors/1".parse().unwrap(), row.to_string(), qos);
    deliveries.handle_deliver(row, message, Instant::now());
}

/// What was written, in short: `p` and `P` publish a row for the first time and again, `r` releases a packet.
fn written(deliveries: &mut Deliveries, allowance: Allowance) -> Vec<String> {
    let writes = deliveries.poll_writes(allowance, 100);
    let noted: Vec<u16> = writes
        .iter()
        .filter_map(|write| match write {
            Write::Publish(publication) if publication.to_note => Some(publication.packet),
            _ => None,
        })
        .collect();
    deliveries.handle_noted(&noted);
    let short = |write: &Write| match write {
        Write::Publish(p) => format!("{}{}/{}", if p.again { "P" } else { "p" }, p.row, p.packet),
        Write::Release(packet) => format!("r{packet}"),
    };
    writes.iter().map(short).collect()
}

#[test]
fn a_message_is_delivered_when_the_broker_says_so() {
    let mut deliveries = Deliveries::default();
    deliver(&mut deliveries, 10, Qos::AtLeastOnce);
    deliver(&mut deliveries, 11, Qos::ExactlyOnce);
    assert_eq!(written(&mut deliveries, MUCH), ["p10/1", "p11/2"]);
    assert!(deliveries.handle_pubrec(2));
    assert_eq!(deliveries.handle_pubcomp(2), None, "the database does not know of it yet");
    deliveries.handle_released(&[2]);
    assert_eq!(deliveries.handle_pubcomp(2), Some(11));
    assert_eq!(deliveries.handle_puback(1), Some(10));
    assert_eq!(deliveries.handle_puback(1), None);
}

#[test]
fn an_answer_to_another_question_is_none() {
    let mut deliveries = Deliveries::default();
    deliver(&mut deliveries, 10, Qos::AtLeastOnce);
    deliver(&mut deliveries, 11, Qos::ExactlyOnce);
    written(&mut deliveries, MUCH);
    assert!(!deliveries.handle_pubrec(1) && !deliveries.handle_pubrec(9));
    assert_eq!((deliveries.handle_puback(2), deliveries.handle_pubcomp(2)), (None, None));
}

#[test]
fn after_a_reconnection_all_that_is_under_way_is_said_again_in_its_order_and_before_anything_new() {
    let mut deliveries = Deliveries::default();
    for row in 10..14 {
        deliver(&mut deliveries, row, Qos::ExactlyOnce);
    }
    assert_eq!(written(&mut deliveries, MUCH), ["p10/1", "p11/2", "p12/3", "p13/4"]);
    deliveries.handle_released(&[2, 3]);
    assert_eq!(deliveries.handle_pubcomp(3), Some(12));
    deliver(&mut deliveries, 14, Qos::AtLeastOnce);
    deliveries.handle_connected(true);
    assert_eq!(written(&mut deliveries, MUCH), ["P10/1", "r2", "P13/4", "p14/5"]);
    assert_eq!(written(&mut deliveries, MUCH), [""; 0]);
}

#[test]
fn the_order_is_kept_when_packet_identifiers_begin_anew() {
    let mut deliveries = Deliveries::default();
    deliveries.packets.last = u16::MAX - 1;
    for row in 10..13 {
        deliver(&mut deliveries, row, Qos::AtLeastOnce);
    }
    assert_eq!(written(&mut deliveries, MUCH), ["p10/65535", "p11/1", "p12/2"]);
    deliveries.handle_connected(true);
    assert_eq!(written(&mut deliveries, MUCH), ["P10/65535", "P11/1", "P12/2"]);
}

#[test]
fn after_a_restart_a_message_keeps_its_packet_identifier_and_no_other_gets_it() {
    let flights = vec![
        InFlight { packet: 7, row: 10, released: false },
        InFlight { packet: 8, row: 11, released: true },
        InFlight { packet: 9, row: 99, released: false },
    ];
    let mut deliveries = Deliveries::resume(flights);
    deliveries.handle_connected(true);
    for row in 10..13 {
        deliver(&mut deliveries, row, Qos::ExactlyOnce);
    }
    assert_eq!(written(&mut deliveries, MUCH), ["P10/7", "r8", "p12/10"]);
    assert_eq!(deliveries.handle_pubcomp(8), Some(11));
    deliveries.packets.last = 5;
    assert_eq!([deliveries.take_packet(), deliveries.take_packet(), deliveries.take_packet()], [6, 8, 11].map(Some));
}

#[test]
fn a_lost_session_leaves_nothing_under_way() {
    let mut deliveries = Deliveries::resume(vec![InFlight { packet: 7, row: 12, released: true }]);
    deliver(&mut deliveries, 10, Qos::AtLeastOnce);
    written(&mut deliveries, MUCH);
    deliver(&mut deliveries, 11, Qos::AtLeastOnce);
    deliveries.handle_connected(false);
    assert_eq!(deliveries.handle_puback(1), None);
    deliver(&mut deliveries, 12, Qos::ExactlyOnce);
    assert_eq!(written(&mut deliveries, MUCH), ["p12/1"]);
}

#[test]
fn no_more_is_under_way_than_the_broker_takes() {
    let mut deliveries = Deliveries::default();
    for row in 10..14 {
        deliver(&mut deliveries, row, Qos::AtLeastOnce);
    }
    let two = Allowance { under_way: 2, ..MUCH };
    assert_eq!(written(&mut deliveries, two), ["p10/1", "p11/2"]);
    assert_eq!(written(&mut deliveries, two), [""; 0]);
    deliveries.handle_puback(1);
    assert_eq!(written(&mut deliveries, two), ["p12/3"]);
}

#[test]
fn a_broker_that_takes_no_qos_2_gets_less() {
    let mut deliveries = Deliveries::resume(vec![InFlight { packet: 7, row: 10, released: false }]);
    deliver(&mut deliveries, 10, Qos::ExactlyOnce);
    assert_eq!(written(&mut deliveries, Allowance { max_qos: Qos::AtLeastOnce, ..MUCH }), ["p10/8"]);
    assert_eq!(deliveries.handle_puback(8), Some(10));
    deliver(&mut deliveries, 11, Qos::ExactlyOnce);
    assert_eq!(written(&mut deliveries, Allowance { max_qos: Qos::AtMostOnce, ..MUCH }), ["p11/0"]);
}

#[test]
fn what_was_not_written_after_all_is_written_later_in_the_same_order() {
    let mut deliveries = Deliveries::default();
    for (row, qos) in [(10, Qos::AtMostOnce), (11, Qos::ExactlyOnce), (12, Qos::AtMostOnce), (13, Qos::AtMostOnce)] {
        deliver(&mut deliveries, row, qos);
    }
    let writes = deliveries.poll_writes(MUCH, 100);
    deliveries.handle_not_written(&writes);
    deliveries.handle_connected(true);
    let again = deliveries.poll_writes(MUCH, 100);
    let rows: Vec<RowId> = again
        .iter()
        .map(|write| match write {
            Write::Publish(publication) => {
                assert_eq!((publication.again, publication.to_note), (false, publication.row == 11));
                publication.row
            }
            Write::Release(_) => panic!("nothing was released"),
        })
        .collect();
    assert_eq!(rows, [11, 10, 12, 13]);
}
