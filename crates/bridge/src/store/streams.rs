//! Streams of frames that come in: which frames of each arrived, which wait for their turn, and what their authors are to
//! hear of them.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use twister::{PostNumber, Username};

use super::inbox::{from_json, to_json};
use super::{Store, StoreError, awaited, broken};
use crate::frame::v1::{Coverage, Receipt, Stream};
use crate::ranges::Ranges;

/// A stream's key.
pub(crate) type StreamId = i64;

/// Most receipts in a frame.
const MOST_RECEIPTS: usize = 16;

/// Most gaps in a coverage.
const MOST_GAPS: usize = 256;

/// Frames that are not delivered yet and are looked at for a coverage. More would not fit it, unless they stand in a row.
const MOST_UNDELIVERED: usize = 4096;

/// Most runs of numbers that are told apart. What is forgotten counts as not seen, which costs a second look.
const MOST_RUNS: usize = 512;

/// What is known of one stream, as it is seen by this account or by everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamRow {
    pub id: StreamId,
    /// Frames below it are not waited for.
    pub next: u64,
    /// The lowest frame that the author waits to hear of; none if it never asked for receipts.
    pub unsettled: Option<u64>,
    /// The frames that arrived.
    pub seen: Ranges,
}

/// A frame whose turn has not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeldFrame {
    pub number: u64,
    /// The post that brought it.
    pub post: PostNumber,
    pub text: String,
}

/// A stream that has frames whose turn has not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holding {
    pub id: StreamId,
    pub sender: Username,
    pub public: bool,
}

impl Store {
    /// The accounts that are to hear of what they sent, each with the time since when, in milliseconds since 1970.
    pub(crate) fn owed(&self) -> Result<Vec<(Username, u64)>, StoreError> {
        self.run(owed)
    }
}

/// The accounts that are to hear of what they sent, each with the time since when, in milliseconds since 1970.
fn owed(tx: &Transaction<'_>) -> rusqlite::Result<Vec<(Username, u64)>> {
    let query = "SELECT sender, min(owed_ms) FROM peer_stream WHERE owed_ms IS NOT NULL GROUP BY sender";
    let peer = |row: &Row<'_>| Ok((name(row, 0)?, row.get(1)?));
    tx.prepare_cached(query)?.query_map([], peer)?.collect()
}

/// What `peer` is to hear of the frames that it sent to this account: of each stream with news since it was told.
pub(crate) fn receipts_due(tx: &Transaction<'_>, peer: &Username) -> rusqlite::Result<Vec<Receipt>> {
    let query = "SELECT id, next, unsettled, seen, name FROM peer_stream
                 WHERE sender = ?1 AND owed_ms IS NOT NULL ORDER BY owed_ms LIMIT ?2";
    let due = |row: &Row<'_>| Ok((to_stream(row)?, stream_name(row, 4)?));
    let due: Vec<_> = tx
        .prepare_cached(query)?
        .query_map(params![peer.as_str(), MOST_RECEIPTS], due)?
        .collect::<rusqlite::Result<_>>()?;
    due.into_iter().map(|(row, name)| receipt(tx, &row, name)).collect()
}

/// `peer` was told `receipts`. What has changed meanwhile is still to be told.
pub(crate) fn note_told(tx: &Transaction<'_>, peer: &Username, receipts: &[Receipt]) -> rusqlite::Result<()> {
    for told in receipts {
        let Some(row) = find(tx, peer, &told.stream, false)? else { continue };
        let query = match receipt(tx, &row, told.stream)? == *told {
            true => "UPDATE peer_stream SET owed_ms = NULL WHERE id = ?1",
            false => "UPDATE peer_stream SET owed_ms = news_ms WHERE id = ?1 AND owed_ms IS NOT NULL",
        };
        tx.prepare_cached(query)?.execute([row.id])?;
    }
    Ok(())
}

/// There is something to tell the author of a stream.
pub(crate) fn owe(tx: &Transaction<'_>, id: StreamId, now_ms: u64) -> rusqlite::Result<()> {
    let query = "UPDATE peer_stream SET owed_ms = coalesce(owed_ms, ?2), news_ms = ?2 WHERE id = ?1";
    tx.prepare_cached(query)?.execute(params![id, now_ms]).map(drop)
}

/// The stream of this name, if a frame of it was seen.
pub(crate) fn find(
    tx: &Transaction<'_>,
    sender: &Username,
    name: &Stream,
    public: bool,
) -> rusqlite::Result<Option<StreamRow>> {
    let query = "SELECT id, next, unsettled, seen FROM peer_stream WHERE sender = ?1 AND public = ?2 AND name = ?3";
    tx.prepare_cached(query)?.query_row(params![sender.as_str(), public, name.as_str()], to_stream).optional()
}

/// The stream with this key.
pub(crate) fn by_id(tx: &Transaction<'_>, id: StreamId) -> rusqlite::Result<Option<StreamRow>> {
    let query = "SELECT id, next, unsettled, seen FROM peer_stream WHERE id = ?1";
    tx.prepare_cached(query)?.query_row([id], to_stream).optional()
}

/// Begins a stream with the frame `next`.
pub(crate) fn begin(
    tx: &Transaction<'_>,
    sender: &Username,
    name: &Stream,
    public: bool,
    next: u64,
) -> rusqlite::Result<StreamRow> {
    let seen = Ranges::default();
    let query = "INSERT INTO peer_stream (sender, name, public, next, seen, last_post, news_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, 0, 0)";
    let fields = params![sender.as_str(), name.as_str(), public, next, to_json(&seen)?];
    let id = tx.prepare_cached(query)?.insert(fields)?;
    Ok(StreamRow { id, next, unsettled: None, seen })
}

/// Writes down what has become of a stream.
pub(crate) fn keep(tx: &Transaction<'_>, row: &mut StreamRow) -> rusqlite::Result<()> {
    row.seen.keep_highest(MOST_RUNS);
    let query = "UPDATE peer_stream SET next = ?2, unsettled = ?3, seen = ?4 WHERE id = ?1";
    tx.prepare_cached(query)?.execute(params![row.id, row.next, row.unsettled, to_json(&row.seen)?]).map(drop)
}

/// Writes down that `post` has brought a frame of a stream.
pub(crate) fn touch(tx: &Transaction<'_>, id: StreamId, post: PostNumber) -> rusqlite::Result<()> {
    let query = "UPDATE peer_stream SET last_post = max(last_post, ?2) WHERE id = ?1";
    tx.prepare_cached(query)?.execute(params![id, post.0]).map(drop)
}

/// The streams of an account, public or for this account, that were not used for longest, beyond the `most` newest.
pub(crate) fn oldest(
    tx: &Transaction<'_>,
    sender: &Username,
    public: bool,
    most: usize,
) -> rusqlite::Result<Vec<StreamId>> {
    let query = "SELECT id FROM peer_stream WHERE sender = ?1 AND public = ?2
                 ORDER BY NOT EXISTS (SELECT 1 FROM held_frame WHERE stream = peer_stream.id), last_post DESC, id DESC
                 LIMIT -1 OFFSET ?3";
    tx.prepare_cached(query)?.query_map(params![sender.as_str(), public, most], |row| row.get(0))?.collect()
}

/// Forgets a stream that holds no frame.
pub(crate) fn forget(tx: &Transaction<'_>, id: StreamId) -> rusqlite::Result<()> {
    awaited::forget(tx, id)?;
    tx.prepare_cached("DELETE FROM peer_stream WHERE id = ?1")?.execute([id]).map(drop)
}

/// Whether its author has begun a later stream that goes the same way.
pub(crate) fn is_superseded(tx: &Transaction<'_>, id: StreamId) -> rusqlite::Result<bool> {
    let query = "SELECT 1 FROM peer_stream AS old JOIN peer_stream AS new USING (sender, public)
                 WHERE old.id = ?1 AND new.id > ?1";
    tx.prepare_cached(query)?.exists([id])
}

/// Holds a frame until its turn comes.
pub(crate) fn hold(tx: &Transaction<'_>, id: StreamId, frame: &HeldFrame) -> rusqlite::Result<()> {
    let query = "INSERT OR REPLACE INTO held_frame (stream, number, post, text) VALUES (?1, ?2, ?3, ?4)";
    tx.prepare_cached(query)?.execute(params![id, frame.number, frame.post.0, frame.text]).map(drop)
}

/// The lowest number of a frame that is held.
pub(crate) fn lowest_held(tx: &Transaction<'_>, id: StreamId) -> rusqlite::Result<Option<u64>> {
    tx.prepare_cached("SELECT min(number) FROM held_frame WHERE stream = ?1")?.query_one([id], |row| row.get(0))
}

/// How many frames are held, and the highest number of one.
pub(crate) fn held(tx: &Transaction<'_>, id: StreamId) -> rusqlite::Result<(usize, u64)> {
    let query = "SELECT count(*), coalesce(max(number), 0) FROM held_frame WHERE stream = ?1";
    tx.prepare_cached(query)?.query_one([id], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Takes a frame out of those that are held.
pub(crate) fn release(tx: &Transaction<'_>, id: StreamId, number: u64) -> rusqlite::Result<Option<HeldFrame>> {
    let query = "DELETE FROM held_frame WHERE stream = ?1 AND number = ?2 RETURNING post, text";
    let frame = |row: &Row<'_>| Ok(HeldFrame { number, post: PostNumber(row.get(0)?), text: row.get(1)? });
    tx.prepare_cached(query)?.query_row(params![id, number], frame).optional()
}

/// The streams that hold frames.
pub(crate) fn holding(tx: &Transaction<'_>) -> rusqlite::Result<Vec<Holding>> {
    let query = "SELECT id, sender, public FROM peer_stream
                 WHERE EXISTS (SELECT 1 FROM held_frame WHERE stream = peer_stream.id)";
    let holding = |row: &Row<'_>| Ok(Holding { id: row.get(0)?, sender: name(row, 1)?, public: row.get(2)? });
    tx.prepare(query)?.query_map([], holding)?.collect()
}

/// What the author of a stream is to hear.
fn receipt(tx: &Transaction<'_>, row: &StreamRow, stream: Stream) -> rusqlite::Result<Receipt> {
    let mut arrived = row.seen.clone();
    // The author waits for none of these, whatever became of them.
    if let Some(settled) = row.unsettled.and_then(|unsettled| unsettled.checked_sub(1)) {
        arrived.insert_run(1..=settled);
    }
    let held = "SELECT number FROM held_frame WHERE stream = ?1 ORDER BY number LIMIT ?2";
    let mut undelivered: Vec<u64> = tx
        .prepare_cached(held)?
        .query_map(params![row.id, MOST_UNDELIVERED], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let awaited = awaited::frames(tx, row.id, MOST_UNDELIVERED)?;
    // Beyond the last one that was looked at there may be more.
    let full = [&undelivered, &awaited].into_iter().filter(|frames| frames.len() == MOST_UNDELIVERED);
    let end = full.filter_map(|frames| frames.last().copied()).min().unwrap_or(u64::MAX);
    undelivered.extend(awaited);
    undelivered.retain(|number| *number < end);
    undelivered.push(end);
    undelivered.sort_unstable();
    Ok(Receipt { stream, arrived: coverage(&arrived), delivered: coverage(&without(&arrived, &undelivered)) })
}

/// `ranges` without `numbers`, which rise, and without what is beyond the last of them.
fn without(ranges: &Ranges, numbers: &[u64]) -> Ranges {
    let mut left = Ranges::default();
    let mut next = 0;
    for number in numbers {
        if let Some(last) = number.checked_sub(1).filter(|last| *last >= next) {
            let first = ranges.runs().partition_point(|(_, end)| *end < next);
            for (start, end) in ranges.runs()[first..].iter().take_while(|(start, _)| *start <= last) {
                left.insert_run((*start).max(next)..=(*end).min(last));
            }
        }
        next = number.saturating_add(1);
    }
    left
}

/// As much of `ranges` as a coverage can say.
fn coverage(ranges: &Ranges) -> Coverage {
    let mut coverage = Coverage::default();
    for (start, end) in ranges.runs() {
        if *start > coverage.highest + 1 {
            if coverage.gaps.len() == MOST_GAPS {
                break;
            }
            coverage.gaps.push(coverage.highest + 1..=start - 1);
        }
        coverage.highest = *end;
    }
    coverage
}

fn to_stream(row: &Row<'_>) -> rusqlite::Result<StreamRow> {
    Ok(StreamRow { id: row.get(0)?, next: row.get(1)?, unsettled: row.get(2)?, seen: from_json(row, 3)? })
}

fn name(row: &Row<'_>, column: usize) -> rusqlite::Result<Username> {
    row.get::<_, String>(column)?.parse().map_err(|error| broken(column, error))
}

fn stream_name(row: &Row<'_>, column: usize) -> rusqlite::Result<Stream> {
    row.get::<_, String>(column)?.parse().map_err(|error| broken(column, error))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::message::MessageId;

    fn alice() -> Username {
        "mqtt_alice".parse().unwrap()
    }

    fn name() -> Stream {
        "abcdefgh".parse().unwrap()
    }

    fn ranges(runs: &[(u64, u64)]) -> Ranges {
        let mut ranges = Ranges::default();
        for (first, last) in runs {
            ranges.insert_run(*first..=*last);
        }
        ranges
    }

    /// A stream of which 1 to 9 were seen but for 4, with 8 held and 6 waiting for a message.
    fn stream(tx: &Transaction<'_>) -> rusqlite::Result<StreamRow> {
        let mut row = begin(tx, &alice(), &name(), false, 1)?;
        row.unsettled = Some(2);
        row.seen = ranges(&[(1, 3), (5, 9)]);
        keep(tx, &mut row)?;
        hold(tx, row.id, &HeldFrame { number: 8, post: PostNumber(70), text: "~m1".to_owned() })?;
        awaited::add(tx, row.id, 6, &alice(), &MessageId::new("abcdefgh", 1))?;
        awaited::add(tx, row.id, 6, &alice(), &MessageId::new("abcdefgh", 2))?;
        owe(tx, row.id, 100)?;
        Ok(row)
    }

    #[test]
    fn a_receipt_tells_what_arrived_from_what_was_delivered() {
        let store = Store::in_memory();
        let receipts = store.run(|tx| stream(tx).and_then(|_| receipts_due(tx, &alice()))).unwrap();
        let arrived = Coverage { highest: 9, gaps: vec![4..=4] };
        let delivered = Coverage { highest: 9, gaps: vec![4..=4, 6..=6, 8..=8] };
        assert_eq!(receipts, [Receipt { stream: name(), arrived, delivered }]);
        assert_eq!(store.run(owed).unwrap(), [(alice(), 100)]);
    }

    #[test]
    fn what_was_told_is_told_again_only_when_there_is_news() {
        let store = Store::in_memory();
        let id = store.run(stream).unwrap().id;
        let tell = || {
            store.run(|tx| {
                let receipts = receipts_due(tx, &alice())?;
                note_told(tx, &alice(), &receipts).map(|()| receipts)
            })
        };
        assert_eq!(tell().unwrap().len(), 1);
        assert!(tell().unwrap().is_empty() && store.run(owed).unwrap().is_empty());
        let settle = |message, now_ms| store.run(|tx| awaited::settle(tx, "mqtt_alice", message, now_ms)).unwrap();
        settle("abcdefgh-1", 200);
        assert!(store.run(owed).unwrap().is_empty(), "the frame waits for another message");
        settle("abcdefgh-2", 300);
        assert_eq!(store.run(owed).unwrap(), [(alice(), 300)]);
        assert_eq!(tell().unwrap()[0].delivered.gaps, [4..=4, 8..=8]);
        store.run(|tx| owe(tx, id, 400)).unwrap();
        assert_eq!(tell().unwrap().len(), 1, "the author did not hear it");
    }

    #[test]
    fn what_changed_while_it_was_told_is_still_owed() {
        let store = Store::in_memory();
        let row = store.run(stream).unwrap();
        let receipts = store.run(|tx| receipts_due(tx, &alice())).unwrap();
        store.run(|tx| release(tx, row.id, 8).and_then(|_| owe(tx, row.id, 250))).unwrap();
        store.run(|tx| note_told(tx, &alice(), &receipts)).unwrap();
        assert_eq!(store.run(owed).unwrap(), [(alice(), 250)]);
    }

    #[test]
    fn a_coverage_with_too_many_gaps_is_cut() {
        let runs: Vec<(u64, u64)> = (1..=300).map(|number| (number * 2, number * 2)).collect();
        let cut = coverage(&ranges(&runs));
        assert_eq!((cut.highest, cut.gaps.len()), (512, MOST_GAPS));
        assert_eq!(cut.gaps[0], 1..=1);
        assert_eq!(coverage(&Ranges::default()), Coverage::default());
    }

    #[test]
    fn numbers_are_taken_out_of_runs() {
        let left = without(&ranges(&[(1, 5), (8, 12)]), &[0, 1, 4, 8, 11]);
        assert_eq!(left.runs(), [(2, 3), (5, 5), (9, 10)]);
    }
}
