//! A bridge under test: the two halves of the engine over one database, and how they are killed and started again.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use rand::Rng as _;
use rusqlite::Transaction;
use twister::PostNumber;

use super::plan::{MINUTE, Publication, SECOND};
use super::record::MessageIndex;
use super::world::{Event, Task, World};
use crate::clock::Now;
use crate::config::BridgeConfig;
use crate::frame::v1::Stream;
use crate::incoming::Incoming;
use crate::message::Qos;
use crate::outgoing::Outgoing;
use crate::store::{FrameRow, RowId, Store, StoreError};
use crate::watch::Watch;

thread_local! {
    /// Empty databases, left by bridges of earlier runs.
    static STORES: RefCell<Vec<Store>> = const { RefCell::new(Vec::new()) };
}

/// A bridge with its database and its broker, which both outlive its runs.
pub(super) struct Bridge {
    pub store: Store,
    stream: Stream,
    config: Arc<BridgeConfig>,
    pub running: Option<Running>,
    pub life: u32,
    pub clock_error_ms: i64,
    /// What its broker has for it and was not told that it has.
    pub to_take: VecDeque<Offered>,
    /// Packet identifiers that its broker releases.
    pub to_release: Vec<u16>,
    pub broker_away: bool,
    /// Whom it has heard of, and whether they have announced v1.
    pub heard: BTreeMap<usize, bool>,
    /// The first post of each account that counts.
    pub met: BTreeMap<usize, PostNumber>,
    /// Writing fails, and what then: it is killed, or it waits.
    pub disk: Disk,
}

/// A message that its broker offers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offered {
    pub message: MessageIndex,
    /// It was offered before.
    pub again: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Disk {
    Good,
    /// It fails after some more transactions, and then the process is killed.
    Deadly,
    Full,
}

/// What is gone after a kill.
pub(super) struct Running {
    pub began_at: u64,
    pub outgoing: Outgoing,
    pub incoming: Incoming,
    pub watches: BTreeMap<usize, Watch>,
    /// Posts that were made and not read back yet.
    pub posted: Vec<Made>,
    pub unreachable: BTreeMap<usize, u64>,
    pub starving: bool,
    /// Rows up to this one are under way to the broker, or done.
    pub cursor: RowId,
    /// After so many more steps the process is killed.
    pub fuse: Option<u32>,
    pub failures: u32,
}

/// A post that the node took, with the proof to look for.
pub(super) struct Made {
    pub frame: FrameRow,
    pub number: PostNumber,
    pub signature: u64,
}

/// Why something stops for now.
#[derive(Debug)]
pub(super) enum Halt {
    Killed,
    Store(StoreError),
    Node,
    QuotaExhausted,
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Bridge {
    pub(super) fn new(stream: Stream, config: BridgeConfig) -> Self {
        let store = STORES.with_borrow_mut(Vec::pop).unwrap_or_else(Store::in_memory);
        let query = "INSERT INTO identity VALUES ('stream', ?1)";
        store.run(|tx| tx.execute(query, [stream.as_str()])).unwrap();
        Self {
            store,
            stream,
            config: Arc::new(config),
            running: None,
            life: 0,
            clock_error_ms: 0,
            to_take: VecDeque::new(),
            to_release: Vec::new(),
            broker_away: false,
            heard: BTreeMap::new(),
            met: BTreeMap::new(),
            disk: Disk::Good,
        }
    }

    /// Leaves the database, emptied, to a bridge of another run: making one takes its time.
    pub(super) fn end(self) {
        self.store.set_budget(None);
        let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name = 'sqlite_sequence'";
        let tables: Vec<String> =
            self.store.run(|tx| tx.prepare_cached(tables)?.query_map([], |row| row.get(0))?.collect()).unwrap();
        let delete = |tx: &Transaction<'_>| {
            tables
                .iter()
                .try_for_each(|table| tx.prepare_cached(&format!("DELETE FROM {table}"))?.execute([]).map(drop))
        };
        self.store.run(delete).unwrap();
        STORES.with_borrow_mut(|stores| stores.push(self.store));
    }

    /// The broker got a message; true if it keeps it for the bridge.
    pub(super) fn handle_published(&mut self, message: MessageIndex, publication: &Publication) -> bool {
        let kept = self.running.is_some() || publication.qos != Qos::AtMostOnce;
        if kept {
            self.to_take.push_back(Offered { message, again: false });
        }
        kept
    }

    /// Takes note of what the broker releases.
    pub(super) fn release(&mut self) -> Result<(), StoreError> {
        while let Some(packet) = self.to_release.last() {
            self.store.run(|tx| tx.execute("DELETE FROM unreleased WHERE packet = ?1", [packet]))?;
            self.to_release.pop();
        }
        Ok(())
    }

    /// How many rows each table has of which nothing should be left in the end.
    pub(super) fn leftovers(&self) -> Vec<(&'static str, usize)> {
        // Pieces of messages of which others were given up are kept for some weeks, and their frames wait so long.
        const TABLES: [&str; 7] = [
            "outbox",
            "frame",
            "packed",
            "unreleased",
            "inbox",
            "held_frame",
            "awaited WHERE message NOT IN (SELECT message FROM unfinished)",
        ];
        let count = |table| {
            let query = format!("SELECT count(*) FROM {table}");
            self.store.run(|tx| tx.query_row(&query, [], |row| row.get(0))).unwrap()
        };
        TABLES.into_iter().map(|table| (table, count(table))).filter(|(_, count)| *count > 0).collect()
    }
}

impl World {
    pub(super) fn start(&mut self, member: usize) {
        let account = self.plan.members[member].name.clone();
        let now = self.now;
        let bridge = self.bridges.get_mut(&member).unwrap();
        if bridge.running.is_some() {
            return;
        }
        let outgoing = Outgoing::new(bridge.store.clone(), account, bridge.stream);
        let Ok(incoming) = Incoming::new(bridge.store.clone(), Arc::clone(&bridge.config)) else {
            return self.after(30 * SECOND, Event::Restart(member));
        };
        bridge.running = Some(Running {
            began_at: now,
            outgoing,
            incoming,
            watches: BTreeMap::new(),
            posted: Vec::new(),
            unreachable: BTreeMap::new(),
            starving: false,
            cursor: 0,
            fuse: None,
            failures: 0,
        });
        self.trace.note(now, ("start", member), || format!("{member} starts"));
        for task in [Task::Take, Task::Poll, Task::Send, Task::Look, Task::Deliver] {
            self.plan(task, member, 0);
        }
    }

    /// Kills a bridge: now, after some steps, or in the middle of a transaction.
    pub(super) fn light_fuse(&mut self, member: usize) {
        let way = self.rng.random_range(0..5);
        let steps = self.rng.random_range(0..25);
        let bridge = self.bridges.get_mut(&member).unwrap();
        match (way, &mut bridge.running) {
            (_, None) => {}
            (0, _) => self.kill(member, "kills between two tasks"),
            (1 | 2, Some(running)) => running.fuse = Some(steps),
            (_, Some(_)) if bridge.disk == Disk::Good => {
                bridge.disk = Disk::Deadly;
                bridge.store.set_budget(Some(steps));
            }
            _ => {}
        }
    }

    pub(super) fn fill_disk(&mut self, member: usize) {
        let left = self.rng.random_range(0..25);
        let bridge = self.bridges.get_mut(&member).unwrap();
        bridge.disk = Disk::Full;
        bridge.store.set_budget(Some(left));
    }

    /// There is room again, and nothing more is about to kill the bridge.
    pub(super) fn empty_disk(&mut self, member: usize) {
        let bridge = self.bridges.get_mut(&member).unwrap();
        bridge.disk = Disk::Good;
        bridge.store.set_budget(None);
        if let Some(running) = &mut bridge.running {
            running.fuse = None;
            // What the database did not say to be delivered is delivered again.
            running.cursor = 0;
        }
        for task in [Task::Take, Task::Poll, Task::Send, Task::Look, Task::Deliver] {
            self.plan(task, member, 0);
        }
    }

    fn kill(&mut self, member: usize, how: &'static str) {
        let bridge = self.bridges.get_mut(&member).unwrap();
        bridge.running = None;
        bridge.life += 1;
        if bridge.disk == Disk::Deadly {
            bridge.disk = Disk::Good;
            bridge.store.set_budget(None);
        }
        // What may be lost is not kept for a client that is away; of the rest nobody knows what it has.
        let messages = &self.record.messages;
        bridge.to_take.retain(|offered| messages[offered.message].qos != Qos::AtMostOnce);
        bridge.to_take.iter_mut().for_each(|offered| offered.again = true);
        self.count(how);
        self.trace.note(self.now, ("kill", member), || format!("{member} is killed"));
        let longest = if self.now < self.plan.heals_at { 10 * MINUTE } else { 5 * SECOND };
        let pause = self.rng.random_range(SECOND..longest);
        self.after(pause, Event::Restart(member));
    }

    /// Some steps of a bridge are its last.
    pub(super) fn step(&mut self, member: usize) -> Result<&mut Running, Halt> {
        let bridge = self.bridges.get_mut(&member).unwrap();
        let running = bridge.running.as_mut().ok_or(Halt::Killed)?;
        match &mut running.fuse {
            Some(0) => return Err(Halt::Killed),
            Some(left) => *left -= 1,
            None => {}
        }
        Ok(running)
    }

    /// Has the sending half do something.
    pub(super) fn sending<T>(
        &mut self,
        member: usize,
        work: impl FnOnce(&mut Outgoing, Now) -> Result<T, StoreError>,
    ) -> Result<T, Halt> {
        let now = self.clock(member);
        let running = self.step(member)?;
        Ok(work(&mut running.outgoing, now)?)
    }

    /// Has the receiving half do something.
    pub(super) fn receiving<T>(
        &mut self,
        member: usize,
        work: impl FnOnce(&mut Incoming, Now) -> Result<T, StoreError>,
    ) -> Result<T, Halt> {
        let now = self.clock(member);
        let running = self.step(member)?;
        Ok(work(&mut running.incoming, now)?)
    }

    /// What a bridge does when it cannot go on with something.
    pub(super) fn handle_halt(&mut self, member: usize, task: Task, halt: Halt) {
        self.trace.note(self.now, ("halt", member, task), || format!("{member} stops to {task:?}: {halt:?}"));
        let bridge = self.bridges.get_mut(&member).unwrap();
        if bridge.running.is_none() {
            return;
        }
        match halt {
            Halt::Killed => self.kill(member, "kills between two steps of a task"),
            Halt::Store(error) => match bridge.disk {
                Disk::Good => self.break_promise(|| format!("the database of {member} fails: {error}")),
                Disk::Deadly => self.kill(member, "kills in a transaction"),
                Disk::Full => {
                    self.count("writes to a full disk");
                    self.plan(task, member, 30 * SECOND);
                }
            },
            Halt::Node => {
                let failures = bridge.running.as_ref().map_or(0, |running| running.failures.min(6));
                let down = self.nodes[member].up_at.saturating_sub(self.now);
                if down > 0 {
                    self.count("calls of a node that is away");
                }
                self.plan(task, member, (500 << failures).min(30 * SECOND).max(down));
            }
            Halt::QuotaExhausted => {
                if let Some(running) = &mut bridge.running {
                    running.starving = true;
                }
                self.count("times that the quota is used up");
            }
        }
    }

    /// There are new posts to be had.
    pub(super) fn wake_starving(&mut self) {
        let starving: BTreeSet<usize> = self
            .bridges
            .iter_mut()
            .filter_map(|(member, bridge)| {
                let running = bridge.running.as_mut()?;
                std::mem::take(&mut running.starving).then_some(*member)
            })
            .collect();
        for member in starving {
            self.plan(Task::Send, member, 0);
        }
    }
}
