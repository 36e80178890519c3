//! What a node sends and takes, typed. Members that are not known here are ignored, so that a newer node is understood.

mod chain;
mod dht;
mod direct_message;
mod post;

pub use chain::{Block, MiningInfo, NodeInfo, PeerInfo, Registration, TorrentStatus, readable_version};
pub use dht::{DhtEntry, DhtKind};
pub use direct_message::{DirectMessage, GroupInfo};
pub use post::{
    BencodeError, CustomFields, EncryptedMessage, FieldValue, Mention, Post, PostKind, PostRef, PostShapeError,
    SignedPost,
};
