//! Where a broker is, who logs in there, and in which version of the protocol.

use std::sync::Arc;

use rumqttc::v5::mqttbytes::v5::ConnectReturnCode;
use rustls::ClientConfig;

use super::connection::{Connection, ConnectionError};
use super::packet::{Hello, Protocol, SessionKind, Welcome};
use super::tls::{TlsFileError, client_config};
use crate::config::{BrokerConfig, BrokerUrl, ProtocolChoice};
use crate::secrets::Password;

/// Where a broker is and who logs in there.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub url: BrokerUrl,
    pub user: String,
    pub password: Password,
    /// What is spoken, or tried.
    pub protocol: ProtocolChoice,
    /// Present if the address asks for TLS.
    pub tls: Option<Arc<ClientConfig>>,
}

impl Login {
    /// What `config` says, with its password. Reads the files that it names.
    pub(crate) fn new(config: &BrokerConfig, password: Password) -> Result<Self, TlsFileError> {
        let BrokerConfig { url, user, protocol, .. } = config.clone();
        Ok(Self { url, user, password, protocol, tls: client_config(config)? })
    }

    /// Connects. If the version is to be found out and the broker refuses MQTT 5, 3.1.1 is spoken, and tried first from now on.
    pub(crate) async fn connect(&mut self, hello: &Hello) -> Result<(Connection, Welcome), ConnectionError> {
        let first = match self.protocol {
            ProtocolChoice::V311 => Protocol::V311,
            ProtocolChoice::Auto | ProtocolChoice::V5 => Protocol::V5,
        };
        let outcome = Connection::open(self, hello, first).await;
        let refused = match &outcome {
            Err(ConnectionError::Refused(ConnectReturnCode::UnsupportedProtocolVersion)) => true,
            // Brokers that do not know it may simply hang up. So does one that is being stopped, so this is not remembered.
            Err(ConnectionError::ClosedAtOnce) => false,
            _ => return outcome,
        };
        if self.protocol != ProtocolChoice::Auto {
            return outcome;
        }
        let outcome = Connection::open(self, hello, Protocol::V311).await;
        if outcome.is_ok() {
            tracing::info!(broker = %self.url, "the broker does not take MQTT 5; 3.1.1 is spoken");
        }
        if refused && outcome.is_ok() {
            self.protocol = ProtocolChoice::V311;
        }
        outcome
    }
}

impl Hello {
    /// A client that leaves nothing behind.
    pub(crate) fn one_off() -> Self {
        let client_id = format!("mqtt-twister-{:08x}", rand::random::<u32>());
        Self { client_id, session: SessionKind::OneOff, will: None }
    }
}
