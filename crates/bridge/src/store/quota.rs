//! The post quota over time, for people to see.

use rusqlite::params;

use super::{Store, StoreError};
use crate::quota::QuotaSample;

/// Samples that are kept: a week of one in five minutes.
const MOST_SAMPLES: u32 = 2016;

impl Store {
    /// Writes down how many posts there are, and forgets the oldest sample if there are many.
    pub(crate) async fn note_quota(&self, sample: QuotaSample) -> Result<(), StoreError> {
        self.transaction(move |tx| {
            let QuotaSample { time_s, used, left } = sample;
            let query = "INSERT OR REPLACE INTO quota_sample (time_s, used, unused) VALUES (?1, ?2, ?3)";
            tx.prepare_cached(query)?.execute(params![time_s, used, left])?;
            let query = "DELETE FROM quota_sample WHERE time_s NOT IN
                         (SELECT time_s FROM quota_sample ORDER BY time_s DESC LIMIT ?1)";
            tx.prepare_cached(query)?.execute([MOST_SAMPLES]).map(drop)
        })
        .await
    }

    /// The samples, the oldest first.
    pub(crate) async fn quota_samples(&self) -> Result<Vec<QuotaSample>, StoreError> {
        self.transaction(|tx| {
            let query = "SELECT time_s, used, unused FROM quota_sample ORDER BY time_s";
            let sample =
                |row: &rusqlite::Row<'_>| Ok(QuotaSample { time_s: row.get(0)?, used: row.get(1)?, left: row.get(2)? });
            tx.prepare_cached(query)?.query_map([], sample)?.collect()
        })
        .await
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_last_samples_are_kept() {
        let store = Store::in_memory();
        for time_s in 0..u64::from(MOST_SAMPLES) + 10 {
            store.note_quota(QuotaSample { time_s, used: 1, left: 2 }).await.unwrap();
        }
        let kept = store.quota_samples().await.unwrap();
        assert_eq!((kept.len(), kept[0].time_s), (MOST_SAMPLES as usize, 10));
    }
}
