//! Drives the receiving half of a bridge: what its tasks do with a node and a broker, here with simulated ones.

use std::time::Duration;

use rand::Rng as _;
use rand::seq::SliceRandom as _;
use twister::PostNumber;

use super::bridge::Halt;
use super::network::Body;
use super::plan::{MINUTE, Publication, RING, SECOND, class};
use super::record::Handed;
use super::world::{Event, Task, World};
use crate::incoming::{Found, FoundContent, MOST_POSTS, News, Refused};
use crate::route::Receiver;
use crate::store::{InboxRow, RowId};
use crate::watch::Watch;

/// Messages that are handed to the broker at a time.
const WINDOW: usize = 32;

impl World {
    /// Looks for news at the node.
    pub(super) fn look(&mut self, member: usize) {
        if let Err(halt) = self.try_look(member) {
            if let Some(running) = self.bridges.get_mut(&member).and_then(|bridge| bridge.running.as_mut()) {
                running.watches.clear();
            }
            self.handle_halt(member, Task::Look, halt);
        }
    }

    fn try_look(&mut self, member: usize) -> Result<(), Halt> {
        self.step(member)?;
        if self.nodes[member].up_at > self.now {
            return Err(Halt::Node);
        }
        for author in self.plan.members[member].follows.clone() {
            let has_news = self.nodes[member].news.get(&author).is_some_and(|news| !news.is_empty());
            if has_news || self.chance(self.troubles.repeats) {
                self.look_at(member, author)?;
            }
        }
        Ok(())
    }

    fn look_at(&mut self, member: usize, author: usize) -> Result<(), Halt> {
        let begins_at = self.bridges[&member].met[&author];
        let Some(has) = self.nodes[member].has.get(&author) else { return Ok(()) };
        let Some(highest) = has.last().copied() else { return Ok(()) };
        let (store, name) = (self.bridges[&member].store.clone(), self.plan.members[author].name.clone());
        let mono = self.clock(member).mono;
        if !self.step(member)?.watches.contains_key(&author) {
            let query = "SELECT number FROM looked_at WHERE sender = ?1 ORDER BY number";
            let looked_at: Vec<PostNumber> = store.run(|tx| {
                tx.prepare_cached(query)?.query_map([name.as_str()], |row| row.get(0).map(PostNumber))?.collect()
            })?;
            self.step(member)?.watches.insert(author, Watch::new(begins_at, &looked_at, mono));
        }
        let watch = self.step(member)?.watches.get_mut(&author).unwrap();
        watch.handle_highest(PostNumber(highest));
        for search in watch.poll_searches(mono) {
            let has = &self.nodes[member].has[&author];
            let mut numbers: Vec<u32> = has.range(search.first.0..=search.last.0).copied().collect();
            if self.chance(self.troubles.repeats) {
                self.count("posts found again");
                let has: Vec<u32> = self.nodes[member].has[&author].range(begins_at.0..).copied().collect();
                numbers.extend((!has.is_empty()).then(|| has[self.rng.random_range(0..has.len())]));
            }
            numbers.sort_unstable();
            let most = self.rng.random_range(1..=MOST_POSTS);
            for numbers in numbers.chunks_mut(most) {
                numbers.shuffle(&mut self.rng);
                self.take_posts(member, author, numbers)?;
            }
            self.step(member)?.watches.get_mut(&author).unwrap().handle_searched(search, mono);
        }
        self.plan_search(member, author);
        Ok(())
    }

    fn take_posts(&mut self, member: usize, author: usize, numbers: &[u32]) -> Result<(), Halt> {
        let me = Receiver::Account(self.plan.members[member].name.clone());
        let mut signatures = Vec::new();
        let mut found = Vec::new();
        for number in numbers.iter().copied().map(PostNumber) {
            let Some(post) = self.network.post(author, number) else { continue };
            let content = match &post.body {
                Body::Frame { receiver, text, .. } if *receiver == me || *receiver == Receiver::Everybody => {
                    signatures.push(post.signature);
                    FoundContent::Text { text: text.clone(), public: *receiver == Receiver::Everybody }
                }
                _ => FoundContent::Nothing,
            };
            found.push(Found { number, content });
        }
        let name = self.plan.members[author].name.clone();
        let news = self.receiving(member, |incoming, now| incoming.handle_posts(&name, found, now))?;
        let is_for_it = !signatures.is_empty();
        let look = self.record.next_look(self.now);
        for signature in signatures {
            self.record.looks.entry((member, signature)).or_insert(look);
        }
        let mono = self.clock(member).mono;
        self.trace.note(self.now, ("look", member, author, numbers), || {
            format!("{member} looks at {numbers:?} of {author}: {} rows, receipts {:?}", news.rows.len(), news.receipts)
        });
        let watch = self.step(member)?.watches.get_mut(&author).unwrap();
        numbers.iter().for_each(|number| watch.handle_looked_at(PostNumber(*number), mono));
        if let Some(news) = self.nodes[member].news.get_mut(&author) {
            news.retain(|number| !numbers.contains(number));
        }
        // What is for others changes nothing.
        if !is_for_it {
            self.plan_poll(member);
            return Ok(());
        }
        self.handle_news(member, news)
    }

    /// Plans the search that finds what is there and was not found yet.
    fn plan_search(&mut self, member: usize, author: usize) {
        let mono = self.clock(member).mono;
        let Some(running) = &self.bridges[&member].running else { return };
        let (Some(watch), Some(news)) = (running.watches.get(&author), self.nodes[member].news.get(&author)) else {
            return;
        };
        if news.is_empty() {
            return;
        }
        let finds = |pause: &u64| {
            let searches = watch.poll_searches(mono + Duration::from_millis(*pause));
            searches.iter().any(|search| news.range(search.first.0..=search.last.0).next().is_some())
        };
        let pauses = (0..=10).map(|doubled| SECOND << doubled);
        if let Some(pause) = pauses.into_iter().find(finds) {
            self.plan(Task::Look, member, pause);
        }
    }

    fn handle_news(&mut self, member: usize, news: News) -> Result<(), Halt> {
        let News { rows, receipts, refused } = news;
        // What has come round is refused, rightly.
        let is_wrong = |refused: &&Refused| refused.reason.code() != "loop";
        if let Some(refused) = refused.iter().find(is_wrong) {
            self.break_promise(|| format!("{member} refuses what nobody has tampered with: {refused:?}"));
        }
        if !rows.is_empty() {
            self.plan(Task::Deliver, member, 0);
        }
        let pause = self.rng.random_range(0..2 * SECOND);
        self.plan(Task::Send, member, pause);
        self.plan_poll(member);
        for (peer, receipts) in receipts {
            let outcomes = self.sending(member, |outgoing, now| outgoing.handle_receipts(&peer, &receipts, now))?;
            self.handle_outcomes(member, outcomes);
        }
        Ok(())
    }

    fn plan_poll(&mut self, member: usize) {
        let mono = self.clock(member).mono;
        let Some(running) = &self.bridges[&member].running else { return };
        if let Some(at) = running.incoming.poll_timeout() {
            let pause = at.saturating_sub(mono).as_micros().div_ceil(1000) as u64;
            self.plan(Task::Poll, member, pause);
        }
    }

    /// Takes in what has waited long enough.
    pub(super) fn poll(&mut self, member: usize) {
        let polled = self.receiving(member, |incoming, now| incoming.poll(now));
        if let Err(halt) = polled.and_then(|news| self.handle_news(member, news)) {
            self.handle_halt(member, Task::Poll, halt);
        }
    }

    /// Hands the broker what is in the inbox.
    pub(super) fn deliver(&mut self, member: usize) {
        if let Err(halt) = self.try_deliver(member) {
            self.handle_halt(member, Task::Deliver, halt);
        }
    }

    fn try_deliver(&mut self, member: usize) -> Result<(), Halt> {
        let cursor = self.step(member)?.cursor;
        if self.bridges[&member].broker_away {
            return Ok(());
        }
        let rows = self.bridges[&member].store.run(|tx| crate::store::inbox::rows_after(tx, cursor, WINDOW))?;
        let is_full = rows.len() == WINDOW;
        let Some(last) = rows.last().map(|row| row.id) else { return Ok(()) };
        let wall_ms = self.clock(member).wall_ms;
        let (expired, good): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|row| row.expires_ms.is_some_and(|at| at <= wall_ms));
        if !expired.is_empty() {
            // But for a counter, dropping a row is the same as delivering it.
            let expired: Vec<RowId> = expired.iter().map(|row| row.id).collect();
            self.receiving(member, |incoming, now| incoming.handle_delivered(&expired, now))?;
        }
        for row in &good {
            self.hand_over(member, row);
        }
        self.step(member)?.cursor = last;
        let pause = if self.chance(0.1) { self.rng.random_range(1..MINUTE) } else { self.rng.random_range(1..100) };
        let (life, rows) = (self.bridges[&member].life, good.iter().map(|row| row.id).collect());
        self.after(pause, Event::Delivered { member, life, rows });
        if is_full {
            self.plan(Task::Deliver, member, 1);
        }
        Ok(())
    }

    /// The broker gets a message. One that it has got before it knows again.
    fn hand_over(&mut self, member: usize, row: &InboxRow) {
        let from = self.member(&row.sender).unwrap();
        let Some(message) = self.record.find(from, &row.message) else {
            let InboxRow { sender, message, .. } = row;
            return self.break_promise(|| format!("{member} gets what {sender} never sent: {message:?}"));
        };
        let known = self.record.rows.get(&(member, row.id)).copied();
        self.trace.note(self.now, ("hand", member, row.id), || {
            format!("{member} hands message {message} of {from} (row {}) to its broker, before: {known:?}", row.id)
        });
        if let Some(known) = known {
            if self.record.handed[known].message != message {
                self.break_promise(|| format!("row {} of {member} holds another message than before", row.id));
            }
            return;
        }
        self.record.rows.insert((member, row.id), self.record.handed.len());
        self.record.add_handed(Handed { to: member, from, message });
        self.check_handed(member, row, message);
        // Another client of the broker sends it on, once and with its path.
        if class(&row.message.topic) == RING && self.record.find(member, &row.message).is_none() {
            let message = row.message.clone();
            let publication = Publication {
                at: self.now,
                by: member,
                topic: message.topic,
                payload: message.payload,
                qos: message.qos,
                retain: message.retain,
                properties: message.properties,
                path: message.path,
            };
            let relayed = self.record.add_message(publication);
            self.after(1, Event::Publish(relayed));
        }
    }

    /// The broker has taken rows over.
    pub(super) fn handle_delivered(&mut self, member: usize, life: u32, rows: Vec<RowId>) {
        if self.bridges[&member].life != life {
            return;
        }
        self.trace.note(self.now, ("delivered", member, &rows), || format!("{member} has rows {rows:?} delivered"));
        let delivered = self.receiving(member, |incoming, now| incoming.handle_delivered(&rows, now));
        let pause = self.rng.random_range(0..2 * SECOND);
        self.plan(Task::Send, member, pause);
        if let Err(halt) = delivered {
            self.handle_halt(member, Task::Deliver, halt);
        }
    }
}
