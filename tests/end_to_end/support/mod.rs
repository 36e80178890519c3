//! What these tests stand on beside what all tests of the program do: a sandbox network.

mod altered_node;
mod config;
mod network;
#[path = "../../support/mod.rs"]
mod processes;

pub use altered_node::AlteredNode;
pub use config::{alice_json, bob_json, toml_bridge};
pub use network::{Network, PASSWORD, USER};
pub use processes::{BridgeProcess, Client, Message, Mosquitto, ask, command, free_port, in_time};
