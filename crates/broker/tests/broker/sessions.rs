//! What outlives a connection, and what outlives the broker.

use mqtt_twister_broker::Broker;

use crate::support::*;
use crate::wire::Wire;

const NUMBERS: [&str; 6] = ["0", "1", "2", "3", "4", "5"];

#[tokio::test]
async fn messages_wait_for_a_client_that_is_away() {
    let broker = start().await;
    for protocol in [V4, V5] {
        for says_goodbye in [false, true] {
            let connect = Connect::new(protocol, "away").keeping_session();
            let mut away = Client::connect(&broker, connect.clone()).await;
            away.subscribe("doors/#", 2).await;
            if says_goodbye {
                away.disconnect().await
            } else {
                away.vanish().await
            }

            let mut publisher = Client::connect(&broker, Connect::new(protocol, "publisher")).await;
            for (number, text) in NUMBERS.into_iter().enumerate() {
                publisher.publish("doors/1", 1 + (number % 2) as u8, text).await;
            }
            let mut back = Client::connect(&broker, connect).await;
            assert!(back.session_present);
            for (number, text) in NUMBERS.into_iter().enumerate() {
                let message = back.message().await;
                assert_eq!((message.text(), message.qos), (text, 1 + (number % 2) as u8), "{protocol:?}");
            }
            publisher.publish("doors/1", 1, "live").await;
            assert_eq!(back.message().await.text(), "live", "the subscription is still there");
            back.settle().await;
            back.vanish().await;
        }
    }
}

#[tokio::test]
async fn a_clean_client_begins_anew() {
    let broker = start().await;
    for protocol in [V4, V5] {
        let mut before = Client::connect(&broker, Connect::new(protocol, "client").keeping_session()).await;
        before.subscribe("doors/#", 2).await;
        before.vanish().await;
        let mut publisher = Client::connect(&broker, Connect::new(protocol, "publisher")).await;
        publisher.publish("doors/1", 1, "missed").await;

        let mut clean = Client::connect(&broker, Connect::new(protocol, "client")).await;
        assert!(!clean.session_present);
        clean.subscribe("windows", 1).await;
        publisher.publish("doors/1", 1, "not subscribed").await;
        publisher.publish("windows", 1, "subscribed").await;
        assert_eq!(clean.message().await.text(), "subscribed");
        clean.disconnect().await;
    }
}

#[tokio::test]
async fn what_a_client_did_not_acknowledge_comes_again_in_order_after_a_reconnect() {
    let broker = start().await;
    for protocol in [V4, V5] {
        for qos in 1..=2 {
            let connect = Connect::new(protocol, &format!("bridge-{protocol:?}-{qos}")).keeping_session().manual_acks();
            let topic = format!("doors/{protocol:?}/{qos}");
            let mut bridge = Client::connect(&broker, connect.clone()).await;
            bridge.subscribe(&topic, 2).await;
            let mut publisher = Client::connect(&broker, Connect::new(protocol, "publisher")).await;
            for number in &NUMBERS[..5] {
                publisher.publish(&topic, qos, number).await;
            }
            for number in &NUMBERS[..5] {
                let message = bridge.message().await;
                assert_eq!((message.text(), message.dup), (*number, false));
                if ["0", "1"].contains(number) {
                    bridge.ack(&message).await;
                }
            }
            bridge.settle().await;
            bridge.vanish().await;
            publisher.publish(&topic, qos, NUMBERS[5]).await;

            let mut back = Client::connect(&broker, connect.clone()).await;
            assert!(back.session_present);
            for number in &NUMBERS[2..] {
                let message = back.message().await;
                assert_eq!((message.text(), message.qos), (*number, qos), "{protocol:?}");
                assert_eq!(message.dup, *number != "5", "only what was sent before is marked as repeated");
                back.ack(&message).await;
            }
            back.settle().await;
            back.vanish().await;

            let mut again = Client::connect(&broker, connect).await;
            publisher.publish(&topic, qos, "next").await;
            assert_eq!(again.message().await.text(), "next", "what was acknowledged does not come a third time");
            again.vanish().await;
        }
    }
}

/// What the bridge does all day: MQTT 5, a kept session, no-local subscriptions, manual acknowledgements, QoS 2 both ways.
#[tokio::test]
async fn a_bridge_loses_nothing_and_hears_nothing_of_its_own_over_many_reconnects() {
    let broker = start().await;
    let connect = Connect::new(V5, "bridge").keeping_session().manual_acks();
    let mut other = Client::connect(&broker, Connect::new(V5, "other")).await;
    other.subscribe("in/#", 2).await;
    let mut bridge = Client::connect(&broker, connect.clone()).await;
    bridge.subscribe_no_local("#", 2).await;

    let mut committed = Vec::new();
    for round in 0..20 {
        for half in ["a", "b"] {
            other.publish("out/1", 2, format!("{round}{half}")).await;
            bridge.publish("in/1", 2, format!("{round}{half}")).await;
        }
        // One is stored and acknowledged; the next has arrived, and the connection drops before it is acknowledged.
        let first = bridge.message().await;
        bridge.ack(&first).await;
        committed.push(first.text().to_owned());
        bridge.message().await;
        bridge.settle().await;
        bridge.vanish().await;

        bridge = Client::connect(&broker, connect.clone()).await;
        assert!(bridge.session_present, "round {round}");
        let repeated = bridge.message().await;
        assert!(repeated.dup);
        bridge.ack(&repeated).await;
        committed.push(repeated.text().to_owned());
    }
    let all: Vec<String> = (0..20).flat_map(|round| [format!("{round}a"), format!("{round}b")]).collect();
    assert_eq!(committed, all);
    assert_eq!(other.texts(40).await, all);
}

#[tokio::test]
async fn a_delivery_cut_off_halfway_through_qos_2_is_finished_after_the_reconnect() {
    let broker = start().await;
    let mut wire = Wire::connect(&broker, b'b', true).await;
    wire.send(&[0x82, 7, 0, 1, 0, 0, 1, b't', 2]).await;
    assert_eq!(wire.receive().await.0, 0x90, "SUBACK");
    let mut publisher = Client::connect(&broker, Connect::new(V5, "publisher")).await;
    publisher.publish("t", 2, "x").await;

    let (publish, body) = wire.receive().await;
    assert_eq!(publish, 0x34, "PUBLISH with QoS 2");
    let number = [body[3], body[4]];
    wire.send(&[0x50, 2, number[0], number[1]]).await;
    assert_eq!(wire.receive().await.0, 0x62, "PUBREL");
    drop(wire);

    let mut wire = Wire::connect(&broker, b'b', false).await;
    let (pubrel, body) = wire.receive().await;
    assert_eq!((pubrel, &body[..2]), (0x62, &number[..]), "PUBREL again, and not the message");
    wire.send(&[0x70, 2, number[0], number[1]]).await;
    publisher.publish("t", 2, "y").await;
    assert_eq!(wire.receive().await.0, 0x34, "the next message");
}

#[tokio::test]
async fn a_publication_repeated_after_a_reconnect_is_passed_on_once() {
    let broker = start().await;
    let mut subscriber = Client::connect(&broker, Connect::new(V5, "subscriber")).await;
    subscriber.subscribe("t", 2).await;
    let publish = |dup: u8| [0x34 | dup << 3, 7, 0, 1, b't', 0, 9, 0, b'x'];

    let mut wire = Wire::connect(&broker, b'b', true).await;
    wire.send(&publish(0)).await;
    assert_eq!(wire.receive().await.0, 0x50, "PUBREC");
    drop(wire);
    let mut wire = Wire::connect(&broker, b'b', false).await;
    wire.send(&publish(1)).await;
    assert_eq!(wire.receive().await.0, 0x50, "PUBREC");
    wire.send(&[0x62, 2, 0, 9]).await;
    assert_eq!(wire.receive().await.0, 0x70, "PUBCOMP");

    let mut publisher = Client::connect(&broker, Connect::new(V5, "publisher")).await;
    publisher.publish("t", 2, "end").await;
    assert_eq!(subscriber.texts(2).await, ["x", "end"]);
}

#[tokio::test]
async fn a_second_connection_with_the_same_client_id_takes_the_session_over() {
    let broker = start().await;
    for protocol in [V4, V5] {
        let connect = Connect::new(protocol, "twin").keeping_session();
        let mut first = Client::connect(&broker, connect.clone()).await;
        first.subscribe("doors/#", 1).await;
        let mut second = Client::connect(&broker, connect).await;
        first.closed_by_broker().await;
        assert!(second.session_present);
        second.publish("doors/1", 1, "x").await;
        assert_eq!(second.message().await.text(), "x");
        second.disconnect().await;
    }
}

#[tokio::test]
async fn a_data_folder_keeps_sessions_waiting_and_retained_messages_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let options = any_port().with_data_dir(folder.path().join("made/on/demand"));
    let connect = Connect::new(V5, "bridge").keeping_session().manual_acks();

    let broker = Broker::start(options.clone()).await.unwrap();
    let mut bridge = Client::connect(&broker, connect.clone()).await;
    bridge.subscribe_no_local("doors/#", 2).await;
    let mut publisher = Client::connect(&broker, Connect::new(V5, "publisher")).await;
    publisher.publish("doors/1", 2, "unacknowledged").await;
    assert_eq!(bridge.message().await.text(), "unacknowledged");
    bridge.vanish().await;
    publisher.publish("doors/1", 1, "waiting, QoS 1").await;
    publisher.publish("doors/1", 2, "waiting, QoS 2").await;
    publisher.publish_retained("windows", 1, "retained").await;
    publisher.publish_retained("cleared", 1, "was retained").await;
    publisher.publish_retained("cleared", 1, "").await;
    broker.stop().await;

    let broker = Broker::start(options).await.unwrap();
    let mut bridge = Client::connect(&broker, connect).await;
    assert!(bridge.session_present);
    for text in ["unacknowledged", "waiting, QoS 1", "waiting, QoS 2"] {
        let message = bridge.message().await;
        assert_eq!(message.text(), text);
        bridge.ack(&message).await;
    }
    bridge.publish("doors/1", 1, "own").await;
    let mut publisher = Client::connect(&broker, Connect::new(V5, "publisher")).await;
    publisher.publish("doors/1", 1, "live").await;
    assert_eq!(bridge.message().await.text(), "live", "the subscription is there, and still no-local");

    let mut late = Client::connect(&broker, Connect::new(V5, "late")).await;
    late.subscribe("cleared", 1).await;
    late.subscribe("windows", 1).await;
    assert_eq!(late.message().await.text(), "retained");
}

#[tokio::test]
async fn without_a_data_folder_a_restart_forgets() {
    let broker = start().await;
    let connect = Connect::new(V5, "client").keeping_session();
    let mut client = Client::connect(&broker, connect.clone()).await;
    client.subscribe("doors/#", 1).await;
    client.publish_retained("windows", 1, "retained").await;
    broker.stop().await;

    let broker = start().await;
    let mut client = Client::connect(&broker, connect).await;
    assert!(!client.session_present);
    client.subscribe("windows", 1).await;
    client.publish("windows", 1, "live").await;
    assert_eq!(client.message().await.text(), "live");
}

#[tokio::test]
async fn thousands_of_messages_wait_in_order_and_those_of_qos_0_do_not_wait() {
    let broker = start().await;
    let connect = Connect::new(V5, "away").keeping_session();
    let mut away = Client::connect(&broker, connect.clone()).await;
    away.subscribe("count", 1).await;
    away.disconnect().await;

    let numbers: Vec<String> = (0..3000).map(|number| number.to_string()).collect();
    let mut publisher = Client::connect(&broker, Connect::new(V5, "publisher")).await;
    for number in &numbers {
        publisher.publish("count", 0, "not kept").await;
        publisher.publish("count", 1, number).await;
    }
    let mut back = Client::connect(&broker, connect).await;
    assert_eq!(back.texts(numbers.len()).await, numbers);
}
