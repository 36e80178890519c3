//! A message's MQTT 5 properties as they stand in a packet: those of its publisher, the way it came, and the bridge's own
//! mark on what it leaves at the broker.

use bytes::Bytes;
use rumqttc::v5::mqttbytes::v5::PublishProperties as Wire;
use sha2::{Digest as _, Sha256};
use twister::Username;

use crate::message::{Message, Properties};
use crate::topic::Topic;

/// User property that holds the accounts that a message came through, joined by commas, its origin first.
pub(crate) const PATH: &str = "mqtt-twister-path";

/// User property by which a bridge knows its own retained messages again: no-local does not keep them from a new
/// subscription.
pub(crate) const MARK: &str = "mqtt-twister-mark";

/// User properties that the embedded broker adds: the publisher's client identifier and its user name. They are about the
/// broker that the message is leaving.
pub(crate) const ADDED_BY_BROKER: [&str; 2] = ["x-mqtt-client-id", "x-mqtt-sender"];

/// What the properties of a message from the broker say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Read {
    pub properties: Properties,
    /// The accounts that it came through, its origin first. A list that is not valid counts as none.
    pub path: Vec<Username>,
    pub mark: Option<String>,
}

/// Reads the properties of a message from the broker.
pub(crate) fn read(wire: &Wire) -> Read {
    let mut read = Read {
        properties: Properties {
            is_text: wire.payload_format_indicator == Some(1),
            content_type: wire.content_type.clone(),
            // One that is no topic could not be answered to.
            response_topic: wire.response_topic.clone().and_then(|topic| Topic::try_from(topic).ok()),
            correlation_data: wire.correlation_data.as_ref().map(|data| data.to_vec()),
            expiry_s: wire.message_expiry_interval,
            user: Vec::new(),
        },
        ..Read::default()
    };
    for (name, value) in &wire.user_properties {
        match name.as_str() {
            PATH if read.path.is_empty() => read.path = path_of(value).unwrap_or_default(),
            MARK => read.mark = Some(value.clone()),
            PATH => {}
            name if ADDED_BY_BROKER.contains(&name) => {}
            name => read.properties.user.push((name.to_owned(), value.clone())),
        }
    }
    read
}

/// The properties that a message is published with. `expiry_s` is what is left of its expiry.
pub(crate) fn write(message: &Message, expiry_s: Option<u32>) -> Wire {
    let Properties { is_text, content_type, response_topic, correlation_data, expiry_s: _, user } = &message.properties;
    // A broker may hang up on whoever calls something text that is none.
    let is_text = *is_text && std::str::from_utf8(&message.payload).is_ok();
    let mut wire = Wire {
        payload_format_indicator: is_text.then_some(1),
        content_type: content_type.clone(),
        response_topic: response_topic.as_ref().map(ToString::to_string),
        correlation_data: correlation_data.as_ref().map(|data| Bytes::copy_from_slice(data)),
        message_expiry_interval: expiry_s,
        ..Wire::default()
    };
    let own = user.iter().filter(|(name, _)| ![PATH, MARK].contains(&name.as_str()));
    wire.user_properties.extend(own.cloned());
    if !message.path.is_empty() {
        let names: Vec<&str> = message.path.iter().map(Username::as_str).collect();
        wire.user_properties.push((PATH.to_owned(), names.join(",")));
    }
    wire
}

/// The mark of `owner` on a message. It is of use for this topic and payload alone: whoever publishes something else with
/// copied properties has made a message of their own.
pub(crate) fn mark(owner: &str, topic: &str, payload: &[u8]) -> String {
    let mut hash = Sha256::new();
    for part in [owner.as_bytes(), topic.as_bytes(), payload] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn path_of(text: &str) -> Option<Vec<Username>> {
    text.split(',').map(|name| name.parse().ok()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::message::Qos;

    fn message() -> Message {
        let properties = Properties {
            is_text: true,
            content_type: Some("text/plain".to_owned()),
            response_topic: Some("doors/answer".parse().unwrap()),
            correlation_data: Some(vec![0, 1]),
            expiry_s: Some(3600),
            user: vec![("source".to_owned(), "porch".to_owned()), ("source".to_owned(), "yard".to_owned())],
        };
        let path = vec!["alice".parse().unwrap(), "bob".parse().unwrap()];
        Message { properties, path, ..Message::new("doors/1".parse().unwrap(), "open", Qos::AtLeastOnce) }
    }

    #[test]
    fn properties_and_path_read_as_they_were_written() {
        let sent = message();
        let wire = write(&sent, Some(1800));
        let expected = Properties { expiry_s: Some(1800), ..sent.properties };
        assert_eq!(read(&wire), Read { properties: expected, path: sent.path, mark: None });
    }

    #[test]
    fn a_path_that_is_not_valid_counts_as_none_and_is_no_user_property() {
        for path in ["", "alice,", "Not A Name", ",bob", "alice bob"] {
            let mut wire = Wire::default();
            wire.user_properties.push((PATH.to_owned(), path.to_owned()));
            assert_eq!(read(&wire), Read::default(), "{path:?}");
        }
    }

    #[test]
    fn what_the_broker_added_and_what_imitates_the_bridge_does_not_travel() {
        let mut wire = Wire::default();
        for name in ADDED_BY_BROKER {
            wire.user_properties.push((name.to_owned(), "publisher".to_owned()));
        }
        assert_eq!(read(&wire), Read::default());
        let mut forged = message();
        forged.properties.user = vec![(PATH.to_owned(), "carol".to_owned()), (MARK.to_owned(), "0".to_owned())];
        let read = read(&write(&forged, None));
        assert_eq!((read.path, read.mark), (forged.path, None));
    }

    #[test]
    fn a_payload_that_is_no_text_is_not_called_text() {
        let sent = Message { payload: vec![0xff], ..message() };
        assert_eq!(write(&sent, None).payload_format_indicator, None);
    }

    #[test]
    fn a_response_topic_that_cannot_be_answered_to_is_left_out() {
        let wire = Wire { response_topic: Some("doors/+".to_owned()), ..Wire::default() };
        assert_eq!(read(&wire).properties.response_topic, None);
    }

    #[test]
    fn a_mark_is_for_one_bridge_topic_and_payload() {
        let ours = mark("home", "doors/1", b"open");
        for other in [mark("away", "doors/1", b"open"), mark("home", "doors/2", b"open"), mark("home", "doors/1", b"")]
        {
            assert_ne!(ours, other);
        }
        let mut wire = write(&message(), None);
        wire.user_properties.push((MARK.to_owned(), ours.clone()));
        assert_eq!(read(&wire).mark, Some(ours));
    }
}
