//! What the tests stand on: real brokers, a sandbox network, bridge processes, and clients that wait for messages.

mod altered_node;
mod bridge_process;
mod client;
mod config;
mod mosquitto;
mod network;

pub use altered_node::AlteredNode;
pub use bridge_process::{BridgeProcess, ask, command};
pub use client::{Client, Message};
pub use config::{alice_json, bob_json, toml_bridge};
pub use mosquitto::{Mosquitto, free_port};
pub use network::{Network, PASSWORD, USER};

use std::time::Duration;

/// How long a test waits for something that should come at once. A slow machine is no reason to fail.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for `what`, and fails the test with its name if it does not come.
pub async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} did not come within {} s", PATIENCE.as_secs()),
    }
}
