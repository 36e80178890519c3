//! What waits for one receiver: a window of the outbox, and the frames that are made of it.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use twister::Username;
use twister::limits::PostNumbers;

use crate::clock::Now;
use crate::fit::{fits, frame_room};
use crate::frame::v0;
use crate::frame::v1::{Content, Entry, Notes, Stream};
use crate::message::{Message, MessageId, Qos};
use crate::pack::{DropReason, Pace, Packed, Packer, Terms};
use crate::route::Receiver;
use crate::store::{Count, NewFrame, OutboxRow, Queue, RowId, SentMessage, Store, StoreError};

/// Rows of each kind that are in memory at most; the others stay in the database until these are in frames.
const WINDOW: usize = 512;

/// Bytes of payload of each kind that are in memory at most, but for one message.
const WINDOW_BYTES: usize = 1024 * 1024;

/// A row that will not go out.
#[derive(Debug)]
pub(super) struct DroppedRow {
    pub id: RowId,
    pub count: Count,
    /// The message, unless it is gone already.
    pub message: Option<SentMessage>,
}

/// What waits for one receiver.
#[derive(Debug)]
pub(super) struct Lane {
    queue: Queue,
    account: Username,
    stream: Stream,
    next_frame: u64,
    frames: Frames,
    /// What is in memory, by the message's number.
    loaded: HashMap<u64, Loaded>,
    sure: Window,
    unsure: Window,
    dropped: Vec<DroppedRow>,
}

/// How frames are made.
#[derive(Debug)]
enum Frames {
    /// v1: many messages each.
    Packed(Packer),
    /// v0: one message each.
    Plain { waiting: VecDeque<OutboxRow>, pace: Pace },
}

#[derive(Debug)]
struct Loaded {
    id: RowId,
    qos: Qos,
    len: usize,
}

/// How much of one kind is in memory: messages of quality of service 0, or the others.
#[derive(Debug, Default)]
struct Window {
    /// Rows up to this one were loaded.
    cursor: RowId,
    rows: usize,
    bytes: usize,
}

impl Lane {
    pub(super) fn new(
        queue: Queue,
        packed: bool,
        account: &Username,
        stream: Stream,
        next_frame: u64,
        pace: Pace,
    ) -> Self {
        let frames = match packed {
            true => {
                let room = frame_room(account, &queue.receiver, PostNumbers::WIDEST);
                let mut packer = Packer::new(stream, next_frame, room);
                packer.set_pace(pace);
                Frames::Packed(packer)
            }
            false => Frames::Plain { waiting: VecDeque::new(), pace },
        };
        Self {
            queue,
            account: account.clone(),
            stream,
            next_frame,
            frames,
            loaded: HashMap::new(),
            sure: Window::default(),
            unsure: Window::default(),
            dropped: Vec::new(),
        }
    }

    pub(super) fn receiver(&self) -> &Receiver {
        &self.queue.receiver
    }

    /// Whether its frames are v1.
    pub(super) fn is_packed(&self) -> bool {
        matches!(self.frames, Frames::Packed(_))
    }

    /// The number of the frame that is made next.
    pub(super) fn next_frame(&self) -> u64 {
        self.next_frame
    }

    pub(super) fn set_pace(&mut self, new: Pace) {
        match &mut self.frames {
            Frames::Packed(packer) => packer.set_pace(new),
            Frames::Plain { pace, .. } => *pace = new,
        }
    }

    /// Takes as much from the database into memory as there is room.
    pub(super) fn load(&mut self, store: &Store, now: Now) -> Result<(), StoreError> {
        for unsure in [false, true] {
            let window = if unsure { &self.unsure } else { &self.sure };
            if window.bytes >= WINDOW_BYTES {
                continue;
            }
            // A row may have 256 KiB: few at a time if those in memory are large.
            let mean = window.bytes / window.rows.max(1);
            let room = (WINDOW - window.rows).min((WINDOW_BYTES - window.bytes) / mean.max(1)).clamp(0, WINDOW);
            if room == 0 {
                continue;
            }
            for row in store.waiting(&self.queue, unsure, window.cursor, room)? {
                self.handle_row(row, now);
            }
        }
        Ok(())
    }

    fn handle_row(&mut self, row: OutboxRow, now: Now) {
        let window = self.window(row.message.qos);
        window.cursor = window.cursor.max(row.id);
        window.rows += 1;
        window.bytes += row.message.payload.len();
        let loaded = Loaded { id: row.id, qos: row.message.qos, len: row.message.payload.len() };
        self.loaded.insert(row.number, loaded);
        self.hand_over(row, now);
    }

    fn hand_over(&mut self, row: OutboxRow, now: Now) {
        match &mut self.frames {
            Frames::Packed(packer) => {
                let terms = terms(&row, now);
                packer.handle_message(entry(row), terms, now.mono);
            }
            Frames::Plain { waiting, .. } => waiting.push_back(row),
        }
    }

    /// A newer value has taken the place of message `old`.
    pub(super) fn handle_replaced(&mut self, old: u64, row: &OutboxRow, now: Now) {
        if self.forget(old).is_none() {
            return;
        }
        if let Frames::Plain { waiting, .. } = &mut self.frames {
            waiting.retain(|row| row.number != old);
        }
        self.handle_row(row.clone(), now);
    }

    /// The next frame that should leave, if any. With `alone`, the notes are worth a frame of their own.
    pub(super) fn poll_frame(&mut self, now: Now, notes: &Notes, awaited: bool, alone: bool) -> Option<NewFrame> {
        match &mut self.frames {
            Frames::Packed(packer) => {
                let packed = packer.poll_frame(now.mono, now.wall_s(), notes);
                let packed = packed.or_else(|| alone.then(|| packer.bare_frame(now.wall_s(), notes)))?;
                Some(self.packed_frame(packed, awaited))
            }
            Frames::Plain { pace: Pace::Out, .. } => None,
            Frames::Plain { .. } => self.plain_frame(now),
        }
    }

    fn packed_frame(&mut self, packed: Packed, awaited: bool) -> NewFrame {
        let Packed { number, text, messages } = packed;
        self.next_frame = number + 1;
        let mut rows = Vec::new();
        let mut sure = false;
        for message in messages {
            let Some(Loaded { id, qos, .. }) = self.loaded.get(&message.number) else { continue };
            sure |= *qos != Qos::AtMostOnce;
            rows.push((*id, message.complete));
            if message.complete {
                self.forget(message.number);
            }
        }
        let receiver = self.queue.receiver.clone();
        NewFrame { receiver, number: Some(number), text, awaited: awaited && sure, rows }
    }

    fn plain_frame(&mut self, now: Now) -> Option<NewFrame> {
        loop {
            let Frames::Plain { waiting, .. } = &mut self.frames else { return None };
            let row = waiting.pop_front()?;
            self.forget(row.number);
            if row.expires_ms.is_some_and(|at| at <= now.wall_ms) {
                self.dropped.push(DroppedRow::new(row, Count::Expired));
                continue;
            }
            let text = plain_text(&self.stream, row.number, &row.message);
            if !fits(&self.account, &row.receiver, &text) {
                self.dropped.push(DroppedRow::new(row, Count::Refused));
                continue;
            }
            let rows = vec![(row.id, true)];
            return Some(NewFrame { receiver: row.receiver, number: None, text, awaited: false, rows });
        }
    }

    /// The rows that will not go out, since the last call.
    pub(super) fn poll_dropped(&mut self, store: &Store) -> Result<Vec<DroppedRow>, StoreError> {
        let mut dropped = std::mem::take(&mut self.dropped);
        if let Frames::Packed(packer) = &mut self.frames {
            for one in packer.poll_dropped() {
                let Some(Loaded { id, .. }) = self.forget(one.number) else { continue };
                let count = match one.reason {
                    DropReason::Expired => Count::Expired,
                    DropReason::Superseded => Count::Superseded,
                    DropReason::TooLarge => Count::Refused,
                };
                dropped.push(DroppedRow { id, count, message: store.outbox_row(id)?.map(SentMessage::from) });
            }
        }
        Ok(dropped)
    }

    /// When to poll again if nothing is taken before, on the monotonic clock.
    pub(super) fn timeout(&self) -> Option<Duration> {
        match &self.frames {
            Frames::Packed(packer) => packer.poll_timeout(),
            Frames::Plain { .. } => None,
        }
    }

    fn window(&mut self, qos: Qos) -> &mut Window {
        if qos == Qos::AtMostOnce { &mut self.unsure } else { &mut self.sure }
    }

    fn forget(&mut self, number: u64) -> Option<Loaded> {
        let loaded = self.loaded.remove(&number)?;
        let window = self.window(loaded.qos);
        window.rows -= 1;
        window.bytes -= loaded.len;
        Some(loaded)
    }
}

impl DroppedRow {
    fn new(row: OutboxRow, count: Count) -> Self {
        Self { id: row.id, count, message: Some(row.into()) }
    }
}

/// The v0 frame of a message.
pub(super) fn plain_text(stream: &Stream, number: u64, message: &Message) -> String {
    let Message { topic, payload, qos, .. } = message.clone();
    v0::encode(&v0::Frame { topic, payload, qos, id: Some(MessageId::new(stream.as_str(), number)) })
}

fn terms(row: &OutboxRow, now: Now) -> Terms {
    let waited = now.wall_ms.saturating_sub(row.taken_ms);
    let left = |at: u64| now.mono + Duration::from_millis(at.saturating_sub(now.wall_ms));
    Terms {
        max_wait: Duration::from_millis(row.max_wait_ms.saturating_sub(waited)),
        latest_only: row.latest_only,
        expires_at: row.expires_ms.map(left),
    }
}

fn entry(row: OutboxRow) -> Entry {
    let Message { topic, payload, qos, retain, mut properties, path } = row.message;
    // The receiver has to know how long it is worth anything, whoever said so.
    properties.expiry_s =
        row.expires_ms.map(|at| u32::try_from(at.saturating_sub(row.taken_ms).div_ceil(1000)).unwrap_or(u32::MAX));
    let content = Content::Whole(payload);
    Entry { number: row.number, taken_s: row.taken_ms / 1000, topic, qos, retain, path, properties, content }
}
