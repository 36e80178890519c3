//! What waits in a bridge to go out, for the window: of a bridge that runs, and of one that does not.
//!
//! Deliberately not here: what a hold, release, drop or retry means, which is the engine's.

use mqtt_twister_bridge::Bridge;
use mqtt_twister_bridge::queue::{
    DelayCode, EntryState, QueueAction, QueueChange, QueueEntry, QueuePage, QueueSummary, QueueTotals, RowId,
    Selection, StoppedQueue,
};
use mqtt_twister_bridge::route::Receiver;
use serde::{Deserialize, Serialize};
use specta_typescript::Number;

use crate::app::App;
use crate::error::CommandError;
use crate::view::BridgeId;

/// What waits for one receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, specta::Type)]
pub struct QueueView {
    /// The account that it is for; none for everybody.
    pub receiver: Option<String>,
    /// How many messages, by how far they are.
    pub counts: QueueCounts,
    /// Bytes of their topics and payloads.
    #[specta(type = Number)]
    pub bytes: u64,
    /// When the oldest was taken, in milliseconds since 1970.
    #[specta(type = Option<Number>)]
    pub oldest_ms: Option<u64>,
    /// Messages that are worth nothing any more at some time.
    #[specta(type = Number)]
    pub expiring: u64,
    /// When the first of them expires, in milliseconds since 1970.
    #[specta(type = Option<Number>)]
    pub next_expiry_ms: Option<u64>,
    /// When the receiver last said what it has received, in milliseconds since 1970.
    #[specta(type = Option<Number>)]
    pub last_heard_ms: Option<u64>,
    /// Why it has not arrived.
    pub delays: Vec<DelayView>,
}

/// How many messages, by how far they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, specta::Type)]
pub struct QueueCounts {
    /// They wait to be put into a post.
    #[specta(type = Number)]
    pub waiting: u64,
    /// A person holds them back.
    #[specta(type = Number)]
    pub held: u64,
    /// They are in posts that are not out.
    #[specta(type = Number)]
    pub packed: u64,
    /// They are out, and the receiver has not said to have them.
    #[specta(type = Number)]
    pub posted: u64,
    /// The receiver has them, but not its broker.
    #[specta(type = Number)]
    pub seen: u64,
}

/// Why messages have not arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, specta::Type)]
pub struct DelayView {
    /// Which reason.
    pub code: DelayCode,
    /// The reason in words.
    pub message: String,
}

/// Which messages are meant: those that fit everything that is said here.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, specta::Type)]
pub struct QueueSelection {
    /// Only these; empty for any.
    #[specta(type = Vec<Number>)]
    pub ids: Vec<RowId>,
    /// Only those for this receiver; none for any.
    pub receiver: Option<QueueReceiver>,
    /// Only those on topics that this filter matches; none for any.
    pub topic: Option<String>,
}

/// Which part of the queue is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, specta::Type)]
pub struct QueuePart {
    /// Of which messages.
    pub selection: QueueSelection,
    /// Those after this one; 0 for the first.
    #[specta(type = Number)]
    pub after: RowId,
    /// How many at most.
    pub limit: u32,
}

/// Who messages are for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, specta::Type)]
pub struct QueueReceiver {
    /// The account; none for everybody.
    pub account: Option<String>,
}

/// A part of the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, specta::Type)]
pub struct QueuePageView {
    /// The messages, the oldest first.
    pub entries: Vec<QueueEntryView>,
    /// There are more after these.
    pub more: bool,
}

/// A message that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, specta::Type)]
pub struct QueueEntryView {
    /// Its number in the queue.
    #[specta(type = Number)]
    pub id: RowId,
    /// The account that it is for; none for everybody.
    pub receiver: Option<String>,
    /// Its topic, as it is sent.
    pub topic: String,
    /// Its payload's length in bytes.
    #[specta(type = Number)]
    pub bytes: u64,
    /// Its quality of service: 0, 1 or 2.
    pub qos: u8,
    /// Whether it is retained.
    pub retain: bool,
    /// When it was taken from the local broker, in milliseconds since 1970.
    #[specta(type = Number)]
    pub taken_ms: u64,
    /// When it is worth nothing any more, in milliseconds since 1970.
    #[specta(type = Option<Number>)]
    pub expires_ms: Option<u64>,
    /// How far it is.
    pub stage: QueueStage,
    /// Its post number, once it is out.
    pub number: Option<u32>,
    /// How often it was posted again.
    pub tries: u32,
}

/// How far a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum QueueStage {
    /// It waits to be put into a post.
    Waiting,
    /// A person holds it back.
    Held,
    /// It is in a post that is not out.
    Packed,
    /// It is out, and the receiver has not said to have it.
    Posted,
    /// The receiver has it, but not its broker.
    Seen,
}

/// What was done to the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, specta::Type)]
pub struct QueueChangeView {
    /// Messages that were changed.
    #[specta(type = Number)]
    pub changed: u64,
    /// Selected messages that could not be held or dropped any more.
    #[specta(type = Number)]
    pub too_late: u64,
    /// Posts that a retry makes.
    #[specta(type = Number)]
    pub posts: u64,
}

impl App {
    /// What waits for each receiver. A bridge that never ran has nothing.
    ///
    /// # Errors
    /// What the database says.
    pub async fn queue(&self, id: &BridgeId) -> Result<Vec<QueueView>, CommandError> {
        let bridge = self.bridge(id)?;
        let engine = bridge.engine().await;
        let summaries = match engine.bridge() {
            Some(bridge) => bridge.queue().await?,
            None => self.stopped(id, |queue| queue.summaries()).await?.unwrap_or_default(),
        };
        Ok(summaries.into_iter().map(QueueView::from).collect())
    }

    /// A part of the queue.
    ///
    /// # Errors
    /// What the database says, or a selection that cannot be read.
    pub async fn queue_page(&self, id: &BridgeId, part: QueuePart) -> Result<QueuePageView, CommandError> {
        let QueuePart { selection, after, limit } = part;
        let (selection, limit) = (Selection::try_from(selection)?, limit as usize);
        let bridge = self.bridge(id)?;
        let engine = bridge.engine().await;
        let page = match engine.bridge() {
            Some(bridge) => bridge.queue_page(selection, after, limit).await?,
            None => self.stopped(id, move |queue| queue.page(&selection, after, limit)).await?.unwrap_or_default(),
        };
        let QueuePage { entries, more } = page;
        Ok(QueuePageView { entries: entries.into_iter().map(QueueEntryView::from).collect(), more })
    }

    /// How many messages a selection means.
    ///
    /// # Errors
    /// What the database says, or a selection that cannot be read.
    pub async fn count_queue(&self, id: &BridgeId, selection: QueueSelection) -> Result<QueueCounts, CommandError> {
        let selection = Selection::try_from(selection)?;
        let bridge = self.bridge(id)?;
        let engine = bridge.engine().await;
        let totals = match engine.bridge() {
            Some(bridge) => bridge.count_queue(selection).await?,
            None => self.stopped(id, move |queue| queue.count(&selection)).await?.unwrap_or_default(),
        };
        Ok(totals.into())
    }

    /// Does something with the selected messages.
    ///
    /// # Errors
    /// What the database says, or a selection that cannot be read; nothing is changed then.
    pub async fn change_queue(
        &self,
        id: &BridgeId,
        action: QueueAction,
        selection: QueueSelection,
    ) -> Result<QueueChangeView, CommandError> {
        let selection = Selection::try_from(selection)?;
        let bridge = self.bridge(id)?;
        let engine = bridge.engine().await;
        let change = match engine.bridge() {
            Some(bridge) => Bridge::change_queue(bridge, action, selection).await?,
            None => self.stopped(id, move |queue| queue.change(action, &selection)).await?.unwrap_or_default(),
        };
        let QueueChange { changed, too_late, posts } = change;
        Ok(QueueChangeView { changed, too_late, posts })
    }

    /// Asks the database of a bridge that does not run; none if it has never run.
    async fn stopped<T, F>(&self, id: &BridgeId, ask: F) -> Result<Option<T>, CommandError>
    where
        T: Send + 'static,
        F: FnOnce(&StoppedQueue) -> Result<T, mqtt_twister_bridge::StoreError> + Send + 'static,
    {
        let folder = Bridge::folder(&self.data_dir_of(id).await?, &id.name);
        let asked = tokio::task::spawn_blocking(move || match StoppedQueue::open(&folder)? {
            Some(queue) => ask(&queue).map(Some),
            None => Ok(None),
        });
        let answered = asked.await.unwrap_or(Err(mqtt_twister_bridge::StoreError::ShuttingDown));
        Ok(answered?)
    }
}

/// The account that it is for; none for everybody.
pub(crate) fn account_of(receiver: Receiver) -> Option<String> {
    match receiver {
        Receiver::Everybody => None,
        Receiver::Account(name) => Some(name.into()),
    }
}

/// Who is meant by the account's name; none is everybody.
pub(crate) fn receiver_of(account: Option<String>) -> Result<Receiver, CommandError> {
    match account {
        None => Ok(Receiver::Everybody),
        Some(name) => {
            let name = name.parse().map_err(|error| CommandError::field("receiver", error))?;
            Ok(Receiver::Account(name))
        }
    }
}

impl TryFrom<QueueSelection> for Selection {
    type Error = CommandError;

    fn try_from(QueueSelection { ids, receiver, topic }: QueueSelection) -> Result<Self, CommandError> {
        let receiver = receiver.map(|receiver| receiver_of(receiver.account)).transpose()?;
        let topic = topic.map(|filter| filter.parse()).transpose();
        Ok(Self { ids, receiver, topic: topic.map_err(|error| CommandError::field("topic", error))? })
    }
}

impl From<QueueTotals> for QueueCounts {
    fn from(totals: QueueTotals) -> Self {
        let QueueTotals { waiting, held, packed, posted, seen, .. } = totals;
        Self { waiting, held, packed, posted, seen }
    }
}

impl From<QueueSummary> for QueueView {
    fn from(QueueSummary { receiver, totals, last_heard_ms, delays }: QueueSummary) -> Self {
        let QueueTotals { bytes, oldest_ms, expiring, next_expiry_ms, .. } = totals;
        let delays = delays.into_iter().map(|delay| DelayView { code: delay.code, message: delay.message }).collect();
        let (receiver, counts) = (account_of(receiver), totals.into());
        Self { receiver, counts, bytes, oldest_ms, expiring, next_expiry_ms, last_heard_ms, delays }
    }
}

impl From<QueueEntry> for QueueEntryView {
    fn from(entry: QueueEntry) -> Self {
        let QueueEntry { id, receiver, topic, bytes, qos, retain, taken_ms, expires_ms, state, tries } = entry;
        let (stage, number) = match state {
            EntryState::Waiting => (QueueStage::Waiting, None),
            EntryState::Held => (QueueStage::Held, None),
            EntryState::Packed => (QueueStage::Packed, None),
            EntryState::Posted { number } => (QueueStage::Posted, Some(number)),
            EntryState::Seen { number } => (QueueStage::Seen, Some(number)),
        };
        let (receiver, topic) = (account_of(receiver), topic.into());
        Self { id, receiver, topic, bytes, qos, retain, taken_ms, expires_ms, stage, number, tries }
    }
}
