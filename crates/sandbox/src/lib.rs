//! A Twister network inside this process: nodes that speak twisterd's RPC, quirk for quirk.
//!
//! It stands in for a real network where a person tries the program out, and in tests. Nothing leaves the machine: each
//! node listens on a port of 127.0.0.1 of its own. Keys, signatures and encryption are real, so that a post that one node
//! made can be carried to another one by hand.
//!
//! ```no_run
//! # async fn example() -> Result<(), mqtt_twister_sandbox::SandboxError> {
//! use mqtt_twister_sandbox::{Network, NodeConfig};
//!
//! let network = Network::builder()
//!     .node(NodeConfig::new().account("mqtt_alice"))
//!     .node(NodeConfig::new().account("mqtt_bob"))
//!     .start()
//!     .await?;
//! network.follow(1, "mqtt_bob", &["mqtt_alice"]);
//! let (url, user) = (network.node(0).url(), network.node(0).user());
//! # let _ = (url, user);
//! network.stop().await
//! # }
//! ```
//!
//! Deliberately not in it: peer-to-peer networking, proof of work, and anything that would let two machines join. For
//! that there is twisterd.

mod arrivals;
mod chain;
mod clock;
mod config;
mod dht;
mod direct_messages;
mod ecies;
mod error;
mod execute;
mod faults;
mod groups;
mod http;
mod json;
mod keys;
mod network;
mod node;
mod node_state;
mod pace;
mod post;
mod rpc;
mod shared;
mod snapshot;
mod state_file;
mod swarm;
mod wallet;
mod world;

pub use arrivals::{Arrivals, ReleaseOrder};
pub use clock::{BlockTime, Clock, ManualClock};
pub use config::{Builder, DEFAULT_DHT_WAIT, DEFAULT_HEIGHT, DEFAULT_USER, NodeConfig};
pub use error::{SandboxError, StateError};
pub use network::Network;
pub use node::Node;
pub use pace::PostPace;
pub use world::{SelfCopy, Via};
