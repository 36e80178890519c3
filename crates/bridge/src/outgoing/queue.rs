//! What waits, as a person looks at it and decides on it while the sending half is at work.

use std::collections::BTreeMap;

use twister::Username;

use super::Outgoing;
use crate::clock::Now;
use crate::queue::{QueueAction, QueueChange, QueuePage, QueueTotals, Selection};
use crate::route::Receiver;
use crate::store::{RowId, SentMessage, StoreError};

/// What waits, and what the sending half knows of those it waits for.
#[derive(Debug)]
pub(crate) struct Waiting {
    /// How much waits for each receiver.
    pub totals: BTreeMap<Receiver, QueueTotals>,
    /// When each receiver last said what it has received.
    pub last_heard: BTreeMap<Receiver, u64>,
    /// How often the oldest frame that a receiver is silent about was posted again.
    pub tries: BTreeMap<Receiver, u32>,
    /// The accounts that nothing can go to now.
    pub unreachable: Vec<Username>,
}

impl Outgoing {
    /// What waits.
    pub(crate) fn waiting(&self, now: Now) -> Result<Waiting, StoreError> {
        self.drop_lapsed(now)?;
        let tries = self.store.oldest_unheard()?.into_iter().map(|(receiver, _, tries)| (receiver, tries));
        Ok(Waiting {
            totals: self.store.queue_totals()?,
            last_heard: self.store.last_heard()?,
            tries: tries.collect(),
            unreachable: self.held(),
        })
    }

    /// The selected messages after row `after`, at most `limit` of them.
    pub(crate) fn queue_page(
        &self,
        selection: &Selection,
        after: RowId,
        limit: usize,
        now: Now,
    ) -> Result<QueuePage, StoreError> {
        self.drop_lapsed(now)?;
        self.store.queue_page(selection, after, limit)
    }

    /// How many messages a selection means.
    pub(crate) fn count_queue(&self, selection: &Selection, now: Now) -> Result<QueueTotals, StoreError> {
        self.drop_lapsed(now)?;
        self.store.count_selected(selection)
    }

    /// Does what a person wants with the selected messages.
    pub(crate) fn change_queue(
        &mut self,
        action: QueueAction,
        selection: &Selection,
        now: Now,
    ) -> Result<QueueChange, StoreError> {
        self.drop_lapsed(now)?;
        let mut changed = action.apply(&self.store, selection)?;
        self.dropped.append(&mut changed.dropped);
        if action == QueueAction::Drop {
            changed.frames.iter().for_each(|frame| self.retries.handle_settled(*frame));
        }
        // Lanes have rows in memory that are not to go any more, and have gone past rows that may go again.
        self.lanes.retain(|queue, _| !changed.messages.contains_key(&queue.receiver));
        Ok(action.report(&changed))
    }

    /// What a person has dropped since the last call.
    pub(crate) fn poll_dropped(&mut self) -> Vec<SentMessage> {
        std::mem::take(&mut self.dropped)
    }

    /// What waits for accounts that are reached, and is not held, the lanes drop.
    fn drop_lapsed(&self, now: Now) -> Result<(), StoreError> {
        self.store.drop_lapsed(Some(&self.held()), now.wall_ms)
    }
}

#[cfg(test)]
mod tests;
