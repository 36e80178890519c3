//! The queue of a bridge that does not run.

use std::path::Path;

use super::{
    Delay, DelayCode, MOST_ENTRIES, Outlook, QueueAction, QueueChange, QueuePage, QueueSummary, QueueTotals, Selection,
    delays,
};
use crate::clock::now_ms;
use crate::event::Counters;
use crate::store::{Changed, RowId, Store, StoreError};

/// The database of a bridge that does not run. While this is open the bridge cannot start, so it should not be kept for
/// long. What is decided here counts from the bridge's next start on.
pub struct StoppedQueue {
    store: Store,
}

impl StoppedQueue {
    /// Opens the database in the bridge's folder; none if the bridge has never run. Blocks, as all of this does.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if the bridge runs, or what else keeps the database from being opened.
    pub fn open(folder: &Path) -> Result<Option<Self>, StoreError> {
        match Store::exists(folder) {
            true => Ok(Some(Self { store: Store::open(folder)? })),
            false => Ok(None),
        }
    }

    /// What waits for each receiver.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn summaries(&self) -> Result<Vec<QueueSummary>, StoreError> {
        let now_ms = now_ms();
        self.store.drop_lapsed(None, now_ms)?;
        let heard = self.store.last_heard()?;
        let summary = |(receiver, totals)| {
            let last_heard_ms = heard.get(&receiver).copied();
            let leaving = Delay::new(DelayCode::NotRunning, "the bridge does not run; they leave when it does");
            let outlook = Outlook { leaving, last_heard_ms, tries: 0 };
            let delays = delays(&receiver, &totals, &outlook, now_ms);
            QueueSummary { receiver, totals, last_heard_ms, delays }
        };
        Ok(self.store.queue_totals()?.into_iter().map(summary).collect())
    }

    /// The selected messages after entry `after` (0 for the first), at most `limit` of them and [`MOST_ENTRIES`].
    ///
    /// # Errors
    /// What SQLite says.
    pub fn page(&self, selection: &Selection, after: RowId, limit: usize) -> Result<QueuePage, StoreError> {
        self.store.drop_lapsed(None, now_ms())?;
        self.store.queue_page(selection, after, limit.min(MOST_ENTRIES))
    }

    /// How many messages a selection means, by how far they are.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn count(&self, selection: &Selection) -> Result<QueueTotals, StoreError> {
        self.store.drop_lapsed(None, now_ms())?;
        self.store.count_selected(selection)
    }

    /// Does something with the selected messages.
    ///
    /// # Errors
    /// What SQLite says; nothing is changed then.
    pub fn change(&self, action: QueueAction, selection: &Selection) -> Result<QueueChange, StoreError> {
        self.store.drop_lapsed(None, now_ms())?;
        Ok(action.report(&action.apply(&self.store, selection)?))
    }

    /// What has crossed so far.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn counters(&self) -> Result<Counters, StoreError> {
        self.store.counters_now()
    }
}

impl QueueAction {
    /// Changes the selected messages in the database.
    pub(crate) fn apply(self, store: &Store, selection: &Selection) -> Result<Changed, StoreError> {
        match self {
            Self::Hold => store.set_held(selection, true),
            Self::Release => store.set_held(selection, false),
            Self::Drop => store.drop_selected(selection),
            Self::Retry => store.retry_selected(selection),
        }
    }

    /// What a person is told of a change.
    pub(crate) fn report(self, changed: &Changed) -> QueueChange {
        let posts = if self == Self::Retry { changed.frames.len() as u64 } else { 0 };
        QueueChange { changed: changed.sum(), too_late: changed.too_late, posts }
    }
}
