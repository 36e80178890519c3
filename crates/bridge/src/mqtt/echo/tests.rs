use super::*;

const DOOR: &[u8] = b"doors/1";

fn of(payload: &str) -> Digest {
    digest(DOOR, payload.as_bytes(), Qos::AtLeastOnce)
}

/// A message on the door, sent with quality of service 1.
fn seen(payload: &str) -> Seen<'_> {
    Seen { topic: DOOR, payload: payload.as_bytes(), qos: Qos::AtLeastOnce, retain: false, packet: 1, again: false }
}

#[test]
fn wish_1_of_two_equal_messages_one_is_the_echo_and_one_is_genuine() {
    let mut guard = EchoGuard::default();
    guard.expect(of("open"));
    assert!(guard.handle_publish(seen("open"), Instant::now()));
    assert!(!guard.handle_publish(seen("open"), Instant::now()));
}

#[test]
fn as_many_echoes_are_eaten_as_there_were_publications() {
    let mut guard = EchoGuard::default();
    for _ in 0..3 {
        guard.expect(of("open"));
    }
    let eaten = (0..5).filter(|_| guard.handle_publish(seen("open"), Instant::now())).count();
    assert_eq!(eaten, 3);
    assert_eq!(guard.last_done().len(), 3);
}

#[test]
fn what_differs_in_topic_payload_or_quality_of_service_is_no_echo() {
    let mut guard = EchoGuard::default();
    guard.expect(of("open"));
    assert!(!guard.handle_publish(seen("shut"), Instant::now()));
    assert!(!guard.handle_publish(Seen { topic: b"doors/2", ..seen("open") }, Instant::now()));
    assert!(!guard.handle_publish(Seen { qos: Qos::AtMostOnce, ..seen("open") }, Instant::now()));
    assert!(!guard.handle_publish(Seen { retain: true, ..seen("open") }, Instant::now()));
    assert!(guard.handle_publish(seen("open"), Instant::now()));
}

#[test]
fn where_the_topic_ends_and_the_payload_begins_makes_a_difference() {
    assert_ne!(digest(b"ab", b"c", Qos::AtMostOnce), digest(b"a", b"bc", Qos::AtMostOnce));
}

#[test]
fn an_echo_may_come_before_the_acknowledgement() {
    let (mut guard, now) = (EchoGuard::default(), Instant::now());
    let id = guard.expect(of("open"));
    assert!(guard.handle_publish(seen("open"), Instant::now()));
    guard.handle_acknowledged(id, now);
    guard.last_done();
    assert_eq!(guard.poll_timeout(), None);
    assert!(!guard.handle_publish(seen("open"), Instant::now()));
}

#[test]
fn the_database_knows_an_echo_a_little_longer_than_the_guard() {
    let (mut guard, now) = (EchoGuard::default(), Instant::now());
    let id = guard.expect(of("open"));
    assert!(guard.handle_publish(seen("open"), now));
    assert_eq!(guard.poll_done(now), [0; 0]);
    assert_eq!(guard.poll_timeout(), Some(now + LINGER));
    assert_eq!(guard.poll_done(now + LINGER), [id]);
}

#[test]
fn an_echo_that_does_not_come_is_given_up_some_time_after_the_acknowledgement() {
    let (mut guard, now) = (EchoGuard::default(), Instant::now());
    let id = guard.expect(of("open"));
    guard.handle_timeout(now + 10 * GRACE);
    assert_eq!(guard.last_done(), [0; 0], "the broker has not even taken it over");
    guard.handle_acknowledged(id, now);
    assert_eq!(guard.poll_timeout(), Some(now + GRACE));
    guard.handle_timeout(now + GRACE);
    assert_eq!(guard.last_done(), [id]);
    assert!(!guard.handle_publish(seen("open"), Instant::now()));
    assert_eq!(guard.poll_timeout(), None);
}

#[test]
fn giving_one_up_leaves_its_equal() {
    let (mut guard, now) = (EchoGuard::default(), Instant::now());
    let first = guard.expect(of("open"));
    guard.expect(of("open"));
    guard.handle_acknowledged(first, now);
    guard.handle_timeout(now + GRACE);
    assert!(guard.handle_publish(seen("open"), Instant::now()));
    assert!(!guard.handle_publish(seen("open"), Instant::now()));
}

#[test]
fn echoes_are_expected_over_a_reconnection_and_their_time_begins_anew() {
    let (mut guard, now) = (EchoGuard::default(), Instant::now());
    let id = guard.expect(of("open"));
    guard.handle_acknowledged(id, now);
    let later = now + 100 * GRACE;
    guard.handle_connected(true, later);
    guard.handle_timeout(later);
    assert!(guard.handle_publish(seen("open"), Instant::now()));
}

#[test]
fn echoes_are_expected_over_a_restart() {
    let mut guard = EchoGuard::default();
    let id = guard.expect(of("open"));
    let mut restarted = EchoGuard::resume(vec![(id, of("open"))], Vec::new());
    restarted.handle_connected(true, Instant::now());
    assert_ne!(restarted.expect(of("shut")), id);
    assert!(restarted.handle_publish(seen("open"), Instant::now()));
    assert_eq!(restarted.last_done(), [id]);
}

#[test]
fn a_broker_that_has_forgotten_the_session_sends_no_old_echoes() {
    let mut guard = EchoGuard::default();
    guard.expect(of("open"));
    guard.handle_connected(false, Instant::now());
    assert!(!guard.handle_publish(seen("open"), Instant::now()));
}

#[test]
fn an_echo_whose_acknowledgement_was_lost_is_eaten_again() {
    let (mut guard, now) = (EchoGuard::default(), Instant::now());
    guard.expect(of("open"));
    assert!(guard.handle_publish(seen("open"), Instant::now()));
    guard.handle_connected(true, now);
    assert!(guard.handle_publish(Seen { again: true, ..seen("open") }, Instant::now()));
    assert!(
        !guard.handle_publish(Seen { again: true, packet: 2, ..seen("open") }, Instant::now()),
        "that is another message"
    );
    assert!(!guard.handle_publish(seen("open"), Instant::now()), "that is a new one");
}

#[test]
fn a_publication_that_was_not_made_has_no_echo() {
    let mut guard = EchoGuard::default();
    let id = guard.expect(of("open"));
    guard.cancel(id, Instant::now());
    assert!(!guard.handle_publish(seen("open"), Instant::now()));
    assert_eq!(guard.last_done(), [id]);
}

#[test]
fn a_retained_message_of_the_bridges_own_is_known_until_somebody_else_sets_it() {
    let retained = Seen { retain: true, qos: Qos::AtMostOnce, ..seen("open") };
    let mut guard = EchoGuard::resume(Vec::new(), vec![("doors/1".to_owned(), retained_digest(DOOR, b"open"))]);
    assert!(guard.handle_publish(retained, Instant::now()));
    assert!(guard.handle_publish(retained, Instant::now()), "each new subscription brings it");
    assert!(!guard.handle_publish(Seen { payload: b"shut", ..retained }, Instant::now()));
    assert!(guard.disown_retained(DOOR) && !guard.disown_retained(DOOR));
    assert!(!guard.handle_publish(retained, Instant::now()));
    guard.set_own_retained("doors/1", Some(retained_digest(DOOR, b"shut")));
    assert!(guard.handle_publish(Seen { payload: b"shut", ..retained }, Instant::now()));
    guard.set_own_retained("doors/1", None);
    assert!(!guard.handle_publish(Seen { payload: b"shut", ..retained }, Instant::now()));
}

mod whatever_happens {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    enum Act {
        Publish(u8),
        Acknowledge(u8),
        Echo(u8),
        Genuine(u8),
        Reconnect,
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            (0..3_u8).prop_map(Act::Publish),
            (0..20_u8).prop_map(Act::Acknowledge),
            (0..3_u8).prop_map(Act::Echo),
            (0..3_u8).prop_map(Act::Genuine),
            Just(Act::Reconnect),
        ]
    }

    proptest! {
        #[test]
        fn as_many_messages_get_through_as_others_have_published(acts in prop::collection::vec(act(), 0..200)) {
            let (mut guard, now) = (EchoGuard::default(), Instant::now());
            let mut ids = Vec::new();
            // Echoes that the broker still owes, and messages that it sent and that were let through or not.
            let (mut owed, mut genuine, mut passed) = ([0_u32; 3], [0_u32; 3], [0_u32; 3]);
            let payloads = ["a", "b", "c"];
            let mut send = |guard: &mut EchoGuard, kind: usize| {
                passed[kind] += u32::from(!guard.handle_publish(seen(payloads[kind]), Instant::now()));
            };
            for act in acts {
                match act {
                    Act::Publish(kind) => {
                        ids.push(guard.expect(of(payloads[usize::from(kind)])));
                        owed[usize::from(kind)] += 1;
                    }
                    Act::Acknowledge(which) => {
                        if let Some(id) = ids.get(usize::from(which)) {
                            guard.handle_acknowledged(*id, now);
                        }
                    }
                    Act::Echo(kind) if owed[usize::from(kind)] > 0 => {
                        owed[usize::from(kind)] -= 1;
                        send(&mut guard, kind.into());
                    }
                    Act::Echo(_) => {}
                    Act::Genuine(kind) => {
                        genuine[usize::from(kind)] += 1;
                        send(&mut guard, kind.into());
                    }
                    Act::Reconnect => guard.handle_connected(true, now),
                }
            }
            for (kind, owed) in owed.into_iter().enumerate() {
                for _ in 0..owed {
                    send(&mut guard, kind);
                }
            }
            prop_assert_eq!(passed, genuine);
            guard.last_done();
            prop_assert_eq!(guard.poll_timeout(), None);
            prop_assert!(guard.by_digest.is_empty());
        }
    }
}
