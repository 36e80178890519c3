//! One step of the receiving half: frames join their streams, and leave them when their turn comes.

use std::collections::{BTreeMap, HashMap};

use rusqlite::Transaction;
use twister::{PostNumber, Username};

use super::take::counts_for_receipts;
use super::{LONGEST_PAUSE, News, PATIENCE, Read, ReadContent, Refusal, Until, Waiting};
use crate::clock::Now;
use crate::config::{BridgeConfig, CatchUp};
use crate::frame::v1::{self, Frame, FrameHead, Stream};
use crate::inward;
use crate::store::streams::{self, HeldFrame, StreamId, StreamRow};
use crate::store::{inbox, peers};

/// Most streams of an account that are known, of the public ones and of those for this account.
const MOST_STREAMS: usize = 8;

/// Most frames of a stream that are held because one before them is missing.
const MOST_HELD: usize = 1000;

/// Most held frames that are unpacked in a step, so that others get at the database too.
const MOST_UNPACKED: usize = 32;

/// Highest number of a frame: there is room for one more in the database.
const HIGHEST_NUMBER: u64 = i64::MAX as u64 - 1;

/// A step, and what it works with.
pub(super) struct Step<'a> {
    pub tx: &'a Transaction<'a>,
    pub config: &'a BridgeConfig,
    pub now: Now,
    pub news: News,
    own_stream: Stream,
    waiting: &'a mut BTreeMap<StreamId, Waiting>,
    /// How many more held frames may be unpacked.
    room: usize,
}

/// Where something comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    pub sender: &'a Username,
    pub post: PostNumber,
    pub public: bool,
    /// What of it comes in.
    pub take: CatchUp,
}

impl<'a> Step<'a> {
    pub(super) fn new(
        tx: &'a Transaction<'a>,
        config: &'a BridgeConfig,
        own_stream: Stream,
        waiting: &'a mut BTreeMap<StreamId, Waiting>,
        now: Now,
    ) -> Self {
        Self { tx, config, now, news: News::default(), own_stream, waiting, room: MOST_UNPACKED }
    }

    /// Takes in posts in order, each once.
    pub(super) fn take_posts(&mut self, sender: &Username, posts: Vec<Read>) -> rusqlite::Result<()> {
        let mut lowest: HashMap<(Stream, bool), u64> = HashMap::new();
        for post in &posts {
            if let ReadContent::V1(frame, _, public) = &post.content {
                let FrameHead { stream, number, .. } = frame.head;
                lowest.entry((stream, *public)).and_modify(|lowest| *lowest = number.min(*lowest)).or_insert(number);
            }
        }
        for Read { number: post, content } in posts {
            if !inbox::note_looked_at(self.tx, sender, post)? {
                continue;
            }
            match content {
                ReadContent::Nothing => {}
                ReadContent::V0(frame, public) => self.take_v0(self.origin(sender, post, public)?, frame)?,
                ReadContent::V1(frame, text, public) => {
                    let first = lowest.get(&(frame.head.stream, public)).copied().unwrap_or(frame.head.number);
                    let origin = self.origin(sender, post, public)?;
                    self.take_v1(origin, *frame, text, first)?;
                }
                ReadContent::Refused(reason, text) => self.refuse(sender, post, None, reason, text.as_bytes())?,
            }
        }
        Ok(())
    }

    /// Takes in frames whose turn has come by the time alone.
    pub(super) fn take_due(&mut self) -> rusqlite::Result<()> {
        let is_due = |waiting: &Waiting| match waiting.until {
            Until::Frame { at, .. } | Until::Patience { at, .. } => at <= self.now.mono,
            Until::Now => true,
        };
        let due: Vec<StreamId> =
            self.waiting.iter().filter(|(_, waiting)| is_due(waiting)).map(|(id, _)| *id).collect();
        for id in due {
            let Some(Waiting { sender, public, .. }) = self.waiting.get(&id).cloned() else { continue };
            if let Some(row) = streams::by_id(self.tx, id)? {
                self.take_ready(&sender, public, row, None)?;
            }
        }
        Ok(())
    }

    fn origin<'b>(&self, sender: &'b Username, post: PostNumber, public: bool) -> rusqlite::Result<Origin<'b>> {
        Ok(Origin { sender, post, public, take: peers::catch_up(self.tx, sender, post)? })
    }

    /// A frame joins its stream. If the stream is new, it begins at `first` or where the author says.
    fn take_v1(&mut self, origin: Origin<'_>, frame: Frame, text: String, first: u64) -> rusqlite::Result<()> {
        let Origin { sender, post, public, .. } = origin;
        let FrameHead { stream, number, .. } = frame.head;
        if !(1..=HIGHEST_NUMBER).contains(&number) {
            return self.refuse(sender, post, None, Refusal::FrameNumber(number), text.as_bytes());
        }
        let asks = frame.notes.unsettled.filter(|_| !public).map(|unsettled| unsettled.clamp(1, number));
        if !public {
            let (own, theirs) = (self.own_stream, &frame.notes.receipts);
            let receipts: Vec<_> = theirs.iter().filter(|receipt| receipt.stream == own).cloned().collect();
            if !receipts.is_empty() {
                self.news.receipts.push((sender.clone(), receipts));
            }
        }
        let mut row = match streams::find(self.tx, sender, &stream, public)? {
            Some(row) => row,
            None => self.begin(origin, &stream, asks.unwrap_or(first.clamp(1, number)))?,
        };
        streams::touch(self.tx, row.id, post)?;
        if let Some(unsettled) = asks {
            // It is the first time that it asks: whatever was not waited for until now is, from here on.
            row.next = if row.unsettled.is_some() { row.next.max(unsettled) } else { unsettled };
            row.unsettled = row.unsettled.max(Some(unsettled));
            // One that was seen before did not hear of it.
            if counts_for_receipts(&frame) {
                streams::owe(self.tx, row.id, self.now.wall_ms)?;
            }
        }
        if row.seen.insert(number) {
            streams::hold(self.tx, row.id, &HeldFrame { number, post, text })?;
        }
        self.take_ready(sender, public, row, Some(frame))
    }

    /// Begins a stream, and forgets the one that was not used for longest if there are too many.
    fn begin(&mut self, origin: Origin<'_>, name: &Stream, next: u64) -> rusqlite::Result<StreamRow> {
        let Origin { sender, public, .. } = origin;
        for id in streams::oldest(self.tx, sender, public, MOST_STREAMS - 1)? {
            while let Some(number) = streams::lowest_held(self.tx, id)? {
                if let Some(held) = streams::release(self.tx, id, number)? {
                    self.refuse(sender, held.post, None, Refusal::Abandoned, held.text.as_bytes())?;
                }
            }
            streams::forget(self.tx, id)?;
            self.waiting.remove(&id);
        }
        let earlier = |waiting: &&mut Waiting| waiting.sender == *sender && waiting.public == public;
        for waiting in self.waiting.values_mut().filter(earlier) {
            if matches!(waiting.until, Until::Frame { .. }) {
                waiting.until = Until::Now;
            }
        }
        streams::begin(self.tx, sender, name, public, next)
    }

    /// Takes in the frames of a stream whose turn has come. `fresh` is one that was just unpacked.
    fn take_ready(
        &mut self,
        sender: &Username,
        public: bool,
        mut row: StreamRow,
        mut fresh: Option<Frame>,
    ) -> rusqlite::Result<()> {
        let until = loop {
            let Some(number) = streams::lowest_held(self.tx, row.id)? else { break None };
            let is_turn = number <= row.next || row.seen.contains_run(row.next..=number - 1);
            if !is_turn {
                match self.gap(&row, public, number)? {
                    Gap::Wait(until) => break Some(until),
                    Gap::GoOn(next) => row.next = next,
                }
                continue;
            }
            let unpacked = fresh.take_if(|frame| frame.head.number == number);
            if unpacked.is_none() {
                if self.room == 0 {
                    break Some(Until::Now);
                }
                self.room -= 1;
            }
            row.next = row.next.max(number + 1);
            let Some(held) = streams::release(self.tx, row.id, number)? else { continue };
            let origin = self.origin(sender, held.post, public)?;
            match unpacked.map_or_else(|| v1::decode(&held.text), Ok) {
                Ok(frame) => self.take_frame(origin, &row, frame)?,
                Err(error) => {
                    let reason = inward::Refusal::from(error).into();
                    self.refuse(sender, held.post, None, reason, held.text.as_bytes())?;
                }
            }
        };
        streams::keep(self.tx, &mut row)?;
        match until {
            None => drop(self.waiting.remove(&row.id)),
            Some(until) => {
                let (held, _) = streams::held(self.tx, row.id)?;
                self.waiting.insert(row.id, Waiting { sender: sender.clone(), public, held, until });
            }
        }
        Ok(())
    }

    /// What to do while something is missing before `number`, the lowest frame that is held.
    fn gap(&self, row: &StreamRow, public: bool, number: u64) -> rusqlite::Result<Gap> {
        let (count, highest) = streams::held(self.tx, row.id)?;
        if count > MOST_HELD {
            return Ok(Gap::GoOn(number));
        }
        if !public && row.unsettled.is_some() && !streams::is_superseded(self.tx, row.id)? {
            return Ok(Gap::Wait(self.ask_for(row)?));
        }
        Ok(match self.waiting.get(&row.id).map(|waiting| waiting.until) {
            Some(Until::Patience { at, upto }) if number <= upto => match at <= self.now.mono {
                true => Gap::GoOn(upto + 1),
                // What came with the frame after the gap waits no longer than that.
                false if at == self.now.mono + PATIENCE => Gap::Wait(Until::Patience { at, upto: highest }),
                false => Gap::Wait(Until::Patience { at, upto }),
            },
            _ => Gap::Wait(Until::Patience { at: self.now.mono + PATIENCE, upto: highest }),
        })
    }

    /// Waits for a frame that its author has to do something about. The receipt that says so may be lost, and the author
    /// may have given the frame up and not said so in what has come since.
    fn ask_for(&self, row: &StreamRow) -> rusqlite::Result<Until> {
        let now = self.now.mono;
        let missing = row.next;
        Ok(match self.waiting.get(&row.id).map(|waiting| waiting.until) {
            Some(until @ Until::Frame { missing: before, at, pause }) if before == missing => match at <= now {
                true => {
                    streams::owe(self.tx, row.id, self.now.wall_ms)?;
                    let pause = (pause * 2).min(LONGEST_PAUSE);
                    Until::Frame { missing, at: now + pause, pause }
                }
                false => until,
            },
            _ => Until::Frame { missing, at: now + PATIENCE, pause: PATIENCE },
        })
    }
}

/// What to do about a missing frame.
enum Gap {
    Wait(Until),
    /// Frames below this one are not waited for any more.
    GoOn(u64),
}
