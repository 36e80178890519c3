//! Which messages a frame still waits for before it counts as delivered. A message that several frames brought is waited
//! for by each.

use rusqlite::{Row, Transaction, params};
use twister::Username;

use super::streams::{self, StreamId};
use crate::message::MessageId;

/// Frame `frame` of `stream`, which `sender` wrote, counts as delivered when `message` is settled.
pub(crate) fn add(
    tx: &Transaction<'_>,
    stream: StreamId,
    frame: u64,
    sender: &Username,
    message: &MessageId,
) -> rusqlite::Result<()> {
    let query = "INSERT OR IGNORE INTO awaited (stream, frame, message, sender) VALUES (?1, ?2, ?3, ?4)";
    tx.prepare_cached(query)?.execute(params![stream, frame, message.as_str(), sender.as_str()]).map(drop)
}

/// Nothing more will become of a message: frames that waited for it alone are delivered, which their author is to hear.
pub(crate) fn settle(tx: &Transaction<'_>, sender: &str, message: &str, now_ms: u64) -> rusqlite::Result<()> {
    let query = "DELETE FROM awaited WHERE sender = ?1 AND message = ?2 RETURNING stream, frame";
    let frame = |row: &Row<'_>| Ok((row.get::<_, StreamId>(0)?, row.get::<_, u64>(1)?));
    let frames: Vec<_> =
        tx.prepare_cached(query)?.query_map([sender, message], frame)?.collect::<rusqlite::Result<_>>()?;
    for (stream, frame) in frames {
        let query = "SELECT 1 FROM awaited WHERE stream = ?1 AND frame = ?2";
        if !tx.prepare_cached(query)?.exists(params![stream, frame])? {
            streams::owe(tx, stream, now_ms)?;
        }
    }
    Ok(())
}

/// The lowest frames of `stream` that wait for a message, at most `limit`.
pub(super) fn frames(tx: &Transaction<'_>, stream: StreamId, limit: usize) -> rusqlite::Result<Vec<u64>> {
    let query = "SELECT DISTINCT frame FROM awaited WHERE stream = ?1 ORDER BY frame LIMIT ?2";
    tx.prepare_cached(query)?.query_map(params![stream, limit], |row| row.get(0))?.collect()
}

/// Nobody asks for `stream` any more.
pub(super) fn forget(tx: &Transaction<'_>, stream: StreamId) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM awaited WHERE stream = ?1")?.execute([stream]).map(drop)
}
