//! The members' nodes: what they make of a post, and when the nodes of others come to have it.

use std::collections::{BTreeMap, BTreeSet};

use rand::Rng as _;
use twister::PostNumber;

use super::network::{Body, Post, Refusal};
use super::plan::{DAY, HOUR, MINUTE, SECOND};
use super::world::{Event, Task, World};
use crate::route::Receiver;

/// A member's node.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// It does not answer before.
    pub up_at: u64,
    /// The numbers of others that it has.
    pub has: BTreeMap<usize, BTreeSet<u32>>,
    /// Those of them that its member has not looked at.
    pub news: BTreeMap<usize, BTreeSet<u32>>,
    /// When its swarm of an author joins that of the author's node; never, if there is none.
    pub joins_at: BTreeMap<usize, Option<u64>>,
}

/// What became of a post at the node.
pub(super) enum Reply {
    Posted(u64),
    /// No reply came.
    Open,
    Refused(Refusal),
    UnknownReceiver,
    Down,
}

impl World {
    /// Has a node make a post.
    pub(super) fn make_post(&mut self, author: usize, number: PostNumber, body: Body) -> Reply {
        if self.nodes[author].up_at > self.now {
            return Reply::Down;
        }
        if self.network.post(author, number).is_none() && self.chance(self.troubles.theft) {
            self.count("numbers that others took");
            let signature = self.network.sign();
            let foreign = Post { body: Body::Foreign, signature, listed_at: self.now };
            if self.network.check(author, number, &foreign.body).is_ok() && self.network.store(author, number, foreign)
            {
                self.spread(author, number);
            }
        }
        let direct = matches!(&body, Body::Frame { receiver: Receiver::Account(_), .. });
        if direct && self.chance(self.troubles.unknown) {
            self.count("receivers unknown to the node");
            return Reply::UnknownReceiver;
        }
        if let Err(refusal) = self.network.check(author, number, &body) {
            return Reply::Refused(refusal);
        }
        let signature = self.network.sign();
        let (ghost, open) = (self.chance(self.troubles.ghost), self.chance(self.troubles.open));
        let stored = !(ghost || open && self.chance(0.5));
        let lag = if self.chance(self.troubles.lag) { self.rng.random_range(0..10 * MINUTE) } else { 0 };
        let befallen = [
            (ghost && !open, "posts that the node says to have and has not"),
            (open, "posts without a reply"),
            (lag > MINUTE, "posts listed late by their own node"),
        ];
        befallen.into_iter().filter(|(is_so, _)| *is_so).for_each(|(_, what)| self.count(what));
        if stored && self.network.post(author, number).is_none() {
            if !self.record.note_post(author, signature, &body) {
                self.break_promise(|| format!("{author} posts what cannot be read or was never published: {body:?}"));
            }
            self.network.store(author, number, Post { body, signature, listed_at: self.now + lag });
            self.count("posts");
            self.spread(author, number);
        }
        if open { Reply::Open } else { Reply::Posted(signature) }
    }

    /// Has a post reach the nodes of those who follow its author.
    fn spread(&mut self, author: usize, number: PostNumber) {
        for node in 0..self.plan.members.len() {
            if node == author || !self.plan.members[node].follows.contains(&author) {
                continue;
            }
            if self.chance(self.troubles.loss) {
                self.count("posts lost on their way");
                continue;
            }
            let mut at = self.now + self.rng.random_range(1..500);
            if self.chance(self.troubles.delay) {
                at += (MINUTE as f64 * 4000_f64.powf(self.rng.random_range(0.0..1.0))) as u64;
            }
            // While the swarms are apart, the author's carrier brings it.
            let joins_at = self.nodes[node].joins_at[&author];
            if joins_at.is_none_or(|joins_at| joins_at > at) {
                let slow = self.rng.random_bool(0.2);
                at += self.rng.random_range(400..if slow { HOUR } else { 5 * SECOND });
                self.count(match joins_at {
                    Some(_) => "posts before their swarm joins",
                    None => "posts whose swarm never joins",
                });
            }
            if at.min(self.plan.heals_at) >= self.now + DAY {
                self.count("posts a day and more on their way");
            }
            self.at(at, Event::Visible { node, author, number: number.0 });
        }
    }

    pub(super) fn handle_visible(&mut self, node: usize, author: usize, number: u32) {
        let up_at = self.nodes[node].up_at;
        if up_at > self.now {
            return self.at(up_at, Event::Visible { node, author, number });
        }
        let begins_at = self.bridges.get(&node).and_then(|bridge| bridge.met.get(&author));
        if begins_at.is_none_or(|begins_at| number >= begins_at.0) {
            self.nodes[node].news.entry(author).or_default().insert(number);
        }
        let has = self.nodes[node].has.entry(author).or_default();
        let overtaken = has.last().is_some_and(|last| *last > number);
        has.insert(number);
        if overtaken {
            self.count("posts overtaken by later ones");
        }
        let pause = self.rng.random_range(0..1000);
        self.plan(Task::Look, node, pause);
    }
}
