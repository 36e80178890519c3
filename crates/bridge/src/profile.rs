//! The account's profile in the DHT: a person's own, to which a bridge adds a little. Writing replaces all of it, so that it
//! is read first, merged and written with the next number; what cannot be read for certain is not written over.

use std::time::Duration;

use serde_json::{Map, Value};
use twister::wire::DhtEntry;
use twister::{Client, DhtKind, DhtPut, RpcError, Username};

use crate::store::KnownProfile;

/// The profile's name in the DHT.
pub(crate) const PROFILE: &str = "profile";

/// How long the DHT may take to find a profile.
pub(crate) const DHT_TIMEOUT: Duration = Duration::from_secs(5);

/// What was found in a profile's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// The profile as it is now.
    Profile(KnownProfile),
    /// None, as far as anybody knows.
    Nothing,
    /// Something that has no fields, and that is not to be written over.
    Unreadable,
}

/// The profile of `account` as it is now; `known` is how it was last seen. An answer of nothing may be the DHT's failure, so
/// it is asked for twice.
pub(crate) async fn read(client: &Client, account: &Username, known: Option<KnownProfile>) -> Result<Found, RpcError> {
    for timeout in [DHT_TIMEOUT, DHT_TIMEOUT * 2] {
        let entries = client.dht_get(account.as_str(), PROFILE, DhtKind::Single, Some(timeout)).await?;
        let Some(entry) = newest(entries) else { continue };
        let seq = entry.seq.unwrap_or(0);
        return Ok(match (entry.value, known) {
            // What was written last may not have travelled yet.
            (Value::Object(_), Some(known)) if known.seq > seq => Found::Profile(known),
            (Value::Object(fields), _) => Found::Profile(KnownProfile { seq, fields }),
            _ => Found::Unreadable,
        });
    }
    Ok(known.map_or(Found::Nothing, Found::Profile))
}

/// Writes a profile, whose number has to be above that of the one that was read. True if it is found as it was written in all
/// the `changed` members: a put with a stale number answers success too.
pub(crate) async fn write(
    client: &Client,
    account: &Username,
    profile: &KnownProfile,
    changed: &[&str],
) -> Result<bool, RpcError> {
    let put = DhtPut::Single { seq: u32::try_from(profile.seq).unwrap_or(u32::MAX) };
    let value = Value::Object(profile.fields.clone());
    client.dht_put(account.as_str(), PROFILE, put, &value, account).await?;
    let stored = newest(client.dht_get(account.as_str(), PROFILE, DhtKind::Single, Some(DHT_TIMEOUT)).await?);
    let is_same =
        |entry: &DhtEntry| changed.iter().all(|member| entry.value.get(member) == profile.fields.get(*member));
    Ok(stored.as_ref().is_some_and(is_same))
}

/// The entry with the highest number.
pub(crate) fn newest(entries: Vec<DhtEntry>) -> Option<DhtEntry> {
    entries.into_iter().max_by_key(|entry| entry.seq)
}

impl Found {
    /// What is to be merged with; none if it cannot be read.
    pub(crate) fn into_merged(self) -> Option<KnownProfile> {
        match self {
            Self::Profile(profile) => Some(profile),
            Self::Nothing => Some(KnownProfile { seq: 0, fields: Map::new() }),
            Self::Unreadable => None,
        }
    }
}
