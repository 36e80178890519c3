//! What people are told of a message that moved one step.

use twister::{PostNumber, Username};

use super::Context;
use crate::clock::now_ms;
use crate::config::BridgeName;
use crate::event::{Direction, MessageEvent, Payload, Signature, Step};
use crate::incoming::RefusedMessage;
use crate::message::{Message, MessageId};
use crate::route::Receiver;
use crate::store::{InboxRow, SentMessage};
use crate::topic::Topic;

/// A message that moved one step.
pub(crate) struct Moved<'a> {
    id: String,
    step: Step,
    direction: Direction,
    account: &'a Username,
    peer: Option<&'a Username>,
    public: bool,
    message: &'a Message,
    local_topic: Option<&'a Topic>,
    number: Option<PostNumber>,
    signature: Option<Signature>,
    taken_ms: Option<u64>,
    reason: Option<String>,
}

impl<'a> Moved<'a> {
    /// A message that the local broker handed over at `taken_ms` and that no rule sends.
    pub(crate) fn taken(context: &'a Context, message: &'a Message, taken_ms: u64) -> Self {
        let id = format!("{}-{taken_ms}-{}/", context.stream.as_str(), context.board.next_unsent());
        let taken_ms = Some(taken_ms);
        Self { id, public: false, taken_ms, ..Self::out(context, Step::Taken, None, message) }
    }

    /// Message `number` on its way to `receiver`, which is in the outbox now. At the local broker it has `local_topic`.
    pub(crate) fn queued(
        context: &'a Context,
        receiver: &'a Receiver,
        number: u64,
        message: &'a Message,
        local_topic: &'a Topic,
        taken_ms: u64,
    ) -> Self {
        let id = out_id(context, number, receiver);
        let local_topic = Some(local_topic).filter(|topic| **topic != message.topic);
        Self { id, local_topic, taken_ms: Some(taken_ms), ..Self::out(context, Step::Queued, Some(receiver), message) }
    }

    /// A message on its way out.
    pub(crate) fn sent(context: &'a Context, step: Step, sent: &'a SentMessage) -> Self {
        let SentMessage { receiver, number, message, taken_ms } = sent;
        let id = out_id(context, *number, receiver);
        Self { id, taken_ms: Some(*taken_ms), ..Self::out(context, step, Some(receiver), message) }
    }

    /// A message whose post was read back.
    pub(crate) fn posted(context: &'a Context, sent: &'a SentMessage, number: Option<PostNumber>) -> Self {
        Self { number, signature: Some(Signature::ReadBack), ..Self::sent(context, Step::Posted, sent) }
    }

    /// A message that cannot go out.
    pub(crate) fn refused(context: &'a Context, sent: &'a SentMessage, reason: String) -> Self {
        Self { reason: Some(reason), ..Self::sent(context, Step::Refused, sent) }
    }

    /// A message on its way in.
    pub(crate) fn received(step: Step, row: &'a InboxRow) -> Self {
        let InboxRow { sender, number, public, message_id, message, .. } = row;
        Self::inward(step, sender, *number, *public, message_id.as_ref(), message)
    }

    /// A message that does not get in.
    pub(crate) fn turned_away(
        sender: &'a Username,
        number: PostNumber,
        refused: &'a RefusedMessage,
        reason: String,
    ) -> Self {
        let RefusedMessage { id, public, message } = refused;
        let moved = Self::inward(Step::Refused, sender, number, *public, id.as_ref(), message);
        Self { reason: Some(reason), ..moved }
    }

    /// The same, with the reason why it was turned away.
    pub(crate) fn because(self, reason: String) -> Self {
        Self { reason: Some(reason), ..self }
    }

    fn out(context: &'a Context, step: Step, receiver: Option<&'a Receiver>, message: &'a Message) -> Self {
        let (peer, public) = match receiver {
            Some(Receiver::Account(name)) => (Some(name), false),
            Some(Receiver::Everybody) => (None, true),
            None => (None, false),
        };
        Self {
            id: String::new(),
            step,
            direction: Direction::Out,
            account: &context.account,
            peer,
            public,
            message,
            local_topic: None,
            number: None,
            signature: None,
            taken_ms: None,
            reason: None,
        }
    }

    fn inward(
        step: Step,
        sender: &'a Username,
        number: PostNumber,
        public: bool,
        id: Option<&MessageId>,
        message: &'a Message,
    ) -> Self {
        // Without an id, there is one message in a post.
        let which = id.map_or_else(|| format!("post-{number}"), ToString::to_string);
        Self {
            id: format!("{which}/{sender}"),
            step,
            direction: Direction::In,
            account: sender,
            peer: Some(sender),
            public,
            message,
            local_topic: None,
            number: Some(number),
            signature: Some(Signature::Checked),
            taken_ms: None,
            reason: None,
        }
    }

    /// The event that tells of it, now.
    pub(super) fn event(self, bridge: BridgeName) -> MessageEvent {
        let Message { topic, payload, qos, retain, properties, path } = self.message;
        MessageEvent {
            bridge,
            id: self.id,
            direction: self.direction,
            step: self.step,
            account: self.account.to_string(),
            peer: self.peer.map(ToString::to_string),
            public: self.public,
            topic: topic.to_string(),
            local_topic: self.local_topic.map(ToString::to_string),
            payload: Payload::from(payload.as_slice()),
            qos: (*qos).into(),
            retain: *retain,
            properties: properties.clone(),
            path: path.iter().map(ToString::to_string).collect(),
            number: self.number.map(|number| number.0),
            signature: self.signature,
            taken_ms: self.taken_ms,
            reason: self.reason,
            time_ms: now_ms(),
        }
    }
}

fn out_id(context: &Context, number: u64, receiver: &Receiver) -> String {
    let receiver = match receiver {
        Receiver::Everybody => "",
        Receiver::Account(name) => name.as_str(),
    };
    format!("{}-{number}/{receiver}", context.stream.as_str())
}
