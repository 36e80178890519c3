//! What a message carries besides its payload, both ways.

use super::support::*;
use crate::config::ProtocolChoice;
use crate::message::{Message, Properties, Qos};
use crate::mqtt::properties::{MARK, PATH};

fn full() -> Message {
    let properties = Properties {
        is_text: true,
        content_type: Some("text/plain".to_owned()),
        response_topic: Some("doors/answer".parse().unwrap()),
        correlation_data: Some(vec![0, 1, 255]),
        expiry_s: Some(3600),
        user: vec![("room".to_owned(), "hall".to_owned()), ("room".to_owned(), "porch".to_owned())],
    };
    let path = vec!["alice".parse().unwrap(), "bob".parse().unwrap()];
    Message { retain: true, properties, path, ..message("open", Qos::AtLeastOnce) }
}

#[tokio::test]
async fn wish_4_a_message_comes_in_with_retained_flag_properties_and_path() {
    let place = Place::new().await;
    let mut session = place.start(ProtocolChoice::V5).await;
    publish(place.broker.addr(), full()).await;
    let came = session.next().await;
    assert!(came.retain);
    assert_eq!(came.path, full().path);
    let left = came.properties.expiry_s.unwrap();
    assert!((3590..=3600).contains(&left), "{left}");
    assert_eq!(Properties { expiry_s: Some(3600), ..came.properties }, full().properties);
}

#[tokio::test]
async fn wish_4_a_message_is_delivered_with_retained_flag_properties_and_path() {
    let place = Place::new().await;
    let mut heard = place.listen().await;
    let mut session = place.start(ProtocolChoice::V5).await;
    session.deliver(1, full());
    let publish = heard.publish().await;
    let properties = publish.properties.unwrap();
    assert_eq!(properties.content_type.as_deref(), Some("text/plain"));
    assert_eq!(properties.response_topic.as_deref(), Some("doors/answer"));
    assert_eq!(properties.correlation_data.as_deref(), Some(&[0, 1, 255][..]));
    assert!(properties.message_expiry_interval.is_some_and(|left| (3590..=3600).contains(&left)));
    let user: Vec<_> = properties.user_properties.iter().filter(|(name, _)| name != MARK).cloned().collect();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let added = |(name, _): &&(String, String)| mqtt_twister_broker::ADDED_USER_PROPERTIES.contains(&name.as_str());
    let user: Vec<_> = user.iter().filter(|property| !added(property)).cloned().collect();
    assert_eq!(user, [pair("room", "hall"), pair("room", "porch"), pair(PATH, "alice,bob")]);

    // A late subscriber sees that it is retained.
    let mut late = place.listen_as("late").await;
    assert!(late.publish().await.retain);
}

#[tokio::test]
async fn wish_4_an_empty_retained_message_clears_in_both_directions() {
    for protocol in BOTH {
        let place = Place::new().await;
        let mut session = place.start(protocol).await;
        session.deliver(1, full());
        session.outcome().await;
        session.deliver(2, Message { payload: Vec::new(), ..full() });
        session.outcome().await;
        let mut late = place.listen_as("late").await;
        place.publish(Qos::AtLeastOnce, "nothing before this").await;
        assert_eq!(late.payload().await, "nothing before this", "{protocol:?}");
    }
    let place = Place::new().await;
    let mut session = place.start(ProtocolChoice::V5).await;
    publish(place.broker.addr(), Message { payload: Vec::new(), ..full() }).await;
    let came = session.next().await;
    assert!(came.retain && came.payload.is_empty());
}

#[tokio::test]
async fn an_older_broker_gets_the_message_without_its_properties() {
    let place = Place::new().await;
    let mut heard = place.listen().await;
    let mut session = place.start(ProtocolChoice::V311).await;
    session.deliver(1, full());
    assert_eq!(heard.payload().await, "open");
    publish(place.broker.addr(), full()).await;
    let came = session.next().await;
    assert_eq!((came.properties, came.path), (Properties::default(), Vec::new()));
}

#[test]
fn the_names_of_what_the_embedded_broker_adds_are_known() {
    assert_eq!(crate::mqtt::properties::ADDED_BY_BROKER, mqtt_twister_broker::ADDED_USER_PROPERTIES);
}
