//! Rules while a person writes them: what is wrong with them, what they would do, and what there is to write them for.
//! Nothing here changes anything: the rules are those in the window, saved or not.
//!
//! Deliberately not here: the rules themselves, which are the engine's.

mod view;

use std::sync::Arc;
use std::time::Duration;

use mqtt_twister_bridge::config::{BridgeConfig, parse_bridge, problems_of};
use mqtt_twister_bridge::inward::{Inward, inward};
use mqtt_twister_bridge::message::{Message, Qos};
use mqtt_twister_bridge::pack::Pace;
use mqtt_twister_bridge::rehearse::{RuleTotal, rehearse, rehearse_trace};
use mqtt_twister_bridge::route::PublishedTopics;
use mqtt_twister_bridge::{Bridge, scout};
use twister::Username;

use crate::app::App;
use crate::bridges::AppBridge;
use crate::error::CommandError;
use crate::payload;
use crate::view::{BridgeId, BridgeInput};
use view::count;
pub use view::{
    HeldBackReason, HeldBackView, IncomingView, RehearsalInput, RehearsalView, ReplayRule, ReplayView, RuleProblem,
    RuleProblemCode, SentView, TopicView,
};

/// What a running bridge knows of the accounts that it writes to.
#[derive(Default)]
struct Known {
    published: PublishedTopics,
    packers: std::collections::HashSet<Username>,
}

impl App {
    /// Everything that is wrong with settings that are being written.
    pub fn check_rules(&self, input: &BridgeInput) -> Vec<RuleProblem> {
        problems_of(&input.config).into_iter().map(RuleProblem::from).collect()
    }

    /// What the settings in the window would do with a message of the local broker.
    ///
    /// # Errors
    /// The settings or the message cannot be used, with the field.
    pub async fn rehearse(&self, input: RehearsalInput) -> Result<RehearsalView, CommandError> {
        let config = parse_bridge(input.bridge.config.clone())?;
        let known = self.known(input.bridge.replaces.as_ref()).await;
        let rehearsal = rehearse(&config, &known.published, &message_of(&input)?);
        Ok(RehearsalView::new(rehearsal, &known))
    }

    /// What the settings in the window would do with a message of an account.
    ///
    /// # Errors
    /// The settings or the message cannot be used, with the field.
    pub fn rehearse_incoming(&self, input: &RehearsalInput) -> Result<IncomingView, CommandError> {
        let config = parse_bridge(input.bridge.config.clone())?;
        let sender = input.from.clone().unwrap_or_default();
        let sender: Username = sender.parse().map_err(|error| CommandError::field("from", error))?;
        let message = message_of(input)?;
        let by = config.subscriptions.iter().position(|rule| rule.matches(&sender, &message.topic));
        Ok(match inward(&sender, message, &config) {
            Inward::Wanted(message) => IncomingView::Wanted {
                subscription: count(by.unwrap_or_default()),
                topic: message.topic.into(),
                qos: message.qos.into(),
                retain: message.retain,
            },
            Inward::Unwanted => IncomingView::Unwanted,
            Inward::Refused(refusal) => IncomingView::Refused { message: refusal.to_string() },
        })
    }

    /// What the settings in the window would have made of the messages that the bridge has seen since its start, as many as
    /// it remembers. Of a bridge that does not run there are none.
    ///
    /// # Errors
    /// The settings cannot be used, with the field.
    pub async fn replay(&self, input: BridgeInput) -> Result<ReplayView, CommandError> {
        let config: BridgeConfig = parse_bridge(input.config)?;
        let known = self.known(input.replaces.as_ref()).await;
        let messages = match self.of(input.replaces.as_ref()) {
            Some(bridge) => bridge.engine().await.bridge().map(|bridge| bridge.seen_messages()).unwrap_or_default(),
            None => Vec::new(),
        };
        // Packing thousands of messages takes its time, and the window must not wait for others meanwhile.
        let rehearsed = tokio::task::spawn_blocking(move || {
            let total = rehearse_trace(&config, &known.published, Pace::Plenty, messages);
            let rule = |rule: &RuleTotal| ReplayRule {
                copies: count(rule.copies),
                posts: rule.posts,
                superseded: count(rule.superseded),
                too_large: count(rule.too_large),
            };
            ReplayView {
                messages: count(total.messages),
                seconds: total.seconds,
                unsent: count(total.unsent + total.unheard),
                posts: total.posts(),
                posts_a_day: total.posts_a_day(total.posts()),
                rules: total.rules.iter().map(rule).collect(),
            }
        });
        rehearsed.await.map_err(|error| CommandError::field("", error))
    }

    /// Topics to suggest for a rule: those that the bridge has seen, then those that its broker tells of meanwhile.
    ///
    /// # Errors
    /// [`AppErrorCode::UnknownBridge`](crate::error::AppErrorCode::UnknownBridge), or why the broker cannot be used.
    pub async fn suggest_topics(&self, id: &BridgeId) -> Result<Vec<TopicView>, CommandError> {
        const LISTENING: Duration = Duration::from_secs(1);
        let bridge = self.bridge(id)?;
        let seen = bridge.engine().await.bridge().map(|bridge| bridge.seen_topics()).unwrap_or_default();
        let mut topics: Vec<TopicView> =
            seen.into_iter().map(|seen| TopicView { topic: seen.topic.into(), messages: seen.messages }).collect();
        let secrets = self.secrets(&bridge).await?;
        let heard = scout::topics(&bridge.config.broker, &secrets.broker, LISTENING).await?;
        for topic in heard.into_iter().map(String::from) {
            if !topics.iter().any(|known| known.topic == topic) {
                topics.push(TopicView { topic, messages: 0 });
            }
        }
        Ok(topics)
    }

    async fn known(&self, id: Option<&BridgeId>) -> Known {
        let Some(bridge) = self.of(id) else { return Known::default() };
        let engine = bridge.engine().await;
        let known =
            |bridge: &Bridge| Known { published: bridge.watch_published().borrow().clone(), packers: bridge.packers() };
        engine.bridge().map(known).unwrap_or_default()
    }

    fn of(&self, id: Option<&BridgeId>) -> Option<Arc<AppBridge>> {
        self.bridge(id?).ok()
    }
}

fn message_of(input: &RehearsalInput) -> Result<Message, CommandError> {
    let topic = input.topic.parse().map_err(|error| CommandError::field("topic", error))?;
    let payload = payload::bytes(&input.payload, input.format);
    let payload = payload.map_err(|error| CommandError::field("payload", error))?;
    let qos = Qos::try_from(input.qos).map_err(|error| CommandError::field("qos", error))?;
    Ok(Message { retain: input.retain, ..Message::new(topic, payload, qos) })
}
