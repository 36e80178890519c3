//! The MQTT side: the bridge's session at the local broker.
//!
//! Deliberately not here: what a message means and where it goes. The session hands messages in, takes messages out, and
//! acknowledges what it is told to.

mod deliveries;
mod fault;
mod options;
mod session;
mod state_topic;

pub(crate) use fault::Fault;
pub(crate) use options::{Login, one_off, qos_of, to_rumqttc};
pub(crate) use session::{Command, Delivery, INCOMING_CAPACITY, Incoming, Session, Setup};
