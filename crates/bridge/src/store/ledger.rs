//! Who the database belongs to, and what it has counted.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};
use twister::PostNumber;

use super::{Store, StoreError, broken};
use crate::carry::Carry;
use crate::event::Counters;
use crate::frame::v1::Stream;

/// Who the database belongs to. Made once, when the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The stream that names this bridge's messages, and its MQTT client.
    pub stream: Stream,
}

/// Something that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// See [`Counters::taken`].
    Taken,
    /// See [`Counters::posted`].
    Posted,
    /// See [`Counters::posts`].
    Posts,
    /// See [`Counters::received`].
    Received,
    /// See [`Counters::delivered`].
    Delivered,
    /// See [`Counters::refused`].
    Refused,
    /// See [`Counters::unwanted`].
    Unwanted,
    /// See [`Counters::expired`].
    Expired,
    /// See [`Counters::superseded`].
    Superseded,
    /// See [`Counters::dropped`].
    Dropped,
    /// See [`Counters::acked`].
    Acked,
}

/// The profile as it was last written, to merge with when the network does not have it at hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KnownProfile {
    pub seq: u64,
    pub fields: serde_json::Map<String, serde_json::Value>,
}

impl Store {
    /// Who the database belongs to; drawn at random the first time.
    pub(crate) async fn identity(&self) -> Result<Identity, StoreError> {
        self.transaction(identity).await
    }

    /// The first post number that this bridge has not tried yet.
    pub async fn next_number(&self) -> Result<PostNumber, StoreError> {
        self.transaction(|tx| Ok(PostNumber(value(tx, "next_number")?.unwrap_or(0)))).await
    }

    /// When the bridge was last known to run, in milliseconds since 1970; none if it never did.
    pub(crate) async fn last_run(&self) -> Result<Option<u64>, StoreError> {
        self.transaction(|tx| value(tx, "last_run")).await
    }

    /// Writes down that the bridge runs.
    pub(crate) async fn note_run(&self, now_ms: u64) -> Result<(), StoreError> {
        self.transaction(move |tx| set_value(tx, "last_run", &now_ms)).await
    }

    /// The profile as it was last read or written.
    pub(crate) async fn known_profile(&self) -> Result<Option<KnownProfile>, StoreError> {
        self.transaction(|tx| value(tx, "profile")).await
    }

    /// Writes the profile down as it was read or written.
    pub(crate) async fn set_known_profile(&self, profile: KnownProfile) -> Result<(), StoreError> {
        self.transaction(move |tx| set_value(tx, "profile", &profile)).await
    }

    /// What each receiver wanted when it was last sent what the local broker keeps; none if nobody was ever asked.
    pub(crate) async fn greeted(&self) -> Result<Option<BTreeMap<String, String>>, StoreError> {
        self.transaction(|tx| value(tx, "greeted")).await
    }

    /// Writes down what each receiver wanted.
    pub(crate) async fn set_greeted(&self, greeted: BTreeMap<String, String>) -> Result<(), StoreError> {
        self.transaction(move |tx| set_value(tx, "greeted", &greeted)).await
    }

    /// The posts that are left in the DHT.
    pub(crate) async fn carry(&self) -> Result<Carry, StoreError> {
        self.transaction(|tx| Ok(value(tx, "carry")?.unwrap_or_default())).await
    }

    /// Writes down which posts are left in the DHT.
    pub(crate) async fn set_carry(&self, carry: &Carry) -> Result<(), StoreError> {
        let carry = carry.clone();
        self.transaction(move |tx| set_value(tx, "carry", &carry)).await
    }

    /// The sequence number of the profile that was last announced in a post.
    pub(crate) async fn announced_seq(&self) -> Result<u64, StoreError> {
        self.transaction(|tx| Ok(value(tx, "announced_seq")?.unwrap_or(0))).await
    }

    /// Writes down which profile was announced.
    pub(crate) async fn set_announced_seq(&self, seq: u64) -> Result<(), StoreError> {
        self.transaction(move |tx| set_value(tx, "announced_seq", &seq)).await
    }

    /// Everything that was counted, and what waits.
    pub async fn counters(&self) -> Result<Counters, StoreError> {
        self.transaction(counters).await
    }

    /// The same for those without tasks. Blocks.
    pub(crate) fn counters_now(&self) -> Result<Counters, StoreError> {
        self.run(counters)
    }

    /// Counts `by` more.
    pub async fn count(&self, count: Count, by: usize) -> Result<(), StoreError> {
        self.transaction(move |tx| add(tx, count, by)).await
    }
}

fn counters(tx: &Transaction<'_>) -> rusqlite::Result<Counters> {
    let counted = |count: Count| {
        let query = "SELECT value FROM counter WHERE name = ?1";
        tx.prepare_cached(query)?.query_row([count.name()], |row| row.get(0)).optional().map(Option::unwrap_or_default)
    };
    let waiting = |query: &str| tx.prepare_cached(query)?.query_row([], |row| row.get(0));
    Ok(Counters {
        taken: counted(Count::Taken)?,
        posted: counted(Count::Posted)?,
        posts: counted(Count::Posts)?,
        received: counted(Count::Received)?,
        delivered: counted(Count::Delivered)?,
        refused: counted(Count::Refused)?,
        unwanted: counted(Count::Unwanted)?,
        expired: counted(Count::Expired)?,
        superseded: counted(Count::Superseded)?,
        dropped: counted(Count::Dropped)?,
        acked: counted(Count::Acked)?,
        waiting_out: waiting(
            "SELECT (SELECT count(*) FROM outbox WHERE packed = 0) + (
                         SELECT count(DISTINCT packed.message) FROM frame JOIN packed ON packed.frame = frame.id
                         JOIN outbox ON outbox.id = packed.message WHERE frame.out = 0 AND outbox.packed = 1)",
        )?,
        unheard: waiting(
            "SELECT count(DISTINCT packed.message) FROM frame JOIN packed ON packed.frame = frame.id
                     WHERE frame.out = 1",
        )?,
        waiting_in: waiting("SELECT count(*) FROM inbox")?,
    })
}

impl Count {
    fn name(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Posted => "posted",
            Self::Posts => "posts",
            Self::Received => "received",
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::Unwanted => "unwanted",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::Dropped => "dropped",
            Self::Acked => "acked",
        }
    }
}

/// Who the database belongs to; drawn at random the first time.
pub(crate) fn identity(tx: &Transaction<'_>) -> rusqlite::Result<Identity> {
    let drawn = Stream::from_number(rand::random());
    tx.prepare_cached("INSERT OR IGNORE INTO identity VALUES ('stream', ?1)")?.execute([drawn.as_str()])?;
    let query = "SELECT value FROM identity WHERE name = 'stream'";
    let stream: String = tx.prepare_cached(query)?.query_row([], |row| row.get(0))?;
    Ok(Identity { stream: stream.parse().map_err(|error| broken(0, error))? })
}

/// Counts `by` more, as part of a transaction.
pub(crate) fn add(tx: &Transaction<'_>, count: Count, by: usize) -> rusqlite::Result<()> {
    if by == 0 {
        return Ok(());
    }
    let query = "INSERT INTO counter VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = value + ?2";
    tx.prepare_cached(query)?.execute(params![count.name(), by]).map(drop)
}

/// A single value that was written down under `name`.
pub(super) fn value<T: serde::de::DeserializeOwned>(tx: &Transaction<'_>, name: &str) -> rusqlite::Result<Option<T>> {
    let query = "SELECT value FROM identity WHERE name = ?1";
    let text: Option<String> = tx.prepare_cached(query)?.query_row([name], |row| row.get(0)).optional()?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Writes a single value down under `name`.
pub(super) fn set_value<T: Serialize>(tx: &Transaction<'_>, name: &str, value: &T) -> rusqlite::Result<()> {
    let text = serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    tx.prepare_cached("INSERT OR REPLACE INTO identity VALUES (?1, ?2)")?.execute(params![name, text]).map(drop)
}
