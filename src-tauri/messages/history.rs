//! The messages that crossed, as the window looks at them: one entry a message and receiver, which follows its steps, within
//! a budget of bytes. The oldest go first, and it is counted how many went.
//!
//! Deliberately not here: files, and what a row looks like.

use std::collections::{HashMap, VecDeque, hash_map};
use std::hash::BuildHasher as _;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};
use mqtt_twister_bridge::event::{Direction, MessageEvent};

use super::entry::{Entry, Flow};
use super::filter::Filter;
use super::tree::Tree;
use crate::view::BridgeId;

/// The entries, oldest first. See the [module](self).
#[derive(Debug)]
pub struct History {
    budget: usize,
    bytes: usize,
    entries: VecDeque<Entry>,
    next_key: u64,
    /// The flows of the entries, and how many entries each has.
    flows: HashMap<Arc<Flow>, usize>,
    /// The keys of the entries, to be found by what tells messages apart. That stands in the entries and not here again.
    keys: HashTable<u64>,
    hasher: DefaultHashBuilder,
    tree: Tree,
    /// What was last looked at, kept up to date.
    looked_at: LookedAt,
    missed: u64,
}

/// Some of the entries that a filter lets through.
#[derive(Debug)]
pub struct Page<'a> {
    /// How many there are.
    pub total: usize,
    /// How many there are that are too new.
    pub newer: usize,
    /// Some of them, newest first.
    pub entries: Vec<&'a Entry>,
}

/// The keys of the entries that a filter lets through, oldest first.
#[derive(Debug, Default)]
struct LookedAt {
    filter: Filter,
    keys: VecDeque<u64>,
}

impl History {
    /// An empty one that keeps at most `budget` bytes.
    pub fn new(budget: usize) -> Self {
        Self {
            budget,
            bytes: 0,
            entries: VecDeque::new(),
            next_key: 1,
            flows: HashMap::new(),
            keys: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            tree: Tree::default(),
            looked_at: LookedAt::default(),
            missed: 0,
        }
    }

    /// Takes note of a step. What is above the budget then goes.
    pub fn note(&mut self, bridge: &BridgeId, event: &MessageEvent) {
        match self.find(bridge, event) {
            Some(key) => self.follow(key, event),
            None => self.begin(bridge, event),
        }
        self.make_room();
    }

    /// Counts steps that were never seen, because too many came at once.
    pub fn miss(&mut self, count: u64) {
        self.missed = self.missed.saturating_add(count);
    }

    /// Changes the budget. What is above it goes.
    pub fn set_budget(&mut self, budget: usize) {
        self.budget = budget;
        self.make_room();
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        while self.forget_oldest() {}
    }

    /// How many bytes are kept at most.
    pub fn budget(&self) -> usize {
        self.budget
    }

    /// How many bytes are kept, as good as it can be told.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many entries are kept.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many entries went.
    pub fn forgotten(&self) -> u64 {
        self.next_key - 1 - self.entries.len() as u64
    }

    /// How many steps were never seen.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// The key of the newest entry; 0 if there was none yet.
    pub fn newest(&self) -> u64 {
        self.next_key - 1
    }

    /// The topics of what is kept.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// An entry, unless it went.
    pub fn get(&self, key: u64) -> Option<&Entry> {
        self.entries.get(place(&self.entries, key)?)
    }

    /// How many entries up to `upto` the filter lets through, those from place `from` on, newest first, and how many it
    /// lets through after `upto`.
    pub fn page(&mut self, filter: &Filter, upto: Option<u64>, from: usize, count: usize) -> Page<'_> {
        self.look_at(filter);
        let keys = &self.looked_at.keys;
        let total = upto.map_or(keys.len(), |upto| keys.partition_point(|key| *key <= upto));
        let page = keys.range(..total).rev().skip(from).take(count);
        Page { total, newer: keys.len() - total, entries: page.filter_map(|key| self.get(*key)).collect() }
    }

    /// The entries of the same topic, direction, bridge and peer as `entry` that are not newer, newest first.
    pub fn like<'a>(&'a self, entry: &'a Entry) -> impl Iterator<Item = &'a Entry> {
        let older = self.entries.iter().rev().skip_while(|other| other.key > entry.key);
        older.filter(|other| other.flow.is_like(&entry.flow))
    }

    /// The same, beginning with the newest of all.
    pub fn all_like<'a>(&'a self, entry: &'a Entry) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().rev().filter(|other| other.flow.is_like(&entry.flow))
    }

    fn look_at(&mut self, filter: &Filter) {
        if self.looked_at.filter != *filter {
            let keys = self.entries.iter().filter(|entry| filter.lets_through(entry)).map(|entry| entry.key);
            self.looked_at = LookedAt { keys: keys.collect(), filter: filter.clone() };
        } else if filter.is_empty() && self.looked_at.keys.len() < self.entries.len() {
            // At the beginning nothing was looked at.
            self.looked_at.keys = self.entries.iter().map(|entry| entry.key).collect();
        }
    }

    fn find(&self, bridge: &BridgeId, event: &MessageEvent) -> Option<u64> {
        let hash = hash(&self.hasher, bridge, event.direction, &event.id);
        let is_it = |key: &u64| {
            let entry = self.get(*key);
            entry.is_some_and(|Entry { id, flow, .. }| {
                **id == *event.id && flow.direction == event.direction && flow.bridge == *bridge
            })
        };
        self.keys.find(hash, is_it).copied()
    }

    fn begin(&mut self, bridge: &BridgeId, event: &MessageEvent) {
        // The engine tells of topics only.
        let Some(flow) = Flow::of(bridge, event) else { return };
        let flow = self.join(flow);
        let key = self.next_key;
        self.next_key += 1;
        let entry = Entry::new(key, flow, event);
        self.bytes += entry.cost();
        self.tree.add(&entry);
        if self.looked_at.filter.lets_through(&entry) {
            self.looked_at.keys.push_back(key);
        }
        let hash = hash_of(&self.hasher, &entry);
        self.entries.push_back(entry);
        let Self { entries, hasher, keys, .. } = self;
        let hash_again = |key: &u64| place(entries, *key).map_or(0, |place| hash_of(hasher, &entries[place]));
        keys.insert_unique(hash, key, hash_again);
    }

    /// The same flow as other entries have it, with one entry more.
    fn join(&mut self, flow: Flow) -> Arc<Flow> {
        match self.flows.entry(Arc::new(flow)) {
            hash_map::Entry::Occupied(mut known) => {
                *known.get_mut() += 1;
                Arc::clone(known.key())
            }
            hash_map::Entry::Vacant(fresh) => {
                let flow = Arc::clone(fresh.key());
                self.bytes += flow.cost();
                fresh.insert(1);
                flow
            }
        }
    }

    /// The flow has one entry less; without any it goes.
    fn leave(&mut self, flow: &Flow) {
        let Some(entries) = self.flows.get_mut(flow) else { return };
        *entries -= 1;
        if *entries == 0 {
            self.flows.remove(flow);
            self.bytes -= flow.cost();
        }
    }

    fn follow(&mut self, key: u64, event: &MessageEvent) {
        let Some(place) = place(&self.entries, key) else { return };
        let entry = &mut self.entries[place];
        let (before, was_through) = (entry.cost(), self.looked_at.filter.lets_through(entry));
        entry.follow(event);
        self.bytes = self.bytes + entry.cost() - before;
        let is_through = self.looked_at.filter.lets_through(entry);
        if was_through != is_through {
            let keys = &mut self.looked_at.keys;
            match keys.binary_search(&key) {
                Ok(place) => drop(keys.remove(place)),
                Err(place) => keys.insert(place, key),
            }
        }
    }

    fn make_room(&mut self) {
        while self.bytes > self.budget && self.forget_oldest() {}
    }

    fn forget_oldest(&mut self) -> bool {
        let Some(entry) = self.entries.pop_front() else { return false };
        let hash = hash_of(&self.hasher, &entry);
        if let Ok(found) = self.keys.find_entry(hash, |key| *key == entry.key) {
            found.remove();
        }
        self.bytes -= entry.cost();
        self.leave(&entry.flow);
        self.tree.remove(&entry);
        if self.looked_at.keys.front() == Some(&entry.key) {
            self.looked_at.keys.pop_front();
        }
        true
    }
}

/// Where an entry stands, unless it went.
fn place(entries: &VecDeque<Entry>, key: u64) -> Option<usize> {
    let first = entries.front()?.key;
    usize::try_from(key.checked_sub(first)?).ok().filter(|place| *place < entries.len())
}

/// Of what tells messages apart.
fn hash(hasher: &DefaultHashBuilder, bridge: &BridgeId, direction: Direction, id: &str) -> u64 {
    hasher.hash_one((bridge, direction, id))
}

fn hash_of(hasher: &DefaultHashBuilder, entry: &Entry) -> u64 {
    hash(hasher, &entry.flow.bridge, entry.flow.direction, &entry.id)
}

#[cfg(test)]
mod tests;
