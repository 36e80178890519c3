//! The whole program from outside: the bridge as a process of its own, real Mosquitto brokers, and a sandbox network that it
//! reaches only as it would reach anybody's node.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod absence;
mod accounts;
mod bad_input;
mod doctor;
mod kill;
mod outages;
mod queue;
mod server;
mod soak;
mod stranger;
mod support;
mod two_people;

use std::time::Duration;

/// How long a test waits for something that should come at once. A slow machine is no reason to fail.
fn patience() -> Duration {
    Duration::from_secs(60)
}
