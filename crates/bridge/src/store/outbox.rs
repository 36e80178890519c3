//! The outbox: what was taken from the local broker and is not out for certain.

use rusqlite::{Row, params};
use twister::{PostNumber, Username};

use super::ledger::{self, Count};
use super::{RowId, Store, StoreError};
use crate::message::{Message, Qos};
use crate::route::{Receiver, Route};
use crate::topic::Topic;

/// A message as it is taken from the local broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// What of it goes out; empty if it is for nobody.
    pub routes: Vec<Route>,
    /// It cannot go to everybody it is meant for: it is counted.
    pub refused: bool,
    /// The packet identifier of a QoS 2 message, which the broker releases later.
    pub unreleased: Option<u16>,
    /// The broker has sent it before: if it is unreleased, it was taken already.
    pub again: bool,
}

/// A post or direct message that is not out for certain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its key.
    pub id: RowId,
    /// The message's number in the stream.
    pub message_number: u64,
    /// Who it goes to.
    pub receiver: Receiver,
    /// The message.
    pub message: Message,
    /// The post number that it may have gone out under already.
    pub number: Option<PostNumber>,
}

impl Store {
    /// Takes messages over from the local broker; after it they may be acknowledged. Returns the new rows' keys.
    pub async fn take(&self, batch: Vec<Taken>, now_ms: u64) -> Result<Vec<RowId>, StoreError> {
        self.transaction(move |tx| {
            let mut next: u64 = ledger::value(tx, "next_message")?.unwrap_or(1);
            let mut rows = Vec::new();
            let query =
                "INSERT INTO outbox (message, receiver, topic, payload, qos, taken_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            let mut insert = tx.prepare_cached(query)?;
            for Taken { routes, refused, unreleased, again } in &batch {
                if let Some(packet) = unreleased {
                    let known = tx.execute("INSERT OR IGNORE INTO unreleased VALUES (?1)", [packet])? == 0;
                    if known && *again {
                        continue;
                    }
                }
                ledger::add(tx, Count::Refused, usize::from(*refused))?;
                if routes.is_empty() {
                    continue;
                }
                for Route { receiver, message, .. } in routes {
                    let qos = u8::from(message.qos);
                    let fields = params![next, to_text(receiver), message.topic.as_str(), message.payload, qos, now_ms];
                    rows.push(insert.insert(fields)?);
                }
                next += 1;
                ledger::add(tx, Count::Taken, 1)?;
            }
            ledger::set_value(tx, "next_message", &next)?;
            Ok(rows)
        })
        .await
    }

    /// The packet identifiers of QoS 2 messages that were taken and not released yet.
    pub async fn unreleased(&self) -> Result<Vec<u16>, StoreError> {
        self.transaction(|tx| tx.prepare("SELECT packet FROM unreleased")?.query_map([], |row| row.get(0))?.collect())
            .await
    }

    /// The oldest rows, at most `limit`, but none for the accounts in `held`.
    pub async fn outbox(&self, held: Vec<Username>, limit: usize) -> Result<Vec<OutboxRow>, StoreError> {
        self.transaction(move |tx| {
            let held: Vec<&str> = held.iter().map(Username::as_str).collect();
            let held = serde_json::to_string(&held).unwrap_or_else(|_| "[]".to_owned());
            let query = "SELECT id, message, receiver, topic, payload, qos, number FROM outbox
                         WHERE receiver NOT IN (SELECT value FROM json_each(?1)) ORDER BY id LIMIT ?2";
            tx.prepare_cached(query)?.query_map(params![held, limit], to_row)?.collect()
        })
        .await
    }

    /// Drops rows of quality of service 0 for the accounts in `held` that were taken before `before_ms`: they may be lost,
    /// and nobody wants them late.
    pub async fn drop_stale(&self, held: Vec<Username>, before_ms: u64) -> Result<(), StoreError> {
        self.transaction(move |tx| {
            for name in &held {
                let query = "DELETE FROM outbox WHERE receiver = ?1 AND qos = 0 AND taken_ms < ?2";
                tx.execute(query, params![name.as_str(), before_ms])?;
            }
            Ok(())
        })
        .await
    }

    /// Writes down the number that a row is about to go out under, before it goes.
    pub async fn assign_number(&self, id: RowId, number: PostNumber) -> Result<(), StoreError> {
        self.transaction(move |tx| {
            tx.execute("UPDATE outbox SET number = ?2 WHERE id = ?1", params![id, number.0])?;
            let next: u32 = ledger::value(tx, "next_number")?.unwrap_or(0);
            ledger::set_value(tx, "next_number", &next.max(number.next().0))
        })
        .await
    }

    /// Writes down that `number` is used, by whomever.
    pub async fn skip_number(&self, number: PostNumber) -> Result<(), StoreError> {
        self.transaction(move |tx| {
            let next: u32 = ledger::value(tx, "next_number")?.unwrap_or(0);
            ledger::set_value(tx, "next_number", &next.max(number.next().0))
        })
        .await
    }

    /// A row did not go out under the number it had: it waits for another.
    pub async fn unassign_number(&self, id: RowId) -> Result<(), StoreError> {
        self.transaction(move |tx| tx.execute("UPDATE outbox SET number = NULL WHERE id = ?1", [id]).map(drop)).await
    }

    /// These rows were read back from the network: they are out.
    pub async fn confirm_posted(&self, rows: Vec<RowId>) -> Result<(), StoreError> {
        self.transaction(move |tx| {
            for id in &rows {
                tx.execute("DELETE FROM outbox WHERE id = ?1", [id])?;
            }
            ledger::add(tx, Count::Posted, rows.len())
        })
        .await
    }

    /// A row cannot go out, ever: it is dropped and counted.
    pub async fn refuse(&self, id: RowId) -> Result<(), StoreError> {
        self.transaction(move |tx| {
            tx.execute("DELETE FROM outbox WHERE id = ?1", [id])?;
            ledger::add(tx, Count::Refused, 1)
        })
        .await
    }

    /// Drops rows that turned out not to be wanted by their receiver.
    pub async fn drop_unwanted(&self, rows: Vec<RowId>) -> Result<(), StoreError> {
        self.transaction(move |tx| {
            for id in &rows {
                tx.execute("DELETE FROM outbox WHERE id = ?1", [id])?;
            }
            Ok(())
        })
        .await
    }
}

fn to_text(receiver: &Receiver) -> &str {
    match receiver {
        Receiver::Everybody => "",
        Receiver::Account(name) => name.as_str(),
    }
}

fn to_row(row: &Row<'_>) -> rusqlite::Result<OutboxRow> {
    let receiver = match row.get::<_, String>(2)?.as_str() {
        "" => Receiver::Everybody,
        name => Receiver::Account(name.parse().map_err(|error| super::inbox::broken(2, error))?),
    };
    Ok(OutboxRow {
        id: row.get(0)?,
        message_number: row.get(1)?,
        receiver,
        message: Message::new(
            Topic::try_from(row.get::<_, String>(3)?).map_err(|error| super::inbox::broken(3, error))?,
            row.get::<_, Vec<u8>>(4)?,
            Qos::try_from(row.get::<_, u8>(5)?).map_err(|error| super::inbox::broken(5, error))?,
        ),
        number: row.get::<_, Option<u32>>(6)?.map(PostNumber),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::route::Waiting;

    fn taken(payload: &str, receivers: &[Receiver]) -> Taken {
        let message = Message::new("a/b".parse().unwrap(), payload, Qos::AtLeastOnce);
        let to = |receiver: &Receiver| Route {
            receiver: receiver.clone(),
            message: message.clone(),
            waiting: Waiting::default(),
            compatible: false,
        };
        Taken { routes: receivers.iter().map(to).collect(), refused: false, unreleased: None, again: false }
    }

    fn bob() -> Receiver {
        Receiver::Account("mqtt_bob".parse().unwrap())
    }

    #[tokio::test]
    async fn what_was_taken_is_there_after_a_restart_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        store.take(vec![taken("1", &[Receiver::Everybody, bob()]), taken("2", &[bob()])], 5).await.unwrap();
        drop(store);
        let store = Store::open(folder.path()).unwrap();
        let rows = store.outbox(vec![], 10).await.unwrap();
        let summary: Vec<_> = rows.iter().map(|row| (row.message_number, row.receiver.to_string())).collect();
        assert_eq!(summary, [(1, "everybody".into()), (1, "mqtt_bob".into()), (2, "mqtt_bob".into())]);
        store.take(vec![taken("3", &[bob()])], 6).await.unwrap();
        assert_eq!(store.outbox(vec![], 10).await.unwrap()[3].message_number, 3);
        assert_eq!(store.counters().await.unwrap().taken, 3);
    }

    #[tokio::test]
    async fn a_message_sent_again_before_its_release_is_taken_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let exactly_once = |again| Taken { unreleased: Some(7), again, ..taken("1", &[bob()]) };
        assert_eq!(store.take(vec![exactly_once(false)], 5).await.unwrap().len(), 1);
        assert!(store.take(vec![exactly_once(true)], 6).await.unwrap().is_empty());
        assert_eq!(store.unreleased().await.unwrap(), [7]);
        store.note_handshakes(vec![], vec![7]).await.unwrap();
        assert_eq!(store.take(vec![exactly_once(true)], 7).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn rows_for_held_accounts_do_not_block_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        store.take(vec![taken("1", &[bob()]), taken("2", &[Receiver::Everybody])], 5).await.unwrap();
        let rows = store.outbox(vec!["mqtt_bob".parse().unwrap()], 10).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.message_number).collect::<Vec<_>>(), [2]);
    }

    #[tokio::test]
    async fn only_what_may_be_lost_is_dropped_while_it_waits() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let at_most_once = |payload: &str, receiver: Receiver| {
            let mut taken = taken(payload, &[receiver]);
            taken.routes[0].message.qos = Qos::AtMostOnce;
            taken
        };
        let batch = vec![taken("1", &[bob()]), at_most_once("2", bob()), at_most_once("3", Receiver::Everybody)];
        store.take(batch, 5).await.unwrap();
        store.take(vec![at_most_once("4", bob())], 50).await.unwrap();
        store.drop_stale(vec!["mqtt_bob".parse().unwrap()], 20).await.unwrap();
        let rows = store.outbox(vec![], 10).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.message_number).collect::<Vec<_>>(), [1, 3, 4]);
    }

    #[tokio::test]
    async fn a_number_is_written_down_before_it_is_used_and_never_given_twice() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let rows = store.take(vec![taken("1", &[bob()])], 5).await.unwrap();
        store.assign_number(rows[0], PostNumber(7)).await.unwrap();
        drop(store);
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(store.outbox(vec![], 1).await.unwrap()[0].number, Some(PostNumber(7)));
        assert_eq!(store.next_number().await.unwrap(), PostNumber(8));
        store.skip_number(PostNumber(3)).await.unwrap();
        assert_eq!(store.next_number().await.unwrap(), PostNumber(8));
    }
}
