//! Packets to bytes and back. The bytes are `mqtt5-protocol`'s work, except for PUBLISH from the broker: its topic is left
//! unchecked, because a message on a bad topic has to be turned away by itself, and not the connection with it.

use bytes::{Buf, Bytes, BytesMut};
use mqtt5_protocol::packet::connack::ConnAckPacket;
use mqtt5_protocol::packet::connect::ConnectPacket;
use mqtt5_protocol::packet::disconnect::DisconnectPacket;
use mqtt5_protocol::packet::puback::PubAckPacket;
use mqtt5_protocol::packet::pubcomp::PubCompPacket;
use mqtt5_protocol::packet::publish::PublishPacket;
use mqtt5_protocol::packet::pubrec::PubRecPacket;
use mqtt5_protocol::packet::pubrel::PubRelPacket;
use mqtt5_protocol::packet::subscribe::{RetainHandling, SubscribePacket, SubscriptionOptions, TopicFilter};
use mqtt5_protocol::packet::unsubscribe::UnsubscribePacket;
use mqtt5_protocol::packet::{MqttPacket as _, Packet as Wire};
use mqtt5_protocol::{
    ConnectOptions, FixedHeader, MqttError, PacketType, Properties, PropertyId, PropertyValue, QoS, ReasonCode,
    WillMessage,
};

use super::packet::{Ack, Hello, Packet, Protocol, Publish, SessionKind, Welcome};
use crate::message::Qos;
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

/// Fixed header of PUBLISH: bits 1 and 2 are the quality of service, 3 is DUP, 0 is RETAIN.
const DUP: u8 = 8;
const RETAIN: u8 = 1;

/// A packet that cannot be read or written.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(crate) struct CodecError(String);

impl From<MqttError> for CodecError {
    fn from(error: MqttError) -> Self {
        Self(error.to_string())
    }
}

/// Takes the first packet out of `received`; none if it is not all there yet.
///
/// # Errors
/// The bytes are no packet that a broker may send: the connection is of no use any more.
pub(crate) fn decode(received: &mut BytesMut, protocol: Protocol) -> Result<Option<Packet>, CodecError> {
    let Some((header, body)) = next_frame(received)? else { return Ok(None) };
    if header.packet_type == PacketType::Publish {
        return decode_publish(header.flags, body, protocol).map(|publish| Some(Packet::Publish(publish)));
    }
    let mut body = body;
    let wire = Wire::decode_from_body_with_version(header.packet_type, &header, &mut body, version(protocol))?;
    Ok(Some(match wire {
        Wire::PubAck(ack) => Packet::PubAck(ack_of(ack.packet_id, ack.reason_code)),
        Wire::PubRec(ack) => Packet::PubRec(ack_of(ack.packet_id, ack.reason_code)),
        Wire::PubRel(release) => Packet::PubRel(release.packet_id),
        // Whatever its reason says, nothing of the message is left to do.
        Wire::PubComp(complete) => Packet::PubComp(complete.packet_id),
        Wire::SubAck(ack) => {
            let granted = |code: &mqtt5_protocol::packet::suback::SubAckReasonCode| {
                code.granted_qos().map(from_wire).ok_or_else(|| format!("{code:?}"))
            };
            Packet::SubAck { packet: ack.packet_id, granted: ack.reason_codes.iter().map(granted).collect() }
        }
        Wire::UnsubAck(ack) => Packet::UnsubAck(ack.packet_id),
        Wire::PingResp => Packet::PingResp,
        Wire::Disconnect(disconnect) => Packet::Disconnect(disconnect.reason_code),
        other => return Err(CodecError(format!("{} from a broker", other.packet_type_name()))),
    }))
}

/// Takes the answer to CONNECT out of `received`; none if it is not all there yet.
///
/// # Errors
/// The bytes are no such answer.
pub(crate) fn decode_welcome(received: &mut BytesMut) -> Result<Option<Result<Welcome, ReasonCode>>, CodecError> {
    let Some((header, mut body)) = next_frame(received)? else { return Ok(None) };
    if header.packet_type != PacketType::ConnAck {
        return Err(CodecError(format!("{:?} before CONNACK", header.packet_type)));
    }
    let connack = ConnAckPacket::decode_body(&mut body, &header)?;
    if connack.reason_code != ReasonCode::Success {
        return Ok(Some(Err(connack.reason_code)));
    }
    let properties = &connack.properties;
    let max_qos = properties.get_maximum_qos().and_then(|qos| Qos::try_from(qos).ok());
    let retain = !matches!(properties.get(PropertyId::RetainAvailable), Some(PropertyValue::Byte(0)));
    // What a broker does not mention, it can do.
    let receive_maximum = match connack.protocol_version {
        5 => connack.receive_maximum().unwrap_or(u16::MAX),
        _ => RECEIVE_MAXIMUM_V311,
    };
    Ok(Some(Ok(Welcome {
        session_present: connack.session_present,
        receive_maximum: receive_maximum.max(1),
        max_qos: max_qos.unwrap_or(Qos::ExactlyOnce),
        retain,
        max_packet: connack.maximum_packet_size().unwrap_or(MAX_PACKET) as usize,
        keep_alive_s: properties.get_server_keep_alive(),
    })))
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
    let mut options = ConnectOptions::new(hello.client_id.as_str());
    options.clean_start = hello.session == SessionKind::OneOff;
    if !user.is_empty() {
        options = options.with_credentials(user, password.reveal());
    }
    options.will = hello.will.as_ref().map(|will| {
        let mut message = WillMessage::new(will.topic.as_str(), will.payload.clone());
        (message.qos, message.retain) = (QoS::AtLeastOnce, true);
        message
    });
    if hello.session == SessionKind::Lasting {
        options.properties.session_expiry_interval = Some(SESSION_EXPIRY);
    }
    options.properties.receive_maximum = Some(RECEIVE_MAXIMUM);
    options.properties.maximum_packet_size = Some(MAX_PACKET);
    let mut connect = match protocol {
        Protocol::V311 => ConnectPacket::new_v311(options),
        Protocol::V5 => ConnectPacket::new(options),
    };
    connect.keep_alive = keep_alive_s;
    let mut bytes = BytesMut::new();
    connect.encode(&mut bytes)?;
    Ok(bytes.freeze())
}

/// The bytes of a packet that a client may send.
///
/// # Errors
/// A text in it is longer than MQTT can carry.
pub(crate) fn encode(packet: &Packet, protocol: Protocol) -> Result<Bytes, CodecError> {
    let mut bytes = BytesMut::new();
    match packet {
        Packet::Publish(publish) => encode_publish(publish, protocol)?.encode(&mut bytes)?,
        Packet::PubAck(ack) => PubAckPacket::new(ack.packet).encode(&mut bytes)?,
        Packet::PubRec(ack) => PubRecPacket::new(ack.packet).encode(&mut bytes)?,
        Packet::PubRel(packet) => PubRelPacket::new(*packet).encode(&mut bytes)?,
        Packet::PubComp(packet) => PubCompPacket::new(*packet).encode(&mut bytes)?,
        Packet::Subscribe { packet, filters } => subscribe(*packet, filters, protocol).encode(&mut bytes)?,
        Packet::Unsubscribe { packet, filters } => {
            let mut unsubscribe = UnsubscribePacket::new(*packet);
            unsubscribe.protocol_version = version(protocol);
            unsubscribe.filters.clone_from(filters);
            unsubscribe.encode(&mut bytes)?;
        }
        Packet::PingReq => FixedHeader::new(PacketType::PingReq, 0, 0).encode(&mut bytes)?,
        Packet::Disconnect(reason) => DisconnectPacket::new(*reason).encode(&mut bytes)?,
        Packet::SubAck { .. } | Packet::UnsubAck(_) | Packet::PingResp => {
            return Err(CodecError("only brokers send this packet".to_owned()));
        }
    }
    Ok(bytes.freeze())
}

fn subscribe(packet: u16, filters: &[String], protocol: Protocol) -> SubscribePacket {
    let options = SubscriptionOptions {
        qos: QoS::ExactlyOnce,
        // What the bridge itself publishes must not come back to it.
        no_local: true,
        retain_as_published: true,
        retain_handling: RetainHandling::SendAtSubscribeIfNew,
    };
    let mut subscribe = SubscribePacket::new(packet);
    // MQTT 3.1.1 writes none of the options but the quality of service.
    subscribe.protocol_version = version(protocol);
    subscribe.filters = filters.iter().map(|filter| TopicFilter::with_options(filter.as_str(), options)).collect();
    subscribe
}

fn encode_publish(publish: &Publish, protocol: Protocol) -> Result<PublishPacket, CodecError> {
    let topic = std::str::from_utf8(&publish.topic).map_err(|error| CodecError(error.to_string()))?;
    let qos = QoS::from(u8::from(publish.qos));
    let mut wire = PublishPacket::new(topic, publish.payload.clone(), qos).with_packet_id(publish.packet);
    (wire.dup, wire.retain) = (publish.again, publish.retain);
    wire.protocol_version = version(protocol);
    wire.properties = publish.properties.clone();
    Ok(wire)
}

fn decode_publish(flags: u8, mut body: Bytes, protocol: Protocol) -> Result<Publish, CodecError> {
    let too_short = || CodecError("PUBLISH ends early".to_owned());
    let qos = Qos::try_from((flags >> 1) & 3).map_err(|error| CodecError(error.to_string()))?;
    let topic_len = usize::from(body.try_get_u16().map_err(|_| too_short())?);
    if body.len() < topic_len {
        return Err(too_short());
    }
    let topic = body.split_to(topic_len);
    let packet = match qos {
        Qos::AtMostOnce => 0,
        _ => body.try_get_u16().map_err(|_| too_short())?,
    };
    let properties = match protocol {
        Protocol::V311 => Properties::default(),
        Protocol::V5 => Properties::decode(&mut body)?,
    };
    let (retain, again) = (flags & RETAIN != 0, flags & DUP != 0);
    Ok(Publish { topic, payload: body, qos, retain, again, packet, properties })
}

/// Takes the first fixed header and its body out of `received`; none if they are not all there yet.
fn next_frame(received: &mut BytesMut) -> Result<Option<(FixedHeader, Bytes)>, CodecError> {
    // The length has up to four bytes, the last of which is below 80 (hex).
    let Some(length_len) = received.iter().skip(1).take(4).position(|byte| byte & 0x80 == 0).map(|at| at + 1) else {
        return match received.len() {
            0..5 => Ok(None),
            _ => Err(CodecError("a packet's length has more than four bytes".to_owned())),
        };
    };
    let header = FixedHeader::decode(&mut &received[..1 + length_len])?;
    let whole = 1 + length_len + header.remaining_length as usize;
    if received.len() < whole {
        return Ok(None);
    }
    let mut frame = received.split_to(whole).freeze();
    frame.advance(1 + length_len);
    Ok(Some((header, frame)))
}

fn ack_of(packet: u16, reason: ReasonCode) -> Ack {
    let refused = match reason {
        ReasonCode::Success | ReasonCode::NoMatchingSubscribers => None,
        reason => Some(format!("{reason:?}")),
    };
    Ack { packet, refused }
}

fn from_wire(qos: QoS) -> Qos {
    match qos {
        QoS::AtMostOnce => Qos::AtMostOnce,
        QoS::AtLeastOnce => Qos::AtLeastOnce,
        QoS::ExactlyOnce => Qos::ExactlyOnce,
    }
}

fn version(protocol: Protocol) -> u8 {
    match protocol {
        Protocol::V311 => 4,
        Protocol::V5 => 5,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    fn publish(protocol: Protocol) -> Publish {
        let mut properties = Properties::default();
        if protocol == Protocol::V5 {
            properties.set_content_type("text/plain".to_owned());
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
        let mut bytes = BytesMut::from(&[0x30, 5, 0, 2, 0xff, 0, b'x'][..]);
        let Some(Packet::Publish(read)) = decode(&mut bytes, Protocol::V311).unwrap() else { panic!("no PUBLISH") };
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
        assert_eq!(answer.unwrap_err(), ReasonCode::UnsupportedProtocolVersion);
    }
}
