//! Which posts were made before anybody looked: before an account was followed, or while the bridge did not run. What of
//! them comes in, the configuration says ([`CatchUp`]).

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::Instant;
use twister::{PostNumber, Username};

use super::Context;
use crate::clock::now_ms;
use crate::config::{BridgeConfig, CatchUp};
use crate::store::{PeerRecord, Store, StoreError};

/// A bridge that did not run for longer was away, in milliseconds.
const ABSENCE_MS: u64 = 3600 * 1000;

/// How often it is written down that the bridge runs.
const RUN_PERIOD: Duration = Duration::from_secs(60);

/// Clocks may be so wrong, in seconds.
const CLOCK_TOLERANCE_S: u64 = 3600;

/// Whether and since when the bridge is back.
#[derive(Debug, Default)]
pub(super) struct Absence {
    /// When it came back, in seconds since 1970, if it was away.
    back_since_s: Option<u64>,
    /// Accounts whose posts of that time were marked off.
    marked_off: HashSet<Username>,
    noted_run: Option<Instant>,
}

impl Absence {
    /// Writes down that the bridge runs. The first time, finds out whether it was away.
    pub(super) async fn note_run(&mut self, store: &Store) -> Result<(), StoreError> {
        if self.noted_run.is_some_and(|at| at.elapsed() < RUN_PERIOD) {
            return Ok(());
        }
        let now_ms = now_ms();
        if self.noted_run.is_none() {
            let last_run = store.last_run().await?;
            let away = last_run.is_some_and(|last| now_ms.saturating_sub(last) > ABSENCE_MS);
            self.back_since_s = away.then_some(now_ms / 1000);
        }
        store.note_run(now_ms).await?;
        self.noted_run = Some(Instant::now());
        Ok(())
    }

    /// If the bridge was away: posts of `peer` up to `highest`, the highest at the first look, were made meanwhile.
    pub(super) async fn mark_off(
        &mut self,
        context: &Context,
        peer: &Username,
        highest: PostNumber,
    ) -> Result<(), StoreError> {
        let take = context.config().after_absence(peer);
        let marks = self.back_since_s.is_some() && take != CatchUp::Everything;
        if marks && self.marked_off.insert(peer.clone()) {
            context.store.set_old(peer, highest.next(), take).await?;
        }
        Ok(())
    }

    /// What comes in of a post of `peer` that was made at `time_s`, by the time alone: its number may have become known
    /// only later.
    pub(super) fn catch_up(&self, config: &BridgeConfig, peer: &Username, record: PeerRecord, time_s: u64) -> CatchUp {
        if is_before(time_s, record.first_contact_s) {
            return config.first_contact(peer);
        }
        match self.back_since_s {
            Some(back_since_s) if is_before(time_s, back_since_s) => config.after_absence(peer),
            _ => CatchUp::Everything,
        }
    }
}

/// Whether a post that was made at `time_s` is from before `since_s`, whatever the clocks say.
pub(super) fn is_before(time_s: u64, since_s: u64) -> bool {
    time_s < since_s.saturating_sub(CLOCK_TOLERANCE_S)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::parse_bridge;

    #[test]
    fn what_was_posted_before_anybody_looked_is_known_by_its_time() {
        let config = parse_bridge(serde_json::json!({
            "name": "home",
            "twister": {"url": "http://127.0.0.1:28332", "account": "mqtt_alice"},
            "broker": {"url": "127.0.0.1"},
            "following": ["mqtt_bob"],
            "peers": {"mqtt_bob": {"first_contact": "from_now_on", "after_absence": "retained"}},
        }));
        let (config, bob) = (config.unwrap(), "mqtt_bob".parse().unwrap());
        let record = PeerRecord { first_contact_s: 10_000, begins_at: PostNumber(0) };
        let mut absence = Absence::default();
        let at = |absence: &Absence, time_s| absence.catch_up(&config, &bob, record, time_s);
        assert_eq!(at(&absence, 6399), CatchUp::FromNowOn);
        assert_eq!(at(&absence, 6400), CatchUp::Everything);
        absence.back_since_s = Some(100_000);
        assert_eq!(at(&absence, 50_000), CatchUp::Retained);
        assert_eq!(at(&absence, 96_400), CatchUp::Everything);
    }

    #[tokio::test]
    async fn a_bridge_that_did_not_run_for_a_while_was_away() {
        let store = Store::in_memory();
        let back = async |last_run_ms: Option<u64>| {
            if let Some(last_run_ms) = last_run_ms {
                store.note_run(last_run_ms).await.unwrap();
            }
            let mut absence = Absence::default();
            absence.note_run(&store).await.unwrap();
            absence.back_since_s.is_some()
        };
        assert!(!back(None).await, "it runs for the first time");
        assert!(!back(Some(now_ms() - ABSENCE_MS / 2)).await);
        assert!(back(Some(now_ms() - ABSENCE_MS * 2)).await);
        assert!(!back(None).await, "it has just run");
    }
}
