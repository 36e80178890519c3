//! What gets in: decides over a message that a peer sent, and says what it becomes at the local broker.
//!
//! Deliberately not here: reading frames (`frame`), and how fast messages may come (`limits`).

use twister::Username;

use crate::config::BridgeConfig;
use crate::frame::{v0, v1};
use crate::message::Message;
use crate::topic::Topic;

/// What becomes of a message from the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inward {
    /// The owner asked for it; this is what the local broker gets, with its sender at the end of its path.
    Wanted(Message),
    /// The owner did not ask for such messages.
    Unwanted,
    /// It must not get in.
    Refused(Refusal),
}

/// Why something that a peer sent must not get in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Its v0 frame is damaged.
    #[error("it cannot be read: {0}")]
    DamagedV0(#[from] v0::FrameError),
    /// Its v1 frame is damaged.
    #[error("it cannot be read: {0}")]
    DamagedV1(#[from] v1::FrameError),
    /// Its sender is not followed.
    #[error("{0} is not followed; add it to `following` if its messages should come in")]
    NotFollowed(Username),
    /// Its topic, as it was sent or as it is mapped, belongs to the broker itself or to a bridge.
    #[error("the topic {0} belongs to the broker itself or to its bridges, so it never crosses")]
    Local(Topic),
    /// It came through this account before.
    #[error("it went out from {account} before and came back on {topic}: it goes round in a loop")]
    Loop {
        /// The bridge's account.
        account: Username,
        /// Its topic, as it was sent.
        topic: Topic,
    },
    /// Its sender may not send such topics.
    #[error("{sender} may not send on {topic}: only on the topics that `peers.{sender}.topics` allows")]
    NotAllowed {
        /// Who sent it.
        sender: Username,
        /// Its topic, as it was sent.
        topic: Topic,
    },
    /// Its payload is larger than the limit.
    #[error("its payload has {len} bytes, and messages of {sender} may have {most}: raise `max_payload` to let it in")]
    TooLarge {
        /// Who sent it.
        sender: Username,
        /// Bytes that it has.
        len: usize,
        /// Bytes that it may have.
        most: u32,
    },
    /// Its topic has no new name.
    #[error("the subscription that it matches leaves no valid topic of {0}")]
    Unmapped(Topic),
}

/// Decides over `message`, which `sender` posted; its path does not have the sender yet. The first subscription that
/// matches counts.
pub fn inward(sender: &Username, message: Message, config: &BridgeConfig) -> Inward {
    match decide(sender, message, config) {
        Ok(Some(message)) => Inward::Wanted(message),
        Ok(None) => Inward::Unwanted,
        Err(refusal) => Inward::Refused(refusal),
    }
}

fn decide(sender: &Username, message: Message, config: &BridgeConfig) -> Result<Option<Message>, Refusal> {
    let account = &config.twister.account;
    let sent = &message.topic;
    if !config.following.contains(sender) {
        return Err(Refusal::NotFollowed(sender.clone()));
    }
    if sent.is_local() {
        return Err(Refusal::Local(sent.clone()));
    }
    let Some(subscription) = config.subscriptions.iter().find(|subscription| subscription.matches(sender, sent)) else {
        return Ok(None);
    };
    if message.path.contains(account) || sender == account {
        return Err(Refusal::Loop { account: account.clone(), topic: sent.clone() });
    }
    let allowed = config.peers.get(sender).map_or(&[][..], |peer| &peer.topics);
    if !allowed.is_empty() && !allowed.iter().any(|filter| filter.matches(sent)) {
        return Err(Refusal::NotAllowed { sender: sender.clone(), topic: sent.clone() });
    }
    let (len, most) = (message.payload.len(), config.max_payload(sender));
    if len > most as usize {
        return Err(Refusal::TooLarge { sender: sender.clone(), len, most });
    }
    let topic = subscription.mapping().apply(sent).ok_or_else(|| Refusal::Unmapped(sent.clone()))?;
    if topic.is_local() {
        return Err(Refusal::Local(topic));
    }
    let qos = subscription.max_qos.map_or(message.qos, |most| message.qos.min(most));
    let retain = subscription.retain.of(message.retain);
    let mut message = Message { topic, qos, retain, ..message };
    message.path.push(sender.clone());
    Ok(Some(message))
}

#[cfg(test)]
mod tests;
