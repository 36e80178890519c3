//! What the session publishes: messages for the broker, and the bridge's own state.

use tokio::time::Instant;

use super::{Delivery, Interruption, Link, Session};
use crate::message::{Message, Qos};
use crate::mqtt::deliveries::{Allowance, Publication, Write};
use crate::mqtt::echo::{digest, retained_digest};
use crate::mqtt::packet::{Packet, Protocol, Publish};
use crate::mqtt::{codec, properties, state_topic};
use crate::store::Published;
use crate::topic::TopicFilter;

/// Messages that are published together: they share a transaction.
const BATCH: usize = 64;

impl Session {
    /// Publishes what can be published.
    pub(super) async fn publish_waiting(&mut self, link: &mut Link) -> Result<(), Interruption> {
        // Which of them come back is known only when the broker has said what it sends.
        while link.asked.is_empty() && link.connection.has_room() {
            let told = usize::from(link.state_packet.is_some());
            let allowance = Allowance {
                under_way: usize::from(link.welcome.receive_maximum).saturating_sub(told),
                max_qos: link.welcome.max_qos,
            };
            let writes = self.deliveries.poll_writes(allowance, BATCH);
            if writes.is_empty() {
                return Ok(());
            }
            self.publish(&writes, link).await?;
        }
        Ok(())
    }

    async fn publish(&mut self, writes: &[Write], link: &mut Link) -> Result<(), Interruption> {
        let (now, protocol) = (Instant::now(), link.connection.protocol());
        let mut published = Published::default();
        let mut packets = Vec::new();
        for write in writes {
            let Write::Publish(publication) = write else {
                let Write::Release(packet) = write else { continue };
                packets.push((codec::encode(&Packet::PubRel(*packet), protocol)?, None));
                continue;
            };
            let publish = self.to_publish(publication, link, now);
            let retain = publish.retain;
            match codec::encode(&Packet::Publish(publish), protocol) {
                Ok(bytes) if bytes.len() <= link.welcome.max_packet => {
                    if publication.to_note {
                        published.in_flight.push((publication.row, publication.packet));
                    }
                    if protocol == Protocol::V311 {
                        let echo = self.expect_echo(publication, &mut published);
                        if retain {
                            self.own_retained(&publication.message, &mut published);
                        }
                        packets.push((bytes, Some((publication, echo))));
                    } else {
                        packets.push((bytes, Some((publication, None))));
                    }
                }
                Ok(bytes) => {
                    let reason = format!(
                        "it takes packets of {} bytes at most, and this has {}",
                        link.welcome.max_packet,
                        bytes.len()
                    );
                    self.refuse(publication, reason);
                }
                Err(error) => self.refuse(publication, error.to_string()),
            }
        }
        let noted: Vec<u16> = published.in_flight.iter().map(|(_, packet)| *packet).collect();
        if !published.is_empty()
            && let Err(error) = self.setup.store.note_published(published).await
        {
            for echo in packets.iter().filter_map(|(_, about)| about.and_then(|(_, echo)| echo)) {
                self.guard.cancel(echo, now);
            }
            self.deliveries.handle_not_written(writes);
            return Err(error.into());
        }
        self.deliveries.handle_noted(&noted);
        for (bytes, about) in packets {
            link.connection.send_encoded(&bytes);
            let Some((publication, echo)) = about else { continue };
            match (publication.qos, echo) {
                (Qos::AtMostOnce, echo) => {
                    if let Some(echo) = echo {
                        self.guard.handle_acknowledged(echo, now);
                    }
                    self.tell(Delivery::Done(publication.row));
                }
                (_, Some(echo)) => drop(link.echoes.insert(publication.packet, echo)),
                (_, None) => {}
            }
        }
        Ok(())
    }

    fn to_publish(&self, publication: &Publication, link: &Link, now: Instant) -> Publish {
        let Publication { message, qos, again, packet, since, .. } = publication;
        // What waited here has so much less left. Brokers differ in what they make of 0.
        let waited = u32::try_from(now.duration_since(*since).as_secs()).unwrap_or(u32::MAX);
        let expiry_s = message.properties.expiry_s.map(|expiry| expiry.saturating_sub(waited).max(1));
        let mut publish = Publish { qos: *qos, again: *again, ..Publish::new(message, *packet, expiry_s) };
        if !link.welcome.retain {
            publish.retain = false;
        }
        if publish.retain {
            let mark = properties::mark(&self.setup.client_id, message.topic.as_str(), &message.payload);
            publish.properties.user_properties.push((properties::MARK.to_owned(), mark));
        }
        publish
    }

    /// Expects the publication to come back, if the bridge has subscribed to its topic.
    fn expect_echo(&mut self, publication: &Publication, published: &mut Published) -> Option<u64> {
        let Publication { message, qos, again, .. } = publication;
        // The broker knows a QoS 2 message again, and sends it on once.
        if *qos == Qos::ExactlyOnce && *again {
            return None;
        }
        let granted = |(filter, qos): (&String, &u8)| {
            let filter: TopicFilter = filter.parse().ok()?;
            filter.matches(&message.topic).then(|| Qos::try_from(*qos).ok()).flatten()
        };
        let comes_with = self.subscribed.filters.iter().filter_map(granted).max()?.min(*qos);
        let digest = digest(message.topic.as_str().as_bytes(), &message.payload, comes_with);
        let echo = self.guard.expect(digest);
        if comes_with != Qos::AtMostOnce {
            // The broker does not keep the others for an absent client.
            published.echoes.push((echo, digest));
        }
        Some(echo)
    }

    fn own_retained(&mut self, message: &Message, published: &mut Published) {
        let (topic, payload) = (message.topic.as_str(), &message.payload);
        let retained = (!payload.is_empty()).then(|| retained_digest(topic.as_bytes(), payload));
        self.guard.set_own_retained(topic, retained);
        published.own_retained.push((topic.to_owned(), retained));
    }

    /// Somebody else has published on a topic where the bridge had left something.
    pub(super) async fn disown_retained(&self, topic: &[u8]) -> Result<(), Interruption> {
        let own_retained = vec![(String::from_utf8_lossy(topic).into_owned(), None)];
        Ok(self.setup.store.note_published(Published { own_retained, ..Published::default() }).await?)
    }

    fn refuse(&mut self, publication: &Publication, reason: String) {
        self.deliveries.handle_refused(publication.packet);
        self.tell(Delivery::Refused(publication.row, reason));
    }

    /// Tells the broker's clients how the bridge is, if that has changed.
    pub(super) fn tell_state(&mut self, link: &mut Link) -> Result<(), Interruption> {
        let room = self.deliveries.under_way() < usize::from(link.welcome.receive_maximum);
        if !link.state_due || link.state_packet.is_some() || !room {
            return Ok(());
        }
        link.state_due = false;
        let state = state_topic::online(&self.setup.board.state());
        if state == link.told_state {
            return Ok(());
        }
        let packet = if link.welcome.max_qos == Qos::AtMostOnce { None } else { self.deliveries.take_packet() };
        let message = self.state_message(link, state.clone(), packet);
        link.connection.send(&Packet::Publish(message))?;
        link.state_packet = packet;
        link.told_state = state;
        Ok(())
    }

    /// The state as a packet; with quality of service 1 if it has a packet identifier.
    pub(super) fn state_message(&self, link: &Link, state: String, packet: Option<u16>) -> Publish {
        Publish {
            topic: state_topic::topic(self.setup.board.bridge()).into(),
            payload: state.into(),
            qos: if packet.is_some() { Qos::AtLeastOnce } else { Qos::AtMostOnce },
            retain: link.welcome.retain,
            again: false,
            packet: packet.unwrap_or_default(),
            properties: Box::default(),
        }
    }
}
