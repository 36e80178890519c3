//! Members that know v0 only: one message a post, posted once.

use std::collections::{BTreeMap, BTreeSet};

use twister::PostNumber;

use super::network::Body;
use super::plan::Audience;
use super::record::{Commit, Handed, MessageIndex};
use super::world::World;
use crate::frame::v0;
use crate::frame::v1::Stream;
use crate::message::{Message, MessageId};
use crate::route::Receiver;

/// A member that knows v0 only.
pub(super) struct Plain {
    /// It gives its messages ids, and knows those of others again.
    ids: bool,
    stream: Stream,
    pub met: BTreeMap<usize, PostNumber>,
    looked_at: BTreeSet<(usize, u32)>,
    arrived: BTreeSet<(usize, MessageId)>,
}

impl Plain {
    pub(super) fn new(ids: bool, stream: Stream) -> Self {
        Self { ids, stream, met: BTreeMap::new(), looked_at: BTreeSet::new(), arrived: BTreeSet::new() }
    }
}

impl World {
    pub(super) fn publish_plain(&mut self, member: usize, message: MessageIndex) {
        let publication = self.record.messages[message].clone();
        let Some(rule) = self.plan.members[member].rule(&publication.topic).cloned() else { return };
        let plain = &self.plains[&member];
        let id = plain.ids.then(|| MessageId::new(plain.stream.as_str(), message as u64));
        let frame = v0::Frame { topic: publication.topic, payload: publication.payload, qos: publication.qos, id };
        let text = v0::encode(&frame);
        let receivers: Vec<Receiver> = match &rule.audience {
            Audience::Everybody => vec![Receiver::Everybody],
            Audience::Members(members) => {
                members.iter().map(|to| Receiver::Account(self.plan.members[*to].name.clone())).collect()
            }
        };
        self.count("messages of peers on v0");
        self.record.add_commit(Commit { at: self.now, by: member, message });
        for receiver in receivers {
            let next = self.network.last(member).map_or(PostNumber(0), PostNumber::next);
            let body = Body::Frame { receiver, text: text.clone(), packed: false };
            self.trace
                .note(self.now, ("post", member, next.0), || format!("{member} posts message {message} as {next}"));
            // What becomes of it, nobody asks.
            self.make_post(member, next, body);
        }
    }

    pub(super) fn look_plain(&mut self, member: usize) {
        let me = Receiver::Account(self.plan.members[member].name.clone());
        for author in self.plan.members[member].follows.clone() {
            let Some(has) = self.nodes[member].has.get(&author).cloned() else { continue };
            let Some(begins_at) = self.plains[&member].met.get(&author).copied() else { continue };
            for number in has.range(begins_at.0..) {
                if !self.plains.get_mut(&member).unwrap().looked_at.insert((author, *number)) {
                    continue;
                }
                let Some(post) = self.network.post(author, PostNumber(*number)) else { continue };
                let Body::Frame { receiver, text, packed: false } = &post.body else { continue };
                if *receiver != me && *receiver != Receiver::Everybody {
                    continue;
                }
                let (signature, text) = (post.signature, text.clone());
                let look = self.record.next_look(self.now);
                self.record.looks.insert((member, signature), look);
                self.take_plain(member, author, &text);
            }
        }
    }

    fn take_plain(&mut self, member: usize, author: usize, text: &str) {
        let Ok(v0::Frame { topic, payload, qos, id }) = v0::decode(text) else { return };
        let wanted = self.plan.members[member].wants(&topic);
        self.count("messages to peers on v0");
        let plain = self.plains.get_mut(&member).unwrap();
        let known = plain.ids && id.is_some_and(|id| !plain.arrived.insert((author, id)));
        if known || !wanted {
            return;
        }
        let Some(message) = self.record.find(author, &Message::new(topic, payload, qos)) else { return };
        self.trace
            .note(self.now, ("plain", member, message), || format!("{member} gets message {message} of {author}"));
        self.record.add_handed(Handed { to: member, from: author, message });
    }
}
