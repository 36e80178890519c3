//! The engine of mqtt-twister: joins an MQTT broker to a Twister account.
//!
//! A [`Bridge`] takes messages from a local broker, posts those that its [`config::BridgeConfig`] wants out, and delivers
//! what followed accounts post. What it does and what goes wrong comes out as [`event::BridgeEvent`]s.
//!
//! Deliberately not in it: windows, command lines, and the Twister network itself.

mod backoff;
mod bridge;
mod carry;
pub mod check;
mod clock;
pub mod config;
pub mod control;
mod engine;
pub mod event;
pub mod fit;
pub mod frame;
mod incoming;
pub mod invitation;
pub mod inward;
pub mod limits;
pub mod loops;
pub mod mapping;
pub mod message;
mod mqtt;
pub mod network;
pub mod node;
mod outgoing;
pub mod pack;
pub mod people;
mod profile;
pub mod publish;
pub mod queue;
pub mod quota;
mod ranges;
pub mod rehearse;
pub mod retained;
mod rhythm;
pub mod route;
pub mod scout;
pub mod secrets;
pub mod seen;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod simulation;
mod store;
pub mod topic;
mod watch;

pub use bridge::{Bridge, StartError};
pub use engine::{ReconfigureError, RetainedError};
pub use store::{Quarantined, StoreError};
