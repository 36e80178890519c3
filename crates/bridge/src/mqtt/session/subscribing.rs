//! What the session subscribes to. The broker keeps it while the bridge is away, so a change of the settings is a matter of what
//! it keeps and what it should.

use super::{Interruption, Link, Session};
use crate::event::{Part, ProblemCode};
use crate::message::Qos;
use crate::mqtt::copies::subscription_id;
use crate::mqtt::packet::{Packet, Protocol};
use crate::store::Subscribed;
use crate::topic::TopicFilter;

/// A question that the broker has not answered.
#[derive(Debug)]
pub(super) enum Question {
    Subscribe(Vec<String>),
    Unsubscribe(Vec<String>),
}

impl Session {
    /// Writes down what the broker may be keeping from now on: if the program ends before it knows better, the next one has to
    /// ask for all of it again.
    pub(super) async fn note_intended(&self) -> Result<(), Interruption> {
        let mut filters = self.subscribed.filters.clone();
        for filter in without_covered(&self.wanted) {
            filters.entry(filter.to_string()).or_insert(2);
        }
        Ok(self.setup.store.set_subscribed(Subscribed { filters, certain: false }).await?)
    }

    /// Asks for what should be and is not, and drops what should not be.
    pub(super) async fn subscribe(&mut self, link: &mut Link) -> Result<(), Interruption> {
        let wanted = without_covered(&self.wanted);
        let kept = &self.subscribed.filters;
        let is_dropped = |old: &&String| !wanted.iter().any(|wanted| wanted.as_str() == *old);
        let dropped: Vec<String> = kept.keys().filter(is_dropped).cloned().collect();
        // In MQTT 3.1.1 each subscription, even one that is there already, brings all retained messages again.
        let keeps = self.subscribed.certain && link.connection.protocol() == Protocol::V311;
        let asked = wanted.into_iter().filter(|new| !keeps || !kept.contains_key(new.as_str()));
        // The old subscription goes after the new one has come: between them nothing may be missed that both mean.
        for (id, filters) in questions(asked, link.welcome.subscription_ids) {
            if let Some(packet) = self.deliveries.take_packet() {
                link.connection.send(&Packet::Subscribe { packet, filters: filters.clone(), id })?;
                link.asked.insert(packet, Question::Subscribe(filters));
            }
        }
        if !dropped.is_empty()
            && let Some(packet) = self.deliveries.take_packet()
        {
            link.connection.send(&Packet::Unsubscribe { packet, filters: dropped.clone() })?;
            link.asked.insert(packet, Question::Unsubscribe(dropped));
        }
        self.settle(link).await
    }

    /// Other settings while the connection stands: the broker is asked for what is new, and told what is not wanted any more.
    pub(super) async fn resubscribe(&mut self, link: &mut Link) -> Result<(), Interruption> {
        self.wanted = self.setup.publications.borrow_and_update().clone();
        self.note_intended().await?;
        link.refused = None;
        self.subscribe(link).await
    }

    pub(super) async fn handle_suback(
        &mut self,
        packet: u16,
        granted: Vec<Result<Qos, String>>,
        link: &mut Link,
    ) -> Result<(), Interruption> {
        let Some(Question::Subscribe(filters)) = self.answered(packet, link) else { return Ok(()) };
        self.copies.forget();
        for (filter, granted) in filters.into_iter().zip(granted) {
            match granted {
                Ok(qos) => drop(self.subscribed.filters.insert(filter, qos.into())),
                Err(reason) => {
                    self.subscribed.filters.remove(&filter);
                    link.refused = Some((filter, reason));
                }
            }
        }
        self.settle(link).await
    }

    pub(super) async fn handle_unsuback(&mut self, packet: u16, link: &mut Link) -> Result<(), Interruption> {
        let Some(Question::Unsubscribe(filters)) = self.answered(packet, link) else { return Ok(()) };
        self.copies.forget();
        self.subscribed.filters.retain(|filter, _| !filters.contains(filter));
        self.settle(link).await
    }

    fn answered(&mut self, packet: u16, link: &mut Link) -> Option<Question> {
        let question = link.asked.remove(&packet)?;
        self.deliveries.free_packet(packet);
        Some(question)
    }

    /// If everything is answered, the broker keeps what it should, or has said why not.
    async fn settle(&mut self, link: &mut Link) -> Result<(), Interruption> {
        if !link.asked.is_empty() {
            return Ok(());
        }
        self.subscribed.certain = true;
        self.setup.store.set_subscribed(self.subscribed.clone()).await?;
        self.setup.subscribed.send_replace(self.wanted.clone());
        match &link.refused {
            None => self.setup.board.up(Part::Broker),
            Some((filter, reason)) => self.setup.board.down(
                Part::Broker,
                ProblemCode::BrokerRefused,
                format!(
                    "the broker at {} does not let this bridge subscribe to {filter} ({reason}). Allow it in the \
                     broker's access rules, or remove it from the publications",
                    self.setup.login.url
                ),
            ),
        }
        Ok(())
    }
}

/// What to ask the broker for, with the identifiers of the subscriptions: a packet has one, so each filter is a packet of its own.
fn questions<'a>(filters: impl Iterator<Item = &'a TopicFilter>, with_ids: bool) -> Vec<(Option<u32>, Vec<String>)> {
    if with_ids {
        return filters.map(|filter| (Some(subscription_id(filter)), vec![filter.to_string()])).collect();
    }
    let all: Vec<String> = filters.map(ToString::to_string).collect();
    if all.is_empty() { Vec::new() } else { vec![(None, all)] }
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
