//! The session against a real broker.

mod contents;
mod echoes;
mod exactly_once;
mod gate;
mod live;
mod mosquitto;
mod support;
mod transports;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet as Wire;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use tokio::time::timeout;

use self::support::*;
use super::subscribing::without_covered;
use super::*;
use crate::config::ProtocolChoice;

#[tokio::test]
async fn a_message_that_was_not_acknowledged_comes_again_after_a_kill() {
    let place = Place::new().await;
    let mut session = place.start(ProtocolChoice::V5).await;
    place.publish(Qos::AtLeastOnce, "kept").await;
    assert_eq!(session.next().await.payload, b"kept");
    session.kill().await;

    let mut session = place.start(ProtocolChoice::V5).await;
    let again = session.next().await;
    assert_eq!(again.payload, b"kept");
    session.commands.send(Command::Acknowledge(again.receipt)).unwrap();
    place.publish(Qos::AtLeastOnce, "next").await;
    assert_eq!(session.next().await.payload, b"next");
}

#[tokio::test]
async fn a_message_released_only_after_a_kill_does_not_break_the_session() {
    let place = Place::new().await;
    let mut session = place.start(ProtocolChoice::V5).await;
    for number in 0..5 {
        place.publish(Qos::ExactlyOnce, &format!("once {number}")).await;
    }
    for _ in 0..5 {
        let incoming = session.next().await;
        session.commands.send(Command::Acknowledge(incoming.receipt)).unwrap();
    }
    // Killed somewhere between the acknowledgements and the releases; the database knows nothing of them.
    session.kill().await;

    let mut session = place.start(ProtocolChoice::V5).await;
    place.publish(Qos::ExactlyOnce, "after").await;
    loop {
        let incoming = session.next().await;
        session.commands.send(Command::Acknowledge(incoming.receipt)).unwrap();
        if incoming.payload == b"after" {
            break;
        }
    }
}

#[tokio::test]
async fn a_delivery_from_before_the_session_was_lost_is_not_made() {
    let place = Place::new().await;
    let mut heard = place.listen().await;
    let mut session = place.start(ProtocolChoice::V5).await;
    assert_eq!(session.deliveries.recv().await, Some(Delivery::StartOver));
    for (generation, payload) in [(0, "old"), (1, "new")] {
        let message = message(payload, Qos::AtLeastOnce);
        session.commands.send(Command::Deliver { generation, row: 1, message }).unwrap();
    }
    assert_eq!(heard.payload().await, "new");
    assert_eq!(session.outcome().await, Delivery::Done(1));
}

/// Waits for a retained state that says `state`, as a client that comes later sees it.
async fn state_says(place: &Place, state: &str) {
    let options = MqttOptions::new("late", "127.0.0.1", place.broker.addr().port());
    let (client, mut eventloop) = AsyncClient::new(options, 10);
    client.subscribe("mqtt-twister/home/state", QoS::AtLeastOnce).await.unwrap();
    let wanted = format!("\"state\":\"{state}\"");
    let said = async {
        loop {
            if let Event::Incoming(Wire::Publish(publish)) = eventloop.poll().await.unwrap()
                && String::from_utf8_lossy(&publish.payload).contains(&wanted)
            {
                return;
            }
        }
    };
    timeout(LIMIT, said).await.unwrap();
}

#[tokio::test]
async fn wish_8_the_state_is_on_a_topic_of_the_local_broker_and_true_even_after_a_kill() {
    let place = Place::new().await;
    let session = place.start(ProtocolChoice::V5).await;
    state_says(&place, "not_ready").await;
    for part in [Part::Node, Part::Account, Part::Network] {
        session.board.up(part);
    }
    state_says(&place, "ready").await;
    session.kill().await;
    state_says(&place, "offline").await;

    let Running { commands, task, .. } = place.start(ProtocolChoice::V5).await;
    state_says(&place, "not_ready").await;
    drop(commands);
    timeout(LIMIT, task).await.unwrap().unwrap();
    state_says(&place, "offline").await;
}

#[tokio::test]
async fn a_broker_that_comes_back_is_found_again() {
    for protocol in BOTH {
        let (folder, store) = (tempfile::tempdir().unwrap(), Store::in_memory());
        let broker = broker_on(([127, 0, 0, 1], 0).into(), &folder).await;
        let addr = broker.addr();
        let mut session = start(addr, &store, protocol, &["doors/#"]).await;
        broker.stop().await;
        session.is_down().await;
        let _back = broker_on(addr, &folder).await;
        session.is_up().await;
        publish(addr, message("hello again", Qos::AtLeastOnce)).await;
        assert_eq!(session.take().await, "hello again");
    }
}

#[tokio::test]
async fn when_the_settings_change_nothing_is_lost_and_the_rest_is_not_taken_any_more() {
    for protocol in BOTH {
        for place in Place::each().await {
            let addr = place.broker.addr();
            start(addr, &place.store, protocol, &["doors/#", "lamps/#"]).await.stop().await;
            place.publish(Qos::AtLeastOnce, "while it was away").await;
            let on_windows = |payload| Message::new("windows/1".parse().unwrap(), payload, Qos::AtLeastOnce);
            publish(addr, on_windows("not asked for")).await;

            let mut session = start(addr, &place.store, protocol, &["windows/#", "lamps/#"]).await;
            assert_eq!(session.take().await, "while it was away", "{protocol:?}");
            place.publish(Qos::AtLeastOnce, "not asked for any more").await;
            publish(addr, on_windows("asked for")).await;
            assert_eq!(session.take().await, "asked for", "{protocol:?}");
        }
    }
}

#[tokio::test]
async fn what_is_retained_comes_with_a_new_subscription_and_not_with_each_connection() {
    for protocol in BOTH {
        for place in Place::each().await {
            let addr = place.broker.addr();
            publish(addr, Message { retain: true, ..message("retained", Qos::AtLeastOnce) }).await;
            let mut session = place.start(protocol).await;
            let came = session.next().await;
            assert!(came.retain);
            session.commands.send(Command::Acknowledge(came.receipt)).unwrap();
            session.stop().await;
            let mut session = place.start(protocol).await;
            place.publish(Qos::AtLeastOnce, "new").await;
            assert_eq!(session.take().await, "new", "{protocol:?}");
        }
    }
}

#[test]
fn a_filter_within_another_is_not_subscribed_to() {
    let filters: Vec<TopicFilter> = ["sensors/+", "sensors/#", "doors/1", "sensors/#", "doors/+/x"]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    let kept: Vec<_> = without_covered(&filters).iter().map(|filter| filter.as_str()).collect();
    assert_eq!(kept, ["sensors/#", "doors/1", "doors/+/x"]);
}
