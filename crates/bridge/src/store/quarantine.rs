//! The last messages that were refused, for people to look at.

use rusqlite::{Row, Transaction, params};
use serde::{Deserialize, Serialize};
use twister::PostNumber;
use twister::Username;

use super::{Store, StoreError};
use crate::topic::Topic;

/// Bytes of a payload that are kept.
pub const KEPT_PAYLOAD_LEN: usize = 4096;

/// A message that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// When, in milliseconds since 1970.
    pub time_ms: u64,
    /// Who sent it.
    pub sender: String,
    /// The number of the post that brought it.
    pub number: u32,
    /// Its topic, if that could be read.
    pub topic: Option<String>,
    /// Why, for a program.
    pub code: String,
    /// Why, for a person.
    pub reason: String,
    /// Its payload, cut after [`KEPT_PAYLOAD_LEN`] bytes; the text of the frame, if that could not be read.
    pub payload: Vec<u8>,
    /// The whole payload's length in bytes.
    pub payload_len: usize,
}

/// A message that is put into the quarantine.
pub(crate) struct NewEntry<'a> {
    pub sender: &'a Username,
    pub post: PostNumber,
    pub topic: Option<&'a Topic>,
    pub code: &'static str,
    pub reason: &'a str,
    pub payload: &'a [u8],
}

impl Store {
    /// The newest entries of the quarantine, the newest first.
    pub async fn quarantine(&self, limit: usize) -> Result<Vec<Quarantined>, StoreError> {
        self.transaction(move |tx| {
            let query = "SELECT time_ms, sender, post, topic, code, reason, payload, len FROM quarantine
                         ORDER BY id DESC LIMIT ?1";
            tx.prepare(query)?.query_map([limit], to_entry)?.collect()
        })
        .await
    }

    /// Throws away what is in the quarantine.
    pub async fn clear_quarantine(&self) -> Result<(), StoreError> {
        self.transaction(|tx| tx.execute("DELETE FROM quarantine", []).map(drop)).await
    }
}

/// Puts a message into the quarantine, of which the newest `kept` entries are kept.
pub(crate) fn add(tx: &Transaction<'_>, entry: &NewEntry<'_>, kept: u32, now_ms: u64) -> rusqlite::Result<()> {
    let query = "INSERT INTO quarantine (time_ms, sender, post, topic, code, reason, payload, len)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let NewEntry { sender, post, topic, code, reason, payload } = entry;
    let shown = &payload[..payload.len().min(KEPT_PAYLOAD_LEN)];
    let topic = topic.map(Topic::as_str);
    let fields = params![now_ms, sender.as_str(), post.0, topic, code, reason, shown, payload.len()];
    let id = tx.prepare_cached(query)?.insert(fields)?;
    tx.prepare_cached("DELETE FROM quarantine WHERE id <= ?1")?.execute([id - i64::from(kept)]).map(drop)
}

fn to_entry(row: &Row<'_>) -> rusqlite::Result<Quarantined> {
    Ok(Quarantined {
        time_ms: row.get(0)?,
        sender: row.get(1)?,
        number: row.get(2)?,
        topic: row.get(3)?,
        code: row.get(4)?,
        reason: row.get(5)?,
        payload: row.get(6)?,
        payload_len: row.get(7)?,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_last_refused_messages_are_kept_and_of_large_ones_the_beginning() {
        let store = Store::in_memory();
        let sender: Username = "mqtt_alice".parse().unwrap();
        let payload = vec![7; 10_000];
        for number in 1..=5 {
            let (post, reason) = (PostNumber(number), "no");
            let entry = NewEntry { sender: &sender, post, topic: None, code: "damaged", reason, payload: &payload };
            store.run(|tx| add(tx, &entry, 3, 9)).unwrap();
        }
        let kept = store.quarantine(10).await.unwrap();
        assert_eq!(kept.iter().map(|entry| entry.number).collect::<Vec<_>>(), [5, 4, 3]);
        assert_eq!((kept[0].payload.len(), kept[0].payload_len), (KEPT_PAYLOAD_LEN, 10_000));
        store.clear_quarantine().await.unwrap();
        assert!(store.quarantine(10).await.unwrap().is_empty());
    }
}
