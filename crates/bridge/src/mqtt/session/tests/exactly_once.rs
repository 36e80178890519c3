//! QoS 2 towards the broker: once, whenever the program ends.

use super::gate::{Cut, From, Gate, PUBCOMP, PUBLISH, PUBREC, PUBREL};
use super::support::*;
use crate::config::ProtocolChoice;
use crate::message::Qos;
use crate::mqtt::session::Delivery;

/// Where a handshake can break off: each packet of it, not let through.
const STAGES: [Cut; 4] = [
    Cut { from: From::Session, kind: PUBLISH },
    Cut { from: From::Broker, kind: PUBREC },
    Cut { from: From::Session, kind: PUBREL },
    Cut { from: From::Broker, kind: PUBCOMP },
];

const ACKNOWLEDGED: [Qos; 2] = [Qos::AtLeastOnce, Qos::ExactlyOnce];

/// A session behind a gate that has just closed at `stage`, with row 1 handed over.
async fn broken_off(place: &Place, gate: &mut Gate, protocol: ProtocolChoice, stage: Cut) -> Running {
    let mut session = start(gate.addr, &place.store, protocol, &["doors/#"]).await;
    gate.cut_at(stage);
    session.deliver(1, message("once", Qos::ExactlyOnce));
    gate.closed().await;
    session
}

#[tokio::test]
async fn a_qos_2_message_is_delivered_once_wherever_the_program_is_killed() {
    for (protocol, stage) in BOTH.into_iter().flat_map(|protocol| STAGES.map(|stage| (protocol, stage))) {
        for place in Place::each().await {
            let mut heard = place.listen().await;
            let mut gate = Gate::new(place.broker.addr()).await;
            broken_off(&place, &mut gate, protocol, stage).await.kill().await;

            let mut session = start(gate.addr, &place.store, protocol, &["doors/#"]).await;
            session.deliver(1, message("once", Qos::ExactlyOnce));
            session.deliver(2, message("after", Qos::ExactlyOnce));
            assert_eq!(session.outcome().await, Delivery::Done(1));
            assert_eq!(session.outcome().await, Delivery::Done(2));
            assert_eq!(heard.until("after").await, ["once", "after"], "{protocol:?} {stage:?}");
        }
    }
}

#[tokio::test]
async fn a_qos_2_message_is_delivered_once_wherever_the_connection_breaks() {
    for (protocol, stage) in BOTH.into_iter().flat_map(|protocol| STAGES.map(|stage| (protocol, stage))) {
        for place in Place::each().await {
            let mut heard = place.listen().await;
            let mut gate = Gate::new(place.broker.addr()).await;
            let mut session = broken_off(&place, &mut gate, protocol, stage).await;
            session.deliver(2, message("after", Qos::ExactlyOnce));
            assert_eq!(session.outcome().await, Delivery::Done(1));
            assert_eq!(session.outcome().await, Delivery::Done(2));
            assert_eq!(heard.until("after").await, ["once", "after"], "{protocol:?} {stage:?}");
        }
    }
}

#[tokio::test]
async fn a_qos_2_message_that_was_taken_over_is_not_sent_again_if_the_inbox_does_not_know_of_it() {
    let place = Place::new().await;
    let mut heard = place.listen().await;
    let mut session = place.start(ProtocolChoice::V5).await;
    session.deliver(1, message("once", Qos::ExactlyOnce));
    assert_eq!(session.outcome().await, Delivery::Done(1));
    session.kill().await;

    let mut session = place.start(ProtocolChoice::V5).await;
    session.deliver(1, message("once", Qos::ExactlyOnce));
    session.deliver(2, message("after", Qos::ExactlyOnce));
    assert_eq!(session.outcome().await, Delivery::Done(1));
    assert_eq!(heard.until("after").await, ["once", "after"]);
}

#[tokio::test]
async fn a_qos_2_message_is_delivered_once_whenever_the_disk_is_full() {
    for commits in 0..4 {
        let place = Place::new().await;
        let mut heard = place.listen().await;
        let mut session = place.start(ProtocolChoice::V5).await;
        place.store.set_budget(Some(commits));
        session.deliver(1, message("once", Qos::ExactlyOnce));
        session.deliver(2, message("after", Qos::ExactlyOnce));
        if commits < 2 {
            session.has_stumbled().await;
        }
        place.store.set_budget(None);
        assert_eq!(session.outcome().await, Delivery::Done(1));
        assert_eq!(session.outcome().await, Delivery::Done(2));
        assert_eq!(heard.until("after").await, ["once", "after"], "{commits} commits");
    }
}

#[tokio::test]
async fn what_a_broker_has_forgotten_is_delivered_again() {
    for stage in STAGES {
        let place = Place::new().await;
        let mut gate = Gate::new(place.broker.addr()).await;
        broken_off(&place, &mut gate, ProtocolChoice::V5, stage).await.kill().await;

        let forgetful = tempfile::tempdir().unwrap();
        let other = broker_on(([127, 0, 0, 1], 0).into(), &forgetful).await;
        let mut heard = listen(other.addr(), "listener").await;
        let mut session = start(other.addr(), &place.store, ProtocolChoice::V5, &["doors/#"]).await;
        assert_eq!(session.deliveries.recv().await, Some(Delivery::StartOver));
        session.started_over();
        session.deliver(1, message("once", Qos::ExactlyOnce));
        assert_eq!(session.outcome().await, Delivery::Done(1));
        assert_eq!(heard.payload().await, "once");
    }
}

#[tokio::test]
async fn order_is_kept_over_a_broken_connection() {
    for (protocol, qos) in BOTH.into_iter().flat_map(|protocol| ACKNOWLEDGED.map(|qos| (protocol, qos))) {
        for place in Place::each().await {
            let mut heard = place.listen().await;
            let mut gate = Gate::new(place.broker.addr()).await;
            let mut session = start(gate.addr, &place.store, protocol, &["doors/#"]).await;
            let kind = if qos == Qos::AtLeastOnce { super::gate::PUBACK } else { PUBREC };
            gate.cut_at(Cut { from: From::Broker, kind });
            for row in 1..=50 {
                session.deliver(row, message(&row.to_string(), qos));
            }
            gate.closed().await;
            session.deliver(51, message("51", qos));
            for row in 1..=51 {
                assert_eq!(session.outcome().await, Delivery::Done(row));
            }
            let mut numbers: Vec<u32> = heard.until("51").await.iter().map(|text| text.parse().unwrap()).collect();
            if qos == Qos::AtLeastOnce {
                // The broker had those before the connection broke, and gets them again in the same order.
                let again = numbers.iter().rposition(|number| *number == 1).unwrap();
                assert!(numbers[..again].is_sorted(), "{numbers:?}");
                numbers.drain(..again);
            }
            assert_eq!(numbers, (1..=51).collect::<Vec<u32>>());
        }
    }
}
