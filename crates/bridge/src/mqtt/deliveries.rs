//! Which messages are under way to the broker, under which packet identifiers, and what has to be said again after a
//! reconnection or a restart: order and QoS 2 depend on it.
//!
//! A plain state machine. For each connection: [`Deliveries::handle_connected`], then [`Deliveries::poll_writes`] whenever
//! something may have become possible, [`Deliveries::handle_noted`] when the database has the packet identifiers, and what the
//! broker answers.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use tokio::time::Instant;

use crate::message::{Message, Qos};
use crate::store::{InFlight, RowId};

/// Messages that are not taken over by the broker.
#[derive(Debug, Default)]
pub(crate) struct Deliveries {
    packets: PacketIds,
    /// Messages without a packet identifier, in order.
    waiting: VecDeque<Waiting>,
    /// Messages with one, by the order in which they began.
    under_way: BTreeMap<u64, UnderWay>,
    by_packet: HashMap<u16, u64>,
    begun: u64,
    /// QoS 2 messages that were under way when the program ended. Their content comes with the inbox.
    resumed: HashMap<RowId, InFlight>,
}

#[derive(Debug)]
struct Waiting {
    row: RowId,
    message: Message,
    since: Instant,
}

#[derive(Debug)]
struct UnderWay {
    packet: u16,
    delivery: Waiting,
    qos: Qos,
    stage: Stage,
    /// It may have reached the broker on an earlier connection.
    again: bool,
    /// It was written on this connection.
    written: bool,
    /// The database knows its packet identifier.
    noted: bool,
}

/// How far a message with a packet identifier has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Published,
    /// QoS 2: the broker has it and was told that it may forget the packet identifier.
    Released,
}

/// Something to write to the broker.
#[derive(Debug, Clone)]
pub(crate) enum Write {
    /// PUBLISH.
    Publish(Box<Publication>),
    /// PUBREL.
    Release(u16),
}

/// A message to publish.
#[derive(Debug, Clone)]
pub(crate) struct Publication {
    pub row: RowId,
    /// 0 for quality of service 0.
    pub packet: u16,
    pub message: Message,
    /// The quality of service that it is published with.
    pub qos: Qos,
    /// It may have reached the broker before.
    pub again: bool,
    /// The database has to know its packet identifier before it is written.
    pub to_note: bool,
    /// When it was handed over.
    pub since: Instant,
}

/// What the broker allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    /// Messages with packet identifiers at once.
    pub under_way: usize,
    pub max_qos: Qos,
}

impl Deliveries {
    /// Goes on with the QoS 2 messages that were under way when the program ended.
    pub(crate) fn resume(in_flight: Vec<InFlight>) -> Self {
        let mut deliveries = Self::default();
        for flight in in_flight {
            deliveries.packets.reserve(flight.packet);
            deliveries.resumed.insert(flight.row, flight);
        }
        deliveries
    }

    /// A message is to be delivered.
    pub(crate) fn handle_deliver(&mut self, row: RowId, message: Message, now: Instant) {
        self.waiting.push_back(Waiting { row, message, since: now });
    }

    /// The broker has accepted a connection. If it knows nothing of the session, nothing is under way any more; else what is
    /// has to be said again.
    pub(crate) fn handle_connected(&mut self, session_present: bool) {
        if !session_present {
            *self = Self::default();
            return;
        }
        for delivery in self.under_way.values_mut() {
            delivery.again |= delivery.written;
            delivery.written = false;
        }
    }

    /// How many messages with packet identifiers are not taken over.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// What can be written now, at most `limit`, in order. Messages of quality of service 0 are done with that.
    pub(crate) fn poll_writes(&mut self, allowance: Allowance, limit: usize) -> Vec<Write> {
        let mut writes = Vec::new();
        for delivery in self.under_way.values_mut().filter(|delivery| !delivery.written).take(limit) {
            delivery.written = true;
            writes.push(delivery.to_write());
        }
        while writes.len() < limit && self.under_way.len() < allowance.under_way {
            let Some(delivery) = self.waiting.pop_front() else { break };
            let qos = delivery.message.qos.min(allowance.max_qos);
            if qos == Qos::AtMostOnce {
                writes.push(Write::Publish(Box::new(delivery.publication(0, qos))));
                continue;
            }
            let resumed = self.resumed.remove(&delivery.row);
            let delivery = match resumed {
                Some(InFlight { packet, released, .. }) if qos == Qos::ExactlyOnce => {
                    let stage = if released { Stage::Released } else { Stage::Published };
                    UnderWay { packet, delivery, qos, stage, again: true, written: true, noted: true }
                }
                other => {
                    if let Some(flight) = other {
                        self.packets.release(flight.packet);
                    }
                    let Some(packet) = self.packets.take() else {
                        self.waiting.push_front(delivery);
                        break;
                    };
                    let stage = Stage::Published;
                    UnderWay { packet, delivery, qos, stage, again: false, written: true, noted: false }
                }
            };
            writes.push(delivery.to_write());
            self.by_packet.insert(delivery.packet, self.begun);
            self.under_way.insert(self.begun, delivery);
            self.begun += 1;
        }
        writes
    }

    /// The database knows the packet identifiers of these messages.
    pub(crate) fn handle_noted(&mut self, packets: &[u16]) {
        for packet in packets {
            if let Some(delivery) = self.get(*packet) {
                delivery.noted = true;
            }
        }
    }

    /// These writes were not made: the connection ended before.
    pub(crate) fn handle_not_written(&mut self, writes: &[Write]) {
        for write in writes {
            let packet = match write {
                Write::Publish(publication) => publication.packet,
                Write::Release(packet) => *packet,
            };
            if let Some(delivery) = self.get(packet) {
                delivery.written = false;
            }
        }
        let lost = writes.iter().rev().filter_map(|write| match write {
            Write::Publish(publication) if publication.packet == 0 => Some(publication),
            _ => None,
        });
        for publication in lost {
            let Publication { row, message, since, .. } = &**publication;
            self.waiting.push_front(Waiting { row: *row, message: message.clone(), since: *since });
        }
    }

    /// PUBACK: the broker has taken the message over.
    pub(crate) fn handle_puback(&mut self, packet: u16) -> Option<RowId> {
        self.get(packet).filter(|delivery| delivery.qos == Qos::AtLeastOnce)?;
        self.remove(packet)
    }

    /// PUBREC: whether it is about a QoS 2 message that is under way. If so the database has to know, and
    /// [`handle_released`](Self::handle_released) be called, before PUBREL is sent: the broker forgets the packet identifier
    /// then, and would take the same message for a new one.
    pub(crate) fn handle_pubrec(&mut self, packet: u16) -> bool {
        self.get(packet).is_some_and(|delivery| delivery.qos == Qos::ExactlyOnce)
    }

    /// The database knows that the broker has these messages.
    pub(crate) fn handle_released(&mut self, packets: &[u16]) {
        for packet in packets {
            if let Some(delivery) = self.get(*packet) {
                delivery.stage = Stage::Released;
            }
        }
    }

    /// PUBCOMP: the broker has taken the message over.
    pub(crate) fn handle_pubcomp(&mut self, packet: u16) -> Option<RowId> {
        self.get(packet).filter(|delivery| delivery.stage == Stage::Released)?;
        self.remove(packet)
    }

    /// The broker refuses the message, or it cannot be written.
    pub(crate) fn handle_refused(&mut self, packet: u16) -> Option<RowId> {
        self.remove(packet)
    }

    /// A packet identifier for something else than a message; [`free_packet`](Self::free_packet) gives it back.
    pub(crate) fn take_packet(&mut self) -> Option<u16> {
        self.packets.take()
    }

    /// Gives back what [`take_packet`](Self::take_packet) gave.
    pub(crate) fn free_packet(&mut self, packet: u16) {
        self.packets.release(packet);
    }

    fn get(&mut self, packet: u16) -> Option<&mut UnderWay> {
        self.under_way.get_mut(self.by_packet.get(&packet)?)
    }

    fn remove(&mut self, packet: u16) -> Option<RowId> {
        let place = self.by_packet.remove(&packet)?;
        self.packets.release(packet);
        self.under_way.remove(&place).map(|delivery| delivery.delivery.row)
    }
}

impl UnderWay {
    fn to_write(&self) -> Write {
        match self.stage {
            Stage::Released => Write::Release(self.packet),
            Stage::Published => Write::Publish(Box::new(Publication {
                again: self.again,
                to_note: self.qos == Qos::ExactlyOnce && !self.noted,
                ..self.delivery.publication(self.packet, self.qos)
            })),
        }
    }
}

impl Waiting {
    fn publication(&self, packet: u16, qos: Qos) -> Publication {
        let Self { row, message, since } = self;
        Publication { row: *row, packet, message: message.clone(), qos, again: false, to_note: false, since: *since }
    }
}

/// Packet identifiers, handed out in turn so that one comes again as late as possible.
#[derive(Debug, Default)]
struct PacketIds {
    last: u16,
    used: HashSet<u16>,
}

impl PacketIds {
    fn take(&mut self) -> Option<u16> {
        if self.used.len() >= usize::from(u16::MAX) {
            return None;
        }
        loop {
            self.last = self.last.checked_add(1).unwrap_or(1);
            if self.used.insert(self.last) {
                return Some(self.last);
            }
        }
    }

    fn reserve(&mut self, packet: u16) {
        self.used.insert(packet);
        self.last = self.last.max(packet);
    }

    fn release(&mut self, packet: u16) {
        self.used.remove(&packet);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
