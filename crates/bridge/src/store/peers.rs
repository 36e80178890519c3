//! What is known of followed accounts.

use std::collections::{HashMap, HashSet};

use rusqlite::{OptionalExtension as _, Transaction, params};
use twister::{PostNumber, Username};

use super::inbox::{from_json, to_json};
use super::{Store, StoreError, broken};
use crate::config::CatchUp;
use crate::topic::TopicFilter;

/// Since when an account is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerRecord {
    /// When it was first followed, in seconds since 1970.
    pub first_contact_s: u64,
    /// Lower numbers were used before the first contact.
    pub begins_at: PostNumber,
}

impl Store {
    /// What is known of `peer`, if the bridge has met it.
    pub async fn peer(&self, peer: &Username) -> Result<Option<PeerRecord>, StoreError> {
        let peer = peer.clone();
        self.transaction(move |tx| {
            let query = "SELECT first_contact_s, begins_at FROM peer WHERE name = ?1";
            let record = |row: &rusqlite::Row<'_>| {
                Ok(PeerRecord { first_contact_s: row.get(0)?, begins_at: PostNumber(row.get(1)?) })
            };
            tx.query_row(query, [peer.as_str()], record).optional()
        })
        .await
    }

    /// Writes the first contact with `peer` down; a later call changes nothing.
    pub async fn meet(&self, peer: &Username, record: PeerRecord) -> Result<(), StoreError> {
        let peer = peer.clone();
        self.transaction(move |tx| {
            let fields = params![peer.as_str(), record.first_contact_s, record.begins_at.0];
            let query = "INSERT OR IGNORE INTO peer (name, first_contact_s, begins_at) VALUES (?1, ?2, ?3)";
            tx.execute(query, fields).map(drop)
        })
        .await
    }

    /// Lower numbers of `peer` are left alone from now on.
    pub(crate) async fn skip_posts(&self, peer: &Username, below: PostNumber) -> Result<(), StoreError> {
        let peer = peer.clone();
        self.transaction(move |tx| {
            let query = "UPDATE peer SET begins_at = max(begins_at, ?2) WHERE name = ?1";
            tx.execute(query, params![peer.as_str(), below.0]).map(drop)
        })
        .await
    }

    /// Of posts of `peer` below `below`, as many as were called old before or more, comes in what `take` says.
    pub(crate) async fn set_old(&self, peer: &Username, below: PostNumber, take: CatchUp) -> Result<(), StoreError> {
        let peer = peer.clone();
        self.transaction(move |tx| set_old(tx, &peer, below, take)).await
    }

    /// The subscriptions that peers have published, as far as they are known.
    pub async fn published_topics(&self) -> Result<HashMap<Username, Vec<TopicFilter>>, StoreError> {
        self.transaction(|tx| {
            let mut known = HashMap::new();
            let mut query = tx.prepare("SELECT name, topics FROM peer WHERE topics IS NOT NULL")?;
            for row in query.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))? {
                let (name, topics) = row?;
                if let (Ok(name), Ok(topics)) = (name.parse(), serde_json::from_str(&topics)) {
                    known.insert(name, topics);
                }
            }
            Ok(known)
        })
        .await
    }

    /// The peers that have announced to understand packed frames.
    pub async fn packers(&self) -> Result<HashSet<Username>, StoreError> {
        self.transaction(|tx| {
            let mut query = tx.prepare("SELECT name FROM peer WHERE frames = 1")?;
            let names = query.query_map([], |row| row.get::<_, String>(0))?;
            names.map(|name| name?.parse().map_err(|error| broken(0, error))).collect()
        })
        .await
    }

    /// Writes down what a peer, met before, has published in the profile of this sequence number. Returns whether that
    /// is news: an older profile is not.
    pub async fn set_published_topics(
        &self,
        peer: &Username,
        topics: &[TopicFilter],
        packed: bool,
        seq: u64,
    ) -> Result<bool, StoreError> {
        let peer = peer.clone();
        let topics = serde_json::to_string(topics).unwrap_or_else(|_| "[]".to_owned());
        self.transaction(move |tx| {
            let query = "UPDATE peer SET topics = ?2, frames = ?4, topics_seq = ?3
                         WHERE name = ?1 AND (topics_seq IS NULL OR topics_seq < ?3)";
            Ok(tx.execute(query, params![peer.as_str(), topics, seq, packed])? > 0)
        })
        .await
    }
}

/// Of posts of `peer` below `below`, as many as were called old before or more, comes in what `take` says.
pub(crate) fn set_old(tx: &Transaction<'_>, peer: &Username, below: PostNumber, take: CatchUp) -> rusqlite::Result<()> {
    let query = "UPDATE peer SET old_below = max(old_below, ?2), old_take = ?3 WHERE name = ?1";
    tx.execute(query, params![peer.as_str(), below.0, to_json(&take)?]).map(drop)
}

/// What comes in of `post`.
pub(crate) fn catch_up(tx: &Transaction<'_>, peer: &Username, post: PostNumber) -> rusqlite::Result<CatchUp> {
    let query = "SELECT old_take FROM peer WHERE name = ?1 AND old_below > ?2 AND old_take IS NOT NULL";
    let take =
        tx.prepare_cached(query)?.query_row(params![peer.as_str(), post.0], |row| from_json(row, 0)).optional()?;
    Ok(take.unwrap_or(CatchUp::Everything))
}
