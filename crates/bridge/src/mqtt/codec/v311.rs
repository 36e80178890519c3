//! MQTT 3.1.1: no properties, no reasons, and of the subscription's options only the quality of service.

use bytes::BytesMut;
use rumqttc::mqttbytes::v4::{
    Connect, ConnectReturnCode as OldCode, LastWill, Packet as Wire, PubAck, PubComp, PubRec, PubRel,
    Publish as WirePublish, Subscribe, SubscribeFilter, SubscribeReasonCode, Unsubscribe,
};
use rumqttc::mqttbytes::{Error, QoS};
use rumqttc::v5::mqttbytes::v5::ConnectReturnCode;

use super::{CodecError, MAX_PACKET, RECEIVE_MAXIMUM_V311, only, topic_text};
use crate::message::Qos;
use crate::mqtt::packet::{Ack, Hello, Packet, Publish, SessionKind, Welcome};
use crate::secrets::Password;

pub(super) fn decode(received: &mut BytesMut) -> Result<Option<Packet>, CodecError> {
    Ok(Some(match read(received)? {
        None => return Ok(None),
        Some(Wire::Publish(publish)) => Packet::Publish(Publish {
            topic: publish.topic.into(),
            payload: publish.payload,
            qos: from_wire(publish.qos),
            retain: publish.retain,
            again: publish.dup,
            packet: publish.pkid,
            properties: Box::default(),
        }),
        Some(Wire::PubAck(ack)) => Packet::PubAck(Ack::taken(ack.pkid)),
        Some(Wire::PubRec(ack)) => Packet::PubRec(Ack::taken(ack.pkid)),
        Some(Wire::PubRel(release)) => Packet::PubRel(release.pkid),
        Some(Wire::PubComp(complete)) => Packet::PubComp(complete.pkid),
        Some(Wire::SubAck(ack)) => {
            let granted = |code: &SubscribeReasonCode| match code {
                SubscribeReasonCode::Success(qos) => Ok(from_wire(*qos)),
                code => Err(format!("{code:?}")),
            };
            Packet::SubAck { packet: ack.pkid, granted: ack.return_codes.iter().map(granted).collect() }
        }
        Some(Wire::UnsubAck(ack)) => Packet::UnsubAck(ack.pkid),
        Some(Wire::PingResp) => Packet::PingResp,
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
    let refused = match connack.code {
        OldCode::Success => {
            return Ok(Some(Ok(Welcome {
                session_present: connack.session_present,
                receive_maximum: RECEIVE_MAXIMUM_V311,
                max_qos: Qos::ExactlyOnce,
                retain: true,
                subscription_ids: false,
                max_packet: MAX_PACKET as usize,
                keep_alive_s: None,
            })));
        }
        OldCode::RefusedProtocolVersion => ConnectReturnCode::UnsupportedProtocolVersion,
        OldCode::BadClientId => ConnectReturnCode::ClientIdentifierNotValid,
        OldCode::ServiceUnavailable => ConnectReturnCode::ServerUnavailable,
        OldCode::BadUserNamePassword => ConnectReturnCode::BadUserNamePassword,
        OldCode::NotAuthorized => ConnectReturnCode::NotAuthorized,
    };
    Ok(Some(Err(refused)))
}

pub(super) fn encode_hello(
    hello: &Hello,
    user: &str,
    password: &Password,
    keep_alive_s: u16,
    bytes: &mut BytesMut,
) -> Result<(), CodecError> {
    let mut connect = Connect::new(hello.client_id.as_str());
    connect.keep_alive = keep_alive_s;
    connect.clean_session = hello.session == SessionKind::OneOff;
    let will = hello.will.as_ref();
    connect.last_will =
        will.map(|will| LastWill::new(will.topic.as_str(), will.payload.clone(), QoS::AtLeastOnce, true));
    if !user.is_empty() {
        connect.set_login(user, password.reveal());
    }
    Wire::Connect(connect).write(bytes, MAX_PACKET as usize)?;
    Ok(())
}

pub(super) fn encode(packet: &Packet, bytes: &mut BytesMut) -> Result<(), CodecError> {
    let wire = match packet {
        Packet::Publish(publish) => Wire::Publish(WirePublish {
            dup: publish.again,
            qos: to_wire(publish.qos),
            retain: publish.retain,
            topic: topic_text(&publish.topic)?,
            pkid: publish.packet,
            payload: publish.payload.clone(),
        }),
        Packet::PubAck(ack) => Wire::PubAck(PubAck::new(ack.packet)),
        Packet::PubRec(ack) => Wire::PubRec(PubRec::new(ack.packet)),
        Packet::PubRel(packet) => Wire::PubRel(PubRel::new(*packet)),
        Packet::PubComp(packet) => Wire::PubComp(PubComp::new(*packet)),
        Packet::Subscribe { packet, filters, id: _ } => {
            let filters = filters.iter().map(|filter| SubscribeFilter::new(filter.clone(), QoS::ExactlyOnce));
            Wire::Subscribe(Subscribe { pkid: *packet, ..Subscribe::new_many(filters) })
        }
        Packet::Unsubscribe { packet, filters } => {
            Wire::Unsubscribe(Unsubscribe { pkid: *packet, topics: filters.clone() })
        }
        Packet::PingReq => Wire::PingReq,
        Packet::Disconnect(_) => Wire::Disconnect,
        Packet::SubAck { .. } | Packet::UnsubAck(_) | Packet::PingResp => return Err(only("brokers")),
    };
    wire.write(bytes, MAX_PACKET as usize)?;
    Ok(())
}

fn read(received: &mut BytesMut) -> Result<Option<Wire>, CodecError> {
    match Wire::read(received, MAX_PACKET as usize) {
        Ok(packet) => Ok(Some(packet)),
        Err(Error::InsufficientBytes(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
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
