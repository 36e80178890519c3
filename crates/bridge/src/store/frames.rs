//! Frames that were made and are not settled: to be posted, or waiting for the receiver to say that it has them.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use twister::{PostNumber, Username};

use super::ledger::{self, Count};
use super::outbox::{self, skip_number, to_receiver, to_text};
use super::{RowId, Store, StoreError, retained, streams};
use crate::frame::v1::{Notes, Receipt};
use crate::message::{Message, Qos};
use crate::route::Receiver;

/// A frame to write down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFrame {
    /// Who it goes to.
    pub receiver: Receiver,
    /// Its number among the frames to the receiver; none in v0.
    pub number: Option<u64>,
    /// What is posted.
    pub text: String,
    /// It stays until the receiver says that it has it.
    pub awaited: bool,
    /// The rows of the outbox in it, and whether nothing of them is left for further frames.
    pub rows: Vec<(RowId, bool)>,
}

/// A frame that is not settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameRow {
    /// Its key; frames are posted in its order.
    pub id: RowId,
    /// Who it goes to.
    pub receiver: Receiver,
    /// Its number among the frames to the receiver; none in v0.
    pub number: Option<u64>,
    /// What is posted.
    pub text: String,
    /// The post number that it may have gone out under already.
    pub post: Option<PostNumber>,
    /// It stays until the receiver says that it has it.
    pub awaited: bool,
    /// How often it was posted again.
    pub tries: u32,
}

/// How far a frame is that the receiver has to say that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwaitedFrame {
    /// Its key.
    pub id: RowId,
    /// Its number among the frames to the receiver.
    pub number: u64,
    /// It was read back from the node.
    pub out: bool,
    /// The receiver has it, but its broker has not.
    pub seen: bool,
    /// How often it was posted again.
    pub tries: u32,
}

/// A message on its way to one receiver, for people to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMessage {
    /// Who it goes to.
    pub receiver: Receiver,
    /// The message's number in the stream.
    pub number: u64,
    /// The message.
    pub message: Message,
    /// When it was taken, in milliseconds since 1970.
    pub taken_ms: u64,
}

/// A receiver that has a frame and has not said that its broker has is asked again as rarely as if that had been done so
/// often: its broker may be away for long, but the receipt may be lost too.
const SEEN_TRIES: u32 = 5;

const COLUMNS: &str = "id, receiver, number, text, post, awaited, tries";

impl Store {
    /// The number of the next frame to `receiver`.
    pub fn next_frame(&self, receiver: &Receiver) -> Result<u64, StoreError> {
        self.run(|tx| {
            let query = "SELECT next_frame FROM lane WHERE receiver = ?1";
            Ok(tx.prepare_cached(query)?.query_row([to_text(receiver)], |row| row.get(0)).optional()?.unwrap_or(1))
        })
    }

    /// What the next frame to `receiver` says beside its messages. `asking` is its number if it asks for receipts.
    pub fn notes(&self, receiver: &Receiver, asking: Option<u64>) -> Result<Notes, StoreError> {
        self.run(|tx| {
            // What the receiver has, it need not wait for.
            let query = "SELECT min(number) FROM frame WHERE receiver = ?1 AND seen = 0";
            let lowest: Option<u64> = tx.prepare_cached(query)?.query_row([to_text(receiver)], |row| row.get(0))?;
            let unsettled = asking.map(|number| lowest.unwrap_or(number));
            let receipts = match receiver {
                Receiver::Everybody => Vec::new(),
                Receiver::Account(peer) => streams::receipts_due(tx, peer)?,
            };
            Ok(Notes { receipts, unsettled })
        })
    }

    /// Writes a frame down before it is posted, with the receipts that it tells.
    pub fn add_frame(&self, frame: &NewFrame, receipts: &[Receipt]) -> Result<(), StoreError> {
        self.run(|tx| {
            if let Receiver::Account(peer) = &frame.receiver {
                streams::note_told(tx, peer, receipts)?;
            }
            add_frame(tx, frame)
        })
    }

    /// The oldest frames that have to be posted, at most `limit`, but none for the accounts in `held`.
    pub fn frames_to_post(&self, held: &[Username], limit: usize) -> Result<Vec<FrameRow>, StoreError> {
        self.run(|tx| {
            let query = format!(
                "SELECT {COLUMNS} FROM frame
                 WHERE out = 0 AND post IS NULL AND receiver NOT IN (SELECT value FROM json_each(?1))
                 ORDER BY id LIMIT ?2"
            );
            tx.prepare_cached(&query)?.query_map(params![to_list(held), limit], to_row)?.collect()
        })
    }

    /// How many frames have to be posted, without those for the accounts in `held`.
    pub fn count_to_post(&self, held: &[Username]) -> Result<usize, StoreError> {
        self.run(|tx| {
            let query =
                "SELECT count(*) FROM frame WHERE out = 0 AND receiver NOT IN (SELECT value FROM json_each(?1))";
            tx.prepare_cached(query)?.query_row([to_list(held)], |row| row.get(0))
        })
    }

    /// The frames of which nobody knows whether they are out: they have a post number and were not read back.
    pub fn doubtful_frames(&self) -> Result<Vec<FrameRow>, StoreError> {
        self.run(|tx| {
            let query = format!("SELECT {COLUMNS} FROM frame WHERE out = 0 AND post IS NOT NULL ORDER BY post");
            tx.prepare_cached(&query)?.query_map([], to_row)?.collect()
        })
    }

    /// Writes down the post number that a frame is about to go out under, before it goes.
    pub fn assign_post(&self, frame: RowId, post: PostNumber) -> Result<(), StoreError> {
        self.run(|tx| {
            tx.prepare_cached("UPDATE frame SET post = ?2 WHERE id = ?1")?.execute(params![frame, post.0])?;
            skip_number(tx, post)
        })
    }

    /// A frame did not go out under the number that it had, or did not arrive: it has to be posted (again).
    pub fn post_again(&self, frame: RowId, counted: bool) -> Result<(), StoreError> {
        self.run(|tx| {
            let query = "UPDATE frame SET post = NULL, out = 0, seen = 0, tries = tries + ?2 WHERE id = ?1";
            tx.prepare_cached(query)?.execute(params![frame, counted]).map(drop)
        })
    }

    /// These frames were read back. Those that are not awaited are settled. Returns what was in each of them, if it was not
    /// posted again.
    pub fn confirm_out(&self, frames: &[RowId]) -> Result<Vec<Vec<SentMessage>>, StoreError> {
        self.run(|tx| {
            let mut all = Vec::new();
            for frame in frames {
                let query = "UPDATE frame SET out = 1 WHERE id = ?1 RETURNING awaited, tries = 0";
                let mut statement = tx.prepare_cached(query)?;
                let found: Option<(bool, bool)> =
                    statement.query_row([frame], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
                let Some((awaited, first)) = found else {
                    all.push(Vec::new());
                    continue;
                };
                let messages = if first || !awaited { contents(tx, *frame)? } else { Vec::new() };
                if !awaited {
                    retained::note_there(tx, *frame, &messages)?;
                    remove(tx, *frame)?;
                }
                all.push(if first { messages } else { Vec::new() });
            }
            ledger::add(tx, Count::Posts, frames.len())?;
            ledger::add(tx, Count::Posted, all.iter().map(Vec::len).sum())?;
            Ok(all)
        })
    }

    /// The frames to `receiver` that wait for it to say that it has them, in their order.
    pub fn awaited(&self, receiver: &Receiver) -> Result<Vec<AwaitedFrame>, StoreError> {
        self.run(|tx| {
            let query = "SELECT id, number, out, seen, tries FROM frame
                         WHERE receiver = ?1 AND awaited = 1 AND number IS NOT NULL ORDER BY number";
            let to_awaited = |row: &Row<'_>| {
                Ok(AwaitedFrame {
                    id: row.get(0)?,
                    number: row.get(1)?,
                    out: row.get(2)?,
                    seen: row.get(3)?,
                    tries: row.get(4)?,
                })
            };
            tx.prepare_cached(query)?.query_map([to_text(receiver)], to_awaited)?.collect()
        })
    }

    /// For each receiver, the oldest frame that is out and that it has not said to have, with how often it was posted again;
    /// if it has all of them, the oldest that its broker has not.
    pub fn oldest_unheard(&self) -> Result<Vec<(Receiver, RowId, u32)>, StoreError> {
        self.run(|tx| {
            // The columns are those of the row that has the minimum.
            let query = "SELECT receiver, id, tries + ?1 * seen, min((seen << 60) | id) FROM frame
                         WHERE awaited = 1 AND out = 1 GROUP BY receiver";
            let to_oldest = |row: &Row<'_>| Ok((to_receiver(row, 0)?, row.get(1)?, row.get(2)?));
            tx.prepare_cached(query)?.query_map([SEEN_TRIES], to_oldest)?.collect()
        })
    }

    /// The receiver has these frames, but its broker has not taken them over yet. Returns what is in them.
    pub fn mark_seen(&self, frames: &[RowId]) -> Result<Vec<SentMessage>, StoreError> {
        self.run(|tx| {
            let mut sent = Vec::new();
            for frame in frames {
                tx.prepare_cached("UPDATE frame SET seen = 1 WHERE id = ?1")?.execute([frame])?;
                sent.extend(contents(tx, *frame)?);
            }
            Ok(sent)
        })
    }

    /// Nothing more happens to these frames: the receiver's broker has them, or they are given up. Returns what was in them
    /// and is in no other frame.
    pub fn settle(&self, frames: &[RowId], count: Option<Count>) -> Result<Vec<SentMessage>, StoreError> {
        self.run(|tx| {
            let mut sent = Vec::new();
            for frame in frames {
                if count == Some(Count::Acked) {
                    retained::note_there(tx, *frame, &contents(tx, *frame)?)?;
                }
                sent.extend(settle(tx, *frame)?);
            }
            if let Some(count) = count {
                let counts = |sent: &&SentMessage| count != Count::Acked || sent.message.qos != Qos::AtMostOnce;
                ledger::add(tx, count, sent.iter().filter(counts).count())?;
            }
            Ok(sent)
        })
    }

    /// The frames to `receiver` are not awaited (any more): those that are out are settled.
    pub fn stop_awaiting(&self, receiver: &Receiver) -> Result<(), StoreError> {
        self.run(|tx| {
            let out: Vec<RowId> = {
                let query = "SELECT id FROM frame WHERE receiver = ?1 AND awaited = 1 AND out = 1";
                tx.prepare_cached(query)?.query_map([to_text(receiver)], |row| row.get(0))?.collect::<Result<_, _>>()?
            };
            for frame in out {
                retained::note_there(tx, frame, &contents(tx, frame)?)?;
                settle(tx, frame)?;
            }
            tx.prepare_cached("UPDATE frame SET awaited = 0 WHERE receiver = ?1")?
                .execute([to_text(receiver)])
                .map(drop)
        })
    }

    /// Whether everything in a frame is worth nothing any more.
    pub fn is_worthless(&self, frame: RowId, now_ms: u64) -> Result<bool, StoreError> {
        self.run(|tx| {
            let query = "SELECT NOT EXISTS (
                             SELECT 1 FROM packed JOIN outbox ON outbox.id = packed.message
                             WHERE packed.frame = ?1 AND (expires_ms IS NULL OR expires_ms > ?2))";
            tx.prepare_cached(query)?.query_row(params![frame, now_ms], |row| row.get(0))
        })
    }
}

/// The names as a JSON list, which SQLite can look into.
fn to_list(names: &[Username]) -> String {
    serde_json::to_string(names).unwrap_or_else(|_| "[]".to_owned())
}

/// Writes a frame down, as part of a transaction.
pub(super) fn add_frame(tx: &Transaction<'_>, frame: &NewFrame) -> rusqlite::Result<()> {
    let NewFrame { receiver, number, text, awaited, rows } = frame;
    let query = "INSERT INTO frame (receiver, number, text, awaited) VALUES (?1, ?2, ?3, ?4)";
    let id = tx.prepare_cached(query)?.insert(params![to_text(receiver), number, text, awaited])?;
    for (row, complete) in rows {
        tx.prepare_cached("INSERT INTO packed VALUES (?1, ?2)")?.execute([id, *row])?;
        if *complete {
            tx.prepare_cached("UPDATE outbox SET packed = 1 WHERE id = ?1")?.execute([row])?;
        }
    }
    if let Some(number) = number {
        let query = "INSERT OR REPLACE INTO lane VALUES (?1, ?2)";
        tx.prepare_cached(query)?.execute(params![to_text(receiver), number + 1])?;
    }
    Ok(())
}

/// Removes a frame, and the messages that are in no other one. Returns these.
pub(super) fn settle(tx: &Transaction<'_>, frame: RowId) -> rusqlite::Result<Vec<SentMessage>> {
    let messages = contents(tx, frame)?;
    remove(tx, frame)?;
    Ok(messages)
}

/// Removes a frame, and the messages that are in no other one.
fn remove(tx: &Transaction<'_>, frame: RowId) -> rusqlite::Result<()> {
    let query = "DELETE FROM outbox WHERE packed = 1 AND id IN (SELECT message FROM packed WHERE frame = ?1)
                     AND NOT EXISTS (SELECT 1 FROM packed AS other WHERE other.message = outbox.id AND other.frame <> ?1)";
    tx.prepare_cached(query)?.execute([frame])?;
    tx.prepare_cached("DELETE FROM packed WHERE frame = ?1")?.execute([frame])?;
    tx.prepare_cached("DELETE FROM frame WHERE id = ?1")?.execute([frame]).map(drop)
}

/// The messages that end with this frame: all of them is in frames, and in no later one.
fn contents(tx: &Transaction<'_>, frame: RowId) -> rusqlite::Result<Vec<SentMessage>> {
    let query = format!(
        "SELECT {} FROM outbox
         WHERE packed = 1 AND id IN (SELECT message FROM packed WHERE frame = ?1)
             AND NOT EXISTS (SELECT 1 FROM packed AS later WHERE later.message = outbox.id AND later.frame > ?1)
         ORDER BY id",
        outbox::COLUMNS
    );
    tx.prepare_cached(&query)?.query_map([frame], |row| outbox::to_row(row).map(SentMessage::from))?.collect()
}

fn to_row(row: &Row<'_>) -> rusqlite::Result<FrameRow> {
    Ok(FrameRow {
        id: row.get(0)?,
        receiver: to_receiver(row, 1)?,
        number: row.get(2)?,
        text: row.get(3)?,
        post: row.get::<_, Option<u32>>(4)?.map(PostNumber),
        awaited: row.get(5)?,
        tries: row.get(6)?,
    })
}
