//! What tests of the whole program stand on, whatever node it talks to: real brokers, the program as a process, and clients that wait
//! for messages. The suite says with `crate::patience` how long its tests wait.

#![allow(dead_code, unused_imports, reason = "each suite needs a part of it")]

mod bridge_process;
mod client;
mod config;
mod mosquitto;
mod processor;

pub use bridge_process::{BridgeProcess, ask, command, signal, terminate};
pub use client::{Client, Message};
pub use config::toml_bridge_as;
pub use mosquitto::{Mosquitto, free_port};
pub use processor::processor_time;

use crate::patience;

/// Waits for `what`, and fails the test with its name if it does not come.
pub async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(patience(), future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} did not come within {} s", patience().as_secs()),
    }
}
