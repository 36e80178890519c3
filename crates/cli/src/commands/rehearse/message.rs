//! What becomes of one message, for people and for programs.

use std::fmt;

use mqtt_twister_bridge::config::BridgeConfig;
use mqtt_twister_bridge::inward::{Inward, inward};
use mqtt_twister_bridge::message::{Message, Qos};
use mqtt_twister_bridge::rehearse::{Cost, Sent, rehearse};
use mqtt_twister_bridge::route::{PublishedTopics, Receiver};
use serde::Serialize;
use twister::Username;

/// What the rules of a bridge do with a message of its broker.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "rehearsal")]
pub(super) struct OutwardLine {
    bridge: String,
    /// The topic at the broker.
    topic: String,
    /// Whether some publication takes it from the broker.
    heard: bool,
    sent: Vec<SentLine>,
    held_back: Vec<HeldBackLine>,
}

/// A copy that leaves.
#[derive(Debug, Serialize)]
struct SentLine {
    /// Which forward, from 0, and its filter.
    forward: usize,
    from: String,
    /// Who can read it; nobody named is everybody.
    receiver: Option<String>,
    /// Whether it is not known if the receiver wants it.
    uncertain: bool,
    topic: String,
    qos: Qos,
    retain: bool,
    max_wait_ms: u64,
    latest_only: bool,
    expires_after_s: Option<u64>,
    /// Whether it goes as v0, for mosquitto-twister to read.
    compatible: bool,
    v1: Option<CostLine>,
    v0: Option<CostLine>,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct CostLine {
    posts: u64,
    bytes: usize,
}

/// A forward that is about the topic and does not send the message.
#[derive(Debug, Serialize)]
struct HeldBackLine {
    forward: usize,
    from: String,
    reason: String,
}

/// What a message of a peer becomes.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "inward")]
pub(super) struct InwardLine {
    bridge: String,
    sender: String,
    /// The topic on the network.
    topic: String,
    #[serde(flatten)]
    becomes: Becomes,
}

#[derive(Debug, Serialize)]
#[serde(tag = "becomes", rename_all = "snake_case")]
enum Becomes {
    /// The broker gets it like this, by this subscription.
    Delivered { subscription: usize, filter: String, local_topic: String, qos: Qos, retain: bool },
    /// No subscription is about it.
    Unwanted,
    /// It must not get in.
    Refused { reason: String },
}

impl OutwardLine {
    pub(super) fn new(config: &BridgeConfig, message: &Message) -> Self {
        let rehearsal = rehearse(config, &PublishedTopics::new(), message);
        let from = |forward: usize| config.forwards[forward].from.to_string();
        let held_back = rehearsal.held_back.into_iter().map(|held| HeldBackLine {
            forward: held.forward,
            from: from(held.forward),
            reason: held.reason.to_string(),
        });
        Self {
            bridge: config.name.to_string(),
            topic: message.topic.to_string(),
            heard: rehearsal.heard,
            held_back: held_back.collect(),
            sent: rehearsal.sent.into_iter().map(|sent| SentLine::new(from(sent.forward), sent)).collect(),
        }
    }
}

impl SentLine {
    fn new(from: String, Sent { forward, route, uncertain, v1, v0 }: Sent) -> Self {
        let cost = |Cost { posts, bytes }| CostLine { posts, bytes };
        Self {
            forward,
            from,
            receiver: match route.receiver {
                Receiver::Everybody => None,
                Receiver::Account(name) => Some(name.into()),
            },
            uncertain,
            topic: route.message.topic.into(),
            qos: route.message.qos,
            retain: route.message.retain,
            max_wait_ms: route.waiting.max_wait.as_millis() as u64,
            latest_only: route.waiting.latest_only,
            expires_after_s: route.waiting.expires_after.map(|after| after.as_secs()),
            compatible: route.compatible,
            v1: v1.map(cost),
            v0: v0.map(cost),
        }
    }
}

impl InwardLine {
    pub(super) fn new(config: &BridgeConfig, sender: &Username, message: &Message) -> Self {
        let rule = config.subscriptions.iter().position(|rule| rule.matches(sender, &message.topic));
        let becomes = match (inward(sender, message.clone(), config), rule) {
            (Inward::Wanted(message), Some(subscription)) => Becomes::Delivered {
                subscription,
                filter: config.subscriptions[subscription].filter.to_string(),
                local_topic: message.topic.into(),
                qos: message.qos,
                retain: message.retain,
            },
            (Inward::Refused(refusal), _) => Becomes::Refused { reason: refusal.to_string() },
            (Inward::Unwanted | Inward::Wanted(_), _) => Becomes::Unwanted,
        };
        let (bridge, sender, topic) = (config.name.to_string(), sender.to_string(), message.topic.to_string());
        Self { bridge, sender, topic, becomes }
    }
}

impl fmt::Display for OutwardLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bridge, topic, heard, sent, held_back } = self;
        write!(f, "{bridge}: ")?;
        match sent.as_slice() {
            _ if !heard => {
                return write!(
                    f,
                    "nobody gets {topic}: the bridge does not listen to it. Add a filter for it to publications"
                );
            }
            [] => write!(f, "nobody gets {topic}")?,
            [_] => write!(f, "{topic} leaves once")?,
            several => write!(f, "{topic} leaves {} times", several.len())?,
        }
        if sent.is_empty() && held_back.is_empty() {
            f.write_str(": no forward is about it")?;
        }
        for line in sent {
            write!(f, "\n{line}")?;
        }
        for HeldBackLine { forward, from, reason } in held_back {
            write!(f, "\n  forwards[{forward}] ({from}) does not send it: {reason}")?;
        }
        Ok(())
    }
}

impl fmt::Display for SentLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { forward, from, topic, qos, retain, max_wait_ms, .. } = self;
        writeln!(f, "  forwards[{forward}] ({from}) sends it")?;
        match &self.receiver {
            None => writeln!(f, "    to     everybody, who can all read it")?,
            Some(name) if self.uncertain => {
                writeln!(f, "    to     {name}, encrypted, if {name} has subscribed to {topic}")?;
            }
            Some(name) => writeln!(f, "    to     {name}, encrypted")?,
        }
        writeln!(f, "    topic  {topic}")?;
        writeln!(f, "    QoS    {}{}", u8::from(*qos), if *retain { ", retained" } else { "" })?;
        write!(f, "    waits  {} s at most", *max_wait_ms as f64 / 1000.0)?;
        if self.latest_only {
            f.write_str(", only the newest of its topic")?;
        }
        if let Some(seconds) = self.expires_after_s {
            write!(f, ", not sent after {seconds} s")?;
        }
        write!(f, "\n    costs  ")?;
        match (self.receiver.is_some(), self.compatible) {
            (false, true) => write!(f, "{} for mosquitto-twister (v0)", Costs(self.v0)),
            (false, false) => write!(f, "{} alone (v1)", Costs(self.v1)),
            (true, _) => {
                write!(f, "{} alone (v1), or {} to mosquitto-twister (v0)", Costs(self.v1), Costs(self.v0))
            }
        }
    }
}

struct Costs(Option<CostLine>);

impl fmt::Display for Costs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("nothing, for it is too large to be sent"),
            Some(CostLine { posts: 1, bytes }) => write!(f, "1 post of {bytes} bytes"),
            Some(CostLine { posts, bytes }) => write!(f, "{posts} posts of {bytes} bytes"),
        }
    }
}

impl fmt::Display for InwardLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bridge, sender, topic, becomes } = self;
        write!(f, "{bridge}: ")?;
        match becomes {
            Becomes::Delivered { subscription, filter, local_topic, qos, retain } => {
                writeln!(f, "{topic} of {sender} comes in by subscriptions[{subscription}] ({filter})")?;
                writeln!(f, "    topic  {local_topic}")?;
                write!(f, "    QoS    {}{}", u8::from(*qos), if *retain { ", retained" } else { "" })
            }
            Becomes::Unwanted => write!(f, "{topic} of {sender} does not come in: no subscription is about it"),
            Becomes::Refused { reason } => write!(f, "{topic} of {sender} is refused: {reason}"),
        }
    }
}
