//! What the session does with each packet from the broker.

use rumqttc::v5::EventLoop;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{
    ConnAck, Filter, Packet, PubAckReason, PubCompReason, PubRecReason, Publish, RetainForwardRule, SubAck,
    SubscribeReasonCode,
};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Delivery, Incoming, RESERVED_CAPACITY, Receipt, Session};
use crate::event::{Part, ProblemCode};
use crate::store::Count;
use crate::topic::TopicFilter;

impl Session {
    pub(super) async fn handle_packet(&mut self, packet: Packet, eventloop: &mut EventLoop) {
        match packet {
            Packet::ConnAck(connack) => self.handle_connected(&connack, eventloop).await,
            Packet::SubAck(suback) => self.handle_subscribed(&suback).await,
            Packet::Publish(publish) => self.handle_publish(publish).await,
            // One that was read together with the connection's end was not answered: the broker releases it again.
            Packet::PubRel(release) if self.connection.is_some() => {
                self.unreleased.remove(&release.pkid);
                self.note(self.setup.store.release(release.pkid).await);
            }
            Packet::PubAck(ack) => match ack.reason {
                PubAckReason::Success | PubAckReason::NoMatchingSubscribers => self.handle_taken_over(ack.pkid),
                reason => self.handle_refused(ack.pkid, format!("{reason:?}")),
            },
            Packet::PubRec(ack) => match ack.reason {
                PubRecReason::Success | PubRecReason::NoMatchingSubscribers => {}
                reason => {
                    self.handle_refused(ack.pkid, format!("{reason:?}"));
                    // The library goes on counting the refused message as under way; a new connection counts afresh.
                    let _ = self.client.try_disconnect();
                }
            },
            Packet::PubComp(ack) => match ack.reason {
                PubCompReason::Success | PubCompReason::PacketIdentifierNotFound => self.handle_taken_over(ack.pkid),
            },
            _ => {}
        }
    }

    async fn handle_connected(&mut self, connack: &ConnAck, eventloop: &mut EventLoop) {
        self.connections += 1;
        self.connected_at = Some(Instant::now());
        self.connection = Some(self.connections);
        if !connack.session_present {
            eventloop.state.collision = None;
            self.deliveries.handle_session_lost();
            self.waiting.clear();
            self.unreleased.clear();
            self.generation += 1;
            self.note(self.setup.store.forget_unreleased().await);
            self.tell(Some(Delivery::StartOver));
        }
        let wanted = without_covered(&self.setup.publications);
        match self.setup.store.subscribed().await {
            Ok(subscribed) => {
                for filter in subscribed.iter().filter(|old| !wanted.iter().any(|new| new.as_str() == *old)) {
                    let _ = self.client.try_unsubscribe(filter);
                }
            }
            Err(error) => self.note(Err(error)),
        }
        let filters = wanted.iter().map(|filter| Filter {
            path: filter.to_string(),
            qos: QoS::ExactlyOnce,
            // What the bridge itself publishes must not come back to it.
            nolocal: true,
            preserve_retain: true,
            retain_forward_rule: RetainForwardRule::OnNewSubscribe,
        });
        match wanted.is_empty() {
            true => self.setup.board.up(Part::Broker),
            false => {
                let _ = self.client.try_subscribe_many(filters);
            }
        }
        self.told_state.clear();
        self.tell_state();
        self.deliver_waiting();
    }

    async fn handle_subscribed(&mut self, suback: &SubAck) {
        let wanted = without_covered(&self.setup.publications);
        let refused = suback.return_codes.iter().zip(&wanted).find_map(|(code, filter)| match code {
            SubscribeReasonCode::Success(_) => None,
            code => Some((filter, code)),
        });
        match refused {
            Some((filter, code)) => self.setup.board.down(
                Part::Broker,
                ProblemCode::BrokerRefused,
                format!(
                    "the broker at {} does not let this bridge subscribe to {filter} ({code:?}). Allow it in the \
                     broker's access rules, or remove it from the publications",
                    self.setup.login.url
                ),
            ),
            None => {
                let subscribed = wanted.iter().map(ToString::to_string).collect();
                self.note(self.setup.store.set_subscribed(subscribed).await);
                self.setup.board.up(Part::Broker);
            }
        }
    }

    async fn handle_publish(&mut self, publish: Publish) {
        let Some(connection) = self.connection else { return };
        if publish.qos == QoS::AtMostOnce && self.incoming.capacity() <= RESERVED_CAPACITY {
            // The disk is slow or full, and the message may be lost by its own choice.
            self.note(self.setup.store.count(Count::Refused, 1).await);
            return;
        }
        let incoming = Incoming {
            topic: publish.topic.to_vec(),
            payload: publish.payload.to_vec(),
            qos: publish.qos,
            packet: publish.pkid,
            again: publish.dup,
            receipt: Receipt { connection, publish },
        };
        if let Err(mpsc::error::TrySendError::Full(_)) = self.incoming.try_send(incoming) {
            // It was not acknowledged, so the broker sends it again with the next connection.
            let _ = self.client.try_disconnect();
        }
    }

    fn handle_taken_over(&mut self, packet: u16) {
        let done = self.deliveries.handle_acknowledged(packet);
        self.tell(done.map(Delivery::Done));
    }

    fn handle_refused(&mut self, packet: u16, reason: String) {
        let refused = self.deliveries.handle_acknowledged(packet);
        self.tell(refused.map(|row| Delivery::Refused(row, reason)));
    }
}

/// The filters that are not covered by another: a broker may send a message once for each filter that matches.
pub(super) fn without_covered(filters: &[TopicFilter]) -> Vec<&TopicFilter> {
    let covered = |index: usize, filter: &TopicFilter| {
        filters.iter().enumerate().any(|(other_index, other)| {
            other_index != index && other.covers(filter) && (!filter.covers(other) || other_index < index)
        })
    };
    filters.iter().enumerate().filter(|(index, filter)| !covered(*index, filter)).map(|(_, filter)| filter).collect()
}
