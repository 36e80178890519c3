//! What waits to go out, as a person looks at it and decides on it.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use twister::Username;

use super::frames::settle;
use super::ledger::{self, Count};
use super::outbox::{self, to_receiver, to_text};
use super::{RowId, SentMessage, Store, StoreError, broken};
use crate::queue::{EntryState, QueueEntry, QueuePage, QueueTotals, Selection};
use crate::route::Receiver;
use crate::topic::Topic;

/// How far the frames are that an outbox row is in, by the one that is least far: 0 not out, 1 out, 2 seen. NULL if it is in
/// none.
pub(super) const STAGE: &str = "(SELECT min(CASE WHEN frame.out = 0 THEN 0 ELSE 1 + frame.seen END)
                      FROM packed JOIN frame ON frame.id = packed.frame WHERE packed.message = outbox.id)";

/// What a change of the queue did.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changed {
    /// The messages, each counted for its receiver.
    pub messages: BTreeMap<Receiver, u64>,
    /// How many selected messages are in frames, so that they could not be changed.
    pub too_late: u64,
    /// The frames that were given up, or that are posted again.
    pub frames: Vec<RowId>,
    /// The messages that were dropped.
    pub dropped: Vec<SentMessage>,
}

/// A selected row.
struct Selected {
    id: RowId,
    receiver: Receiver,
    held: bool,
    stage: Option<u8>,
}

impl Store {
    /// How much waits for each receiver.
    pub(crate) fn queue_totals(&self) -> Result<BTreeMap<Receiver, QueueTotals>, StoreError> {
        self.run(|tx| {
            let query = format!(
                "SELECT receiver, count(*), sum(length(payload) + octet_length(topic)), min(taken_ms), count(expires_ms),
                     min(expires_ms), held, packed, {STAGE} AS stage
                 FROM outbox GROUP BY receiver, held, packed, stage"
            );
            let mut all: BTreeMap<Receiver, QueueTotals> = BTreeMap::new();
            let mut query = tx.prepare_cached(&query)?;
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                add_group(all.entry(to_receiver(row, 0)?).or_default(), row)?;
            }
            Ok(all)
        })
    }

    /// The selected messages after row `after`, at most `limit` of them.
    pub(crate) fn queue_page(
        &self,
        selection: &Selection,
        after: RowId,
        limit: usize,
    ) -> Result<QueuePage, StoreError> {
        self.run(|tx| {
            let query = "SELECT id, receiver, topic, length(payload), qos, retain, taken_ms, expires_ms, held, packed
                         FROM outbox WHERE id > ?1 AND receiver = ifnull(?2, receiver)
                             AND (?3 = '[]' OR id IN (SELECT value FROM json_each(?3))) ORDER BY id";
            let mut query = tx.prepare_cached(query)?;
            let mut rows = query.query(params![after, receiver_of(selection), ids_of(selection)])?;
            let mut page = QueuePage::default();
            while let Some(row) = rows.next()? {
                if !is_meant(selection, row, 2)? {
                    continue;
                }
                page.more = page.entries.len() == limit;
                if page.more {
                    break;
                }
                page.entries.push(to_entry(tx, row)?);
            }
            Ok(page)
        })
    }

    /// How many messages a selection means, by how far they are; of the rest of the totals nothing is said.
    pub(crate) fn count_selected(&self, selection: &Selection) -> Result<QueueTotals, StoreError> {
        self.run(|tx| {
            let mut totals = QueueTotals::default();
            for row in selected(tx, selection)? {
                let count = match row.stage {
                    None if row.held => &mut totals.held,
                    None => &mut totals.waiting,
                    Some(0) => &mut totals.packed,
                    Some(1) => &mut totals.posted,
                    Some(_) => &mut totals.seen,
                };
                *count += 1;
            }
            Ok(totals)
        })
    }

    /// Holds the selected messages back, or lets them go.
    pub(crate) fn set_held(&self, selection: &Selection, held: bool) -> Result<Changed, StoreError> {
        self.run(|tx| {
            let mut changed = Changed::default();
            for row in selected(tx, selection)? {
                match row.stage {
                    Some(_) => changed.too_late += u64::from(held),
                    None if row.held == held => {}
                    None => {
                        let query = "UPDATE outbox SET held = ?2 WHERE id = ?1";
                        tx.prepare_cached(query)?.execute(params![row.id, held])?;
                        changed.add(row.receiver);
                    }
                }
            }
            Ok(changed)
        })
    }

    /// Drops the selected messages that are in no frame, and gives up the frames that are out and have only selected ones.
    pub(crate) fn drop_selected(&self, selection: &Selection) -> Result<Changed, StoreError> {
        self.run(|tx| {
            let mut changed = Changed::default();
            let mut out = BTreeMap::new();
            for row in selected(tx, selection)? {
                match row.stage {
                    None => {
                        let query = format!("DELETE FROM outbox WHERE id = ?1 RETURNING {}", outbox::COLUMNS);
                        changed.dropped.extend(outbox::deleted(tx, &query, params![row.id])?);
                        changed.add(row.receiver);
                    }
                    Some(0) => changed.too_late += 1,
                    Some(_) => drop(out.insert(row.id, row.receiver)),
                }
            }
            let all = out.len();
            changed.frames = frames_of_only(tx, &mut out)?.into_iter().collect();
            changed.too_late += (all - out.len()) as u64;
            for frame in &changed.frames {
                changed.dropped.extend(settle(tx, *frame)?);
            }
            out.into_values().for_each(|receiver| changed.add(receiver));
            ledger::add(tx, Count::Dropped, usize::try_from(changed.sum()).unwrap_or(usize::MAX))?;
            Ok(changed)
        })
    }

    /// Has the frames of the selected messages posted again that are out and that their receivers have not said to have.
    pub(crate) fn retry_selected(&self, selection: &Selection) -> Result<Changed, StoreError> {
        self.run(|tx| {
            let mut changed = Changed::default();
            let mut frames = BTreeSet::new();
            for row in selected(tx, selection)? {
                if row.stage == Some(1) {
                    let query = "SELECT frame.id FROM packed JOIN frame ON frame.id = packed.frame
                                 WHERE packed.message = ?1 AND frame.out = 1 AND frame.seen = 0";
                    let mut query = tx.prepare_cached(query)?;
                    for frame in query.query_map([row.id], |row| row.get(0))? {
                        frames.insert(frame?);
                    }
                    changed.add(row.receiver);
                }
            }
            for frame in &frames {
                let query = "UPDATE frame SET post = NULL, out = 0, tries = tries + 1 WHERE id = ?1";
                tx.prepare_cached(query)?.execute([frame])?;
            }
            changed.frames = frames.into_iter().collect();
            Ok(changed)
        })
    }

    /// Drops what is worth nothing any more and that nobody loads: what is held, and what is for the accounts in
    /// `unreachable`; with none, for all.
    pub(crate) fn drop_lapsed(&self, unreachable: Option<&[Username]>, now_ms: u64) -> Result<(), StoreError> {
        self.run(|tx| {
            let names = unreachable.map(|names| serde_json::to_string(names).unwrap_or_else(|_| "[]".to_owned()));
            let query = "DELETE FROM outbox WHERE expires_ms <= ?1 AND packed = 0
                             AND (held = 1 OR ?2 IS NULL OR receiver IN (SELECT value FROM json_each(?2)))
                             AND NOT EXISTS (SELECT 1 FROM packed WHERE packed.message = outbox.id)";
            let dropped = tx.prepare_cached(query)?.execute(params![now_ms, names])?;
            ledger::add(tx, Count::Expired, dropped)
        })
    }

    /// When each receiver last said what it has received.
    pub(crate) fn last_heard(&self) -> Result<BTreeMap<Receiver, u64>, StoreError> {
        self.run(|tx| {
            let heard: BTreeMap<Username, u64> = ledger::value(tx, "last_heard")?.unwrap_or_default();
            Ok(heard.into_iter().map(|(name, at)| (Receiver::Account(name), at)).collect())
        })
    }

    /// Writes down that `peer` has just said what it has received.
    pub(crate) fn set_last_heard(&self, peer: &Username, now_ms: u64) -> Result<(), StoreError> {
        self.run(|tx| {
            let mut heard: BTreeMap<Username, u64> = ledger::value(tx, "last_heard")?.unwrap_or_default();
            heard.insert(peer.clone(), now_ms);
            ledger::set_value(tx, "last_heard", &heard)
        })
    }
}

impl Changed {
    /// How many messages were changed.
    pub(crate) fn sum(&self) -> u64 {
        self.messages.values().sum()
    }

    fn add(&mut self, receiver: Receiver) {
        *self.messages.entry(receiver).or_default() += 1;
    }
}

fn add_group(totals: &mut QueueTotals, row: &Row<'_>) -> rusqlite::Result<()> {
    let count: u64 = row.get(1)?;
    let stage = match (row.get(6)?, row.get(7)?, row.get(8)?) {
        (false, false, None) => &mut totals.waiting,
        (true, false, None) => &mut totals.held,
        (_, true, Some(1)) => &mut totals.posted,
        (_, true, Some(2)) => &mut totals.seen,
        _ => &mut totals.packed,
    };
    *stage += count;
    totals.bytes += row.get::<_, u64>(2)?;
    totals.expiring += row.get::<_, u64>(4)?;
    let earliest = |known: Option<u64>, found: Option<u64>| known.into_iter().chain(found).min();
    totals.oldest_ms = earliest(totals.oldest_ms, row.get(3)?);
    totals.next_expiry_ms = earliest(totals.next_expiry_ms, row.get(5)?);
    Ok(())
}

fn to_entry(tx: &Transaction<'_>, row: &Row<'_>) -> rusqlite::Result<QueueEntry> {
    let (id, held, complete): (RowId, bool, bool) = (row.get(0)?, row.get(8)?, row.get(9)?);
    // The frame that is least far; of several, the one that was posted last.
    let query = "SELECT out, seen, ifnull(post, 0), tries FROM packed JOIN frame ON frame.id = packed.frame
                 WHERE packed.message = ?1 ORDER BY out, seen, frame.id DESC LIMIT 1";
    let to_frame = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    let frame: Option<(bool, bool, u32, u32)> = tx.prepare_cached(query)?.query_row([id], to_frame).optional()?;
    let state = match frame {
        None if held => EntryState::Held,
        None => EntryState::Waiting,
        Some((true, false, number, _)) if complete => EntryState::Posted { number },
        Some((true, true, number, _)) if complete => EntryState::Seen { number },
        Some(_) => EntryState::Packed,
    };
    Ok(QueueEntry {
        id,
        receiver: to_receiver(row, 1)?,
        topic: to_topic(row, 2)?,
        bytes: row.get(3)?,
        qos: row.get(4)?,
        retain: row.get(5)?,
        taken_ms: row.get(6)?,
        expires_ms: row.get(7)?,
        state,
        tries: frame.map_or(0, |(.., tries)| tries),
    })
}

/// The rows that a selection means. A message that is partly in frames counts as in frames that are not out.
fn selected(tx: &Transaction<'_>, selection: &Selection) -> rusqlite::Result<Vec<Selected>> {
    let query = format!(
        "SELECT id, receiver, topic, held, packed, {STAGE} FROM outbox WHERE receiver = ifnull(?1, receiver)
             AND (?2 = '[]' OR id IN (SELECT value FROM json_each(?2))) ORDER BY id"
    );
    let mut query = tx.prepare_cached(&query)?;
    let mut rows = query.query(params![receiver_of(selection), ids_of(selection)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if is_meant(selection, row, 2)? {
            let complete: bool = row.get(4)?;
            let stage: Option<u8> = row.get(5)?;
            let stage = stage.map(|stage| if complete { stage } else { 0 });
            found.push(Selected { id: row.get(0)?, receiver: to_receiver(row, 1)?, held: row.get(3)?, stage });
        }
    }
    Ok(found)
}

/// The frames with none but these messages. Messages that are also in other frames leave the list, until nothing changes.
fn frames_of_only(tx: &Transaction<'_>, rows: &mut BTreeMap<RowId, Receiver>) -> rusqlite::Result<BTreeSet<RowId>> {
    let query = "SELECT packed.frame FROM packed WHERE packed.message = ?1";
    let mut frames: BTreeMap<RowId, Vec<RowId>> = BTreeMap::new();
    for row in rows.keys() {
        for frame in tx.prepare_cached(query)?.query_map([row], |row| row.get(0))? {
            frames.insert(frame?, Vec::new());
        }
    }
    for (frame, messages) in &mut frames {
        let query = "SELECT outbox.id FROM packed JOIN outbox ON outbox.id = packed.message WHERE packed.frame = ?1";
        *messages = tx.prepare_cached(query)?.query_map([frame], |row| row.get(0))?.collect::<Result<_, _>>()?;
    }
    loop {
        let mixed: Vec<RowId> = frames
            .iter()
            .filter(|(_, messages)| messages.iter().any(|row| !rows.contains_key(row)))
            .map(|(frame, _)| *frame)
            .collect();
        if mixed.is_empty() {
            return Ok(frames.into_keys().collect());
        }
        for row in mixed.iter().filter_map(|frame| frames.remove(frame)).flatten() {
            rows.remove(&row);
        }
    }
}

/// What a selection's receiver is in the database; NULL for any.
fn receiver_of(selection: &Selection) -> Option<&str> {
    selection.receiver.as_ref().map(to_text)
}

/// A selection's ids as a JSON list; empty for any.
fn ids_of(selection: &Selection) -> String {
    serde_json::to_string(&selection.ids).unwrap_or_else(|_| "[]".to_owned())
}

/// Whether the topic in `column` is one that is selected.
fn is_meant(selection: &Selection, row: &Row<'_>, column: usize) -> rusqlite::Result<bool> {
    match &selection.topic {
        Some(filter) => Ok(filter.matches(&to_topic(row, column)?)),
        None => Ok(true),
    }
}

fn to_topic(row: &Row<'_>, column: usize) -> rusqlite::Result<Topic> {
    Topic::try_from(row.get::<_, String>(column)?).map_err(|error| broken(column, error))
}
