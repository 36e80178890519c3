//! Knows the bridge's own publications again when the broker sends them back: MQTT 3.1.1 has no no-local.
//!
//! Echoes are counted, so that of two equal messages, one of the bridge and one of somebody else, one is let through. An echo
//! that has not come some time after the broker took its publication over will not come (the broker's access rules may
//! keep it back), and is not waited for any longer.
//!
//! A plain state machine. What it expects stands in the database too: the broker keeps echoes for an absent bridge.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use crate::message::Qos;
use crate::store::Digest;

/// How long after the broker's acknowledgement an echo may come. What was queued for the bridge comes before it.
const GRACE: Duration = Duration::from_secs(30);

/// How long the database still knows an echo that has come: if its acknowledgement is lost with the program, it comes again.
const LINGER: Duration = Duration::from_secs(1);

/// Echoes that are waited for, and retained messages of the bridge's own.
#[derive(Debug, Default)]
pub(crate) struct EchoGuard {
    next_id: u64,
    expected: BTreeMap<u64, Expected>,
    by_digest: HashMap<Digest, VecDeque<u64>>,
    /// Echoes with quality of service 1 that came by this connection, by packet identifier, and by the one before: their
    /// acknowledgements may have been lost.
    eaten: HashMap<u16, Digest>,
    eaten_before: HashMap<u16, Digest>,
    own_retained: HashMap<String, Digest>,
    /// What the database need not know any more, and since when there is any of it.
    done: Vec<u64>,
    done_since: Option<Instant>,
}

#[derive(Debug)]
struct Expected {
    digest: Digest,
    /// None while the broker has not taken the publication over.
    until: Option<Instant>,
}

/// A message that the broker sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub topic: &'a [u8],
    pub payload: &'a [u8],
    pub qos: Qos,
    pub retain: bool,
    pub packet: u16,
    pub again: bool,
}

impl EchoGuard {
    /// Goes on with what was expected when the program ended.
    pub(crate) fn resume(echoes: Vec<(u64, Digest)>, own_retained: Vec<(String, Digest)>) -> Self {
        let mut guard = Self { own_retained: own_retained.into_iter().collect(), ..Self::default() };
        for (id, digest) in echoes {
            guard.insert(id, digest);
        }
        guard
    }

    /// The broker has accepted a connection. If it knows nothing of the session, it keeps no echoes either.
    pub(crate) fn handle_connected(&mut self, session_present: bool, now: Instant) {
        if !session_present {
            self.expected.clear();
            self.by_digest.clear();
            self.eaten.clear();
            self.done.clear();
            self.done_since = None;
        }
        self.eaten_before = std::mem::take(&mut self.eaten);
        // Those that were written on another connection may or may not have reached the broker: nothing more is heard of them.
        for expected in self.expected.values_mut() {
            expected.until = Some(now + GRACE);
        }
    }

    /// A publication is about to be written that will come back with `qos`. Returns its id.
    pub(crate) fn expect(&mut self, digest: Digest) -> u64 {
        let id = self.next_id;
        self.insert(id, digest);
        id
    }

    /// The broker has a publication, or is not going to answer: its echo comes soon, or never.
    pub(crate) fn handle_acknowledged(&mut self, id: u64, now: Instant) {
        if let Some(expected) = self.expected.get_mut(&id) {
            expected.until = Some(now + GRACE);
        }
    }

    /// The publication was not made: no echo will come.
    pub(crate) fn cancel(&mut self, id: u64, now: Instant) {
        if let Some(Expected { digest, .. }) = self.expected.remove(&id) {
            self.unlist(&digest, id);
            self.finish(id, now);
        }
    }

    /// Whether a message from the broker is the bridge's own and goes no further.
    pub(crate) fn handle_publish(&mut self, seen: Seen<'_>, now: Instant) -> bool {
        if seen.retain {
            return self.is_own_retained(seen.topic, seen.payload);
        }
        let digest = digest(seen.topic, seen.payload, seen.qos);
        if seen.again && seen.qos == Qos::AtLeastOnce && self.eaten_before.get(&seen.packet) == Some(&digest) {
            return true;
        }
        let Some(ids) = self.by_digest.get_mut(&digest) else { return false };
        let Some(id) = ids.pop_front() else { return false };
        if ids.is_empty() {
            self.by_digest.remove(&digest);
        }
        self.expected.remove(&id);
        self.finish(id, now);
        if seen.qos == Qos::AtLeastOnce {
            self.eaten.insert(seen.packet, digest);
        }
        true
    }

    /// The bridge sets the retained message of a topic, or clears it.
    pub(crate) fn set_own_retained(&mut self, topic: &str, retained: Option<Digest>) {
        match retained {
            Some(digest) => drop(self.own_retained.insert(topic.to_owned(), digest)),
            None => drop(self.own_retained.remove(topic)),
        }
    }

    /// Somebody else has published on a topic: what is retained there may be theirs. Whether it was the bridge's before.
    pub(crate) fn disown_retained(&mut self, topic: &[u8]) -> bool {
        std::str::from_utf8(topic).is_ok_and(|topic| self.own_retained.remove(topic).is_some())
    }

    /// Gives up what has not come in time.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let late = |expected: &Expected| expected.until.is_some_and(|until| until <= now);
        let ids: HashSet<u64> =
            self.expected.iter().filter(|(_, expected)| late(expected)).map(|(id, _)| *id).collect();
        for id in ids {
            self.cancel(id, now);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) and [`poll_done`](Self::poll_done) should be called.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let given_up = self.expected.values().filter_map(|expected| expected.until);
        given_up.chain(self.done_since.map(|since| since + LINGER)).min()
    }

    /// The ids that came back or were given up some time before `now`, to be taken out of the database.
    pub(crate) fn poll_done(&mut self, now: Instant) -> Vec<u64> {
        if self.done_since.is_none_or(|since| since + LINGER > now) {
            return Vec::new();
        }
        self.last_done()
    }

    /// All ids that came back or were given up: nothing is under way any more.
    pub(crate) fn last_done(&mut self) -> Vec<u64> {
        self.done_since = None;
        std::mem::take(&mut self.done)
    }

    fn finish(&mut self, id: u64, now: Instant) {
        self.done.push(id);
        // What is added goes with the rest, so the time begins anew.
        self.done_since = Some(now);
    }

    fn insert(&mut self, id: u64, digest: Digest) {
        self.next_id = self.next_id.max(id + 1);
        self.expected.insert(id, Expected { digest, until: None });
        self.by_digest.entry(digest).or_default().push_back(id);
    }

    fn unlist(&mut self, digest: &Digest, id: u64) {
        if let Some(ids) = self.by_digest.get_mut(digest) {
            ids.retain(|listed| *listed != id);
            if ids.is_empty() {
                self.by_digest.remove(digest);
            }
        }
    }

    fn is_own_retained(&self, topic: &[u8], payload: &[u8]) -> bool {
        let own = std::str::from_utf8(topic).ok().and_then(|topic| self.own_retained.get(topic));
        own == Some(&retained_digest(topic, payload))
    }
}

/// Tells publications apart by what their echoes have in common with them.
pub(crate) fn digest(topic: &[u8], payload: &[u8], qos: Qos) -> Digest {
    let mut hash = Sha256::new();
    hash.update((topic.len() as u64).to_be_bytes());
    hash.update(topic);
    hash.update([u8::from(qos)]);
    hash.update(payload);
    let mut digest = Digest::default();
    digest.copy_from_slice(&hash.finalize()[..16]);
    digest
}

/// Tells retained messages apart; a subscription may bring them with a lower quality of service.
pub(crate) fn retained_digest(topic: &[u8], payload: &[u8]) -> Digest {
    digest(topic, payload, Qos::AtMostOnce)
}

#[cfg(test)]
mod tests;
