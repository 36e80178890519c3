//! MQTT 5.

use bytes::BytesMut;
use rumqttc::v5::mqttbytes::v5::{
    ConnAckProperties, Connect, ConnectProperties, ConnectReturnCode, Disconnect, Filter, LastWill, Login,
    Packet as Wire, PingReq, PubAck, PubAckReason, PubComp, PubRec, PubRecReason, PubRel, Publish as WirePublish,
    RetainForwardRule, Subscribe, SubscribeProperties, SubscribeReasonCode, Unsubscribe,
};
use rumqttc::v5::mqttbytes::{Error, QoS};

use super::{CodecError, MAX_PACKET, RECEIVE_MAXIMUM, SESSION_EXPIRY, only, topic_text};
use crate::message::Qos;
use crate::mqtt::packet::{Ack, Hello, Packet, Publish, SessionKind, Welcome};
use crate::secrets::Password;

pub(super) fn decode(received: &mut BytesMut) -> Result<Option<Packet>, CodecError> {
    Ok(Some(match read(received)? {
        None => return Ok(None),
        Some(Wire::Publish(publish)) => Packet::Publish(Publish {
            topic: publish.topic,
            payload: publish.payload,
            qos: from_wire(publish.qos),
            retain: publish.retain,
            again: publish.dup,
            packet: publish.pkid,
            properties: publish.properties.map(Box::new).unwrap_or_default(),
        }),
        Some(Wire::PubAck(ack)) => {
            let taken = matches!(ack.reason, PubAckReason::Success | PubAckReason::NoMatchingSubscribers);
            Packet::PubAck(ack_of(ack.pkid, taken, ack.reason))
        }
        Some(Wire::PubRec(ack)) => {
            let taken = matches!(ack.reason, PubRecReason::Success | PubRecReason::NoMatchingSubscribers);
            Packet::PubRec(ack_of(ack.pkid, taken, ack.reason))
        }
        Some(Wire::PubRel(release)) => Packet::PubRel(release.pkid),
        // Whatever its reason says, nothing of the message is left to do.
        Some(Wire::PubComp(complete)) => Packet::PubComp(complete.pkid),
        Some(Wire::SubAck(ack)) => {
            let granted = |code: &SubscribeReasonCode| match code {
                SubscribeReasonCode::Success(qos) => Ok(from_wire(*qos)),
                code => Err(format!("{code:?}")),
            };
            Packet::SubAck { packet: ack.pkid, granted: ack.return_codes.iter().map(granted).collect() }
        }
        Some(Wire::UnsubAck(ack)) => Packet::UnsubAck(ack.pkid),
        Some(Wire::PingResp(_)) => Packet::PingResp,
        Some(Wire::Disconnect(disconnect)) => Packet::Disconnect(disconnect.reason_code),
        Some(_) => return Err(only("clients")),
    }))
}

pub(super) fn decode_welcome(
    received: &mut BytesMut,
) -> Result<Option<Result<Welcome, ConnectReturnCode>>, CodecError> {
    let connack = match read(received)? {
        None => return Ok(None),
        Some(Wire::ConnAck(connack)) => connack,
        Some(_) => return Err(CodecError("a packet before CONNACK".to_owned())),
    };
    if connack.code != ConnectReturnCode::Success {
        return Ok(Some(Err(connack.code)));
    }
    let properties = connack.properties.as_ref();
    let number = |number: fn(&ConnAckProperties) -> Option<u16>| properties.and_then(number);
    let max_qos = properties.and_then(|properties| properties.max_qos).and_then(|qos| Qos::try_from(qos).ok());
    let max_packet = properties.and_then(|properties| properties.max_packet_size).unwrap_or(MAX_PACKET);
    // What a broker does not mention, it can do.
    Ok(Some(Ok(Welcome {
        session_present: connack.session_present,
        receive_maximum: number(|properties| properties.receive_max).unwrap_or(u16::MAX).max(1),
        max_qos: max_qos.unwrap_or(Qos::ExactlyOnce),
        retain: properties.and_then(|properties| properties.retain_available) != Some(0),
        subscription_ids: properties.and_then(|properties| properties.subscription_identifiers_available) != Some(0),
        max_packet: max_packet as usize,
        keep_alive_s: number(|properties| properties.server_keep_alive),
    })))
}

pub(super) fn encode_hello(
    hello: &Hello,
    user: &str,
    password: &Password,
    keep_alive_s: u16,
    bytes: &mut BytesMut,
) -> Result<(), CodecError> {
    let mut properties = ConnectProperties::new();
    if hello.session == SessionKind::Lasting {
        properties.session_expiry_interval = Some(SESSION_EXPIRY);
    }
    properties.receive_maximum = Some(RECEIVE_MAXIMUM);
    properties.max_packet_size = Some(MAX_PACKET);
    let connect = Connect {
        keep_alive: keep_alive_s,
        client_id: hello.client_id.clone(),
        clean_start: hello.session == SessionKind::OneOff,
        properties: Some(properties),
    };
    let will = hello.will.as_ref();
    let will = will.map(|will| LastWill::new(will.topic.as_str(), will.payload.clone(), QoS::AtLeastOnce, true, None));
    let login = (!user.is_empty()).then(|| Login::new(user, password.reveal()));
    Wire::Connect(connect, will, login).write(bytes, None)?;
    Ok(())
}

pub(super) fn encode(packet: &Packet, bytes: &mut BytesMut) -> Result<(), CodecError> {
    let wire = match packet {
        Packet::Publish(publish) => Wire::Publish(WirePublish {
            dup: publish.again,
            qos: to_wire(publish.qos),
            retain: publish.retain,
            topic: topic_text(&publish.topic)?.into(),
            pkid: publish.packet,
            payload: publish.payload.clone(),
            properties: Some(publish.properties.as_ref().clone()),
        }),
        Packet::PubAck(ack) => Wire::PubAck(PubAck::new(ack.packet, None)),
        Packet::PubRec(ack) => Wire::PubRec(PubRec::new(ack.packet, None)),
        Packet::PubRel(packet) => Wire::PubRel(PubRel::new(*packet, None)),
        Packet::PubComp(packet) => Wire::PubComp(PubComp::new(*packet, None)),
        Packet::Subscribe { packet, filters, id } => {
            let filters = filters.iter().map(|filter| Filter {
                path: filter.clone(),
                qos: QoS::ExactlyOnce,
                // What the bridge itself publishes must not come back to it.
                nolocal: true,
                preserve_retain: true,
                retain_forward_rule: RetainForwardRule::OnNewSubscribe,
            });
            let id = id.map(|id| id as usize);
            let properties = id.map(|_| SubscribeProperties { id, user_properties: Vec::new() });
            Wire::Subscribe(Subscribe { pkid: *packet, ..Subscribe::new_many(filters, properties) })
        }
        Packet::Unsubscribe { packet, filters } => {
            Wire::Unsubscribe(Unsubscribe { pkid: *packet, filters: filters.clone(), properties: None })
        }
        Packet::PingReq => Wire::PingReq(PingReq),
        Packet::Disconnect(reason) => Wire::Disconnect(Disconnect::new(*reason)),
        Packet::SubAck { .. } | Packet::UnsubAck(_) | Packet::PingResp => return Err(only("brokers")),
    };
    wire.write(bytes, None)?;
    Ok(())
}

fn read(received: &mut BytesMut) -> Result<Option<Wire>, CodecError> {
    match Wire::read(received, Some(MAX_PACKET)) {
        Ok(packet) => Ok(Some(packet)),
        Err(Error::InsufficientBytes(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn ack_of(packet: u16, taken: bool, reason: impl std::fmt::Debug) -> Ack {
    Ack { packet, refused: (!taken).then(|| format!("{reason:?}")) }
}

fn to_wire(qos: Qos) -> QoS {
    match qos {
        Qos::AtMostOnce => QoS::AtMostOnce,
        Qos::AtLeastOnce => QoS::AtLeastOnce,
        Qos::ExactlyOnce => QoS::ExactlyOnce,
    }
}

fn from_wire(qos: QoS) -> Qos {
    match qos {
        QoS::AtMostOnce => Qos::AtMostOnce,
        QoS::AtLeastOnce => Qos::AtLeastOnce,
        QoS::ExactlyOnce => Qos::ExactlyOnce,
    }
}
