//! A message as the history keeps it. What all messages of one flow have in common is kept once.

use std::sync::Arc;

use mqtt_twister_bridge::event::{Direction, MessageEvent, Payload, Signature, Step};
use mqtt_twister_bridge::message::Properties;
use mqtt_twister_bridge::topic::Topic;

use crate::view::BridgeId;

/// What an allocation costs besides its bytes, and what is lost because it is rounded up.
const ALLOCATION: usize = 16;

/// A message as it is known, and how it came so far.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Tells entries apart; grows by one.
    pub key: u64,
    /// Where it comes from and goes to.
    pub flow: Arc<Flow>,
    /// [`MessageEvent::id`].
    pub id: Box<str>,
    /// Its payload.
    pub payload: Payload,
    /// Its quality of service: 0, 1 or 2.
    pub qos: u8,
    /// Whether brokers keep it for later subscribers.
    pub retain: bool,
    /// What is known of its post's signature, once it has one.
    pub signature: Option<Signature>,
    /// Its post number, once it has one.
    pub number: Option<u32>,
    /// When the local broker handed it over, in milliseconds since 1970; none on its way in.
    pub taken_ms: Option<u64>,
    /// The step that was the first to be known of it, and when it was made, in milliseconds since 1970.
    first: (Step, u64),
    /// The steps after it, in their order.
    later: Vec<(Step, u64)>,
    /// What most messages have nothing of.
    rare: Option<Box<Rare>>,
}

/// Where messages come from and go to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Flow {
    /// The bridge that they cross.
    pub bridge: BridgeId,
    /// From the local broker to the network, or the other way.
    pub direction: Direction,
    /// The account whose posts carry them.
    pub account: String,
    /// The account they go to or come from; none for public messages on their way out, and for those that go to nobody.
    pub peer: Option<String>,
    /// Whether everybody can read them.
    pub public: bool,
    /// Their topic at the local broker, as far as that is known.
    pub topic: Topic,
    /// The topic that they are sent as, where it is another one.
    pub sent_topic: Option<String>,
}

/// What most messages have nothing of.
#[derive(Debug, Clone, Default, PartialEq)]
struct Rare {
    properties: Properties,
    path: Vec<String>,
    reason: Option<String>,
}

impl Entry {
    /// A message at the first step that is known of it.
    pub fn new(key: u64, flow: Arc<Flow>, event: &MessageEvent) -> Self {
        let MessageEvent { properties, path, reason, .. } = event;
        let rare = Rare { properties: properties.clone(), path: path.clone(), reason: reason.clone() };
        Self {
            key,
            flow,
            id: event.id.as_str().into(),
            payload: event.payload.clone(),
            qos: event.qos,
            retain: event.retain,
            signature: event.signature,
            number: event.number,
            taken_ms: event.taken_ms,
            first: (event.step, event.time_ms),
            later: Vec::new(),
            rare: (rare != Rare::default()).then(|| Box::new(rare)),
        }
    }

    /// Takes note of a further step.
    pub fn follow(&mut self, event: &MessageEvent) {
        // A message that is posted again takes the same step again: the journey tells of the first time.
        if self.steps().any(|(step, _)| step == event.step) {
            return;
        }
        self.later.push((event.step, event.time_ms));
        self.number = event.number.or(self.number);
        self.signature = event.signature.or(self.signature);
        self.taken_ms = self.taken_ms.or(event.taken_ms);
        if let Some(reason) = &event.reason {
            self.rare.get_or_insert_default().reason = Some(reason.clone());
        }
    }

    /// Its steps so far with their times in milliseconds since 1970, in their order.
    pub fn steps(&self) -> impl Iterator<Item = (Step, u64)> {
        std::iter::once(self.first).chain(self.later.iter().copied())
    }

    /// How far it came.
    pub fn step(&self) -> Step {
        self.later.last().unwrap_or(&self.first).0
    }

    /// When its first step was made, in milliseconds since 1970.
    pub fn began_ms(&self) -> u64 {
        self.first.1
    }

    /// Its MQTT 5 properties.
    pub fn properties(&self) -> Option<&Properties> {
        self.rare.as_ref().map(|rare| &rare.properties)
    }

    /// The accounts that it came through, its origin first.
    pub fn path(&self) -> &[String] {
        self.rare.as_ref().map_or(&[], |rare| &rare.path)
    }

    /// Why it was turned away or left out, for a person to read.
    pub fn reason(&self) -> Option<&str> {
        self.rare.as_ref()?.reason.as_deref()
    }

    /// The bytes that it takes up by itself, as good as it can be told.
    pub(super) fn cost(&self) -> usize {
        /// Lists of entries and keys are up to twice as long as what is in them.
        const ROOM: usize = size_of::<Entry>() / 2;
        /// What finds it: its key in what is looked at, and its place by its name.
        const FINDING: usize = 32;
        let rare = self.rare.as_ref().map_or(0, |rare| ALLOCATION + rare.cost());
        size_of::<Self>()
            + ROOM
            + FINDING
            + 3 * ALLOCATION
            + self.id.len()
            + self.payload.bytes().len()
            + self.later.capacity() * size_of::<(Step, u64)>()
            + rare
    }
}

impl Flow {
    /// That of a message; none if its topic is none.
    pub fn of(bridge: &BridgeId, event: &MessageEvent) -> Option<Self> {
        let MessageEvent { direction, account, peer, public, topic: sent, local_topic, .. } = event;
        let topic = local_topic.as_ref().unwrap_or(sent);
        Some(Self {
            bridge: bridge.clone(),
            direction: *direction,
            account: account.clone(),
            peer: peer.clone(),
            public: *public,
            sent_topic: Some(sent).filter(|sent| *sent != topic).cloned(),
            topic: Topic::try_from(topic.clone()).ok()?,
        })
    }

    /// Whether it is of the same topic, direction, bridge and peer.
    pub fn is_like(&self, other: &Self) -> bool {
        self.topic == other.topic
            && self.direction == other.direction
            && self.peer == other.peer
            && self.public == other.public
            && self.bridge == other.bridge
    }

    /// The bytes that it takes up with its place in the topic tree, as good as it can be told.
    pub(super) fn cost(&self) -> usize {
        /// A level of the tree with its share of the map it is in.
        const LEVEL: usize = 128;
        let texts = [Some(&self.account), self.peer.as_ref(), self.sent_topic.as_ref()];
        let texts: usize = texts.into_iter().flatten().map(|text| ALLOCATION + text.len()).sum();
        let topic = self.topic.as_str();
        2 * size_of::<Self>() + texts + 2 * (ALLOCATION + topic.len()) + LEVEL * topic.split('/').count()
    }
}

impl Rare {
    fn cost(&self) -> usize {
        let Self { properties, path, reason } = self;
        let texts = properties.user.iter().flat_map(|(name, value)| [name, value]).chain(path).chain(reason);
        let texts: usize = texts.map(|text| size_of::<String>() + ALLOCATION + text.len()).sum();
        size_of::<Self>()
            + texts
            + properties.content_type.as_ref().map_or(0, |text| ALLOCATION + text.len())
            + properties.response_topic.as_ref().map_or(0, |topic| ALLOCATION + topic.as_str().len())
            + properties.correlation_data.as_ref().map_or(0, |bytes| ALLOCATION + bytes.len())
    }
}
