//! What an author leaves in the DHT for those whom its swarm does not reach: its recent posts, each whole and signed, the
//! encrypted ones among them. They name no receiver there, as they name none in the swarm.
//!
//! The newest posts stand in one entry, the *tail*. When it is full, its posts move to the next of a few entries, the
//! *ring*, and the oldest of these are overwritten: the number of entries and the size of each are bounded, whatever is
//! posted.
//!
//! A plain state machine: [`Carry::handle_posted`] is told of a post, [`Carry::poll_put`] says what to put. No socket, no
//! clock and no task is inside.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use twister::PostNumber;

/// The tail's name in the DHT.
pub const TAIL: &str = "mqttc";

/// Entries in the ring.
pub const RING: u32 = 16;

/// Most bytes of posts in an entry. The network carries 8192 for an entry with everything around them.
const ENTRY_ROOM: usize = 7000;

/// An author's recent posts, as they stand in the DHT or are about to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Carry {
    /// The newest posts, oldest first.
    tail: Vec<Carried>,
    /// How often the tail was moved to the ring.
    turns: u32,
    /// What was moved to the ring and is not put yet, by turn.
    moved: BTreeMap<u32, Vec<Carried>>,
    /// The tail has changed since it was put.
    changed: bool,
}

/// One post in an entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Carried {
    number: PostNumber,
    /// Its length in bytes as JSON, which is what the entry holds.
    size: usize,
    post: Value,
}

/// An entry to be put.
#[derive(Debug, Clone, PartialEq)]
pub struct Put {
    /// Its name.
    pub resource: String,
    /// Its value.
    pub value: Value,
    turn: Option<u32>,
}

/// What a reader finds in an entry.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// How often the author's tail was moved to the ring.
    pub turns: u32,
    /// The posts, as the author's node signed them.
    pub posts: Vec<Value>,
}

impl Carry {
    /// The author has made a post.
    pub fn handle_posted(&mut self, number: PostNumber, post: Value) {
        // As JSON a post is longer than bencoded, most of all for what is hexadecimal there: a safe measure.
        let size = post.to_string().len();
        let used: usize = self.tail.iter().map(|carried| carried.size).sum();
        if used + size > ENTRY_ROOM && !self.tail.is_empty() {
            self.moved.insert(self.turns, std::mem::take(&mut self.tail));
            self.turns += 1;
            // Of what could not be put for long, the ring has no place for more than its newest.
            while self.moved.len() > RING as usize {
                self.moved.pop_first();
            }
        }
        self.tail.push(Carried { number, size, post });
        self.changed = true;
    }

    /// The next entry to put: first what leaves the tail, so that no post is in neither.
    pub fn poll_put(&self) -> Option<Put> {
        if let Some((turn, posts)) = self.moved.first_key_value() {
            let value = entry(*turn, posts);
            return Some(Put { resource: ring_resource(*turn), value, turn: Some(*turn) });
        }
        self.changed.then(|| Put { resource: TAIL.to_owned(), value: entry(self.turns, &self.tail), turn: None })
    }

    /// The entry is put.
    pub fn handle_put(&mut self, put: &Put) {
        match put.turn {
            Some(turn) => drop(self.moved.remove(&turn)),
            // A post made in the meantime has changed the tail again.
            None => self.changed = put.value != entry(self.turns, &self.tail),
        }
    }

    /// Entries fade after about two weeks: has the tail put again. The ring's fade, as what they hold is old.
    pub fn handle_renewal(&mut self) {
        self.changed |= !self.tail.is_empty();
    }
}

/// The name of the entry that the tail moves to at its `turn`-th move.
pub fn ring_resource(turn: u32) -> String {
    format!("{TAIL}{}", turn % RING)
}

/// Reads an entry; whatever is not as it should be is left out.
pub fn read(value: &Value) -> Found {
    let turns = value.get("turns").and_then(Value::as_u64).and_then(|turns| u32::try_from(turns).ok());
    let posts = value.get("posts").and_then(Value::as_array).cloned().unwrap_or_default();
    Found { turns: turns.unwrap_or(0), posts }
}

fn entry(turns: u32, posts: &[Carried]) -> Value {
    let posts: Vec<&Value> = posts.iter().map(|carried| &carried.post).collect();
    json!({ "turns": turns, "posts": posts })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// A DHT that holds what was put last under each name.
    #[derive(Default)]
    struct Dht(BTreeMap<String, Value>);

    impl Dht {
        fn put_all(&mut self, carry: &mut Carry) -> usize {
            let mut puts = 0;
            while let Some(put) = carry.poll_put() {
                carry.handle_put(&put);
                self.0.insert(put.resource, put.value);
                puts += 1;
            }
            puts
        }

        fn numbers(&self) -> std::collections::BTreeSet<u64> {
            let posts = self.0.values().flat_map(|value| read(value).posts);
            posts.map(|post| post["k"].as_u64().unwrap()).collect()
        }
    }

    fn post(carry: &mut Carry, number: u32) {
        carry.handle_posted(PostNumber(number), json!({ "k": number, "body": "x".repeat(2000) }));
    }

    fn numbers(value: &Value) -> Vec<u64> {
        read(value).posts.iter().map(|post| post["k"].as_u64().unwrap()).collect()
    }

    #[test]
    fn a_post_is_in_the_tail_with_one_put() {
        let (mut carry, mut dht) = (Carry::default(), Dht::default());
        post(&mut carry, 5);
        assert_eq!(dht.put_all(&mut carry), 1);
        assert_eq!(numbers(&dht.0[TAIL]), [5]);
        assert_eq!(carry.poll_put(), None);
    }

    #[test]
    fn a_full_tail_moves_to_the_ring_and_nothing_is_missing_meanwhile() {
        let (mut carry, mut dht) = (Carry::default(), Dht::default());
        for number in 0..20 {
            post(&mut carry, number);
            dht.put_all(&mut carry);
            assert_eq!(dht.numbers(), (0..=u64::from(number)).collect());
        }
        assert_eq!(read(&dht.0[TAIL]).turns, 6);
        assert_eq!(numbers(&dht.0[&ring_resource(5)]), [15, 16, 17]);
    }

    #[test]
    fn entries_are_bounded_whatever_is_posted() {
        let (mut carry, mut dht) = (Carry::default(), Dht::default());
        for number in 0..500 {
            post(&mut carry, number);
            dht.put_all(&mut carry);
        }
        assert_eq!(dht.0.len(), RING as usize + 1);
        assert!(dht.0.values().all(|value| value.to_string().len() < 8000));
        assert!(dht.numbers().contains(&499) && dht.numbers().len() >= 48);
        for number in 500..1000 {
            post(&mut carry, number);
        }
        assert!(dht.put_all(&mut carry) <= RING as usize + 1, "what was not put for long costs no more");
    }

    #[test]
    fn a_post_made_while_the_tail_is_put_is_put_next() {
        let mut carry = Carry::default();
        post(&mut carry, 1);
        let put = carry.poll_put().unwrap();
        post(&mut carry, 2);
        carry.handle_put(&put);
        assert_eq!(numbers(&carry.poll_put().unwrap().value), [1, 2]);
    }

    #[test]
    fn an_entry_of_any_other_form_is_empty() {
        for value in [json!(null), json!("text"), json!({ "posts": 5, "turns": -1 }), json!([1, 2])] {
            assert_eq!(read(&value), Found::default());
        }
    }
}
