//! The inbox: what was accepted from the network and is not at the local broker yet.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use twister::{PostNumber, Username};

use super::ledger::{self, Count};
use super::{RowId, Store, StoreError, awaited, broken, quarantine, unfinished};
use crate::message::{Message, MessageId, Properties, Qos};
use crate::topic::Topic;

/// Post numbers of an account, back from its newest, that are told apart: as many as are looked for, and some more.
const KEPT_NUMBERS: u32 = 20_000;

/// A message that waits for the local broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxRow {
    /// Its key.
    pub id: RowId,
    /// Who sent it.
    pub sender: Username,
    /// The number of the post that brought it.
    pub number: PostNumber,
    /// Whether it came as a public post.
    pub public: bool,
    /// Which message of its sender it is, if the sender says so.
    pub message_id: Option<MessageId>,
    /// The message. Its path ends with the sender.
    pub message: Message,
    /// When it is worth nothing any more, in milliseconds since 1970.
    pub expires_ms: Option<u64>,
}

/// A message that is taken into the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub sender: Username,
    pub number: PostNumber,
    pub public: bool,
    pub message: Message,
    /// Which message of its sender it is, if the sender says so.
    pub id: Option<MessageId>,
    pub expires_ms: Option<u64>,
}

impl Store {
    /// The oldest rows after `after`, at most `limit`.
    pub async fn inbox(&self, after: RowId, limit: usize) -> Result<Vec<InboxRow>, StoreError> {
        self.transaction(move |tx| rows_after(tx, after, limit)).await
    }

    /// The local broker has taken these rows over.
    pub async fn confirm_delivered(&self, rows: Vec<RowId>, now_ms: u64) -> Result<(), StoreError> {
        self.transaction(move |tx| confirm_delivered(tx, &rows, now_ms)).await
    }

    /// These rows were worth nothing any more before the local broker could take them.
    pub async fn drop_expired(&self, rows: Vec<RowId>, now_ms: u64) -> Result<(), StoreError> {
        self.transaction(move |tx| {
            let dropped = rows.iter().map(|row| remove(tx, *row, now_ms)).sum::<rusqlite::Result<usize>>()?;
            ledger::add(tx, Count::Expired, dropped)
        })
        .await
    }

    /// The local broker refuses this row for good: it goes to the quarantine, of which `kept` entries are kept.
    pub async fn drop_refused(&self, row: InboxRow, reason: String, kept: u32, now_ms: u64) -> Result<(), StoreError> {
        self.transaction(move |tx| {
            if remove(tx, row.id, now_ms)? == 0 {
                return Ok(());
            }
            let refused = quarantine::NewEntry {
                sender: &row.sender,
                post: row.number,
                topic: Some(&row.message.topic),
                code: "refused_by_broker",
                reason: &reason,
                payload: &row.message.payload,
            };
            quarantine::add(tx, &refused, kept, now_ms)?;
            ledger::add(tx, Count::Refused, 1)
        })
        .await
    }

    /// Forgets ids of messages that arrived before `before_ms`, what has been unfinished since, and post numbers so far
    /// back that nobody looks for those around them any more: what is below is taken for looked at.
    pub async fn forget_old(&self, before_ms: u64, now_ms: u64) -> Result<(), StoreError> {
        self.transaction(move |tx| {
            tx.execute("DELETE FROM arrived WHERE arrived_ms < ?1", [before_ms])?;
            unfinished::forget(tx, before_ms, now_ms)?;
            tx.execute(
                "UPDATE peer SET begins_at = max(begins_at, coalesce(
                     (SELECT max(number) FROM looked_at WHERE sender = name), 0) - ?1)",
                [KEPT_NUMBERS],
            )?;
            let forgotten = "DELETE FROM looked_at WHERE number < (SELECT begins_at FROM peer WHERE name = sender)";
            tx.execute(forgotten, []).map(drop)
        })
        .await
    }

    /// The post numbers of `sender` that need no further look, in order.
    pub async fn looked_at(&self, sender: &Username) -> Result<Vec<PostNumber>, StoreError> {
        let sender = sender.clone();
        self.transaction(move |tx| {
            let query = "SELECT number FROM looked_at WHERE sender = ?1 ORDER BY number";
            tx.prepare(query)?.query_map([sender.as_str()], |row| row.get(0).map(PostNumber))?.collect()
        })
        .await
    }
}

/// Writes down that a post is looked at; false if it was before.
pub(crate) fn note_looked_at(tx: &Transaction<'_>, sender: &Username, number: PostNumber) -> rusqlite::Result<bool> {
    let looked = params![sender.as_str(), number.0];
    Ok(tx.prepare_cached("INSERT OR IGNORE INTO looked_at VALUES (?1, ?2)")?.execute(looked)? > 0)
}

/// Writes down that a message needs no further look; false if it was before.
pub(crate) fn note_arrived(
    tx: &Transaction<'_>,
    sender: &Username,
    id: &MessageId,
    now_ms: u64,
) -> rusqlite::Result<bool> {
    let arrived = params![sender.as_str(), id.as_str(), now_ms];
    Ok(tx.prepare_cached("INSERT OR IGNORE INTO arrived VALUES (?1, ?2, ?3)")?.execute(arrived)? > 0)
}

/// Whether a message needs no further look.
pub(crate) fn has_arrived(tx: &Transaction<'_>, sender: &Username, id: &MessageId) -> rusqlite::Result<bool> {
    let query = "SELECT 1 FROM arrived WHERE sender = ?1 AND message = ?2";
    tx.prepare_cached(query)?.exists([sender.as_str(), id.as_str()])
}

/// Whether a message waits for the local broker.
pub(crate) fn is_waiting(tx: &Transaction<'_>, sender: &Username, id: &MessageId) -> rusqlite::Result<bool> {
    let query = "SELECT 1 FROM inbox WHERE sender = ?1 AND message = ?2";
    tx.prepare_cached(query)?.exists([sender.as_str(), id.as_str()])
}

/// Takes a message into the inbox. It has yet to be counted.
pub(crate) fn accept(tx: &Transaction<'_>, accepted: Accepted, now_ms: u64) -> rusqlite::Result<InboxRow> {
    let Accepted { sender, number, public, message, id: message_id, expires_ms } = accepted;
    let query = "INSERT INTO inbox
                     (sender, number, public, topic, payload, qos, received_ms, message, retain, properties, path, expires_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    let fields = params![
        sender.as_str(),
        number.0,
        public,
        message.topic.as_str(),
        message.payload,
        u8::from(message.qos),
        now_ms,
        message_id.as_ref().map(MessageId::as_str),
        message.retain,
        to_json(&message.properties)?,
        to_json(&message.path)?,
        expires_ms,
    ];
    let id = tx.prepare_cached(query)?.insert(fields)?;
    Ok(InboxRow { id, sender, number, public, message_id, message, expires_ms })
}

/// The oldest rows after `after`, at most `limit`.
pub(crate) fn rows_after(tx: &Transaction<'_>, after: RowId, limit: usize) -> rusqlite::Result<Vec<InboxRow>> {
    let query =
        "SELECT id, sender, number, public, topic, payload, qos, retain, properties, path, expires_ms, message FROM inbox
                 WHERE id > ?1 ORDER BY id LIMIT ?2";
    tx.prepare_cached(query)?.query_map(params![after, limit], to_row)?.collect()
}

/// The local broker has taken these rows over.
pub(crate) fn confirm_delivered(tx: &Transaction<'_>, rows: &[RowId], now_ms: u64) -> rusqlite::Result<()> {
    let removed = rows.iter().map(|row| remove(tx, *row, now_ms)).sum::<rusqlite::Result<usize>>()?;
    ledger::add(tx, Count::Delivered, removed)
}

/// Removes a row, whyever: what waited for it is settled. Returns how many rows there were, one or none.
fn remove(tx: &Transaction<'_>, row: RowId, now_ms: u64) -> rusqlite::Result<usize> {
    let query = "DELETE FROM inbox WHERE id = ?1 RETURNING sender, message";
    let names = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?));
    let Some((sender, message)) = tx.prepare_cached(query)?.query_row([row], names).optional()? else { return Ok(0) };
    if let Some(message) = message {
        awaited::settle(tx, &sender, &message, now_ms)?;
    }
    Ok(1)
}

fn to_row(row: &Row<'_>) -> rusqlite::Result<InboxRow> {
    Ok(InboxRow {
        id: row.get(0)?,
        sender: row.get::<_, String>(1)?.parse().map_err(|error| broken(1, error))?,
        number: PostNumber(row.get(2)?),
        public: row.get(3)?,
        message: Message {
            topic: Topic::try_from(row.get::<_, String>(4)?).map_err(|error| broken(4, error))?,
            payload: row.get(5)?,
            qos: Qos::try_from(row.get::<_, u8>(6)?).map_err(|error| broken(6, error))?,
            retain: row.get(7)?,
            properties: from_json::<Properties>(row, 8)?,
            path: from_json::<Vec<Username>>(row, 9)?,
        },
        expires_ms: row.get(10)?,
        // Only ids that are good are written down.
        message_id: row.get::<_, Option<String>>(11)?.and_then(|id| id.parse().ok()),
    })
}

/// A value as it is kept in a column.
pub(super) fn to_json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// A value that is kept in a column.
pub(super) fn from_json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(|error| broken(column, error))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::store::PeerRecord;

    fn alice() -> Username {
        "mqtt_alice".parse().unwrap()
    }

    fn accepted(number: u32) -> Accepted {
        let mut message = Message::new("a/b".parse().unwrap(), [0, 255], Qos::ExactlyOnce);
        message.retain = true;
        message.properties.user.push(("source".to_owned(), "porch".to_owned()));
        message.path = vec!["mqtt_carol".parse().unwrap(), alice()];
        let id = Some(MessageId::new("abcdefgh", number.into()));
        Accepted { sender: alice(), number: PostNumber(number), public: true, message, id, expires_ms: Some(77) }
    }

    fn take_in(store: &Store, number: u32) -> InboxRow {
        store.run(|tx| accept(tx, accepted(number), 5)).unwrap()
    }

    #[tokio::test]
    async fn what_the_broker_has_not_taken_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let rows = [take_in(&store, 1), take_in(&store, 2)];
        store.confirm_delivered(vec![rows[0].id], 6).await.unwrap();
        drop(store);
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(store.inbox(0, 10).await.unwrap(), rows[1..]);
        assert_eq!(store.counters().await.unwrap().delivered, 1);
    }

    #[tokio::test]
    async fn a_row_is_delivered_once_however_often_that_is_said() {
        let store = Store::in_memory();
        let row = take_in(&store, 1);
        store.confirm_delivered(vec![row.id, row.id], 6).await.unwrap();
        store.drop_expired(vec![row.id], 6).await.unwrap();
        store.drop_refused(row, "not allowed".to_owned(), 10, 6).await.unwrap();
        let counters = store.counters().await.unwrap();
        assert_eq!((counters.delivered, counters.expired, counters.refused), (1, 0, 0));
    }

    #[tokio::test]
    async fn what_the_broker_refuses_can_be_looked_at() {
        let store = Store::in_memory();
        let row = take_in(&store, 1);
        store.drop_refused(row, "not allowed".to_owned(), 10, 6).await.unwrap();
        let kept = store.quarantine(10).await.unwrap();
        assert_eq!((kept[0].reason.as_str(), kept[0].topic.as_deref()), ("not allowed", Some("a/b")));
        assert_eq!(store.counters().await.unwrap().refused, 1);
    }

    #[tokio::test]
    async fn what_is_long_past_is_forgotten_and_still_does_not_come_again() {
        let store = Store::in_memory();
        let record = PeerRecord { first_contact_s: 0, begins_at: PostNumber(3) };
        store.meet(&alice(), record).await.unwrap();
        let id = MessageId::new("abcdefgh", 1);
        let look = |number| store.run(|tx| note_looked_at(tx, &alice(), PostNumber(number))).unwrap();
        let arrive = |now_ms| store.run(|tx| note_arrived(tx, &alice(), &id, now_ms)).unwrap();
        assert!(look(5) && look(KEPT_NUMBERS + 10) && !look(5) && arrive(100));
        store.forget_old(50, 300).await.unwrap();
        assert_eq!(store.looked_at(&alice()).await.unwrap(), [PostNumber(KEPT_NUMBERS + 10)]);
        assert_eq!(store.peer(&alice()).await.unwrap().unwrap().begins_at, PostNumber(10));
        assert!(!arrive(100), "the id is remembered");
        store.forget_old(200, 300).await.unwrap();
        assert!(arrive(300));
    }
}
