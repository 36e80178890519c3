//! Which messages share a frame, and when it leaves.
//!
//! A [`Packer`] stands before one receiver. It takes messages and gives frames that fit a post. It knows no clock, socket
//! or database: `now` is handed to it, on any clock that does not go back.
//!
//! Deliberately not here: posting, what the quota is, and posting again what was lost.

mod pace;

pub use self::pace::Pace;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use crate::frame::v1::{Content, Entry, FrameHead, FrameWriter, MAX_MESSAGE_LEN, Notes, Stream};
use crate::message::Qos;
use crate::topic::Topic;

/// How long a message waits at most, unless its rule says otherwise.
pub const DEFAULT_MAX_WAIT: Duration = Duration::from_millis(250);

/// Bytes of a record beside its topic and payload, about.
const RECORD_OVERHEAD: usize = 8;

/// What a rule and the message itself say about waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// How long it may wait for others to share its post.
    pub max_wait: Duration,
    /// Only the newest value of its topic counts: it replaces an older one that waits.
    pub latest_only: bool,
    /// When it is worth nothing any more, on the packer's clock.
    pub expires_at: Option<Duration>,
}

/// A frame to post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The frame's number.
    pub number: u64,
    /// The text to post.
    pub text: String,
    /// What is in it, in order.
    pub messages: Vec<PackedMessage>,
}

/// A message in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackedMessage {
    /// The message's number in the stream.
    pub number: u64,
    /// Nothing of it is left for further frames.
    pub complete: bool,
}

/// A message that will not be posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dropped {
    /// The message's number in the stream.
    pub number: u64,
    /// Why.
    pub reason: DropReason,
}

/// Why a message will not be posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropReason {
    /// It was worth nothing any more before it could leave.
    Expired,
    /// A newer value of its topic came.
    Superseded,
    /// Its payload is larger than messages may be, or its topic and properties fill a post alone.
    TooLarge,
}

/// Packs messages for one receiver.
///
/// Feed it with [`handle_message`](Self::handle_message). After that, and whenever [`poll_timeout`](Self::poll_timeout) is
/// reached, call [`poll_frame`](Self::poll_frame) until it gives nothing, then [`poll_dropped`](Self::poll_dropped).
#[derive(Debug)]
pub struct Packer {
    stream: Stream,
    next_frame: u64,
    room: usize,
    pace: Pace,
    waiting: BTreeMap<Place, Waiting>,
    next_place: u64,
    dues: BTreeSet<(Duration, Place)>,
    expiries: BTreeSet<(Duration, Place)>,
    /// What waits, by topic and QoS.
    lanes: HashMap<(Topic, Qos), Lane>,
    /// Sum of the weights of what waits.
    weight: usize,
    /// The weight that is thought to fill a frame. Until then it is not worth trying.
    full_weight: usize,
    left_at: Option<Duration>,
    dropped: Vec<Dropped>,
}

/// Where a message stands: what is urgent first, then by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    class: Class,
    order: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// QoS 1 and 2, and retained.
    Urgent,
    Ordinary,
}

#[derive(Debug)]
struct Waiting {
    entry: Entry,
    due: Duration,
    expires_at: Option<Duration>,
    /// How much of the payload has left.
    sent: usize,
}

/// The messages of one topic and QoS, whose order is kept.
#[derive(Debug, Default)]
struct Lane {
    waiting: usize,
    ordinary: usize,
    /// The newest, if it may be replaced.
    replaceable: Option<Place>,
}

/// A frame that could leave.
struct Draft {
    writer: FrameWriter,
    /// Place, and how much of the payload has left with this frame.
    messages: Vec<(Place, usize)>,
    weight: usize,
    full: bool,
}

impl Packer {
    /// A packer for frames of `stream` from number `next_frame` on, whose texts may have `room` bytes
    /// ([`frame_room`](crate::fit::frame_room)).
    pub fn new(stream: Stream, next_frame: u64, room: usize) -> Self {
        Self {
            stream,
            next_frame,
            room,
            pace: Pace::Plenty,
            waiting: BTreeMap::new(),
            next_place: 0,
            dues: BTreeSet::new(),
            expiries: BTreeSet::new(),
            lanes: HashMap::new(),
            weight: 0,
            full_weight: room,
            left_at: None,
            dropped: Vec::new(),
        }
    }

    /// How freely posts may be used from now on.
    pub fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// How many messages wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Takes a message. Those of one topic and QoS leave in the order in which they are taken.
    pub fn handle_message(&mut self, entry: Entry, terms: Terms, now: Duration) {
        if payload_len(&entry) > MAX_MESSAGE_LEN {
            return self.dropped.push(Dropped { number: entry.number, reason: DropReason::TooLarge });
        }
        let lane = self.lanes.entry((entry.topic.clone(), entry.qos)).or_default();
        if let (true, Some(place)) = (terms.latest_only, lane.replaceable) {
            return self.replace(place, entry, terms);
        }
        let urgent = entry.qos != Qos::AtMostOnce || entry.retain;
        // Whoever overtook an ordinary message of the same topic and QoS would break their order.
        let class = if urgent && lane.ordinary == 0 { Class::Urgent } else { Class::Ordinary };
        let place = Place { class, order: self.next_place };
        self.next_place += 1;
        lane.waiting += 1;
        lane.ordinary += usize::from(class == Class::Ordinary);
        lane.replaceable = terms.latest_only.then_some(place);
        let due = if self.is_quiet(terms.max_wait, now) { now } else { now + terms.max_wait };
        self.weight += weight(&entry);
        self.dues.insert((due, place));
        self.expiries.extend(terms.expires_at.map(|at| (at, place)));
        self.waiting.insert(place, Waiting { entry, due, expires_at: terms.expires_at, sent: 0 });
    }

    /// The next frame to post, made at `time_s` (Unix seconds), with `notes` in it.
    pub fn poll_frame(&mut self, now: Duration, time_s: u64, notes: &Notes) -> Option<Packed> {
        self.drop_expired(now);
        if self.pace == Pace::Out {
            return None;
        }
        let due = |packer: &Self| packer.dues.first().is_some_and(|(due, _)| *due <= now);
        if !due(self) && self.weight < self.full_weight {
            return None;
        }
        let draft = self.draft(time_s, notes)?;
        if draft.full {
            self.full_weight = draft.weight;
        } else if !due(self) {
            // It is tried again only when enough has come to fill the frame, so trying costs little in all.
            let filled = self.weight * self.room / draft.writer.text_len().max(1);
            self.full_weight = filled.max(self.weight + self.weight / 32 + 1);
            return None;
        }
        Some(self.send(draft, now))
    }

    /// A frame with nothing but `notes` in it.
    pub fn bare_frame(&mut self, time_s: u64, notes: &Notes) -> Packed {
        let head = FrameHead { stream: self.stream, number: self.next_frame, time_s };
        self.next_frame += 1;
        let text = FrameWriter::new(&head, notes, self.room).finish();
        Packed { number: head.number, text, messages: Vec::new() }
    }

    /// When to poll again if no message comes before.
    pub fn poll_timeout(&self) -> Option<Duration> {
        let due = self.dues.first().filter(|_| self.pace != Pace::Out);
        let times = [due, self.expiries.first()];
        times.into_iter().flatten().map(|(at, _)| *at).min()
    }

    /// The messages that were dropped since the last call.
    pub fn poll_dropped(&mut self) -> Vec<Dropped> {
        std::mem::take(&mut self.dropped)
    }

    fn is_quiet(&self, max_wait: Duration, now: Duration) -> bool {
        let rested = self.left_at.is_none_or(|at| now >= at + max_wait);
        self.pace == Pace::Plenty && self.waiting.is_empty() && rested
    }

    /// The newer message takes the older one's place and waits no longer than that would have.
    fn replace(&mut self, place: Place, entry: Entry, terms: Terms) {
        let Some(waiting) = self.waiting.get_mut(&place) else { return };
        self.dropped.push(Dropped { number: waiting.entry.number, reason: DropReason::Superseded });
        self.weight = self.weight - weight(&waiting.entry) + weight(&entry);
        if let Some(at) = waiting.expires_at {
            self.expiries.remove(&(at, place));
        }
        self.expiries.extend(terms.expires_at.map(|at| (at, place)));
        waiting.expires_at = terms.expires_at;
        waiting.entry = entry;
    }

    /// Messages of which a piece has left go on: the rest of them is worth the quota that they have used.
    fn drop_expired(&mut self, now: Duration) {
        while let Some((at, place)) = self.expiries.first().copied()
            && at <= now
        {
            self.expiries.remove(&(at, place));
            if self.waiting.get(&place).is_some_and(|waiting| waiting.sent == 0) {
                self.drop_message(place, DropReason::Expired);
            }
        }
    }

    fn drop_message(&mut self, place: Place, reason: DropReason) {
        if let Some(waiting) = self.remove(place) {
            self.dropped.push(Dropped { number: waiting.entry.number, reason });
        }
    }

    fn remove(&mut self, place: Place) -> Option<Waiting> {
        let waiting = self.waiting.remove(&place)?;
        self.dues.remove(&(waiting.due, place));
        if let Some(at) = waiting.expires_at {
            self.expiries.remove(&(at, place));
        }
        self.weight -= weight(&waiting.entry);
        let key = (waiting.entry.topic.clone(), waiting.entry.qos);
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.waiting -= 1;
            lane.ordinary -= usize::from(place.class == Class::Ordinary);
            lane.replaceable = lane.replaceable.filter(|newest| *newest != place);
            if lane.waiting == 0 {
                self.lanes.remove(&key);
            }
        }
        Some(waiting)
    }

    /// The frame that would leave now; nothing if nothing waits.
    fn draft(&mut self, time_s: u64, notes: &Notes) -> Option<Draft> {
        loop {
            let head = FrameHead { stream: self.stream, number: self.next_frame, time_s };
            let empty = || FrameWriter::new(&head, notes, self.room);
            let mut draft = Draft { writer: empty(), messages: Vec::new(), weight: 0, full: false };
            let mut too_large = None;
            for (place, waiting) in &self.waiting {
                let rest = waiting.rest();
                if draft.writer.push(&rest) {
                    draft.messages.push((*place, payload_len(&rest)));
                    draft.weight += weight(&waiting.entry);
                    continue;
                }
                draft.full = true;
                if draft.writer.is_empty() {
                    draft.writer = empty();
                    match draft.writer.push_some(&waiting.piece()) {
                        Some(sent) => draft.messages.push((*place, sent)),
                        None => too_large = Some(*place),
                    }
                    draft.weight = weight(&waiting.entry);
                }
                break;
            }
            match too_large {
                Some(place) => self.drop_message(place, DropReason::TooLarge),
                None if draft.messages.is_empty() => return None,
                None => return Some(draft),
            }
        }
    }

    fn send(&mut self, draft: Draft, now: Duration) -> Packed {
        let mut messages = Vec::new();
        for (place, sent) in draft.messages {
            let Some(waiting) = self.waiting.get_mut(&place) else { continue };
            waiting.sent += sent;
            let number = waiting.entry.number;
            let complete = waiting.sent == payload_len(&waiting.entry);
            messages.push(PackedMessage { number, complete });
            match complete {
                true => drop(self.remove(place)),
                false => self.handle_begun(place),
            }
        }
        let number = self.next_frame;
        self.next_frame += 1;
        self.left_at = Some(now);
        Packed { number, text: draft.writer.finish(), messages }
    }

    /// A piece of the message has left, so a newer one cannot take its place.
    fn handle_begun(&mut self, place: Place) {
        let Some(waiting) = self.waiting.get(&place) else { return };
        if let Some(lane) = self.lanes.get_mut(&(waiting.entry.topic.clone(), waiting.entry.qos)) {
            lane.replaceable = lane.replaceable.filter(|newest| *newest != place);
        }
    }
}

impl Waiting {
    /// What of it has not left: all of it, or its last piece.
    fn rest(&self) -> Entry {
        if self.sent == 0 { self.entry.clone() } else { self.piece() }
    }

    /// The same as a piece, which can be cut.
    fn piece(&self) -> Entry {
        let Content::Whole(payload) = &self.entry.content else { return self.entry.clone() };
        let (offset, total) = (self.sent as u32, payload.len() as u32);
        let bytes = payload[self.sent..].to_vec();
        Entry { content: Content::Piece { offset, total, bytes }, ..self.entry.clone() }
    }
}

fn payload_len(entry: &Entry) -> usize {
    match &entry.content {
        Content::Whole(bytes) | Content::Piece { bytes, .. } => bytes.len(),
    }
}

fn weight(entry: &Entry) -> usize {
    entry.topic.as_str().len() + payload_len(entry) + RECORD_OVERHEAD
}

#[cfg(test)]
mod tests;
