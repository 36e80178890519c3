//! Messages that came in pieces and are not whole yet.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use serde::{Deserialize, Serialize};
use twister::Username;

use super::awaited;
use super::inbox::{from_json, to_json};
use crate::message::{MessageId, Properties};
use crate::ranges::Ranges;
use crate::topic::Topic;

/// What a piece takes up beside its bytes, about.
const PIECE_OVERHEAD: usize = 64;

/// Everything of an entry but its payload and its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub topic: Topic,
    pub qos: u8,
    pub retain: bool,
    pub taken_s: u64,
    pub path: Vec<Username>,
    pub properties: Properties,
}

/// A message of which pieces are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unfinished {
    id: i64,
    pub message: MessageId,
    pub head: Head,
    /// Length of the payload.
    pub total: u32,
    /// Which of its bytes are there.
    pub there: Ranges,
    /// What its pieces take up in the database.
    pub size: usize,
}

/// The unfinished message of this id.
pub(crate) fn find(tx: &Transaction<'_>, sender: &Username, id: &MessageId) -> rusqlite::Result<Option<Unfinished>> {
    let query = "SELECT id, message, entry, total, there, size FROM unfinished WHERE sender = ?1 AND message = ?2";
    tx.prepare_cached(query)?.query_row([sender.as_str(), id.as_str()], to_unfinished).optional()
}

/// All unfinished messages of an account, the oldest first.
pub(crate) fn all_of(tx: &Transaction<'_>, sender: &Username) -> rusqlite::Result<Vec<Unfinished>> {
    let query = "SELECT id, message, entry, total, there, size FROM unfinished WHERE sender = ?1 ORDER BY id";
    tx.prepare_cached(query)?.query_map([sender.as_str()], to_unfinished)?.collect()
}

/// Begins a message of which nothing is there yet.
pub(crate) fn begin(
    tx: &Transaction<'_>,
    sender: &Username,
    message: &MessageId,
    head: Head,
    total: u32,
    now_ms: u64,
) -> rusqlite::Result<Unfinished> {
    let there = Ranges::default();
    let query = "INSERT INTO unfinished (sender, message, entry, total, there, size, since_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6)";
    let fields = params![sender.as_str(), message.as_str(), to_json(&head)?, total, to_json(&there)?, now_ms];
    let id = tx.prepare_cached(query)?.insert(fields)?;
    Ok(Unfinished { id, message: message.clone(), head, total, there, size: 0 })
}

/// Adds a piece, which lies within the message. Nothing changes if its bytes are there already.
pub(crate) fn add(tx: &Transaction<'_>, of: &mut Unfinished, offset: u32, bytes: &[u8]) -> rusqlite::Result<()> {
    let start = u64::from(offset);
    if bytes.is_empty() || !of.there.insert_run(start..=start + bytes.len() as u64 - 1) {
        return Ok(());
    }
    of.size += bytes.len() + PIECE_OVERHEAD;
    let query = "INSERT INTO piece (of, start, bytes) VALUES (?1, ?2, ?3)";
    tx.prepare_cached(query)?.execute(params![of.id, offset, bytes])?;
    let query = "UPDATE unfinished SET there = ?2, size = ?3 WHERE id = ?1";
    tx.prepare_cached(query)?.execute(params![of.id, to_json(&of.there)?, of.size]).map(drop)
}

/// The payload as far as it is there; zeros stand for the rest.
pub(crate) fn payload(tx: &Transaction<'_>, of: &Unfinished) -> rusqlite::Result<Vec<u8>> {
    let mut payload = vec![0; of.total as usize];
    let mut pieces = tx.prepare_cached("SELECT start, bytes FROM piece WHERE of = ?1 ORDER BY id")?;
    let mut rows = pieces.query([of.id])?;
    while let Some(row) = rows.next()? {
        let (start, bytes) = (row.get::<_, usize>(0)?, row.get_ref(1)?.as_blob()?);
        if let Some(place) = payload.get_mut(start..start + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }
    Ok(payload)
}

/// Forgets a message and its pieces.
pub(crate) fn remove(tx: &Transaction<'_>, of: &Unfinished) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM piece WHERE of = ?1")?.execute([of.id])?;
    tx.prepare_cached("DELETE FROM unfinished WHERE id = ?1")?.execute([of.id]).map(drop)
}

/// Forgets messages that have been unfinished since before `before_ms`.
pub(super) fn forget(tx: &Transaction<'_>, before_ms: u64, now_ms: u64) -> rusqlite::Result<()> {
    let query = "DELETE FROM unfinished WHERE since_ms < ?1 RETURNING sender, message";
    let names = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
    let gone: Vec<_> = tx.prepare(query)?.query_map([before_ms], names)?.collect::<rusqlite::Result<_>>()?;
    for (sender, message) in gone {
        awaited::settle(tx, &sender, &message, now_ms)?;
    }
    tx.execute("DELETE FROM piece WHERE of NOT IN (SELECT id FROM unfinished)", []).map(drop)
}

fn to_unfinished(row: &Row<'_>) -> rusqlite::Result<Unfinished> {
    Ok(Unfinished {
        id: row.get(0)?,
        message: row.get::<_, String>(1)?.parse().map_err(|error| super::broken(1, error))?,
        head: from_json(row, 2)?,
        total: row.get(3)?,
        there: from_json(row, 4)?,
        size: row.get(5)?,
    })
}
