//! A node's part of the distributed hash table: what it stores, and what it refuses to store for others.

use std::collections::HashMap;
use std::sync::Arc;

use twister::bencode::Value;

use crate::keys::SIGNATURE_LEN;

/// Largest single value that a node stores for another one, bencoded with its frame, in bytes.
const MAX_SINGLE_LEN: usize = 8192;
/// Largest of many values that a node stores for another one, bencoded with its frame, in bytes.
const MAX_MULTI_LEN: usize = 768;
/// Longest resource name that a node stores for another one, in bytes.
const MAX_RESOURCE_LEN: usize = 32;
/// How many values a node keeps of a resource that has many.
const MAX_VALUES: usize = 100;
/// After how many blocks an entry is forgotten: about two weeks.
const MAX_AGE: i64 = 2016;
/// After how many blocks a post is forgotten: about two months.
const MAX_POST_AGE: i64 = 8640;

/// Where in the table a value stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    pub(crate) username: Vec<u8>,
    pub(crate) resource: Vec<u8>,
    /// Whether anybody may add a value. Otherwise there is one, and it is the owner's.
    pub(crate) multi: bool,
}

impl Target {
    pub(crate) fn single(username: &str, resource: &str) -> Self {
        Self { username: username.into(), resource: resource.into(), multi: false }
    }

    pub(crate) fn multi(username: impl Into<Vec<u8>>, resource: &str) -> Self {
        Self { username: username.into(), resource: resource.into(), multi: true }
    }

    fn value(&self) -> Value {
        let members = [
            ("n", Value::Bytes(self.username.clone())),
            ("r", Value::Bytes(self.resource.clone())),
            ("t", Value::from(if self.multi { "m" } else { "s" })),
        ];
        members.into_iter().collect()
    }
}

/// A signed value.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) target: Target,
    /// The frame that is signed: target, value, time, height and, of a single value, its sequence number.
    pub(crate) framed: Value,
    pub(crate) signature: Vec<u8>,
    pub(crate) signer: String,
}

impl Entry {
    /// Frames and signs a value.
    pub(crate) fn new(
        target: Target,
        value: Value,
        seq: Option<i64>,
        (time, height): (i64, i64),
        signer: &str,
        sign: impl FnOnce(&[u8]) -> [u8; SIGNATURE_LEN],
    ) -> Self {
        let mut members = vec![
            ("target", target.value()),
            ("v", value),
            ("time", Value::from(time)),
            ("height", Value::from(height)),
        ];
        if let (Some(seq), false) = (seq, target.multi) {
            members.push(("seq", Value::from(seq)));
        }
        let framed: Value = members.into_iter().collect();
        let signature = sign(&framed.encode()).to_vec();
        Self { target, framed, signature, signer: signer.to_owned() }
    }

    pub(crate) fn seq(&self) -> i64 {
        self.integer("seq")
    }

    /// Whether other nodes store this entry. Those that refuse do not tell.
    pub(crate) fn is_stored_by_others(&self) -> bool {
        let max = if self.target.multi { MAX_MULTI_LEN } else { MAX_SINGLE_LEN };
        self.framed.encode().len() <= max
            && self.target.resource.len() <= MAX_RESOURCE_LEN
            && (self.target.multi || (self.seq() >= 0 && self.signer.as_bytes() == self.target.username))
    }

    /// Whether nodes have forgotten this entry by the time that the chain stands at `height`.
    pub(crate) fn is_expired(&self, height: u32) -> bool {
        let age = i64::from(height) - self.integer("height");
        age > MAX_AGE
            && match self.kept_for() {
                KeptFor::Good => false,
                KeptFor::TwoMonths => age > MAX_POST_AGE,
                KeptFor::TwoWeeks => true,
            }
    }

    fn kept_for(&self) -> KeptFor {
        let resource = &self.target.resource;
        let (letters, digits) =
            resource.split_at(resource.iter().take_while(|byte| byte.is_ascii_alphabetic()).count());
        let leading_zero = digits.len() > 1 && digits[0] == b'0';
        let number =
            std::str::from_utf8(digits).ok().filter(|_| !leading_zero).and_then(|text| text.parse::<u32>().ok());
        match letters {
            _ if self.target.multi => KeptFor::TwoWeeks,
            b"avatar" | b"profile" | b"status" if digits.is_empty() => KeptFor::Good,
            b"following" if number.is_some_and(|number| number <= 200) => KeptFor::Good,
            b"post" if number.is_some() => KeptFor::TwoMonths,
            _ => KeptFor::TwoWeeks,
        }
    }

    fn member(&self, name: &str) -> Option<&Value> {
        self.framed.as_dictionary()?.get(name.as_bytes())
    }

    fn integer(&self, name: &str) -> i64 {
        self.member(name).and_then(Value::as_integer).unwrap_or(-1)
    }
}

/// How long nodes keep an entry that nobody puts again.
enum KeptFor {
    TwoWeeks,
    TwoMonths,
    Good,
}

/// What one node stores.
#[derive(Debug, Default)]
pub(crate) struct Store {
    entries: HashMap<Target, Vec<Arc<Entry>>>,
}

impl Store {
    /// Stores an entry. A single value only replaces one with a lower sequence number; a value that is there is not added
    /// again; newer ones stand first.
    pub(crate) fn insert(&mut self, entry: Arc<Entry>) {
        let stored = self.entries.entry(entry.target.clone()).or_default();
        if entry.target.multi {
            if stored.iter().any(|old| old.member("v") == entry.member("v")) {
                return;
            }
            let place = stored.iter().position(|old| entry.integer("height") >= old.integer("height"));
            stored.insert(place.unwrap_or(stored.len()), entry);
            stored.truncate(MAX_VALUES);
        } else if stored.iter().all(|old| entry.seq() > old.seq()) {
            *stored = vec![entry];
        }
    }

    pub(crate) fn entries(&self, target: &Target) -> &[Arc<Entry>] {
        self.entries.get(target).map(Vec::as_slice).unwrap_or_default()
    }

    /// Everything stored, in no order but that of the values of one target.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries.values().flatten()
    }

    /// Appends an entry as it was stored, when a network is restored.
    pub(crate) fn restore(&mut self, entry: Arc<Entry>) {
        self.entries.entry(entry.target.clone()).or_default().push(entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(target: Target, value: &str, seq: Option<i64>, height: i64) -> Arc<Entry> {
        let entry = Entry::new(target, Value::from(value), seq, (1000, height), "alice", |_| [0; SIGNATURE_LEN]);
        Arc::new(entry)
    }

    fn values(store: &Store, target: &Target) -> Vec<Value> {
        store.entries(target).iter().filter_map(|entry| entry.member("v").cloned()).collect()
    }

    #[test]
    fn a_single_value_gives_way_only_to_a_higher_sequence_number() {
        let (mut store, target) = (Store::default(), Target::single("alice", "profile"));
        for (value, seq) in [("first", 1), ("stale", 1), ("older", 0)] {
            store.insert(entry(target.clone(), value, Some(seq), 9));
            assert_eq!(values(&store, &target), [Value::from("first")]);
        }
        store.insert(entry(target.clone(), "second", Some(2), 9));
        assert_eq!(values(&store, &target), [Value::from("second")]);
    }

    #[test]
    fn many_values_stand_newest_first_and_only_once() {
        let (mut store, target) = (Store::default(), Target::multi("mqtt", "hashtag"));
        for (value, height) in [("a", 5), ("b", 5), ("a", 6), ("c", 4)] {
            store.insert(entry(target.clone(), value, None, height));
        }
        assert_eq!(values(&store, &target), ["b", "a", "c"].map(Value::from));
    }

    #[test]
    fn others_refuse_what_is_too_large_or_not_the_owner_s() {
        let stored = |target, value: &str| entry(target, value, Some(1), 9).is_stored_by_others();
        assert!(stored(Target::single("alice", "big"), &"a".repeat(8000)));
        assert!(!stored(Target::single("alice", "big"), &"a".repeat(8192)));
        assert!(stored(Target::multi("alice", "big"), &"a".repeat(600)));
        assert!(!stored(Target::multi("alice", "big"), &"a".repeat(768)));
        assert!(stored(Target::single("alice", &"r".repeat(32)), "v"));
        assert!(!stored(Target::single("alice", &"r".repeat(33)), "v"));
        assert!(!stored(Target::single("bob", "profile"), "v"));
    }

    #[test]
    fn only_known_resources_outlive_two_weeks() {
        let expired = |target: Target, age: u32| entry(target, "v", Some(1), 0).is_expired(age);
        assert!(!expired(Target::single("alice", "mqtt"), 2016));
        assert!(expired(Target::single("alice", "mqtt"), 2017));
        assert!(expired(Target::multi("alice", "mention"), 2017));
        for kept in ["profile", "avatar", "status", "following1"] {
            assert!(!expired(Target::single("alice", kept), 100_000), "{kept}");
        }
        assert!(expired(Target::single("alice", "following201"), 2017));
        assert!(expired(Target::single("alice", "profile1"), 2017));
        assert!(!expired(Target::single("alice", "post7"), 8640) && expired(Target::single("alice", "post7"), 8641));
        assert!(expired(Target::single("alice", "post07"), 2017));
    }
}
