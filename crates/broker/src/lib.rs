//! The MQTT broker inside the program, for people who have none: MQTT 3.1.1 and 5 on one TCP port, in this process.
//!
//! The protocol itself is the `mqtt5` crate's (why that one: `docs/decisions/embedded-broker.md`); its types stay inside
//! this crate. What is added here is the lifecycle (start, known port, clean stop), a login that needs no password file, and
//! errors that a person can act on.
//!
//! Deliberately not here: TLS, WebSockets, access lists, `$SYS` topics. Whoever needs those runs a broker of their own. Nothing
//! here knows of bridges or of Twister.
//!
//! ```no_run
//! # async fn example() -> Result<(), mqtt_twister_broker::BrokerError> {
//! use mqtt_twister_broker::{Broker, BrokerOptions};
//!
//! let broker = Broker::start(BrokerOptions::on(([127, 0, 0, 1], 0))).await?;
//! let clients_connect_to = broker.addr();
//! broker.stop().await;
//! # Ok(())
//! # }
//! ```

mod broker;
mod error;
mod login;
mod options;

pub use broker::Broker;
pub use error::BrokerError;
pub use options::{BrokerOptions, Credentials};

/// User properties that the broker adds to every MQTT 5 message it passes on: the publisher's client id, and a name that it
/// reserves for the publisher's login and that never leaves it here. They say something about the person's own devices, so whoever
/// sends messages on to others should drop them.
pub const ADDED_USER_PROPERTIES: [&str; 2] = ["x-mqtt-client-id", "x-mqtt-sender"];
