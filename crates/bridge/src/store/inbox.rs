//! The inbox: what was accepted from the network and is not at the local broker yet.

use rusqlite::{Row, params};
use twister::{PostNumber, Username};

use super::ledger::{self, Count};
use super::{RowId, Store, StoreError, broken};
use crate::message::{Message, MessageId, Qos};
use crate::topic::Topic;

/// Post numbers of an account, back from its newest, that are told apart: as many as are looked for, and some more.
const KEPT_NUMBERS: u32 = 20_000;

/// What came of looking at one post or direct message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Who wrote it.
    pub sender: Username,
    /// Its number.
    pub number: PostNumber,
    /// What came of it.
    pub outcome: Arrived,
}

/// What a post or direct message turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrived {
    /// A message for the local broker.
    Message {
        /// The message.
        message: Message,
        /// Which message of its sender it is, if the sender says so.
        id: Option<MessageId>,
        /// Whether it came as a public post.
        public: bool,
    },
    /// A message on a topic that was not subscribed.
    Unwanted,
    /// A message that must not get in.
    Refused,
    /// Nothing for the bridge.
    Nothing,
}

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
    /// The message.
    pub message: Message,
}

impl Store {
    /// Writes down what was looked at, and takes over what is for the local broker, each message once. Returns the
    /// rows that are new in the inbox.
    pub async fn receive(&self, arrivals: Vec<Arrival>, now_ms: u64) -> Result<Vec<InboxRow>, StoreError> {
        self.transaction(move |tx| {
            let mut rows = Vec::new();
            for Arrival { sender, number, outcome } in arrivals {
                let looked = params![sender.as_str(), number.0];
                if tx.execute("INSERT OR IGNORE INTO looked_at VALUES (?1, ?2)", looked)? == 0 {
                    continue;
                }
                match outcome {
                    Arrived::Nothing => {}
                    Arrived::Unwanted => ledger::add(tx, Count::Unwanted, 1)?,
                    Arrived::Refused => ledger::add(tx, Count::Refused, 1)?,
                    Arrived::Message { message, id, public } => {
                        if let Some(id) = id {
                            let arrived = params![sender.as_str(), id.as_str(), now_ms];
                            if tx.execute("INSERT OR IGNORE INTO arrived VALUES (?1, ?2, ?3)", arrived)? == 0 {
                                continue;
                            }
                        }
                        let query = "INSERT INTO inbox (sender, number, public, topic, payload, qos, received_ms)
                                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
                        let Message { topic, payload, qos, .. } = &message;
                        let fields =
                            params![sender.as_str(), number.0, public, topic.as_str(), payload, u8::from(*qos), now_ms];
                        let id = tx.prepare_cached(query)?.insert(fields)?;
                        ledger::add(tx, Count::Received, 1)?;
                        rows.push(InboxRow { id, sender, number, public, message });
                    }
                }
            }
            Ok(rows)
        })
        .await
    }

    /// The oldest rows after `after`, at most `limit`.
    pub async fn inbox(&self, after: RowId, limit: usize) -> Result<Vec<InboxRow>, StoreError> {
        self.transaction(move |tx| {
            let query = "SELECT id, sender, number, public, topic, payload, qos FROM inbox
                         WHERE id > ?1 ORDER BY id LIMIT ?2";
            tx.prepare_cached(query)?.query_map(params![after, limit], to_row)?.collect()
        })
        .await
    }

    /// The local broker has taken these rows over.
    pub async fn confirm_delivered(&self, rows: Vec<RowId>) -> Result<(), StoreError> {
        self.transaction(move |tx| {
            for id in &rows {
                tx.execute("DELETE FROM inbox WHERE id = ?1", [id])?;
            }
            ledger::add(tx, Count::Delivered, rows.len())
        })
        .await
    }

    /// The local broker refuses this row for good.
    pub async fn drop_refused(&self, id: RowId) -> Result<(), StoreError> {
        self.transaction(move |tx| tx.execute("DELETE FROM inbox WHERE id = ?1", [id]).map(drop)).await
    }

    /// Forgets ids of messages that arrived before `before_ms`, and post numbers so far back that nobody looks for those
    /// around them any more: what is below is taken for looked at.
    pub async fn forget_old(&self, before_ms: u64) -> Result<(), StoreError> {
        self.transaction(move |tx| {
            tx.execute("DELETE FROM arrived WHERE arrived_ms < ?1", [before_ms])?;
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

fn to_row(row: &Row<'_>) -> rusqlite::Result<InboxRow> {
    Ok(InboxRow {
        id: row.get(0)?,
        sender: row.get::<_, String>(1)?.parse().map_err(|error| broken(1, error))?,
        number: PostNumber(row.get(2)?),
        public: row.get(3)?,
        message: Message::new(
            Topic::try_from(row.get::<_, String>(4)?).map_err(|error| broken(4, error))?,
            row.get::<_, Vec<u8>>(5)?,
            Qos::try_from(row.get::<_, u8>(6)?).map_err(|error| broken(6, error))?,
        ),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::store::PeerRecord;

    fn arrival(number: u32, id: Option<&str>) -> Arrival {
        let message = Message::new("a/b".parse().unwrap(), [0, 255], Qos::ExactlyOnce);
        let id = id.map(|id| id.parse().unwrap());
        let outcome = Arrived::Message { message, id, public: true };
        Arrival { sender: "mqtt_alice".parse().unwrap(), number: PostNumber(number), outcome }
    }

    #[tokio::test]
    async fn a_post_gets_in_once_however_often_it_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(store.receive(vec![arrival(1, None), arrival(1, None)], 5).await.unwrap().len(), 1);
        assert!(store.receive(vec![arrival(1, None)], 6).await.unwrap().is_empty());
        assert_eq!(store.receive(vec![arrival(2, None)], 6).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_message_that_was_posted_twice_gets_in_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let batch = vec![arrival(1, Some("s-1")), arrival(2, Some("s-1")), arrival(3, Some("s-2"))];
        assert_eq!(store.receive(batch, 5).await.unwrap().len(), 2);
        let numbers = store.looked_at(&"mqtt_alice".parse().unwrap()).await.unwrap();
        assert_eq!(numbers, [PostNumber(1), PostNumber(2), PostNumber(3)]);
    }

    #[tokio::test]
    async fn what_is_long_past_is_forgotten_and_still_does_not_come_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let alice: Username = "mqtt_alice".parse().unwrap();
        let record = PeerRecord { first_contact_s: 0, begins_at: PostNumber(3) };
        store.meet(&alice, record).await.unwrap();
        store.receive(vec![arrival(5, Some("s-1")), arrival(KEPT_NUMBERS + 10, Some("s-2"))], 100).await.unwrap();
        store.forget_old(50).await.unwrap();
        assert_eq!(store.looked_at(&alice).await.unwrap(), [PostNumber(KEPT_NUMBERS + 10)]);
        assert_eq!(store.peer(&alice).await.unwrap().unwrap().begins_at, PostNumber(10));
        assert!(store.receive(vec![arrival(20, Some("s-1"))], 100).await.unwrap().is_empty(), "the id is remembered");
        store.forget_old(200).await.unwrap();
        assert_eq!(store.receive(vec![arrival(21, Some("s-1"))], 300).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn what_the_broker_has_not_taken_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let rows = store.receive(vec![arrival(1, None), arrival(2, None)], 5).await.unwrap();
        store.confirm_delivered(vec![rows[0].id]).await.unwrap();
        drop(store);
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(store.inbox(0, 10).await.unwrap(), rows[1..]);
        assert_eq!(store.counters().await.unwrap().delivered, 1);
    }
}
