//! What the bridge and its broker know of each other beyond a connection: packet identifiers, subscriptions, and what the
//! bridge has published itself.

use std::collections::BTreeMap;

use rusqlite::{Transaction, params};

use super::ledger::{set_value, value};
use super::{RowId, Store, StoreError};

/// Names of the values in [`Subscribed`]. (Before there was the first, there was a list of filters, `subscribed`.)
const FILTERS: &str = "subscribed_qos";
const CERTAIN: &str = "subscribed_certain";

/// Tells messages apart.
pub(crate) type Digest = [u8; 16];

/// Everything that a session goes on with after a restart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct BrokerSession {
    pub in_flight: Vec<InFlight>,
    /// QoS 2 messages of the broker that were taken, and that it has not released.
    pub unreleased: Vec<u16>,
    pub subscribed: Subscribed,
    /// Publications that may come back, by id.
    pub echoes: Vec<(u64, Digest)>,
    /// What was left at the broker as retained, by topic.
    pub own_retained: Vec<(String, Digest)>,
}

/// A QoS 2 message under way to the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InFlight {
    pub packet: u16,
    /// In the inbox.
    pub row: RowId,
    /// The broker has the message, and may have been told to forget its packet identifier.
    pub released: bool,
}

/// The filters that the broker keeps for this bridge.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Subscribed {
    /// With the quality of service that the broker gives: 0, 1 or 2.
    pub filters: BTreeMap<String, u8>,
    /// Whether it keeps all of them for certain. Not while a connection is being made: the broker may forget its session, and
    /// the program end before it has written that down.
    pub certain: bool,
}

/// What is written down before messages are published.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Published {
    /// Row and packet identifier of QoS 2 messages.
    pub in_flight: Vec<(RowId, u16)>,
    /// Publications that will come back.
    pub echoes: Vec<(u64, Digest)>,
    /// Topics whose retained message the bridge sets, or clears.
    pub own_retained: Vec<(String, Option<Digest>)>,
}

impl Published {
    /// Whether there is nothing to write down.
    pub(crate) fn is_empty(&self) -> bool {
        self.in_flight.is_empty() && self.echoes.is_empty() && self.own_retained.is_empty()
    }
}

impl Store {
    /// What was known of the session when the program ended.
    pub(crate) async fn broker_session(&self) -> Result<BrokerSession, StoreError> {
        let unreleased = self.unreleased().await?;
        self.transaction(move |tx| {
            let mut query = tx.prepare("SELECT packet, row, released FROM in_flight ORDER BY row")?;
            let flight =
                |row: &rusqlite::Row<'_>| Ok(InFlight { packet: row.get(0)?, row: row.get(1)?, released: row.get(2)? });
            let in_flight = query.query_map([], flight)?.collect::<Result<_, _>>()?;
            let mut query = tx.prepare("SELECT id, digest FROM echo ORDER BY id")?;
            let echoes = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
            let mut query = tx.prepare("SELECT topic, digest FROM own_retained")?;
            let own_retained = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
            let filters = match value(tx, FILTERS)? {
                Some(filters) => filters,
                None => {
                    value::<Vec<String>>(tx, "subscribed")?.into_iter().flatten().map(|filter| (filter, 2)).collect()
                }
            };
            let subscribed = Subscribed { filters, certain: value(tx, CERTAIN)?.unwrap_or_default() };
            Ok(BrokerSession { in_flight, unreleased, subscribed, echoes, own_retained })
        })
        .await
    }

    /// Writes down what is about to be published.
    pub(crate) async fn note_published(&self, published: Published) -> Result<(), StoreError> {
        self.transaction(move |tx| {
            let mut flight = tx.prepare_cached("INSERT OR REPLACE INTO in_flight VALUES (?1, ?2, FALSE)")?;
            for (row, packet) in &published.in_flight {
                flight.execute(params![packet, row])?;
            }
            let mut echo = tx.prepare_cached("INSERT OR REPLACE INTO echo VALUES (?1, ?2)")?;
            for (id, digest) in &published.echoes {
                echo.execute(params![id, digest])?;
            }
            for (topic, digest) in &published.own_retained {
                match digest {
                    Some(digest) => tx
                        .prepare_cached("INSERT OR REPLACE INTO own_retained VALUES (?1, ?2)")?
                        .execute(params![topic, digest])?,
                    None => tx.prepare_cached("DELETE FROM own_retained WHERE topic = ?1")?.execute([topic])?,
                };
            }
            Ok(())
        })
        .await
    }

    /// The broker has these QoS 2 messages, and has these of its own released: each by packet identifier.
    pub(crate) async fn note_handshakes(&self, received: Vec<u16>, released: Vec<u16>) -> Result<(), StoreError> {
        self.transaction(move |tx| {
            for packet in &received {
                tx.prepare_cached("UPDATE in_flight SET released = TRUE WHERE packet = ?1")?.execute([packet])?;
            }
            for packet in &released {
                tx.prepare_cached("DELETE FROM unreleased WHERE packet = ?1")?.execute([packet])?;
            }
            Ok(())
        })
        .await
    }

    /// These publications have come back, or will not any more.
    pub(crate) async fn forget_echoes(&self, ids: Vec<u64>) -> Result<(), StoreError> {
        self.transaction(move |tx| {
            for id in &ids {
                tx.prepare_cached("DELETE FROM echo WHERE id = ?1")?.execute([id])?;
            }
            Ok(())
        })
        .await
    }

    /// The broker knows nothing of an earlier session: neither subscriptions nor packet identifiers.
    pub(crate) async fn forget_session(&self) -> Result<(), StoreError> {
        self.transaction(|tx| {
            tx.execute_batch("DELETE FROM in_flight; DELETE FROM unreleased; DELETE FROM echo;")?;
            set_subscribed(tx, &Subscribed::default())
        })
        .await
    }

    /// Writes down what the broker keeps for this bridge.
    pub(crate) async fn set_subscribed(&self, subscribed: Subscribed) -> Result<(), StoreError> {
        self.transaction(move |tx| set_subscribed(tx, &subscribed)).await
    }
}

fn set_subscribed(tx: &Transaction<'_>, subscribed: &Subscribed) -> rusqlite::Result<()> {
    set_value(tx, FILTERS, &subscribed.filters)?;
    set_value(tx, CERTAIN, &subscribed.certain)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::message::{Message, Qos};
    use crate::store::inbox::{Accepted, accept};

    fn row_in(store: &Store) -> RowId {
        let accepted = Accepted {
            sender: "bob".parse().unwrap(),
            number: twister::PostNumber(1),
            public: true,
            message: Message::new("doors/1".parse().unwrap(), "open", Qos::ExactlyOnce),
            id: None,
            expires_ms: None,
        };
        store.run(|tx| accept(tx, accepted, 0)).unwrap().id
    }

    #[tokio::test]
    async fn a_message_is_under_way_until_it_has_left_the_inbox() {
        let store = Store::in_memory();
        let row = row_in(&store);
        store.note_published(Published { in_flight: vec![(row, 7)], ..Published::default() }).await.unwrap();
        assert_eq!(store.broker_session().await.unwrap().in_flight, [InFlight { packet: 7, row, released: false }]);
        store.note_handshakes(vec![7], vec![]).await.unwrap();
        assert_eq!(store.broker_session().await.unwrap().in_flight, [InFlight { packet: 7, row, released: true }]);
        store.confirm_delivered(vec![row], 0).await.unwrap();
        assert_eq!(store.broker_session().await.unwrap().in_flight, []);
    }

    #[tokio::test]
    async fn a_lost_session_takes_everything_with_it_but_what_lies_at_the_broker() {
        let store = Store::in_memory();
        let published = Published {
            in_flight: vec![(1, 7)],
            echoes: vec![(1, [1; 16])],
            own_retained: vec![("a".to_owned(), Some([2; 16]))],
        };
        store.note_published(published).await.unwrap();
        store.set_subscribed(Subscribed { filters: [("a/#".to_owned(), 2)].into(), certain: true }).await.unwrap();
        store.forget_session().await.unwrap();
        let left = BrokerSession { own_retained: vec![("a".to_owned(), [2; 16])], ..BrokerSession::default() };
        assert_eq!(store.broker_session().await.unwrap(), left);
    }
}
