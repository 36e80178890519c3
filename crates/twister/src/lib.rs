//! Typed client of twisterd's JSON-RPC: the calls, names, posts and errors of a Twister node.
//!
//! [`Client`] is the way in. It takes a [`NodeUrl`] and [`Credentials`], and answers with the types of [`wire`] or with an
//! [`RpcError`], whose [`NodeFault`] says what the node objected to, so that no caller reads error texts.
//!
//! Deliberately not in it: MQTT, retries, and every decision about when to call what.

pub mod bencode;
mod client;
mod credentials;
pub mod error;
pub mod hex;
pub mod key;
pub mod limits;
pub mod names;
pub mod node_url;
pub mod peer;
mod peer_address;
pub mod sync;
mod tls;
pub mod translate;
mod transport;
pub mod wire;

pub use client::{Client, DhtPut, MessageRange, PostFlags, PostRange, SelfCopy};
pub use credentials::{Credentials, Secret};
pub use error::{ConnectFailure, Evidence, NodeFault, RpcError, TlsFailure};
pub use names::{BlockHeight, PostNumber, Username};
pub use node_url::{DEFAULT_RPC_PORT, NodeUrl, NodeUrlError};
pub use peer::{GroupAlias, GroupAliasError, Peer};
pub use peer_address::{DEFAULT_P2P_PORT, PeerAddress, PeerAddressError};
pub use sync::SyncProgress;
pub use tls::{Fingerprint, FingerprintError};
pub use wire::{
    Block, CustomFields, DhtEntry, DhtKind, DirectMessage, FieldValue, GroupInfo, Mention, MiningInfo, NodeInfo,
    PeerInfo, Post, PostKind, PostRef, Registration, SignedPost, TorrentStatus, readable_version,
};
