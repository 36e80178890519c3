//! What the session does with each packet from the broker.

use std::mem::take;

use tokio::time::Instant;

use super::{Delivery, Incoming, Interruption, Link, RESERVED_CAPACITY, Receipt, Session};
use crate::message::Qos;
use crate::mqtt::echo::Seen;
use crate::mqtt::packet::{Ack, Packet, Publish};
use crate::mqtt::properties;
use crate::store::Count;

impl Session {
    /// A new connection: finds out what is left of the session.
    pub(super) async fn handle_connected(&mut self, link: &mut Link) -> Result<(), Interruption> {
        let present = link.welcome.session_present;
        self.deliveries.handle_connected(present);
        self.guard.handle_connected(present, Instant::now());
        self.copies.forget();
        if !present {
            self.unreleased.clear();
            self.subscribed.filters.clear();
            self.generation += 1;
            self.generation_began = link.number;
            self.forgotten = true;
            self.tell(Delivery::StartOver);
        }
        if self.forgotten {
            self.setup.store.forget_session().await?;
            self.forgotten = false;
        }
        self.subscribe(link).await
    }

    /// Handles a packet and those that have come with it.
    pub(super) async fn handle_packets(&mut self, first: Packet, link: &mut Link) -> Result<(), Interruption> {
        let mut next = Some(first);
        while let Some(packet) = next {
            self.handle_packet(packet, link).await?;
            let free = self.incoming.capacity() > 0 || self.incoming.is_closed();
            next = if free { link.connection.buffered()? } else { None };
        }
        Ok(())
    }

    async fn handle_packet(&mut self, packet: Packet, link: &mut Link) -> Result<(), Interruption> {
        match packet {
            Packet::Publish(publish) => self.handle_publish(publish, link).await?,
            Packet::PubAck(ack) => self.handle_puback(ack, link),
            Packet::PubRec(Ack { packet, refused: None }) => link.received.push(packet),
            Packet::PubRec(Ack { packet, refused: Some(reason) }) => self.handle_refused(packet, reason, link),
            Packet::PubRel(packet) => link.released.push(packet),
            Packet::PubComp(packet) => {
                if let Some(row) = self.deliveries.handle_pubcomp(packet) {
                    self.handle_taken_over(packet, link);
                    self.tell(Delivery::Done(row));
                }
            }
            Packet::SubAck { packet, granted } => self.handle_suback(packet, granted, link).await?,
            Packet::UnsubAck(packet) => self.handle_unsuback(packet, link).await?,
            // The rest is the connection's, or a client's to send.
            _ => {}
        }
        Ok(())
    }

    /// Goes on with QoS 2 handshakes. Each step is written down before the other side hears of it: what it forgets then, it
    /// would take for something new.
    pub(super) async fn answer(&mut self, link: &mut Link) -> Result<(), Interruption> {
        let (received, released) = (take(&mut link.received), take(&mut link.released));
        if received.is_empty() && released.is_empty() {
            return Ok(());
        }
        let ours: Vec<u16> = received.iter().copied().filter(|packet| self.deliveries.handle_pubrec(*packet)).collect();
        self.setup.store.note_handshakes(ours.clone(), released.clone()).await?;
        self.deliveries.handle_released(&ours);
        for packet in received {
            link.connection.send(&Packet::PubRel(packet))?;
        }
        for packet in released {
            self.unreleased.remove(&packet);
            link.connection.send(&Packet::PubComp(packet))?;
        }
        Ok(())
    }

    async fn handle_publish(&mut self, publish: Publish, link: &mut Link) -> Result<(), Interruption> {
        let is_copy = self.copies.handle_publish(&publish);
        let Publish { topic, payload, qos, retain, again, packet, properties } = publish;
        if qos == Qos::ExactlyOnce && again && self.unreleased.contains(&packet) {
            // It was taken; only the acknowledgement did not arrive.
            return Ok(link.acknowledge(packet, qos)?);
        }
        let seen = Seen { topic: &topic, payload: &payload, qos, retain, packet, again };
        let read = properties::read(&properties);
        if is_copy || self.is_own(seen, read.mark.as_deref()) {
            if qos == Qos::ExactlyOnce {
                self.unreleased.insert(packet);
            }
            return Ok(link.acknowledge(packet, qos)?);
        }
        if self.guard.disown_retained(&topic) {
            self.disown_retained(&topic).await?;
        }
        if qos == Qos::AtMostOnce && self.incoming.capacity() <= RESERVED_CAPACITY {
            // The disk is slow or full, and the message may be lost by its own choice.
            return Ok(self.setup.store.count(Count::Refused, 1).await?);
        }
        let incoming = Incoming {
            topic: topic.to_vec(),
            payload: payload.to_vec(),
            qos,
            retain,
            properties: read.properties,
            path: read.path,
            packet,
            again,
            receipt: Receipt { connection: link.number, packet, qos },
        };
        // There is room: packets are not read otherwise. Nobody takes it only when the bridge stops, and the broker keeps it.
        let _ = self.incoming.try_send(incoming);
        Ok(())
    }

    /// Whether the bridge itself has published this.
    fn is_own(&mut self, seen: Seen<'_>, mark: Option<&str>) -> bool {
        let marked = seen.retain
            && mark
                .zip(std::str::from_utf8(seen.topic).ok())
                .is_some_and(|(mark, topic)| mark == properties::mark(&self.setup.client_id, topic, seen.payload));
        marked || self.guard.handle_publish(seen, Instant::now())
    }

    fn handle_puback(&mut self, ack: Ack, link: &mut Link) {
        let Ack { packet, refused } = ack;
        if link.state_packet == Some(packet) {
            link.state_packet = None;
            self.deliveries.free_packet(packet);
            return;
        }
        match refused {
            Some(reason) => self.handle_refused(packet, reason, link),
            None => {
                if let Some(row) = self.deliveries.handle_puback(packet) {
                    self.handle_taken_over(packet, link);
                    self.tell(Delivery::Done(row));
                }
            }
        }
    }

    fn handle_taken_over(&mut self, packet: u16, link: &mut Link) {
        if let Some(echo) = link.echoes.remove(&packet) {
            self.guard.handle_acknowledged(echo, Instant::now());
        }
    }

    fn handle_refused(&mut self, packet: u16, reason: String, link: &mut Link) {
        if let Some(echo) = link.echoes.remove(&packet) {
            self.guard.cancel(echo, Instant::now());
        }
        if let Some(row) = self.deliveries.handle_refused(packet) {
            self.tell(Delivery::Refused(row, reason));
        }
    }
}
