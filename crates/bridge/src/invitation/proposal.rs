//! What an invitation would add to a bridge, of which the person approves a part, and the answer to it.

use serde::{Deserialize, Serialize};

use super::Invitation;
use crate::config::{BridgeConfig, Forward, PeerConfig, Subscription, Visibility};
use crate::topic::TopicFilter;

/// What an invitation would add to a bridge. What the bridge does already is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Proposal {
    /// Whether the account would be followed anew.
    pub follow: bool,
    /// Subscriptions that would be added, for messages of that account alone.
    pub subscribe: Vec<TopicFilter>,
    /// Private forwards to that account that would be added.
    pub forward: Vec<TopicFilter>,
}

/// The part of an invitation that the person approves of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Approval {
    /// Of what is offered, what may come in.
    pub receive: Vec<TopicFilter>,
    /// Of what is wanted, what goes out, as private messages.
    pub send: Vec<TopicFilter>,
    /// How many messages of the account may come in a minute, in place of the bridge's own limit.
    pub per_minute: Option<u32>,
    /// The largest payload of the account that may come in, in bytes, in place of the bridge's own limit.
    pub max_payload: Option<u32>,
}

impl Invitation {
    /// What it would add to a bridge.
    pub fn proposal(&self, config: &BridgeConfig) -> Proposal {
        Proposal {
            follow: !config.following.contains(&self.from),
            subscribe: without(&self.offers, |filter| is_subscribed(self, config, filter)),
            forward: without(&self.wants, |filter| is_forwarded(self, config, filter)),
        }
    }

    /// The bridge's configuration with what the person approves of. Nothing that is not in the invitation gets in, whatever
    /// the approval says: of other topics the overlap with it.
    pub fn apply(&self, approval: &Approval, config: &BridgeConfig) -> BridgeConfig {
        let mut config = config.clone();
        let is_new = !config.following.contains(&self.from);
        if is_new {
            config.following.push(self.from.clone());
        }
        let receive = within(&approval.receive, &self.offers);
        for filter in &receive {
            if !is_subscribed(self, &config, filter) {
                config.subscriptions.push(Subscription { from: vec![self.from.clone()], ..filter.clone().into() });
            }
        }
        for filter in within(&approval.send, &self.wants) {
            if !is_forwarded(self, &config, &filter) {
                let (visibility, to) = (Visibility::Private, vec![self.from.clone()]);
                config.forwards.push(Forward { visibility, to, ..Forward::new(filter.clone()) });
            }
            if !config.publications.iter().any(|publication| publication.covers(&filter)) {
                config.publications.push(filter);
            }
        }
        self.set_limits(approval, &receive, is_new, &mut config);
        config
    }

    /// The other side of it, to be sent back: what the reader has approved of, seen from there.
    pub fn answer(&self, approval: &Approval, config: &BridgeConfig, id: String, made: u64) -> Self {
        Self {
            from: config.twister.account.clone(),
            to: Some(self.from.clone()),
            offers: within(&approval.send, &self.wants),
            wants: within(&approval.receive, &self.offers),
            per_minute: None,
            max_payload: None,
            // Whoever invites is in the same network as the reader by now.
            network: None,
            note: String::new(),
            made,
            answers: Some(id),
        }
    }

    /// A new account may send what was approved and nothing else. Of one that is followed already, a list of what it may
    /// send grows, and where there is none, there will be none.
    fn set_limits(&self, approval: &Approval, receive: &[TopicFilter], is_new: bool, config: &mut BridgeConfig) {
        let mut peer = config.peers.get(&self.from).cloned().unwrap_or_default();
        if is_new || !peer.topics.is_empty() {
            for filter in receive {
                if !peer.topics.iter().any(|topic| topic.covers(filter)) {
                    peer.topics.push(filter.clone());
                }
            }
        }
        if is_new && peer.topics.is_empty() {
            peer.topics = PeerConfig::nothing().topics;
        }
        peer.messages_per_minute = approval.per_minute.or(peer.messages_per_minute);
        peer.max_payload = approval.max_payload.or(peer.max_payload);
        if peer != PeerConfig::default() {
            config.peers.insert(self.from.clone(), peer);
        }
    }
}

fn without(filters: &[TopicFilter], is_there: impl Fn(&TopicFilter) -> bool) -> Vec<TopicFilter> {
    filters.iter().filter(|filter| !is_there(filter)).cloned().collect()
}

/// Of `approved`, what is within `proposed`.
fn within(approved: &[TopicFilter], proposed: &[TopicFilter]) -> Vec<TopicFilter> {
    let mut filters: Vec<TopicFilter> = Vec::new();
    for filter in approved.iter().flat_map(|filter| proposed.iter().filter_map(|other| filter.intersection(other))) {
        if !filters.iter().any(|known| known.covers(&filter)) {
            filters.push(filter);
        }
    }
    filters
}

/// Whether messages of the invitation's author on `filter` come in already.
fn is_subscribed(invitation: &Invitation, config: &BridgeConfig, filter: &TopicFilter) -> bool {
    config.subscriptions.iter().any(|known| {
        (known.from.is_empty() || known.from.contains(&invitation.from))
            && known.except.is_empty()
            && known.filter.covers(filter)
    })
}

/// Whether messages on `filter` go to the invitation's author already, under their own names.
fn is_forwarded(invitation: &Invitation, config: &BridgeConfig, filter: &TopicFilter) -> bool {
    config.forwards.iter().any(|known| {
        (known.visibility == Visibility::Public || known.to.contains(&invitation.from))
            && known.except.is_empty()
            && known.strip_prefix.is_none()
            && known.add_prefix.is_none()
            && known.rename.is_none()
            && known.from.covers(filter)
    })
}
