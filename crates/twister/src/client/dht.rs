//! The distributed hash table.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Client, text};
use crate::error::RpcError;
use crate::names::Username;
use crate::wire::{DhtEntry, DhtKind};

/// How long `dhtget` waits unless told otherwise. Source: twister-core.
const GET_TIMEOUT: Duration = Duration::from_secs(10);

/// How an entry is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DhtPut {
    /// The one entry of its owner. Nodes that have an entry with the same `seq` or a higher one ignore it without a word.
    Single {
        /// One more than that of the entry to be replaced.
        seq: u32,
    },
    /// One more entry beside those of others.
    Multi,
}

impl Client {
    /// The entries of a resource (`dhtget`); empty if nothing is found. `name` is a user's name, or a hashtag for the
    /// resource `hashtag`. `timeout` is how long the node waits for a first answer, in milliseconds; `None` means its own
    /// limit of 10 seconds.
    pub async fn dht_get(
        &self,
        name: &str,
        resource: &str,
        kind: DhtKind,
        timeout: Option<Duration>,
    ) -> Result<Vec<DhtEntry>, RpcError> {
        let mut params = vec![name.into(), resource.into(), kind.letter().into()];
        if let Some(timeout) = timeout {
            params.push(json!(i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX)));
        }
        self.typed_waiting("dhtget", params, timeout.unwrap_or(GET_TIMEOUT)).await
    }

    /// Signs an entry as `signer` and puts it into the DHT (`dhtput`). `value` may hold strings, integers, lists and
    /// dictionaries. Success means that it was sent: other nodes drop without a word a single entry above 8192 bytes
    /// bencoded, a multi entry above 768, a resource name above 32 bytes, and a stale sequence number.
    ///
    /// [`NodeFault::DhtPutRefused`](crate::NodeFault::DhtPutRefused) for a single entry of somebody else.
    pub async fn dht_put(
        &self,
        name: &str,
        resource: &str,
        put: DhtPut,
        value: &Value,
        signer: &Username,
    ) -> Result<(), RpcError> {
        let kind = match put {
            DhtPut::Single { .. } => DhtKind::Single,
            DhtPut::Multi => DhtKind::Multi,
        };
        let mut params = vec![name.into(), resource.into(), kind.letter().into(), value.clone(), text(signer)];
        if let DhtPut::Single { seq } = put {
            params.push(json!(seq));
        }
        self.done("dhtput", params).await
    }
}
