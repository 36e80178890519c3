//! What holds for one connection of the session, and ends with it.

use std::collections::HashMap;

use super::subscribing::Question;
use crate::message::Qos;
use crate::mqtt::codec::CodecError;
use crate::mqtt::connection::Connection;
use crate::mqtt::packet::{Ack, Packet, Welcome};

/// What holds for one connection.
pub(super) struct Link {
    pub(super) connection: Connection,
    pub(super) welcome: Welcome,
    pub(super) number: u64,
    /// Questions about subscriptions that are not answered.
    pub(super) asked: HashMap<u16, Question>,
    /// A filter that the broker refuses, and why.
    pub(super) refused: Option<(String, String)>,
    /// The state has changed.
    pub(super) state_due: bool,
    pub(super) told_state: String,
    /// What the state was told under, until it is taken over.
    pub(super) state_packet: Option<u16>,
    /// The echoes to expect of publications that are not taken over.
    pub(super) echoes: HashMap<u16, u64>,
    /// PUBREC and PUBREL that came and are not answered.
    pub(super) received: Vec<u16>,
    pub(super) released: Vec<u16>,
}

impl Link {
    pub(super) fn new(connection: Connection, welcome: Welcome, number: u64) -> Self {
        Self {
            connection,
            welcome,
            number,
            asked: HashMap::new(),
            refused: None,
            state_due: true,
            told_state: String::new(),
            state_packet: None,
            echoes: HashMap::new(),
            received: Vec::new(),
            released: Vec::new(),
        }
    }

    /// Acknowledges a message of the broker.
    pub(super) fn acknowledge(&mut self, packet: u16, qos: Qos) -> Result<(), CodecError> {
        match qos {
            Qos::AtMostOnce => Ok(()),
            Qos::AtLeastOnce => self.connection.send(&Packet::PubAck(Ack::taken(packet))),
            Qos::ExactlyOnce => self.connection.send(&Packet::PubRec(Ack::taken(packet))),
        }
    }
}
