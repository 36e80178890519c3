//! What receivers keep as retained, as far as it was sent from here: posted for everybody, taken over by the broker of an
//! account.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, Transaction, params};

use super::frames::SentMessage;
use super::outbox::{to_receiver, to_text};
use super::queue::STAGE;
use super::{RowId, Store, StoreError, broken};
use crate::retained::{Progress, RetainedValue, There};
use crate::route::Receiver;
use crate::topic::Topic;

impl Store {
    /// What each receiver was given on each topic, and what is on its way to it.
    pub(crate) async fn retained_there(&self) -> Result<Vec<There>, StoreError> {
        self.transaction(|tx| {
            let mut all: BTreeMap<(Receiver, Topic), There> = BTreeMap::new();
            let mut query = tx.prepare_cached("SELECT receiver, topic, bytes, preview, digest FROM retained_there")?;
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                let value = RetainedValue { bytes: row.get(2)?, preview: row.get(3)?, digest: row.get(4)? };
                entry(&mut all, to_receiver(row, 0)?, to_topic(row.get(1)?)?).value = Some(value);
            }
            // The newest of each topic is what counts.
            let query =
                format!("SELECT receiver, topic, payload, held, {STAGE} FROM outbox WHERE retain = 1 ORDER BY id");
            let mut query = tx.prepare_cached(&query)?;
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                let progress = match (row.get(3)?, row.get(4)?) {
                    (true, None) => Progress::Held,
                    (false, None) => Progress::Waiting,
                    (_, Some(2)) => Progress::Seen,
                    (_, Some(_)) => Progress::UnderWay,
                };
                let value = RetainedValue::of(row.get_ref(2)?.as_blob()?);
                entry(&mut all, to_receiver(row, 0)?, to_topic(row.get(1)?)?).coming = Some((progress, value));
            }
            Ok(all.into_values().collect())
        })
        .await
    }
}

/// A frame is out, and its receiver has it as far as can be told: writes down what of it is retained there. In v0 nothing is.
pub(super) fn note_there(tx: &Transaction<'_>, frame: RowId, messages: &[SentMessage]) -> rusqlite::Result<()> {
    let retained = || messages.iter().filter(|sent| sent.message.retain);
    if retained().next().is_none() {
        return Ok(());
    }
    let number = "SELECT number FROM frame WHERE id = ?1";
    let number: Option<Option<u64>> = tx.prepare_cached(number)?.query_row([frame], |row| row.get(0)).optional()?;
    if number.flatten().is_none() {
        return Ok(());
    }
    for SentMessage { receiver, message, .. } in retained() {
        let (receiver, topic) = (to_text(receiver), message.topic.as_str());
        match RetainedValue::of(&message.payload) {
            Some(RetainedValue { bytes, preview, digest }) => {
                let query = "INSERT OR REPLACE INTO retained_there VALUES (?1, ?2, ?3, ?4, ?5)";
                tx.prepare_cached(query)?.execute(params![receiver, topic, bytes, preview, digest])?;
            }
            None => {
                let query = "DELETE FROM retained_there WHERE receiver = ?1 AND topic = ?2";
                tx.prepare_cached(query)?.execute([receiver, topic])?;
            }
        }
    }
    Ok(())
}

fn entry(all: &mut BTreeMap<(Receiver, Topic), There>, receiver: Receiver, topic: Topic) -> &mut There {
    let key = (receiver.clone(), topic.clone());
    all.entry(key).or_insert(There { receiver, topic, value: None, coming: None })
}

fn to_topic(text: String) -> rusqlite::Result<Topic> {
    Topic::try_from(text).map_err(|error| broken(1, error))
}
