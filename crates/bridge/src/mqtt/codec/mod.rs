//! Packets to bytes and back, in either version of MQTT. The bytes are rumqttc's work.

mod v311;
mod v5;

use bytes::{Bytes, BytesMut};
use rumqttc::v5::mqttbytes::Error;
use rumqttc::v5::mqttbytes::v5::{ConnectReturnCode, DisconnectReasonCode};

use super::packet::{Hello, Packet, Protocol, Welcome};
use crate::secrets::Password;

/// Largest packet that MQTT has. It is asked for because a broker does not send larger ones than it was told.
const MAX_PACKET: u32 = 268_435_455;

/// Messages that the broker may send before the first of them is acknowledged.
const RECEIVE_MAXIMUM: u16 = 64;

/// MQTT 3.1.1 has no way to say how many messages may be sent before the first of them is acknowledged. Mosquitto takes 20,
/// and was seen to acknowledge more and lose them.
const RECEIVE_MAXIMUM_V311: u16 = 20;

/// How long the broker keeps the session while the bridge is away, in seconds: 30 days.
const SESSION_EXPIRY: u32 = 30 * 24 * 3600;

/// Fixed header of CONNACK, and of a DISCONNECT that gives no reason, which rumqttc does not read.
const CONNACK: u8 = 0x20;
const BARE_DISCONNECT: [u8; 2] = [0xe0, 0];

/// A packet that cannot be read or written.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(crate) struct CodecError(String);

impl From<Error> for CodecError {
    fn from(error: Error) -> Self {
        Self(error.to_string())
    }
}

impl From<rumqttc::mqttbytes::Error> for CodecError {
    fn from(error: rumqttc::mqttbytes::Error) -> Self {
        Self(error.to_string())
    }
}

/// Takes the first packet out of `received`; none if it is not all there yet.
///
/// # Errors
/// The bytes are no packet that a broker may send: the connection is of no use any more.
pub(crate) fn decode(received: &mut BytesMut, protocol: Protocol) -> Result<Option<Packet>, CodecError> {
    match protocol {
        Protocol::V311 => v311::decode(received),
        Protocol::V5 if received.starts_with(&BARE_DISCONNECT) => {
            Ok(Some(Packet::Disconnect(DisconnectReasonCode::NormalDisconnection)))
        }
        Protocol::V5 => v5::decode(received),
    }
}

/// Takes the answer to CONNECT out of `received`; none if it is not all there yet.
///
/// # Errors
/// The bytes are no such answer.
pub(crate) fn decode_welcome(
    received: &mut BytesMut,
) -> Result<Option<Result<Welcome, ConnectReturnCode>>, CodecError> {
    // A broker that does not know the version answers in its own.
    match received.first_chunk() {
        None => Ok(None),
        Some([CONNACK, 2]) => v311::decode_welcome(received),
        Some(_) => v5::decode_welcome(received),
    }
}

/// The first packet of a connection.
///
/// # Errors
/// A text in it is longer than MQTT can carry.
pub(crate) fn encode_hello(
    hello: &Hello,
    user: &str,
    password: &Password,
    keep_alive_s: u16,
    protocol: Protocol,
) -> Result<Bytes, CodecError> {
    let mut bytes = BytesMut::new();
    match protocol {
        Protocol::V311 => v311::encode_hello(hello, user, password, keep_alive_s, &mut bytes)?,
        Protocol::V5 => v5::encode_hello(hello, user, password, keep_alive_s, &mut bytes)?,
    }
    Ok(bytes.freeze())
}

/// The bytes of a packet that a client may send.
///
/// # Errors
/// A text in it is longer than MQTT can carry.
pub(crate) fn encode(packet: &Packet, protocol: Protocol) -> Result<Bytes, CodecError> {
    let mut bytes = BytesMut::new();
    match protocol {
        Protocol::V311 => v311::encode(packet, &mut bytes)?,
        Protocol::V5 => v5::encode(packet, &mut bytes)?,
    }
    Ok(bytes.freeze())
}

/// A packet of a kind that `who` never sends.
fn only(who: &str) -> CodecError {
    CodecError(format!("only {who} send this packet"))
}

fn topic_text(topic: &[u8]) -> Result<String, CodecError> {
    match std::str::from_utf8(topic) {
        // Its length has two bytes, which the library takes for granted.
        Ok(text) if u16::try_from(text.len()).is_ok() => Ok(text.to_owned()),
        Ok(_) => Err(CodecError("the topic is longer than MQTT can carry".to_owned())),
        Err(error) => Err(CodecError(error.to_string())),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use rumqttc::v5::mqttbytes::v5::PublishProperties;

    use super::*;
    use crate::message::Qos;
    use crate::mqtt::packet::Publish;

    fn publish(protocol: Protocol) -> Publish {
        let mut properties = Box::<PublishProperties>::default();
        if protocol == Protocol::V5 {
            properties.content_type = Some("text/plain".to_owned());
        }
        let (topic, payload) = (Bytes::from_static(b"doors/1"), Bytes::from_static(b"open"));
        Publish { topic, payload, qos: Qos::ExactlyOnce, retain: true, again: true, packet: 7, properties }
    }

    #[test]
    fn a_message_reads_as_it_was_written_in_both_versions() {
        for protocol in [Protocol::V311, Protocol::V5] {
            let sent = publish(protocol);
            let mut bytes = BytesMut::from(&encode(&Packet::Publish(sent.clone()), protocol).unwrap()[..]);
            let Some(Packet::Publish(read)) = decode(&mut bytes, protocol).unwrap() else { panic!("no PUBLISH") };
            assert_eq!((read.topic, read.payload, read.packet), (sent.topic, sent.payload, sent.packet));
            assert_eq!((read.qos, read.retain, read.again), (sent.qos, sent.retain, sent.again));
            assert_eq!(read.properties, sent.properties);
            assert!(bytes.is_empty());
        }
    }

    #[test]
    fn a_packet_is_read_when_its_last_byte_has_come() {
        let whole = encode(&Packet::Publish(publish(Protocol::V5)), Protocol::V5).unwrap();
        let mut received = BytesMut::new();
        for byte in &whole[..whole.len() - 1] {
            received.extend_from_slice(&[*byte]);
            assert!(decode(&mut received, Protocol::V5).unwrap().is_none());
        }
        received.extend_from_slice(&whole[whole.len() - 1..]);
        assert!(decode(&mut received, Protocol::V5).unwrap().is_some());
    }

    #[test]
    fn a_topic_that_is_no_text_does_not_spoil_the_connection() {
        let mut bytes = BytesMut::from(&[0x30, 6, 0, 2, 0xff, 0, 0, b'x'][..]);
        let Some(Packet::Publish(read)) = decode(&mut bytes, Protocol::V5).unwrap() else { panic!("no PUBLISH") };
        assert_eq!((&read.topic[..], &read.payload[..]), (&[0xff, 0][..], &b"x"[..]));
    }

    #[test]
    fn bytes_that_are_no_packet_are_an_error() {
        for bytes in [&[0x30, 0xff, 0xff, 0xff, 0xff, 1][..], &[0x30, 1, 0], &[0x32, 3, 0, 9, 9], &[0, 0], &[0x36, 0]] {
            assert!(decode(&mut BytesMut::from(bytes), Protocol::V5).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_refusal_in_the_older_version_is_understood_in_the_newer() {
        let mut received = BytesMut::from(&[0x20, 2, 0, 1][..]);
        let answer = decode_welcome(&mut received).unwrap().unwrap();
        assert_eq!(answer.unwrap_err(), ConnectReturnCode::UnsupportedProtocolVersion);
    }
}
