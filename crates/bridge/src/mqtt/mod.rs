//! The MQTT side: the bridge's session at the local broker.
//!
//! ```text
//! session ─┬─> deliveries, echo     what is under way, what comes back: state machines
//!          └─> connection ──> codec, transport (tls, websocket)
//! ```
//!
//! Deliberately not here: what a message means and where it goes. The session hands messages in, takes messages out, and
//! acknowledges what it is told to.

mod codec;
mod connection;
mod copies;
mod deliveries;
mod echo;
mod fault;
mod options;
mod packet;
mod properties;
mod retained;
mod session;
mod state_topic;
mod tls;
mod transport;
mod websocket;

pub(crate) use connection::{Connection, ConnectionError, Progress};
pub(crate) use fault::Fault;
pub(crate) use options::Login;
pub(crate) use packet::{Hello, Packet, Publish};
pub(crate) use retained::{Own, retained};
pub(crate) use session::{Command, Delivery, INCOMING_CAPACITY, Incoming, Session, Setup};
pub use tls::TlsFileError;
pub(crate) use tls::client_config;
