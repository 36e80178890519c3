//! What the window asks about rules, and what it is told.

use mqtt_twister_bridge::config::{ConfigError, RuleError};
use mqtt_twister_bridge::mapping::MappingError;
use mqtt_twister_bridge::rehearse::{HeldBack, HoldReason, Rehearsal, Sent};
use mqtt_twister_bridge::route::Receiver;
use serde::{Deserialize, Serialize};
use specta_typescript::Number;

use super::Known;
use crate::error::CommandError;
use crate::queue::account_of;
use crate::view::{BridgeInput, PayloadFormat};

/// Something that is wrong with settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, specta::Type)]
pub struct RuleProblem {
    /// Where, as a path into the settings: `forwards[0].to`.
    pub field: String,
    /// What, for a program to decide on.
    pub code: RuleProblemCode,
    /// What, for a person to read.
    pub message: String,
}

/// The kinds of things that are wrong with settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum RuleProblemCode {
    /// A value that cannot be read.
    Invalid,
    /// A private rule that goes to nobody.
    PrivateToNobody,
    /// A public rule that names receivers.
    PublicToSomebody,
    /// A rule that goes to the bridge's own account.
    ToItself,
    /// A private rule that is to be readable for mosquitto-twister.
    PrivateCompatible,
    /// A rule that leaves out all that it is about.
    ExceptsAll,
    /// A new name beside prefixes.
    RenameAndPrefix,
    /// A new name with a number for which there is no wildcard.
    UnknownCapture,
    /// A prefix that not all topics have.
    NotAPrefix,
    /// Nothing is left of the topic.
    NothingLeft,
    /// The new topics would be such as never cross.
    LocalTopic,
    /// The new topics would be too long.
    TopicTooLong,
    /// An account that is not followed.
    NotFollowed,
    /// A 0 by which nothing would work.
    Zero,
    /// A number that is too large.
    TooLarge,
    /// Anything about the broker's files, names or accounts.
    Settings,
}

/// A message to try rules out on.
#[derive(Debug, Clone, Deserialize, specta::Type)]
pub struct RehearsalInput {
    /// The settings as they stand in the window.
    pub bridge: BridgeInput,
    /// From whom it comes in; none if it goes out.
    pub from: Option<String>,
    /// Its topic.
    pub topic: String,
    /// Its payload, written in `format`.
    pub payload: String,
    /// How the payload is written.
    pub format: PayloadFormat,
    /// Its quality of service: 0, 1 or 2.
    pub qos: u8,
    /// Whether it is retained.
    pub retain: bool,
}

/// What rules would do with a message that goes out.
#[derive(Debug, Clone, PartialEq, Serialize, specta::Type)]
pub struct RehearsalView {
    /// Some publication takes it from the broker; otherwise no rule ever sees it.
    pub heard: bool,
    /// The copies that would leave.
    pub sent: Vec<SentView>,
    /// The rules that are about it and do not send it.
    pub held_back: Vec<HeldBackView>,
}

/// A copy that would leave.
#[derive(Debug, Clone, PartialEq, Serialize, specta::Type)]
pub struct SentView {
    /// Which forward sends it, from 0.
    pub forward: u32,
    /// The account that it goes to; none for everybody.
    pub receiver: Option<String>,
    /// Its topic, as it is sent.
    pub topic: String,
    /// Its quality of service.
    pub qos: u8,
    /// Whether it stays retained.
    pub retain: bool,
    /// How long it is worth anything, in seconds.
    pub expires_s: Option<u32>,
    /// Nobody knows yet whether its receiver wants it.
    pub uncertain: bool,
    /// It goes alone in a post, in the form of mosquitto-twister; otherwise packed, with others.
    pub alone: bool,
    /// Posts that it needs, if it goes alone; none if no posts can carry it.
    #[specta(type = Option<Number>)]
    pub posts: Option<u64>,
    /// Bytes of these posts, as the network counts them.
    #[specta(type = Option<Number>)]
    pub bytes: Option<u64>,
}

/// A rule that does not send a message that it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, specta::Type)]
pub struct HeldBackView {
    /// Which forward, from 0.
    pub forward: u32,
    /// Why.
    pub reason: HeldBackReason,
    /// The receiver that it is about, if it is about one; none can be everybody.
    pub receiver: Option<String>,
    /// The filter that leaves it out, or the topic that is not wanted.
    pub what: Option<String>,
    /// The forward that sends it already, from 0.
    pub by: Option<u32>,
}

/// Why a rule does not send a message that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum HeldBackReason {
    /// Its exceptions leave the topic out.
    Excepted,
    /// There is no valid topic to send it on.
    NoTopic,
    /// The receiver has not subscribed to it.
    Unwanted,
    /// An earlier rule sends it to the receiver.
    Earlier,
    /// It came through the receiver.
    CameThrough,
}

/// What rules would do with a message that comes in.
#[derive(Debug, Clone, PartialEq, Serialize, specta::Type)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum IncomingView {
    /// It gets in.
    Wanted {
        /// By which subscription, from 0.
        subscription: u32,
        /// Its topic at the local broker.
        topic: String,
        /// Its quality of service.
        qos: u8,
        /// Whether it stays retained.
        retain: bool,
    },
    /// No subscription asks for it.
    Unwanted,
    /// It is turned away.
    Refused {
        /// Why, in words.
        message: String,
    },
}

/// What rules would have made of the messages that the bridge has seen lately.
#[derive(Debug, Clone, PartialEq, Serialize, specta::Type)]
pub struct ReplayView {
    /// Messages.
    pub messages: u32,
    /// From the first to the last, in seconds.
    #[specta(type = Number)]
    pub seconds: f64,
    /// Those that no rule sends.
    pub unsent: u32,
    /// Posts that it would have taken.
    #[specta(type = Number)]
    pub posts: f64,
    /// Posts a day, at this rate; none if it took no time.
    #[specta(type = Option<Number>)]
    pub posts_a_day: Option<f64>,
    /// The forwards, in order.
    pub rules: Vec<ReplayRule>,
}

/// What one forward would have made of them.
#[derive(Debug, Clone, PartialEq, Serialize, specta::Type)]
pub struct ReplayRule {
    /// Copies that it sends, one for each receiver.
    pub copies: u32,
    /// Its share of the posts.
    #[specta(type = Number)]
    pub posts: f64,
    /// Copies that newer values replace before they leave.
    pub superseded: u32,
    /// Copies that no posts can carry.
    pub too_large: u32,
}

/// A topic that was seen at the local broker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, specta::Type)]
pub struct TopicView {
    /// The topic.
    pub topic: String,
    /// How many messages came on it, as far as the bridge took them.
    #[specta(type = Number)]
    pub messages: u64,
}

impl RehearsalView {
    pub(super) fn new(Rehearsal { heard, sent, held_back }: Rehearsal, known: &Known) -> Self {
        Self {
            heard,
            sent: sent.into_iter().map(|sent| SentView::new(sent, known)).collect(),
            held_back: held_back.into_iter().map(HeldBackView::from).collect(),
        }
    }
}

impl SentView {
    fn new(Sent { forward, route, uncertain, v1, v0 }: Sent, known: &Known) -> Self {
        let alone = match &route.receiver {
            Receiver::Everybody => route.compatible,
            // Who has been heard of and has not announced more reads one message a post.
            Receiver::Account(peer) => known.published.contains_key(peer) && !known.packers.contains(peer),
        };
        let cost = if alone { v0 } else { v1 };
        Self {
            forward: count(forward),
            receiver: account_of(route.receiver),
            topic: route.message.topic.into(),
            qos: route.message.qos.into(),
            retain: route.message.retain && !alone,
            expires_s: route.message.properties.expiry_s,
            uncertain,
            alone,
            posts: cost.map(|cost| cost.posts),
            bytes: cost.map(|cost| cost.bytes as u64),
        }
    }
}

impl From<HeldBack> for HeldBackView {
    fn from(HeldBack { forward, reason }: HeldBack) -> Self {
        let view = |reason| Self { forward: count(forward), reason, receiver: None, what: None, by: None };
        match reason {
            HoldReason::Excepted { except } => Self { what: Some(except), ..view(HeldBackReason::Excepted) },
            HoldReason::NoTopic => view(HeldBackReason::NoTopic),
            HoldReason::Unwanted { peer, topic } => {
                Self { receiver: Some(peer.into()), what: Some(topic), ..view(HeldBackReason::Unwanted) }
            }
            HoldReason::Earlier { receiver, by } => {
                Self { receiver: account_of(receiver), by: Some(count(by)), ..view(HeldBackReason::Earlier) }
            }
            HoldReason::CameThrough { receiver } => {
                Self { receiver: account_of(receiver), ..view(HeldBackReason::CameThrough) }
            }
        }
    }
}

impl From<ConfigError> for RuleProblem {
    fn from(error: ConfigError) -> Self {
        let code = match &error {
            ConfigError::Rule(rule) => RuleProblemCode::of(rule),
            _ => RuleProblemCode::Invalid,
        };
        let CommandError { message, field, .. } = error.into();
        Self { field: field.unwrap_or_default(), code, message }
    }
}

impl RuleProblemCode {
    fn of(rule: &RuleError) -> Self {
        match rule {
            RuleError::PrivateToNobody { .. } => Self::PrivateToNobody,
            RuleError::PublicToSomebody { .. } => Self::PublicToSomebody,
            RuleError::ToItself { .. } => Self::ToItself,
            RuleError::PrivateCompatible { .. } => Self::PrivateCompatible,
            RuleError::ExceptsAll { .. } => Self::ExceptsAll,
            RuleError::Mapping { source, .. } => match source.as_ref() {
                MappingError::RenameAndPrefix => Self::RenameAndPrefix,
                MappingError::UnknownCapture { .. } => Self::UnknownCapture,
                MappingError::NotAPrefix { .. } => Self::NotAPrefix,
                MappingError::NothingLeft { .. } => Self::NothingLeft,
                MappingError::Local { .. } => Self::LocalTopic,
                MappingError::TooLong { .. } => Self::TopicTooLong,
            },
            RuleError::NotFollowed { .. } => Self::NotFollowed,
            RuleError::Zero { .. } => Self::Zero,
            RuleError::TooLarge { .. } => Self::TooLarge,
            RuleError::FileWithoutTls { .. }
            | RuleError::HalfClientCertificate { .. }
            | RuleError::SameName(_)
            | RuleError::SameAccount { .. } => Self::Settings,
        }
    }
}

/// A number of things, as the window takes it.
pub(super) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
