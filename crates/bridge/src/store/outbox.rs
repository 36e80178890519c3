//! The outbox: what was taken from the local broker and is not settled.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use twister::{PostNumber, Username};

use super::ledger::{self, Count};
use super::{RowId, SentMessage, Store, StoreError, broken};
use crate::message::{Message, Qos};
use crate::route::{Receiver, Route};
use crate::topic::{Topic, TopicFilter};

/// Messages of quality of service 0 that wait in one queue at most; above it the oldest are dropped. They may be
/// lost, and must not crowd out those that may not.
const MOST_UNSURE: usize = 1000;

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

/// A message on its way to one receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its key.
    pub id: RowId,
    /// The message's number in the stream.
    pub number: u64,
    /// Who it goes to.
    pub receiver: Receiver,
    /// The message.
    pub message: Message,
    /// When it was taken, in milliseconds since 1970.
    pub taken_ms: u64,
    /// How long it may wait for others, in milliseconds.
    pub max_wait_ms: u64,
    /// A newer value of its topic may take its place.
    pub latest_only: bool,
    /// When it is worth nothing any more, in milliseconds since 1970.
    pub expires_ms: Option<u64>,
}

/// A row that a newer value of its topic has taken the place of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// What stood there.
    pub old: SentMessage,
    /// What stands there now.
    pub row: OutboxRow,
}

/// What became of messages that were taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// For each of them the number that it has in the stream; none if it is for nobody, or was taken before.
    pub numbers: Vec<Option<u64>>,
    /// Rows that newer values of their topics have taken the place of.
    pub replaced: Vec<Replaced>,
    /// What had to make room.
    pub dropped: Vec<SentMessage>,
}

/// Which rows wait: those of one receiver and one kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Queue {
    /// Who they go to.
    pub receiver: Receiver,
    /// Whether mosquitto-twister must be able to read them. It says nothing of those for accounts, and is false there.
    pub compatible: bool,
}

impl Queue {
    /// The one in which `route` waits.
    fn of(route: &Route) -> Self {
        let receiver = route.receiver.clone();
        let compatible = route.compatible && receiver == Receiver::Everybody;
        Self { receiver, compatible }
    }
}

/// What [`to_row`] reads.
pub(super) const COLUMNS: &str = "id, message, receiver, topic, payload, qos, retain, properties, path, taken_ms, max_wait_ms, latest_only, expires_ms";

impl Store {
    /// Takes messages over from the local broker; after it they may be acknowledged.
    pub fn take(&self, batch: &[Taken], now_ms: u64) -> Result<Written, StoreError> {
        self.run(|tx| {
            let mut next: u64 = ledger::value(tx, "next_message")?.unwrap_or(1);
            let mut written = Written::default();
            let mut unsure = std::collections::BTreeSet::new();
            let (first, mut refusals) = (next, 0);
            for Taken { routes, refused, unreleased, again } in batch {
                written.numbers.push(None);
                if let Some(packet) = unreleased {
                    let known =
                        tx.prepare_cached("INSERT OR IGNORE INTO unreleased VALUES (?1)")?.execute([packet])? == 0;
                    if known && *again {
                        continue;
                    }
                }
                refusals += usize::from(*refused);
                if routes.is_empty() {
                    continue;
                }
                for route in routes {
                    let queue = Queue::of(route);
                    match replace(tx, route, next, now_ms)? {
                        Some(row) => written.replaced.push(row),
                        None => insert(tx, &queue, route, next, now_ms)?,
                    }
                    if route.message.qos == Qos::AtMostOnce {
                        unsure.insert(queue);
                    }
                }
                if let Some(number) = written.numbers.last_mut() {
                    *number = Some(next);
                }
                next += 1;
            }
            ledger::add(tx, Count::Refused, refusals)?;
            ledger::add(tx, Count::Taken, (next - first) as usize)?;
            for queue in unsure {
                written.dropped.extend(drop_unsure(tx, &queue)?);
            }
            ledger::set_value(tx, "next_message", &next)?;
            Ok(written)
        })
    }

    /// The packet identifiers of QoS 2 messages that were taken and not released yet.
    pub async fn unreleased(&self) -> Result<Vec<u16>, StoreError> {
        self.transaction(|tx| tx.prepare("SELECT packet FROM unreleased")?.query_map([], |row| row.get(0))?.collect())
            .await
    }

    /// The receivers for whom something waits.
    pub fn waiting_receivers(&self) -> Result<Vec<Receiver>, StoreError> {
        self.run(|tx| {
            // Receivers are few and rows many: this steps from one receiver to the next in the index.
            let query = "WITH RECURSIVE one(receiver) AS (
                             SELECT min(receiver) FROM outbox WHERE packed = 0
                             UNION ALL
                             SELECT (SELECT min(receiver) FROM outbox WHERE packed = 0 AND receiver > one.receiver)
                             FROM one WHERE one.receiver IS NOT NULL)
                         SELECT receiver FROM one WHERE receiver IS NOT NULL";
            tx.prepare_cached(query)?.query_map([], |row| to_receiver(row, 0))?.collect()
        })
    }

    /// The oldest rows of a queue after row `after` that nobody holds back: those of quality of service 0, or the others.
    pub fn waiting(
        &self,
        queue: &Queue,
        unsure: bool,
        after: RowId,
        limit: usize,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        self.run(|tx| {
            let fields = params![to_text(&queue.receiver), queue.compatible, unsure, after, limit];
            tx.prepare_cached(&waiting_query())?.query_map(fields, to_row)?.collect()
        })
    }

    /// Drops rows of quality of service 0 for the accounts in `held` that were taken before `before_ms`: they may be lost,
    /// and nobody wants them late. What a person holds back stays. Returns what was dropped.
    pub fn drop_stale(&self, held: &[Username], before_ms: u64) -> Result<Vec<SentMessage>, StoreError> {
        if held.is_empty() {
            return Ok(Vec::new());
        }
        self.run(|tx| {
            let mut all = Vec::new();
            for name in held {
                let query = format!(
                    "DELETE FROM outbox
                     WHERE receiver = ?1 AND compatible = 0 AND (qos = 0) = 1 AND held = 0 AND taken_ms < ?2 AND packed = 0
                         AND retain = 0
                     RETURNING {COLUMNS}"
                );
                let dropped = deleted(tx, &query, params![name.as_str(), before_ms])?;
                ledger::add(tx, Count::Expired, dropped.len())?;
                all.extend(dropped);
            }
            Ok(all)
        })
    }

    /// Drops what waits for `peer` on topics that it does not want (any more). Returns how much that was.
    pub fn drop_unwanted(&self, peer: &Username, wanted: &[TopicFilter]) -> Result<usize, StoreError> {
        self.run(|tx| {
            let rows: Vec<(RowId, String)> = {
                let query = "SELECT id, topic FROM outbox WHERE receiver = ?1 AND packed = 0";
                let mut query = tx.prepare_cached(query)?;
                query.query_map([peer.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?
            };
            let is_wanted = |topic: &str| match Topic::try_from(topic.to_owned()) {
                Ok(topic) => wanted.iter().any(|filter| filter.matches(&topic)),
                Err(_) => false,
            };
            let unwanted: Vec<RowId> =
                rows.into_iter().filter(|(_, topic)| !is_wanted(topic)).map(|(id, _)| id).collect();
            for id in &unwanted {
                tx.prepare_cached("DELETE FROM outbox WHERE id = ?1")?.execute([id])?;
            }
            Ok(unwanted.len())
        })
    }

    /// A row of the outbox.
    pub fn outbox_row(&self, id: RowId) -> Result<Option<OutboxRow>, StoreError> {
        self.run(|tx| {
            let query = format!("SELECT {COLUMNS} FROM outbox WHERE id = ?1");
            tx.prepare_cached(&query)?.query_row([id], to_row).optional()
        })
    }

    /// Drops rows that will not go out, and counts them.
    pub fn drop_rows(&self, rows: &[RowId], count: Count) -> Result<(), StoreError> {
        self.run(|tx| {
            for id in rows {
                let dropped = tx.prepare_cached("DELETE FROM outbox WHERE id = ?1")?.execute([id])?;
                ledger::add(tx, count, dropped)?;
            }
            Ok(())
        })
    }

    /// Writes down that `number` is used, by whomever.
    pub fn skip_number(&self, number: PostNumber) -> Result<(), StoreError> {
        self.run(|tx| skip_number(tx, number))
    }
}

fn waiting_query() -> String {
    format!(
        "SELECT {COLUMNS} FROM outbox
         WHERE receiver = ?1 AND compatible = ?2 AND (qos = 0) = ?3 AND held = 0 AND id > ?4 AND packed = 0
         ORDER BY id LIMIT ?5"
    )
}

pub(super) fn skip_number(tx: &Transaction<'_>, number: PostNumber) -> rusqlite::Result<()> {
    let next: u32 = ledger::value(tx, "next_number")?.unwrap_or(0);
    ledger::set_value(tx, "next_number", &next.max(number.next().0))
}

/// Puts a message into the place of an older value of its topic that waits, if its rule says that only the newest counts.
fn replace(tx: &Transaction<'_>, route: &Route, number: u64, now_ms: u64) -> rusqlite::Result<Option<Replaced>> {
    if !route.waiting.latest_only {
        return Ok(None);
    }
    let message = &route.message;
    // The newest row of the topic must itself be replaceable, and none of it may have left.
    let query = format!(
        "SELECT {COLUMNS} FROM outbox AS newest
         WHERE receiver = ?1 AND topic = ?2 AND qos = ?3 AND packed = 0 AND latest_only = 1
             AND NOT EXISTS (SELECT 1 FROM packed WHERE packed.message = newest.id)
         ORDER BY id DESC LIMIT 1"
    );
    let fields = params![to_text(&route.receiver), message.topic.as_str(), u8::from(message.qos)];
    let Some(old) = tx.prepare_cached(&query)?.query_map(fields, to_row)?.next().transpose()? else { return Ok(None) };
    let expires_ms = expires_ms(route, now_ms);
    let query = "UPDATE outbox SET message = ?2, payload = ?3, retain = ?4, properties = ?5, path = ?6, expires_ms = ?7
                 WHERE id = ?1";
    let fields = params![
        old.id,
        number,
        message.payload,
        message.retain,
        to_json(&message.properties)?,
        to_json(&message.path)?,
        expires_ms
    ];
    tx.prepare_cached(query)?.execute(fields)?;
    ledger::add(tx, Count::Superseded, 1)?;
    let row = OutboxRow { number, message: message.clone(), expires_ms, ..old.clone() };
    Ok(Some(Replaced { old: old.into(), row }))
}

fn insert(tx: &Transaction<'_>, queue: &Queue, route: &Route, number: u64, now_ms: u64) -> rusqlite::Result<()> {
    let Queue { receiver, compatible } = queue;
    let Route { message, waiting, .. } = route;
    let max_wait_ms = u64::try_from(waiting.max_wait.as_millis()).unwrap_or(u64::MAX);
    let query =
        "INSERT INTO outbox (message, receiver, topic, payload, qos, retain, properties, path, taken_ms, max_wait_ms,
                     latest_only, compatible, expires_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    let fields = params![
        number,
        to_text(receiver),
        message.topic.as_str(),
        message.payload,
        u8::from(message.qos),
        message.retain,
        to_json(&message.properties)?,
        to_json(&message.path)?,
        now_ms,
        max_wait_ms,
        waiting.latest_only,
        compatible,
        expires_ms(route, now_ms),
    ];
    tx.prepare_cached(query)?.execute(fields).map(drop)
}

/// When a message taken now is worth nothing any more: the publisher and the rule may both say so.
fn expires_ms(route: &Route, now_ms: u64) -> Option<u64> {
    let own = route.message.properties.expiry_s.map(|seconds| u64::from(seconds) * 1000);
    let rules = route.waiting.expires_after.map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
    own.into_iter().chain(rules).min().map(|after| now_ms.saturating_add(after))
}

fn drop_unsure(tx: &Transaction<'_>, queue: &Queue) -> rusqlite::Result<Vec<SentMessage>> {
    let query = format!(
        "DELETE FROM outbox WHERE id IN (
             SELECT id FROM outbox
             WHERE receiver = ?1 AND compatible = ?2 AND (qos = 0) = 1 AND held = 0 AND packed = 0 AND retain = 0
             ORDER BY id DESC LIMIT -1 OFFSET ?3)
         RETURNING {COLUMNS}"
    );
    let dropped = deleted(tx, &query, params![to_text(&queue.receiver), queue.compatible, MOST_UNSURE])?;
    ledger::add(tx, Count::Expired, dropped.len())?;
    Ok(dropped)
}

/// Deletes rows by a query that returns [`COLUMNS`].
pub(super) fn deleted(
    tx: &Transaction<'_>,
    query: &str,
    fields: &[&dyn rusqlite::ToSql],
) -> rusqlite::Result<Vec<SentMessage>> {
    tx.prepare_cached(query)?.query_map(fields, |row| to_row(row).map(SentMessage::from))?.collect()
}

pub(super) fn to_text(receiver: &Receiver) -> &str {
    match receiver {
        Receiver::Everybody => "",
        Receiver::Account(name) => name.as_str(),
    }
}

pub(super) fn to_receiver(row: &Row<'_>, column: usize) -> rusqlite::Result<Receiver> {
    match row.get::<_, String>(column)?.as_str() {
        "" => Ok(Receiver::Everybody),
        name => name.parse().map(Receiver::Account).map_err(|error| broken(column, error)),
    }
}

fn to_json<T: serde::Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn from_json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(&row.get::<_, String>(column)?).map_err(|error| broken(column, error))
}

pub(super) fn to_row(row: &Row<'_>) -> rusqlite::Result<OutboxRow> {
    Ok(OutboxRow {
        id: row.get(0)?,
        number: row.get(1)?,
        receiver: to_receiver(row, 2)?,
        message: Message {
            topic: Topic::try_from(row.get::<_, String>(3)?).map_err(|error| broken(3, error))?,
            payload: row.get(4)?,
            qos: Qos::try_from(row.get::<_, u8>(5)?).map_err(|error| broken(5, error))?,
            retain: row.get(6)?,
            properties: from_json(row, 7)?,
            path: from_json(row, 8)?,
        },
        taken_ms: row.get(9)?,
        max_wait_ms: row.get(10)?,
        latest_only: row.get(11)?,
        expires_ms: row.get(12)?,
    })
}

impl From<OutboxRow> for SentMessage {
    fn from(row: OutboxRow) -> Self {
        let OutboxRow { receiver, number, message, taken_ms, .. } = row;
        Self { receiver, number, message, taken_ms }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_found_without_a_look_at_what_waits_elsewhere_or_is_held() {
        let steps: Vec<String> = Store::in_memory()
            .run(|tx| {
                let mut plan = tx.prepare(&format!("EXPLAIN QUERY PLAN {}", waiting_query()))?;
                plan.query_map(params!["", false, false, 0, 1], |row| row.get("detail"))?.collect()
            })
            .unwrap();
        let found = "USING INDEX outbox_waiting (receiver=? AND compatible=? AND <expr>=? AND held=? AND id>?)";
        assert!(matches!(&steps[..], [step] if step.ends_with(found)), "{steps:?}");
    }
}
