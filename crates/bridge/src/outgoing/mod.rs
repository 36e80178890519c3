//! What leaves: packs what waits in the outbox into frames, and keeps each frame until it is settled.
//!
//! It works on the database and has neither socket, clock nor task: the driver (`engine/poster`) hands it the time, posts
//! what it gives, and tells it what became of that. Whatever it decides is in the database before the driver acts on it, so
//! a kill at any instant loses nothing; after an error it forgets what it has in memory and begins with the database again.
//!
//! Deliberately not here: which messages share a frame ([`crate::pack`]), and how a post is made.

mod lane;
mod outcome;
mod queue;
mod retry;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use twister::{PostNumber, Username};

use self::lane::{DroppedRow, Lane};
pub(crate) use self::outcome::{Fate, Outcome, PeerTerms};
pub(crate) use self::queue::Waiting;
use self::retry::Retries;
use crate::clock::Now;
use crate::frame::v1::{Receipt, Stream};
use crate::message::Qos;
use crate::pack::Pace;
use crate::route::Receiver;
use crate::store::{Count, FrameRow, Queue, Replaced, RowId, SentMessage, Store, StoreError, Taken, Written};
use crate::topic::TopicFilter;

/// Frames that are made before the first of them is out. Few, so that what is urgent does not stand behind many.
const MOST_TO_POST: usize = 16;

/// How long messages of quality of service 0 wait for an account that is not heard of yet, in milliseconds.
const STALE_MS: u64 = 120_000;

/// How long receipts wait for a frame that they could ride on.
const RECEIPT_DELAY: Duration = Duration::from_millis(1500);
const SCARCE_RECEIPT_DELAY: Duration = Duration::from_secs(30);

/// The sending half of a bridge.
pub(crate) struct Outgoing {
    store: Store,
    account: Username,
    stream: Stream,
    pace: Pace,
    peers: BTreeMap<Username, PeerTerms>,
    lanes: BTreeMap<Queue, Lane>,
    retries: Retries,
    /// Who waits for a frame that will not come, and has to hear that.
    in_vain: BTreeSet<Receiver>,
    /// What a person has dropped, to be told of.
    dropped: Vec<SentMessage>,
}

impl Outgoing {
    /// The sending half of `account`, whose messages `stream` names.
    pub(crate) fn new(store: Store, account: Username, stream: Stream) -> Self {
        let (peers, lanes) = (BTreeMap::new(), BTreeMap::new());
        let (retries, in_vain) = (Retries::default(), BTreeSet::new());
        Self { store, account, stream, pace: Pace::Out, peers, lanes, retries, in_vain, dropped: Vec::new() }
    }

    /// Takes messages over from the local broker; after it they may be acknowledged. Returns the number that each has in
    /// the stream, none if it is for nobody or was taken before, and what became of others.
    pub(crate) fn take(&mut self, batch: &[Taken], now: Now) -> Result<(Vec<Option<u64>>, Vec<Outcome>), StoreError> {
        let Written { numbers, replaced, dropped } = self.store.take(batch, now.wall_ms)?;
        let mut outcomes: Vec<Outcome> = dropped.into_iter().map(Outcome::Expired).collect();
        for Replaced { old, row } in replaced {
            for lane in self.lanes.values_mut().filter(|lane| lane.receiver() == &row.receiver) {
                lane.handle_replaced(old.number, &row, now);
            }
            outcomes.push(Outcome::Superseded(old));
        }
        Ok((numbers, outcomes))
    }

    /// How freely posts may be used from now on.
    pub(crate) fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
        self.lanes.values_mut().for_each(|lane| lane.set_pace(pace));
    }

    /// What is known of the accounts that private messages go to. Nothing goes to those that are not named.
    pub(crate) fn set_peers(&mut self, peers: BTreeMap<Username, PeerTerms>) -> Result<(), StoreError> {
        for (name, terms) in &peers {
            let before = self.terms(name);
            let receiver = Receiver::Account(name.clone());
            if before.packed != terms.packed {
                self.lanes.retain(|queue, _| queue.receiver != receiver);
            }
            // After a start nothing is known of what was before.
            if terms.reachable && !(terms.packed && terms.receipts) && before != *terms {
                self.store.stop_awaiting(&receiver)?;
            }
        }
        self.peers = peers;
        Ok(())
    }

    /// `peer` wants these topics from now on: what waits for it on others is dropped.
    pub(crate) fn handle_published(&mut self, peer: &Username, wanted: &[TopicFilter]) -> Result<(), StoreError> {
        if self.store.drop_unwanted(peer, wanted)? > 0 {
            self.lanes.retain(|queue, _| queue.receiver != Receiver::Account(peer.clone()));
        }
        Ok(())
    }

    /// Makes the frames that should leave now, as far as posts may be used, and has those posted again that were not heard
    /// of. What they are is in [`Outgoing::frames_to_post`] then.
    pub(crate) fn pack(&mut self, now: Now) -> Result<Vec<Outcome>, StoreError> {
        self.pack_some(MOST_TO_POST, now)
    }

    /// The same, but makes so many frames at most.
    pub(crate) fn pack_some(&mut self, most: usize, now: Now) -> Result<Vec<Outcome>, StoreError> {
        let outcomes = self.try_pack(most, now);
        if outcomes.is_err() {
            // Frames may have been made that were not written down.
            self.lanes.clear();
        }
        outcomes
    }

    fn try_pack(&mut self, most: usize, now: Now) -> Result<Vec<Outcome>, StoreError> {
        let held = self.held();
        let stale = self.store.drop_stale(&held, now.wall_ms.saturating_sub(STALE_MS))?;
        // A lane that waits for what is gone has something due for ever, and never sends it.
        self.lanes.retain(|queue, _| stale.iter().all(|dropped| dropped.receiver != queue.receiver));
        let given_up = self.try_again(now)?;
        let owed = self.owed(now)?;
        let mut outcomes: Vec<Outcome> = stale.into_iter().chain(given_up).map(Outcome::Expired).collect();
        let to_post = self.store.count_to_post(&held)?;
        let mut room = MOST_TO_POST.saturating_sub(to_post).min(most);
        for queue in self.queues(&owed)? {
            let receiver = queue.receiver.clone();
            let awaited = self.is_awaited(&receiver);
            let mut lane = match self.lanes.remove(&queue) {
                Some(lane) if lane.is_packed() || !owed.contains(&receiver) => lane,
                _ => {
                    let next_frame = self.store.next_frame(&receiver)?;
                    // Who asks for receipts understands them.
                    let packed = self.is_packed(&queue) || owed.contains(&receiver);
                    Lane::new(queue.clone(), packed, &self.account, self.stream, next_frame, self.pace)
                }
            };
            lane.load(&self.store, now)?;
            let mut alone = owed.contains(&receiver);
            while room > 0 && self.pace != Pace::Out {
                let notes = self.store.notes(&receiver, awaited.then_some(lane.next_frame()))?;
                let Some(frame) = lane.poll_frame(now, &notes, awaited, alone) else { break };
                self.store.add_frame(&frame, &notes.receipts)?;
                alone = false;
                self.in_vain.remove(&receiver);
                room -= 1;
                lane.load(&self.store, now)?;
            }
            for DroppedRow { id, count, message } in lane.poll_dropped(&self.store)? {
                self.store.drop_rows(&[id], count)?;
                let outcome = match count {
                    Count::Superseded => Outcome::Superseded,
                    Count::Refused => Outcome::TooLarge,
                    _ => Outcome::Expired,
                };
                outcomes.extend(message.map(outcome));
            }
            self.lanes.insert(queue, lane);
        }
        Ok(outcomes)
    }

    /// The queues that may have something to send.
    fn queues(&self, owed: &BTreeSet<Receiver>) -> Result<Vec<Queue>, StoreError> {
        let mut receivers: BTreeSet<Receiver> = self.store.waiting_receivers()?.into_iter().collect();
        receivers.extend(owed.iter().cloned());
        let mut queues = Vec::new();
        for receiver in receivers {
            match &receiver {
                Receiver::Everybody => {
                    let queue = |compatible| Queue { receiver: receiver.clone(), compatible };
                    queues.extend([false, true].map(queue));
                }
                Receiver::Account(name) if self.terms(name).reachable => {
                    queues.push(Queue { receiver, compatible: false });
                }
                Receiver::Account(_) => {}
            }
        }
        Ok(queues)
    }

    /// To whom receipts are owed that have waited long enough for a frame to ride on, and who waits in vain.
    fn owed(&self, now: Now) -> Result<BTreeSet<Receiver>, StoreError> {
        let due = self.receipts_due(now)?.into_iter().filter(|(_, wait)| wait.is_zero()).map(|(peer, _)| peer);
        Ok(due.chain(self.in_vain.iter().cloned()).collect())
    }

    /// To whom receipts are owed, and how long these wait for a frame that they could ride on. Nothing is written to whoever
    /// was not heard of: what waits for it would leave with them.
    fn receipts_due(&self, now: Now) -> Result<Vec<(Receiver, Duration)>, StoreError> {
        let delay = if self.pace == Pace::Plenty { RECEIPT_DELAY } else { SCARCE_RECEIPT_DELAY };
        // A clock that was put back says nothing: then they have waited long enough.
        let waited = |since_ms: u64| now.wall_ms.checked_sub(since_ms).map_or(delay, Duration::from_millis);
        let owed = self.store.owed()?.into_iter().filter(|(peer, _)| self.terms(peer).reachable);
        Ok(owed.map(|(peer, since)| (Receiver::Account(peer), delay.saturating_sub(waited(since)))).collect())
    }

    /// Has the frames posted again that their receivers have been silent about for too long. Frames that are worth nothing
    /// any more are given up instead; returns what was in these.
    fn try_again(&mut self, now: Now) -> Result<Vec<SentMessage>, StoreError> {
        let mut lost = Vec::new();
        loop {
            let oldest = self.store.oldest_unheard()?;
            let mut given_up = false;
            for frame in self.retries.poll(&oldest, self.pace != Pace::Plenty, now.mono) {
                if self.store.is_worthless(frame, now.wall_ms)? {
                    lost.extend(self.store.settle(&[frame], Some(Count::Expired))?);
                    given_up = true;
                } else {
                    self.store.post_again(frame, true)?;
                }
            }
            // The one after it is the oldest now.
            if !given_up {
                return Ok(lost);
            }
        }
    }

    /// The frames that have to be posted, the oldest first.
    pub(crate) fn frames_to_post(&self, limit: usize) -> Result<Vec<FrameRow>, StoreError> {
        self.store.frames_to_post(&self.held(), limit)
    }

    /// How many these are, with those that are being posted.
    pub(crate) fn count_to_post(&self) -> Result<usize, StoreError> {
        self.store.count_to_post(&self.held())
    }

    /// The frames of which nobody knows whether they are out: what the driver was about to do when it was stopped.
    pub(crate) fn doubtful_frames(&self) -> Result<Vec<FrameRow>, StoreError> {
        self.store.doubtful_frames()
    }

    /// Writes down the post number that a frame is about to go out under, before it goes.
    pub(crate) fn assign_post(&self, frame: RowId, number: PostNumber) -> Result<(), StoreError> {
        self.store.assign_post(frame, number)
    }

    /// Writes down that a number is used, by whomever.
    pub(crate) fn skip_number(&self, number: PostNumber) -> Result<(), StoreError> {
        self.store.skip_number(number)
    }

    /// Whether something waits that cannot leave because the posts are used up.
    pub(crate) fn is_stuck(&self) -> Result<bool, StoreError> {
        Ok(self.pace == Pace::Out && !self.queues(&BTreeSet::new())?.is_empty())
    }

    /// Tells what became of a post.
    pub(crate) fn settle_post(
        &mut self,
        frame: RowId,
        number: PostNumber,
        fate: Fate,
        now: Now,
    ) -> Result<Vec<Outcome>, StoreError> {
        match fate {
            Fate::Out => self.settle_out(&[(frame, number)], now),
            Fate::Stolen => {
                self.store.skip_number(number)?;
                self.store.post_again(frame, false)?;
                Ok(Vec::new())
            }
            Fate::Absent => {
                self.store.post_again(frame, false)?;
                Ok(Vec::new())
            }
        }
    }

    /// Tells which frames were found out, and under which numbers.
    pub(crate) fn settle_out(&mut self, posts: &[(RowId, PostNumber)], now: Now) -> Result<Vec<Outcome>, StoreError> {
        let frames: Vec<RowId> = posts.iter().map(|(frame, _)| *frame).collect();
        frames.iter().for_each(|frame| self.retries.handle_out(*frame, now.mono));
        let sent = self.store.confirm_out(&frames)?.into_iter().zip(posts);
        let outcomes = sent.flat_map(|(messages, (_, number))| {
            messages.into_iter().map(|message| Outcome::Posted(message, Some(*number)))
        });
        Ok(outcomes.collect())
    }

    /// A frame can never be posted: what is in it is dropped and counted.
    pub(crate) fn refuse(&mut self, frame: RowId) -> Result<Vec<Outcome>, StoreError> {
        let refused = self.store.settle(&[frame], Some(Count::Refused))?;
        Ok(refused.into_iter().map(Outcome::TooLarge).collect())
    }

    /// `peer` says which frames it has. What it says of other streams, or of frames that never were, changes nothing.
    pub(crate) fn handle_receipts(
        &mut self,
        peer: &Username,
        receipts: &[Receipt],
        now: Now,
    ) -> Result<Vec<Outcome>, StoreError> {
        let receiver = Receiver::Account(peer.clone());
        self.store.set_last_heard(peer, now.wall_ms)?;
        let mut outcomes = Vec::new();
        for receipt in receipts.iter().filter(|receipt| receipt.stream == self.stream) {
            let (mut delivered, mut seen) = (Vec::new(), Vec::new());
            for frame in self.store.awaited(&receiver)? {
                if receipt.delivered.contains(frame.number) {
                    delivered.push(frame.id);
                } else if receipt.arrived.contains(frame.number) {
                    if !frame.seen {
                        seen.push(frame.id);
                    }
                } else if frame.number < receipt.arrived.highest
                    && frame.out
                    && !self.retries.is_under_way(frame.id, now.mono)
                {
                    self.store.post_again(frame.id, true)?;
                }
            }
            if self.waits_in_vain(&receiver, receipt)? {
                self.in_vain.insert(receiver.clone());
            }
            self.retries.handle_heard(&receiver);
            delivered.iter().for_each(|frame| self.retries.handle_settled(*frame));
            outcomes.extend(self.store.mark_seen(&seen)?.into_iter().map(Outcome::Seen));
            // Receipts say nothing of messages of quality of service 0.
            let settled = self.store.settle(&delivered, Some(Count::Acked))?.into_iter();
            outcomes.extend(settled.filter(|sent| sent.message.qos != Qos::AtMostOnce).map(Outcome::Acked));
        }
        Ok(outcomes)
    }

    /// Whether the first frame that `receiver` waits for is settled here, so that it has to hear which ones are not.
    fn waits_in_vain(&self, receiver: &Receiver, receipt: &Receipt) -> Result<bool, StoreError> {
        let Some(missing) = receipt.arrived.gaps.first().map(|gap| *gap.start()) else { return Ok(false) };
        let lowest = self.store.notes(receiver, Some(self.store.next_frame(receiver)?))?.unsettled;
        Ok(self.is_awaited(receiver) && lowest.is_some_and(|lowest| lowest > missing))
    }

    /// When to pack again if nothing happens before, on the monotonic clock.
    pub(crate) fn timeout(&self, now: Now) -> Result<Option<Duration>, StoreError> {
        let receipts = self.receipts_due(now)?.into_iter().map(|(_, wait)| now.mono + wait);
        let receipts = receipts.filter(|_| self.pace != Pace::Out);
        let held = self.held();
        let is_held = |lane: &&Lane| held.iter().any(|name| *lane.receiver() == Receiver::Account(name.clone()));
        let lanes = self.lanes.values().filter(|lane| !is_held(lane)).filter_map(Lane::timeout);
        Ok(receipts.chain(lanes).chain(self.retries.timeout()).min())
    }

    /// The accounts that nothing can go to now.
    fn held(&self) -> Vec<Username> {
        self.peers.iter().filter(|(_, terms)| !terms.reachable).map(|(name, _)| name.clone()).collect()
    }

    fn terms(&self, peer: &Username) -> PeerTerms {
        self.peers.get(peer).copied().unwrap_or(PeerTerms::UNKNOWN)
    }

    fn is_packed(&self, queue: &Queue) -> bool {
        match &queue.receiver {
            Receiver::Everybody => !queue.compatible,
            Receiver::Account(name) => self.terms(name).packed,
        }
    }

    fn is_awaited(&self, receiver: &Receiver) -> bool {
        match receiver {
            Receiver::Everybody => false,
            Receiver::Account(name) => {
                let terms = self.terms(name);
                terms.packed && terms.receipts
            }
        }
    }
}

#[cfg(test)]
mod tests;
