//! Loops: what the bridge delivers does not come back to it, and what others publish gets through.

use super::gate::{Cut, From, Gate, PUBLISH};
use super::support::*;
use crate::config::ProtocolChoice;
use crate::message::{Message, Qos};
use crate::mqtt::session::Delivery;

const ALL: [Qos; 3] = [Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce];

/// Both versions at both brokers.
async fn each() -> Vec<(ProtocolChoice, Place)> {
    let [new, old] = [Place::each().await, Place::each().await];
    let new = new.into_iter().map(|place| (ProtocolChoice::V5, place));
    new.chain(old.into_iter().map(|place| (ProtocolChoice::V311, place))).collect()
}

/// Both qualities of service that brokers keep for absent clients, at both brokers.
async fn kept() -> Vec<(Qos, Place)> {
    let [once, twice] = [Place::each().await, Place::each().await];
    let once = once.into_iter().map(|place| (Qos::AtLeastOnce, place));
    once.chain(twice.into_iter().map(|place| (Qos::ExactlyOnce, place))).collect()
}

#[tokio::test]
async fn wish_1_what_the_bridge_delivers_does_not_come_back_to_it() {
    for (protocol, place) in each().await {
        let mut heard = place.listen().await;
        let mut session = place.start(protocol).await;
        for (row, qos) in (1..).zip(ALL) {
            session.deliver(row, message(&row.to_string(), qos));
            assert_eq!(session.outcome().await, Delivery::Done(row));
            assert_eq!(heard.payload().await, row.to_string());
        }
        place.publish(Qos::AtLeastOnce, "from another").await;
        assert_eq!(session.take().await, "from another", "{protocol:?}");
    }
}

#[tokio::test]
async fn wish_1_an_equal_message_of_somebody_else_gets_through_and_only_that() {
    for qos in ALL {
        for (protocol, place) in each().await {
            let mut session = place.start(protocol).await;
            session.deliver(1, message("on", qos));
            session.deliver(2, message("on", qos));
            place.publish(qos, "on").await;
            for _ in 0..2 {
                session.outcome().await;
            }
            place.publish(qos, "off").await;
            assert_eq!([session.take().await, session.take().await], ["on", "off"], "{protocol:?} {qos:?}");
        }
    }
}

#[tokio::test]
async fn wish_1_an_echo_that_comes_after_a_reconnection_is_known() {
    for (qos, place) in kept().await {
        let mut gate = Gate::new(place.broker.addr()).await;
        let mut session = start(gate.addr, &place.store, ProtocolChoice::V311, &["doors/#"]).await;
        gate.cut_at(Cut { from: From::Broker, kind: PUBLISH });
        session.deliver(1, message("on", qos));
        gate.closed().await;
        assert_eq!(session.outcome().await, Delivery::Done(1));
        place.publish(qos, "off").await;
        assert_eq!(session.take().await, "off", "{qos:?}");
    }
}

#[tokio::test]
async fn wish_1_an_echo_that_comes_after_a_kill_is_known() {
    for (qos, place) in kept().await {
        let mut gate = Gate::new(place.broker.addr()).await;
        let mut session = start(gate.addr, &place.store, ProtocolChoice::V311, &["doors/#"]).await;
        gate.cut_at(Cut { from: From::Broker, kind: PUBLISH });
        session.deliver(1, message("on", qos));
        gate.closed().await;
        session.kill().await;

        let mut session = place.start(ProtocolChoice::V311).await;
        session.deliver(1, message("on", qos));
        assert_eq!(session.outcome().await, Delivery::Done(1));
        place.publish(qos, "off").await;
        assert_eq!(session.take().await, "off", "{qos:?}");
    }
}

#[tokio::test]
async fn wish_1_what_the_bridge_has_left_as_retained_does_not_come_back_with_a_new_subscription() {
    for (protocol, place) in each().await {
        let retained = |payload: &str| Message { retain: true, ..message(payload, Qos::AtLeastOnce) };
        let mut session = place.start(protocol).await;
        session.deliver(1, retained("ours"));
        session.outcome().await;
        let theirs = Message { topic: "windows/1".parse().unwrap(), ..retained("theirs") };
        publish(place.broker.addr(), theirs).await;
        session.stop().await;

        let mut session = start(place.broker.addr(), &place.store, protocol, &["+/1"]).await;
        assert_eq!(session.take().await, "theirs", "{protocol:?}");
        // Over the same payload of somebody else it is not ours any more.
        publish(place.broker.addr(), retained("ours")).await;
        assert_eq!(session.take().await, "ours", "{protocol:?}");
        session.stop().await;
        let mut session = start(place.broker.addr(), &place.store, protocol, &["doors/+"]).await;
        assert_eq!(session.take().await, "ours", "{protocol:?}");
    }
}

#[tokio::test]
async fn a_topic_that_is_not_subscribed_has_no_echo_to_wait_for() {
    let place = Place::new().await;
    let mut session = start(place.broker.addr(), &place.store, ProtocolChoice::V311, &["windows/#"]).await;
    session.deliver(1, message("on", Qos::AtLeastOnce));
    session.outcome().await;
    assert_eq!(place.store.broker_session().await.unwrap().echoes, []);
}
