//! MQTT packets as a client meets them, the same for both versions of the protocol.

use bytes::Bytes;
use rumqttc::v5::mqttbytes::v5::{DisconnectReasonCode, PublishProperties};

use super::properties;
use crate::message::{Message, Qos};

/// A version of MQTT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    V311,
    V5,
}

/// What goes over a connection once it stands.
#[derive(Debug, Clone)]
pub(crate) enum Packet {
    Publish(Publish),
    PubAck(Ack),
    PubRec(Ack),
    PubRel(u16),
    PubComp(u16),
    /// The identifier names the subscriptions in what comes by them; none in MQTT 3.1.1.
    Subscribe {
        packet: u16,
        filters: Vec<String>,
        id: Option<u32>,
    },
    SubAck {
        packet: u16,
        granted: Vec<Result<Qos, String>>,
    },
    Unsubscribe {
        packet: u16,
        filters: Vec<String>,
    },
    UnsubAck(u16),
    PingReq,
    PingResp,
    Disconnect(DisconnectReasonCode),
}

/// PUBLISH.
#[derive(Debug, Clone)]
pub(crate) struct Publish {
    /// As it came, not checked.
    pub topic: Bytes,
    pub payload: Bytes,
    pub qos: Qos,
    pub retain: bool,
    /// It may have been sent before (DUP).
    pub again: bool,
    /// 0 for quality of service 0.
    pub packet: u16,
    /// None in MQTT 3.1.1.
    pub properties: Box<PublishProperties>,
}

impl Publish {
    /// A message with what is left of its expiry, to be published for the first time.
    pub(crate) fn new(message: &Message, packet: u16, expiry_s: Option<u32>) -> Self {
        Self {
            topic: Bytes::copy_from_slice(message.topic.as_str().as_bytes()),
            payload: Bytes::copy_from_slice(&message.payload),
            qos: message.qos,
            retain: message.retain,
            again: false,
            packet,
            properties: Box::new(properties::write(message, expiry_s)),
        }
    }
}

/// PUBACK or PUBREC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ack {
    pub packet: u16,
    /// Why the message was not taken over. MQTT 3.1.1 has no way to say so.
    pub refused: Option<String>,
}

impl Ack {
    /// The message was taken over.
    pub(crate) fn taken(packet: u16) -> Self {
        Self { packet, refused: None }
    }
}

/// What a client says of itself when it connects.
#[derive(Debug, Clone)]
pub(crate) struct Hello {
    pub client_id: String,
    pub session: SessionKind,
    pub will: Option<Will>,
}

/// Whether the broker keeps anything when the connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionKind {
    /// Subscriptions, and what is under way.
    Lasting,
    /// Nothing.
    OneOff,
}

/// What the broker says in a client's place when it is gone: retained, with quality of service 1.
#[derive(Debug, Clone)]
pub(crate) struct Will {
    pub topic: String,
    pub payload: Vec<u8>,
}

/// What a broker says of itself when it lets a client in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Welcome {
    /// It knows the client's session.
    pub session_present: bool,
    /// Messages of quality of service 1 and 2 that may be under way to it at once.
    pub receive_maximum: u16,
    /// The highest quality of service that it takes.
    pub max_qos: Qos,
    /// It keeps retained messages.
    pub retain: bool,
    /// It takes subscription identifiers.
    pub subscription_ids: bool,
    /// The largest packet that it takes, in bytes.
    pub max_packet: usize,
    /// The longest silence that it wants to hear in seconds, if it says so; 0 is any.
    pub keep_alive_s: Option<u16>,
}
