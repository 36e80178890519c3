//! What the recordings do not show: faults, time, joining and parting, many nodes, and state on disk.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/http.rs"]
mod http;

mod calls;
mod dht;
mod faults;
mod keys;
mod messages;
mod posts;
mod server;
mod state;
mod swarms;
