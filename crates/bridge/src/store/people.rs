//! What the database knows of each account that the bridge has to do with, for people to see.

use std::collections::BTreeMap;

use rusqlite::Transaction;
use twister::{PostNumber, Username};

use super::{Store, StoreError};

/// What is known of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct PeerFacts {
    /// When it was first followed, in seconds since 1970.
    pub first_contact_s: Option<u64>,
    /// When the last message of it arrived, in milliseconds since 1970; none if none did lately.
    pub last_arrival_ms: Option<u64>,
    /// The highest of its posts that were looked at.
    pub looked_at: Option<PostNumber>,
    /// Messages of it that wait for the local broker.
    pub waiting_in: u64,
    /// Messages of it in the quarantine.
    pub quarantined: u64,
}

impl Store {
    /// What is known of each account.
    pub(crate) async fn peer_facts(&self) -> Result<BTreeMap<Username, PeerFacts>, StoreError> {
        self.transaction(|tx| {
            let mut facts = BTreeMap::new();
            each(tx, &mut facts, "SELECT name, first_contact_s FROM peer", |one, value| {
                one.first_contact_s = Some(value);
            })?;
            each(tx, &mut facts, "SELECT sender, max(arrived_ms) FROM arrived GROUP BY sender", |one, value| {
                one.last_arrival_ms = Some(value);
            })?;
            each(tx, &mut facts, "SELECT sender, max(number) FROM looked_at GROUP BY sender", |one, value| {
                one.looked_at = u32::try_from(value).ok().map(PostNumber);
            })?;
            each(tx, &mut facts, "SELECT sender, count(*) FROM inbox GROUP BY sender", |one, value| {
                one.waiting_in = value;
            })?;
            each(tx, &mut facts, "SELECT sender, count(*) FROM quarantine GROUP BY sender", |one, value| {
                one.quarantined = value;
            })?;
            Ok(facts)
        })
        .await
    }
}

fn each(
    tx: &Transaction<'_>,
    facts: &mut BTreeMap<Username, PeerFacts>,
    query: &str,
    note: impl Fn(&mut PeerFacts, u64),
) -> rusqlite::Result<()> {
    let mut query = tx.prepare_cached(query)?;
    for row in query.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, u64>(1)?)))? {
        let (name, value) = row?;
        if let Ok(name) = name.parse() {
            note(facts.entry(name).or_default(), value);
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::{PeerRecord, inbox};
    use super::*;

    #[tokio::test]
    async fn each_account_has_what_is_known_of_it_and_no_other() {
        let store = Store::in_memory();
        let (alice, bob): (Username, Username) = ("mqtt_alice".parse().unwrap(), "mqtt_bob".parse().unwrap());
        let record = PeerRecord { first_contact_s: 7, begins_at: PostNumber(0) };
        store.meet(&alice, record).await.unwrap();
        store.run(|tx| inbox::note_looked_at(tx, &alice, PostNumber(5))).unwrap();
        store.run(|tx| inbox::note_looked_at(tx, &alice, PostNumber(3))).unwrap();
        store.run(|tx| inbox::note_looked_at(tx, &bob, PostNumber(9))).unwrap();
        let facts = store.peer_facts().await.unwrap();
        assert_eq!(facts[&alice].first_contact_s, Some(7));
        assert_eq!(facts[&alice].looked_at, Some(PostNumber(5)));
        assert_eq!(facts[&bob], PeerFacts { looked_at: Some(PostNumber(9)), ..PeerFacts::default() });
    }
}
