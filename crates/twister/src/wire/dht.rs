//! Entries of the distributed hash table.

use serde::Deserialize;
use serde_json::Value;

use crate::names::BlockHeight;

/// Whether a resource has one entry, its owner's, or many entries of anybody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DhtKind {
    /// One entry, written by its owner.
    Single,
    /// Any number of entries, written by anybody.
    Multi,
}

/// One entry (`dhtget`). Its signature was checked by the node.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "Signed")]
pub struct DhtEntry {
    /// The value, as JSON of strings, integers, lists and dictionaries.
    pub value: Value,
    /// The sequence number of a single entry; a multi entry has none.
    pub seq: Option<u64>,
    /// When it was written, in Unix seconds, by the writer's clock.
    pub time: i64,
    /// The chain's height when it was written, by the writer's chain.
    pub height: BlockHeight,
    /// Who wrote and signed it. May be any text.
    pub signer: String,
}

impl DhtKind {
    /// The letter that the node's commands take.
    pub(crate) fn letter(self) -> &'static str {
        match self {
            Self::Single => "s",
            Self::Multi => "m",
        }
    }
}

#[derive(Deserialize)]
struct Signed {
    p: Payload,
    #[serde(default)]
    sig_user: String,
}

#[derive(Deserialize)]
struct Payload {
    v: Value,
    #[serde(default)]
    seq: Option<u64>,
    #[serde(default)]
    time: i64,
    height: BlockHeight,
}

impl From<Signed> for DhtEntry {
    fn from(Signed { p, sig_user }: Signed) -> Self {
        Self { value: p.v, seq: p.seq, time: p.time, height: p.height, signer: sig_user }
    }
}
