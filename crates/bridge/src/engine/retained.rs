//! Retained messages of a running bridge, here and there: looking at them, and clearing them.

use super::{Context, Moved};
use crate::check::{CheckError, within_limit};
use crate::clock::now_ms;
use crate::config::ProtocolChoice;
use crate::message::{Message, Qos};
use crate::mqtt::{Fault, Login, Own, retained};
use crate::publish::publish_all;
use crate::retained::{RetainedRow, compare, filters};
use crate::route::{Receiver, Route, Waiting, route};
use crate::store::{StoreError, Taken};
use crate::topic::Topic;

/// Why retained messages cannot be looked at or cleared.
#[derive(Debug, thiserror::Error)]
pub enum RetainedError {
    /// The local broker cannot be used.
    #[error(transparent)]
    Broker(#[from] CheckError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Context {
    /// What the local broker keeps on the topics that concern the bridge, and what others were given.
    pub(crate) async fn retained(&self, mut login: Login) -> Result<Vec<RetainedRow>, RetainedError> {
        let config = self.config();
        let filters = filters(&config);
        let kept = match filters.is_empty() {
            true => Vec::new(),
            false => {
                let own = self.own_retained().await?;
                retained(&mut login, &filters, &own).await.map_err(|error| {
                    let Fault { code, message, .. } = Fault::of(&error, &login.url);
                    CheckError { code, message }
                })?
            }
        };
        let there = self.store.retained_there().await?;
        Ok(compare(&config, &self.published.borrow(), &kept, there))
    }

    /// Clears what the local broker keeps on these topics. The session takes the clears and sends them on as any others; a
    /// broker without MQTT 5 does not say that they are clears, so they are handed over from here.
    pub(crate) async fn clear_here(&self, mut login: Login, topics: Vec<Topic>) -> Result<(), RetainedError> {
        let clears: Vec<Message> = topics.into_iter().map(clear).collect();
        let url = login.url.clone();
        within_limit(&url, publish_all(&mut login, &clears)).await?;
        if login.protocol == ProtocolChoice::V311 {
            let config = self.config();
            let routes: Vec<(Topic, Route)> = {
                let published = self.published.borrow();
                let routes = |clear: &Message| {
                    let topic = clear.topic.clone();
                    let routes = route(clear, &config, &published).into_iter().filter(|route| route.message.retain);
                    routes.map(move |route| (topic.clone(), route)).collect::<Vec<_>>()
                };
                clears.iter().flat_map(routes).collect()
            };
            self.send_clears(routes).await?;
        }
        Ok(())
    }

    /// Clears what receivers were given on topics as they were sent, whatever is kept here.
    pub(crate) async fn clear_there(&self, given: Vec<(Receiver, Topic)>) -> Result<(), RetainedError> {
        let route = |(receiver, topic): (Receiver, Topic)| {
            let message = clear(topic.clone());
            (topic, Route { receiver, message, waiting: Waiting::default(), compatible: false })
        };
        Ok(self.send_clears(given.into_iter().map(route).collect()).await?)
    }

    /// Sends clears, each with the topic that it has at the local broker.
    async fn send_clears(&self, routes: Vec<(Topic, Route)>) -> Result<(), StoreError> {
        let taken_ms = now_ms();
        let taken = |(_, route): &(Topic, Route)| Taken {
            routes: vec![route.clone()],
            refused: false,
            unreleased: None,
            again: false,
        };
        let batch: Vec<Taken> = routes.iter().map(taken).collect();
        let (numbers, outcomes) = self.sending(move |sender, now| sender.take(&batch, now)).await?;
        for ((topic, Route { receiver, message, .. }), number) in routes.iter().zip(numbers) {
            let Some(number) = number else { continue };
            self.tell(|| Moved::queued(self, receiver, number, message, topic, taken_ms));
        }
        self.tell_outcomes(outcomes);
        self.signals.outbox.notify_one();
        self.signals.counted.notify_one();
        Ok(())
    }

    /// What the bridge itself has left at the broker.
    pub(super) async fn own_retained(&self) -> Result<Own, StoreError> {
        let topics = self.store.broker_session().await?.own_retained.into_iter().map(|(topic, _)| topic).collect();
        Ok(Own { client_id: self.client_id(), topics })
    }
}

/// The message that clears what is retained on a topic.
fn clear(topic: Topic) -> Message {
    Message { retain: true, ..Message::new(topic, [], Qos::AtLeastOnce) }
}
