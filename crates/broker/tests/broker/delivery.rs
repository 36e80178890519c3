//! Messages between clients that are connected.

use crate::support::*;

#[tokio::test]
async fn every_qos_arrives_once_with_its_bytes_intact() {
    let every_byte: Vec<u8> = (0..=255).collect();
    let broker = start().await;
    for (from, to) in [(V4, V4), (V4, V5), (V5, V4), (V5, V5)] {
        let mut publisher = Client::connect(&broker, Connect::new(from, "publisher")).await;
        let mut subscriber = Client::connect(&broker, Connect::new(to, "subscriber")).await;
        subscriber.subscribe("doors/#", 2).await;
        for qos in 0..=2 {
            for payload in [every_byte.as_slice(), b""] {
                publisher.publish("doors/1", qos, payload).await;
                let message = subscriber.message().await;
                assert_eq!((message.topic.as_str(), message.qos, message.retain), ("doors/1", qos, false));
                assert_eq!(message.payload, payload, "{from:?} to {to:?}, QoS {qos}");
            }
        }
        // A second copy of anything would come before this.
        publisher.publish("doors/end", 2, "end").await;
        assert_eq!(subscriber.message().await.text(), "end");
    }
}

#[tokio::test]
async fn a_subscription_lowers_the_qos_and_never_raises_it() {
    let broker = start().await;
    let mut publisher = Client::connect(&broker, Connect::new(V5, "publisher")).await;
    let mut subscriber = Client::connect(&broker, Connect::new(V5, "subscriber")).await;
    for (published, subscribed) in [(2, 1), (2, 0), (1, 0), (0, 2), (1, 2)] {
        let topic = format!("from{published}/to{subscribed}");
        subscriber.subscribe(&topic, subscribed).await;
        publisher.publish(&topic, published, "").await;
        assert_eq!(subscriber.message().await.qos, published.min(subscribed));
    }
}

#[tokio::test]
async fn messages_of_one_publisher_keep_their_order() {
    let broker = start().await;
    let mut publisher = Client::connect(&broker, Connect::new(V5, "publisher")).await;
    let mut subscriber = Client::connect(&broker, Connect::new(V5, "subscriber")).await;
    subscriber.subscribe("count/#", 2).await;
    for qos in 1..=2 {
        let numbers: Vec<String> = (0..300).map(|number| number.to_string()).collect();
        for number in &numbers {
            publisher.publish("count/up", qos, number).await;
        }
        assert_eq!(subscriber.texts(300).await, numbers, "QoS {qos}");
    }
}

#[tokio::test]
async fn a_megabyte_goes_through() {
    let broker = start().await;
    let picture = vec![7; 1024 * 1024];
    for protocol in [V4, V5] {
        let mut publisher = Client::connect(&broker, Connect::new(protocol, "publisher")).await;
        let mut subscriber = Client::connect(&broker, Connect::new(protocol, "subscriber")).await;
        subscriber.subscribe("picture", 1).await;
        publisher.publish("picture", 1, &picture).await;
        assert_eq!(subscriber.message().await.payload, picture);
    }
}

#[tokio::test]
async fn a_retained_message_greets_later_subscribers_until_it_is_cleared() {
    let broker = start().await;
    for protocol in [V4, V5] {
        for qos in 0..=2 {
            let topic = format!("retained/{protocol:?}/{qos}");
            let mut publisher = Client::connect(&broker, Connect::new(protocol, "publisher")).await;
            publisher.publish_retained(&topic, qos, "old").await;
            publisher.publish_retained(&topic, qos, "new").await;
            publisher.settle().await;

            let mut late = Client::connect(&broker, Connect::new(protocol, "late")).await;
            late.subscribe(&topic, 2).await;
            let greeting = late.message().await;
            assert_eq!((greeting.text(), greeting.retain, greeting.qos), ("new", true, qos));
            publisher.publish_retained(&topic, qos, "").await;
            let clearing = late.message().await;
            assert_eq!((clearing.text(), clearing.retain), ("", false), "who is there hears of the clearing");

            let mut later = Client::connect(&broker, Connect::new(protocol, "later")).await;
            later.subscribe(&topic, 2).await;
            publisher.publish(&topic, qos, "live").await;
            assert_eq!(later.message().await.text(), "live", "nothing is left to greet with");
        }
    }
}

#[tokio::test]
async fn retain_as_published_keeps_the_flag_on_live_messages() {
    let broker = start().await;
    let mut publisher = Client::connect(&broker, Connect::new(V5, "publisher")).await;
    let mut subscriber = Client::connect(&broker, Connect::new(V5, "subscriber")).await;
    let mut filter = Filter::new("state", rumqttc::v5::mqttbytes::QoS::AtLeastOnce);
    filter.preserve_retain = true;
    subscriber.subscribe_with(filter).await;
    for (retained, payload) in [(true, "on"), (false, "off"), (true, "")] {
        publisher.publish_as("state", 1, retained, payload, None).await;
        assert_eq!(subscriber.message().await.retain, retained);
    }
}

#[tokio::test]
async fn no_local_keeps_a_clients_own_messages_away_from_it() {
    let broker = start().await;
    let connect = Connect::new(V5, "bridge").keeping_session();
    let mut bridge = Client::connect(&broker, connect.clone()).await;
    let mut other = Client::connect(&broker, Connect::new(V5, "other")).await;
    bridge.subscribe_no_local("doors/#", 2).await;
    other.subscribe("doors/#", 2).await;

    for reconnected in [false, true] {
        for qos in 0..=2 {
            bridge.publish("doors/1", qos, "own").await;
            bridge.publish_retained("doors/2", qos, "own, retained").await;
            bridge.settle().await;
            other.publish("doors/1", qos, "other's").await;
            assert_eq!(bridge.message().await.text(), "other's", "QoS {qos}, reconnected: {reconnected}");
            assert_eq!(other.texts(3).await, ["own", "own, retained", "other's"]);
        }
        bridge.settle().await;
        bridge.vanish().await;
        bridge = Client::connect(&broker, connect.clone()).await;
        assert!(bridge.session_present);
    }
}

#[tokio::test]
async fn mqtt_5_properties_travel_with_a_message_and_wait_with_it() {
    let sent = PublishProperties {
        payload_format_indicator: Some(1),
        message_expiry_interval: Some(1000),
        content_type: Some("text/plain".into()),
        response_topic: Some("answers/1".into()),
        correlation_data: Some(vec![0, 1, 255].into()),
        user_properties: vec![("a".into(), "1".into()), ("a".into(), "2".into()), ("b".into(), "ü".into())],
        ..PublishProperties::default()
    };
    let broker = start().await;
    let connect = Connect::new(V5, "subscriber").keeping_session();
    let mut publisher = Client::connect(&broker, Connect::new(V5, "publisher")).await;
    let mut subscriber = Client::connect(&broker, connect.clone()).await;
    subscriber.subscribe("doors/#", 2).await;

    publisher.publish_as("doors/live", 2, false, "live", Some(sent.clone())).await;
    let live = subscriber.message().await;
    subscriber.settle().await;
    subscriber.vanish().await;
    publisher.publish_as("doors/waiting", 1, false, "waiting", Some(sent.clone())).await;
    publisher.publish_as("windows", 1, true, "retained", Some(sent.clone())).await;
    let mut subscriber = Client::connect(&broker, connect).await;
    let waiting = subscriber.message().await;
    subscriber.subscribe("windows", 2).await;
    let retained = subscriber.message().await;

    for message in [live, waiting, retained] {
        let mut came = message.properties.clone().unwrap();
        let expiry = came.message_expiry_interval.unwrap();
        assert!((900..=1000).contains(&expiry), "{} expires in {expiry} s", message.text());
        came.message_expiry_interval = sent.message_expiry_interval;
        let (added, user): (Vec<_>, Vec<_>) = came
            .user_properties
            .into_iter()
            .partition(|(name, _)| mqtt_twister_broker::ADDED_USER_PROPERTIES.contains(&name.as_str()));
        came.user_properties = user;
        assert_eq!(came, sent, "{}", message.text());
        assert_eq!(added, [("x-mqtt-client-id".into(), "publisher".into())]);
    }
}

#[tokio::test]
async fn wildcards_match_as_the_standard_says_and_not_topics_that_begin_with_a_dollar_sign() {
    let broker = start().await;
    let mut publisher = Client::connect(&broker, Connect::new(V5, "publisher")).await;
    for (filter, topic, matches) in [
        ("doors/#", "doors", true),
        ("doors/+", "doors", false),
        ("doors/+", "doors/", true),
        ("+/+", "/1", true),
        ("doors/+/state", "doors/1/state", true),
        ("doors/+/state", "doors/1/2/state", false),
        ("#", "$internal/x", false),
        ("+/x", "$internal/x", false),
        ("$internal/#", "$internal/x", true),
        ("doors/1", "Doors/1", false),
    ] {
        let mut subscriber = Client::connect(&broker, Connect::new(V5, "subscriber")).await;
        subscriber.subscribe(filter, 1).await;
        subscriber.subscribe("the/end", 1).await;
        publisher.publish(topic, 1, "match").await;
        publisher.publish("the/end", 1, "end").await;
        let first = subscriber.message().await;
        assert_eq!(first.text() == "match", matches, "{filter} and {topic}");
    }
}

#[tokio::test]
async fn overlapping_subscriptions_deliver_with_the_highest_qos_among_the_copies() {
    let broker = start().await;
    let mut publisher = Client::connect(&broker, Connect::new(V5, "publisher")).await;
    let mut subscriber = Client::connect(&broker, Connect::new(V5, "subscriber")).await;
    subscriber.subscribe("doors/#", 0).await;
    subscriber.subscribe("doors/1", 2).await;
    publisher.publish("doors/1", 2, "x").await;
    let copies = [subscriber.message().await.qos, subscriber.message().await.qos];
    assert!(copies.contains(&2), "one copy for each subscription, as the standard allows: {copies:?}");
}
