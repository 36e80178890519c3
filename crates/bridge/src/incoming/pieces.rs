//! Puts messages together that came in pieces.

use std::ops::Range;

use twister::Username;

use super::Refusal;
use super::step::{Origin, Step};
use crate::message::{Message, MessageId, Qos};
use crate::store::unfinished::{self, Head, Unfinished};
use crate::store::{awaited, inbox};

/// Most messages of an account that are unfinished.
const MOST_UNFINISHED: usize = 32;

/// Most bytes that these take up together.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Most runs of bytes of a message that may stand apart.
const MOST_RUNS: usize = 1024;

impl Step<'_> {
    /// Takes in a piece of a message, and the message if it is whole now. `place` is where the piece begins, and the length
    /// of the whole payload.
    pub(super) fn take_piece(
        &mut self,
        origin: Origin<'_>,
        id: &MessageId,
        piece: Message,
        taken_s: u64,
        place: Range<u32>,
    ) -> rusqlite::Result<()> {
        let (offset, total) = (place.start, place.end);
        let Message { topic, payload: bytes, qos, retain, properties, path } = piece;
        let head = Head { topic, qos: qos.into(), retain, taken_s, path, properties };
        let mut whole = match unfinished::find(self.tx, origin.sender, id)? {
            Some(unfinished) => unfinished,
            None => {
                // What does not get in need not be put together. No further piece of it is looked at.
                let blank = message(head.clone(), vec![0; total as usize], qos);
                if let Err(left_out) = self.admit(origin, blank, Some(taken_s)) {
                    self.leave_out(origin, Some(id), message(head, bytes, qos), left_out)?;
                    return inbox::note_arrived(self.tx, origin.sender, id, self.now.wall_ms).map(drop);
                }
                unfinished::begin(self.tx, origin.sender, id, head.clone(), total, self.now.wall_ms)?
            }
        };
        if whole.total != total || whole.head.topic != head.topic || whole.head.qos != head.qos {
            return self.refuse_message(origin, Some(id), message(head, bytes, qos), Refusal::PieceOfAnother);
        }
        unfinished::add(self.tx, &mut whole, offset, &bytes)?;
        if total == 0 || whole.there.contains_run(0..=u64::from(total) - 1) {
            let payload = unfinished::payload(self.tx, &whole)?;
            unfinished::remove(self.tx, &whole)?;
            let taken_s = Some(whole.head.taken_s);
            let message = message(whole.head, payload, qos);
            self.take_message(origin, Some(id.clone()), message, taken_s)?;
            return inbox::note_arrived(self.tx, origin.sender, id, self.now.wall_ms).map(drop);
        }
        if whole.there.runs().len() > MOST_RUNS {
            return self.give_up(origin, &whole);
        }
        self.make_room(origin)
    }

    /// Gives up the oldest unfinished messages of the sender, as long as there are too many.
    fn make_room(&mut self, origin: Origin<'_>) -> rusqlite::Result<()> {
        let all = unfinished::all_of(self.tx, origin.sender)?;
        let mut size: usize = all.iter().map(|unfinished| unfinished.size).sum();
        let mut count = all.len();
        for unfinished in &all {
            if count <= MOST_UNFINISHED && size <= MOST_BYTES {
                break;
            }
            self.give_up(origin, unfinished)?;
            count -= 1;
            size -= unfinished.size;
        }
        Ok(())
    }

    /// What is there of a message is refused, and what comes of it later is left alone.
    fn give_up(&mut self, origin: Origin<'_>, unfinished: &Unfinished) -> rusqlite::Result<()> {
        let there = unfinished.there.runs().iter().map(|(first, last)| last - first + 1).sum();
        let reason = Refusal::Unfinished { there, total: unfinished.total };
        let payload = unfinished::payload(self.tx, unfinished)?;
        self.refuse(origin.sender, origin.post, Some(&unfinished.head.topic), reason, &payload)?;
        unfinished::remove(self.tx, unfinished)?;
        self.settle(origin.sender, &unfinished.message)
    }

    /// Nothing more becomes of a message.
    fn settle(&mut self, sender: &Username, id: &MessageId) -> rusqlite::Result<()> {
        inbox::note_arrived(self.tx, sender, id, self.now.wall_ms)?;
        awaited::settle(self.tx, sender.as_str(), id.as_str(), self.now.wall_ms)
    }
}

fn message(head: Head, payload: Vec<u8>, qos: Qos) -> Message {
    let Head { topic, retain, path, properties, .. } = head;
    Message { topic, payload, qos, retain, properties, path }
}
