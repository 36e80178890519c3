//! Typed client of twisterd's JSON-RPC: the calls, names, posts and errors of a Twister node.
//!
//! Deliberately not in it: MQTT, retries, and every decision about when to call what.

pub mod bencode;
pub mod names;

pub use names::{BlockHeight, PostNumber, Username};
