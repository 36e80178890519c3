//! The messages that crossed, as the window looks at them: one entry a message and receiver, which follows its steps, within
//! a budget of bytes. The oldest go first, and it is counted how many went.
//!
//! Deliberately not here: files, and what a row looks like.

use std::collections::{HashMap, VecDeque};

use mqtt_twister_bridge::event::{Direction, MessageEvent, Step};
use mqtt_twister_bridge::topic::Topic;

use super::filter::Filter;
use super::tree::Tree;
use crate::view::BridgeId;

/// A message as it is known, and how it came so far.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Tells entries apart; grows by one.
    pub key: u64,
    /// The bridge that it crosses.
    pub bridge: BridgeId,
    /// What its newest step says, with what earlier ones knew better.
    pub message: MessageEvent,
    /// Its topic at the local broker, as far as that is known.
    pub topic: Topic,
    /// Its steps so far with their times in milliseconds since 1970, in their order.
    pub steps: Vec<(Step, u64)>,
}

/// The entries, oldest first. See the [module](self).
#[derive(Debug)]
pub struct History {
    budget: usize,
    bytes: usize,
    entries: VecDeque<Entry>,
    next_key: u64,
    /// The entry of each message that may have further steps.
    keys: HashMap<(BridgeId, Direction, String), u64>,
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
            keys: HashMap::new(),
            tree: Tree::default(),
            looked_at: LookedAt::default(),
            missed: 0,
        }
    }

    /// Takes note of a step. What is above the budget then goes.
    pub fn note(&mut self, bridge: &BridgeId, event: &MessageEvent) {
        let known = (bridge.clone(), event.direction, event.id.clone());
        match self.keys.get(&known).copied() {
            Some(key) => self.follow(key, event),
            None => self.begin(bridge, event, known),
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
        let first = self.entries.front()?.key;
        self.entries.get(usize::try_from(key.checked_sub(first)?).ok()?)
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
        older.filter(|other| other.is_like(entry))
    }

    /// The same, beginning with the newest of all.
    pub fn all_like<'a>(&'a self, entry: &'a Entry) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().rev().filter(|other| other.is_like(entry))
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

    fn begin(&mut self, bridge: &BridgeId, event: &MessageEvent, known: (BridgeId, Direction, String)) {
        let topic = event.local_topic.as_ref().unwrap_or(&event.topic);
        // The engine tells of topics only.
        let Ok(topic) = Topic::try_from(topic.clone()) else { return };
        let key = self.next_key;
        self.next_key += 1;
        let steps = vec![(event.step, event.time_ms)];
        let entry = Entry { key, bridge: bridge.clone(), message: event.clone(), topic, steps };
        self.bytes += entry.cost();
        self.tree.add(&entry);
        self.keys.insert(known, key);
        if self.looked_at.filter.lets_through(&entry) {
            self.looked_at.keys.push_back(key);
        }
        self.entries.push_back(entry);
    }

    fn follow(&mut self, key: u64, event: &MessageEvent) {
        let Some(first) = self.entries.front().map(|entry| entry.key) else { return };
        let index = usize::try_from(key - first).unwrap_or(usize::MAX);
        let Some(entry) = self.entries.get_mut(index) else { return };
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
        self.bytes -= entry.cost();
        self.tree.remove(&entry);
        if self.looked_at.keys.front() == Some(&entry.key) {
            self.looked_at.keys.pop_front();
        }
        let Entry { bridge, message, .. } = entry;
        self.keys.remove(&(bridge, message.direction, message.id));
        true
    }
}

impl Entry {
    fn follow(&mut self, event: &MessageEvent) {
        let message = &mut self.message;
        // A message that is posted again takes the same step again: the journey tells of the first time.
        if self.steps.iter().any(|(step, _)| *step == event.step) {
            return;
        }
        self.steps.push((event.step, event.time_ms));
        message.step = event.step;
        message.number = event.number.or(message.number);
        message.signature = event.signature.or(message.signature);
        message.reason = event.reason.clone().or(message.reason.take());
        message.taken_ms = message.taken_ms.or(event.taken_ms);
    }

    /// Whether it is of the same topic, direction, bridge and peer.
    fn is_like(&self, other: &Self) -> bool {
        let (message, other_message) = (&self.message, &other.message);
        self.topic == other.topic
            && message.direction == other_message.direction
            && message.peer == other_message.peer
            && message.public == other_message.public
            && self.bridge == other.bridge
    }

    /// The bytes that it takes up, with its share of what finds it.
    fn cost(&self) -> usize {
        /// For the maps, the tree and what an allocation costs by itself.
        const OVERHEAD: usize = 400;
        let MessageEvent { id, account, peer, topic, local_topic, payload, properties, path, reason, .. } =
            &self.message;
        let texts = [Some(id), Some(account), peer.as_ref(), Some(topic), local_topic.as_ref(), reason.as_ref()];
        let texts: usize = texts.into_iter().flatten().map(String::len).sum();
        let properties = properties.content_type.as_ref().map_or(0, String::len)
            + properties.response_topic.as_ref().map_or(0, |topic| topic.as_str().len())
            + properties.correlation_data.as_ref().map_or(0, Vec::len)
            + properties.user.iter().map(|(name, value)| 48 + name.len() + value.len()).sum::<usize>();
        let path: usize = path.iter().map(|account| 24 + account.len()).sum();
        size_of::<Self>()
            + OVERHEAD
            + texts
            + id.len()
            + 3 * self.topic.as_str().len()
            + payload.bytes().len()
            + properties
            + path
            + self.steps.len() * size_of::<(Step, u64)>()
    }
}

#[cfg(test)]
mod tests;
