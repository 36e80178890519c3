//! What becomes of the messages in a frame.

use twister::{PostNumber, Username};

use super::step::{Origin, Step};
use super::{Refusal, Refused, RefusedMessage};
use crate::config::CatchUp;
use crate::frame::v0;
use crate::frame::v1::{Content, Entry, Frame};
use crate::inward::{self, Inward};
use crate::message::{Message, MessageId, Qos};
use crate::store::inbox::{self, Accepted};
use crate::store::ledger::{self, Count};
use crate::store::streams::{self, StreamRow};
use crate::store::{awaited, quarantine, unfinished};
use crate::topic::Topic;

impl Step<'_> {
    /// Takes in the message of a v0 frame.
    pub(super) fn take_v0(&mut self, origin: Origin<'_>, frame: v0::Frame) -> rusqlite::Result<()> {
        let v0::Frame { topic, payload, qos, id } = frame;
        if let Some(id) = &id
            && inbox::has_arrived(self.tx, origin.sender, id)?
        {
            return Ok(());
        }
        self.take_message(origin, id, Message::new(topic, payload, qos), None)
    }

    /// Takes in the messages of a frame whose turn has come.
    pub(super) fn take_frame(&mut self, origin: Origin<'_>, row: &StreamRow, frame: Frame) -> rusqlite::Result<()> {
        let asks = !origin.public && frame.notes.unsettled.is_some();
        let mut delivered = asks && counts_for_receipts(&frame);
        for entry in frame.entries {
            let id = MessageId::new(frame.head.stream.as_str(), entry.number);
            let counts = asks && entry.qos > Qos::AtMostOnce;
            self.take_entry(origin, &id, entry)?;
            if counts && self.is_unsettled(origin.sender, &id)? {
                awaited::add(self.tx, row.id, frame.head.number, origin.sender, &id)?;
                delivered = false;
            }
        }
        match delivered {
            true => streams::owe(self.tx, row.id, self.now.wall_ms),
            false => Ok(()),
        }
    }

    /// Whether something may still become of a message that has come, whole or in part.
    fn is_unsettled(&self, sender: &Username, id: &MessageId) -> rusqlite::Result<bool> {
        Ok(inbox::is_waiting(self.tx, sender, id)? || unfinished::find(self.tx, sender, id)?.is_some())
    }

    fn take_entry(&mut self, origin: Origin<'_>, id: &MessageId, entry: Entry) -> rusqlite::Result<()> {
        if inbox::has_arrived(self.tx, origin.sender, id)? {
            return Ok(());
        }
        let Entry { taken_s, topic, qos, retain, path, properties, content, .. } = entry;
        let message = |payload| Message { topic, payload, qos, retain, properties, path };
        match content {
            Content::Whole(payload) => {
                // Pieces of it, if there were any, are not needed.
                if let Some(unfinished) = unfinished::find(self.tx, origin.sender, id)? {
                    unfinished::remove(self.tx, &unfinished)?;
                }
                self.take_message(origin, Some(id.clone()), message(payload), Some(taken_s))
            }
            Content::Piece { offset, total, bytes } => {
                self.take_piece(origin, id, message(bytes), taken_s, offset..total)
            }
        }
    }

    /// Takes a whole message into the inbox, if it is wanted. It was taken by its author's bridge at `taken_s`.
    pub(super) fn take_message(
        &mut self,
        origin: Origin<'_>,
        id: Option<MessageId>,
        message: Message,
        taken_s: Option<u64>,
    ) -> rusqlite::Result<()> {
        let Origin { sender, post: number, public, .. } = origin;
        let (message, expires_ms) = match self.admit(origin, message.clone(), taken_s) {
            Ok(admitted) => admitted,
            Err(left_out) => {
                self.leave_out(origin, id.as_ref(), message, left_out)?;
                // Frames may wait for it that brought pieces of it.
                return id
                    .map_or(Ok(()), |id| awaited::settle(self.tx, sender.as_str(), id.as_str(), self.now.wall_ms));
            }
        };
        if let Some(id) = &id {
            inbox::note_arrived(self.tx, sender, id, self.now.wall_ms)?;
        }
        let accepted = Accepted { sender: sender.clone(), number, public, message, id, expires_ms };
        self.news.rows.push(inbox::accept(self.tx, accepted, self.now.wall_ms)?);
        Ok(())
    }

    /// The message as it gets in, and when it expires, in milliseconds since 1970.
    pub(super) fn admit(
        &self,
        origin: Origin<'_>,
        message: Message,
        taken_s: Option<u64>,
    ) -> Result<(Message, Option<u64>), LeftOut> {
        let is_old = match origin.take {
            CatchUp::Everything => false,
            CatchUp::Retained => !message.retain,
            CatchUp::FromNowOn => true,
        };
        if is_old {
            return Err(LeftOut::Unwanted);
        }
        let message = match inward::inward(origin.sender, message, self.config) {
            Inward::Wanted(message) => message,
            Inward::Unwanted => return Err(LeftOut::Unwanted),
            Inward::Refused(refusal) => return Err(LeftOut::Refused(refusal.into())),
        };
        let expires_ms = message.properties.expiry_s.zip(taken_s).map(|(expiry_s, taken_s)| {
            // By a clock that is ahead of ours it was taken in the future: it is not worth more for that.
            let taken_s = taken_s.min(self.now.wall_s());
            (taken_s + u64::from(expiry_s)) * 1000
        });
        match expires_ms.is_some_and(|expires_ms| expires_ms <= self.now.wall_ms) {
            true => Err(LeftOut::Expired),
            false => Ok((message, expires_ms)),
        }
    }

    /// Counts a message that does not get in.
    pub(super) fn leave_out(
        &mut self,
        origin: Origin<'_>,
        id: Option<&MessageId>,
        message: Message,
        why: LeftOut,
    ) -> rusqlite::Result<()> {
        match why {
            LeftOut::Unwanted => ledger::add(self.tx, Count::Unwanted, 1),
            LeftOut::Expired => ledger::add(self.tx, Count::Expired, 1),
            LeftOut::Refused(reason) => self.refuse_message(origin, id, message, reason),
        }
    }

    /// Refuses a message that can be read.
    pub(super) fn refuse_message(
        &mut self,
        origin: Origin<'_>,
        id: Option<&MessageId>,
        message: Message,
        reason: Refusal,
    ) -> rusqlite::Result<()> {
        self.refuse(origin.sender, origin.post, Some(&message.topic), reason, &message.payload)?;
        if let Some(refused) = self.news.refused.last_mut() {
            refused.message = Some(RefusedMessage { id: id.cloned(), public: origin.public, message });
        }
        Ok(())
    }

    /// Refuses a message, or a frame that has no readable one: counts it, and keeps it to be looked at.
    pub(super) fn refuse(
        &mut self,
        sender: &Username,
        post: PostNumber,
        topic: Option<&Topic>,
        reason: Refusal,
        payload: &[u8],
    ) -> rusqlite::Result<()> {
        let entry =
            quarantine::NewEntry { sender, post, topic, code: reason.code(), reason: &reason.to_string(), payload };
        quarantine::add(self.tx, &entry, self.config.limits.quarantine, self.now.wall_ms)?;
        ledger::add(self.tx, Count::Refused, 1)?;
        self.news.refused.push(Refused { sender: sender.clone(), number: post, reason, message: None });
        Ok(())
    }
}

/// Why a message does not get in.
pub(super) enum LeftOut {
    /// The owner did not ask for such messages.
    Unwanted,
    /// It is worth nothing any more.
    Expired,
    /// It must not get in.
    Refused(Refusal),
}

/// Whether there is something in a frame of which its author may want to hear.
pub(super) fn counts_for_receipts(frame: &Frame) -> bool {
    frame.entries.iter().any(|entry| entry.qos > Qos::AtMostOnce)
}
