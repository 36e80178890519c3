//! Gives whoever is new among the receivers what the local broker keeps now: a retained message is otherwise sent when it is
//! published, and not to those who come later or want more.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;

use super::{Context, Moved};
use crate::clock::now_ms;
use crate::config::{BridgeConfig, Forward, Visibility};
use crate::event::PartState;
use crate::message::Message;
use crate::mqtt::{ConnectionError, Login, retained};
use crate::route::{PublishedTopics, Receiver, Route, route};
use crate::store::{StoreError, Taken};
use crate::topic::{Topic, TopicFilter};

/// Time between two looks whether somebody is new, and until another attempt.
const PERIOD: Duration = Duration::from_secs(10);

/// What a receiver wanted when nobody could say what that is: it gets all that is published until it is heard of.
const NOT_HEARD_OF: &str = "";

enum Trouble {
    Broker(ConnectionError),
    Store(StoreError),
}

impl From<ConnectionError> for Trouble {
    fn from(error: ConnectionError) -> Self {
        Self::Broker(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

pub(super) async fn drive(context: Context, mut login: Login) {
    let mut published = context.published.subscribe();
    let mut changes = context.live.watch();
    loop {
        if context.board.state().broker == PartState::Up {
            match greet(&context, &mut login).await {
                Ok(()) => {}
                Err(Trouble::Store(error)) => context.store_trouble(&error),
                Err(Trouble::Broker(error)) => {
                    tracing::debug!(%error, "what the broker keeps was not read; it is tried again")
                }
            }
        }
        tokio::select! {
            () = context.stop.cancelled() => return,
            _ = published.changed() => {}
            _ = changes.changed() => {}
            () = tokio::time::sleep(PERIOD) => {}
        }
    }
}

/// Sends what the broker keeps to those who are new, or want something else than before.
async fn greet(context: &Context, login: &mut Login) -> Result<(), Trouble> {
    let config = context.config();
    let wanted = wanted(context, &config);
    let Some(mut greeted) = context.store.greeted().await? else {
        // The session is new as well: the broker has just given it all that it keeps, for everybody.
        let all = wanted.into_iter().map(|(receiver, wants)| (name(&receiver), wants.unwrap_or_default())).collect();
        return Ok(context.store.set_greeted(all).await?);
    };
    for (receiver, wants) in wanted {
        let Some(wants) = wants else { continue };
        let before = greeted.insert(name(&receiver), wants.clone());
        if before.as_ref() == Some(&wants) {
            continue;
        }
        if before.as_deref() != Some(NOT_HEARD_OF) {
            let before = before.and_then(|text| serde_json::from_str(&text).ok());
            let newcomer = Newcomer { receiver: &receiver, config: &config, before };
            newcomer.send_retained(context, login).await?;
        }
        context.store.set_greeted(greeted.clone()).await?;
    }
    Ok(())
}

/// What a receiver wanted and was sent: the rules for it, what it had subscribed to, and what the bridge had subscribed to.
#[derive(Deserialize)]
struct Before(Vec<Forward>, Option<Vec<TopicFilter>>, Vec<TopicFilter>);

/// A receiver who is new, or wants something else than before.
struct Newcomer<'a> {
    receiver: &'a Receiver,
    config: &'a BridgeConfig,
    before: Option<Before>,
}

impl Newcomer<'_> {
    async fn send_retained(&self, context: &Context, login: &mut Login) -> Result<(), Trouble> {
        let filters: BTreeSet<TopicFilter> =
            forwards(self.config, self.receiver).map(|forward| forward.from.clone()).collect();
        let filters: Vec<TopicFilter> = filters.into_iter().collect();
        if filters.is_empty() {
            return Ok(());
        }
        let own = context.own_retained().await?;
        let kept = tokio::select! {
            () = context.stop.cancelled() => return Ok(()),
            kept = retained(login, &filters, &own) => kept?,
        };
        let taken_ms = now_ms();
        let routes: Vec<(&Topic, Route)> = {
            let published = context.published.borrow();
            let routes = |message| self.new_routes(message, &published).into_iter();
            let foreign = kept.iter().filter(|kept| !kept.own).map(|kept| &kept.message);
            foreign.flat_map(|message| routes(message).map(|route| (&message.topic, route))).collect()
        };
        let taken = |(_, route): &(&Topic, Route)| Taken {
            routes: vec![route.clone()],
            refused: false,
            unreleased: None,
            again: false,
        };
        let batch: Vec<Taken> = routes.iter().map(taken).collect();
        let (numbers, outcomes) = context.sending(move |sender, now| sender.take(&batch, now)).await?;
        for ((topic, Route { receiver, message, .. }), number) in routes.iter().zip(numbers) {
            let Some(number) = number else { continue };
            context.tell(|| Moved::queued(context, receiver, number, message, topic, taken_ms));
        }
        context.tell_outcomes(outcomes);
        context.signals.outbox.notify_one();
        context.signals.counted.notify_one();
        Ok(())
    }

    /// How `message`, which the broker keeps, goes to the receiver; nothing if it has gone there before, or if the session
    /// brings it with a new subscription.
    fn new_routes(&self, message: &Message, published: &PublishedTopics) -> Vec<Route> {
        let mut routes = self.routes(message, self.config, published);
        let Some(Before(forwards, topics, publications)) = &self.before else { return routes };
        let heard = |filters: &[TopicFilter]| filters.iter().any(|filter| filter.matches(&message.topic));
        if heard(&self.config.publications) && !heard(publications) {
            return Vec::new();
        }
        let config = BridgeConfig { forwards: forwards.clone(), ..self.config.clone() };
        let wanted = match (self.receiver, topics) {
            (Receiver::Account(peer), Some(topics)) => PublishedTopics::from([(peer.clone(), topics.clone())]),
            _ => PublishedTopics::new(),
        };
        let sent = self.routes(message, &config, &wanted);
        routes.retain(|route| !sent.iter().any(|sent| sent.message.topic == route.message.topic));
        routes
    }

    fn routes(&self, message: &Message, config: &BridgeConfig, published: &PublishedTopics) -> Vec<Route> {
        let mut routes = route(message, config, published);
        routes.retain(|route| route.receiver == *self.receiver && route.message.retain);
        routes
    }
}

/// What each receiver wants and is to be sent, as a text that changes with it and can be read as [`Before`]; none while that
/// is not known.
fn wanted(context: &Context, config: &BridgeConfig) -> BTreeMap<Receiver, Option<String>> {
    let named = config.forwards.iter().flat_map(|forward| &forward.to).cloned().map(Receiver::Account);
    let published = context.published.borrow();
    let wants = |receiver: &Receiver| {
        let topics = match receiver {
            Receiver::Everybody => None,
            Receiver::Account(peer) => Some(published.get(peer)?),
        };
        let forwards: Vec<&Forward> = forwards(config, receiver).collect();
        serde_json::to_string(&(forwards, topics, &config.publications)).ok()
    };
    named.chain([Receiver::Everybody]).map(|receiver| (receiver.clone(), wants(&receiver))).collect()
}

/// The rules by which something is sent to `receiver`.
fn forwards<'a>(config: &'a BridgeConfig, receiver: &'a Receiver) -> impl Iterator<Item = &'a Forward> {
    config.forwards.iter().filter(move |forward| match receiver {
        Receiver::Everybody => forward.visibility == Visibility::Public,
        Receiver::Account(peer) => forward.to.contains(peer),
    })
}

fn name(receiver: &Receiver) -> String {
    match receiver {
        Receiver::Everybody => String::new(),
        Receiver::Account(peer) => peer.to_string(),
    }
}
