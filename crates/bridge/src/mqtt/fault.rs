//! Why the broker cannot be used, in words that a person can act on.

use std::io::ErrorKind;

use rumqttc::v5::mqttbytes::v5::{ConnectReturnCode, DisconnectReasonCode};

use super::connection::ConnectionError;
use super::transport::TransportError;
use crate::config::BrokerUrl;
use crate::event::ProblemCode;

/// A reason for which a connection ended or never began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub code: ProblemCode,
    pub message: String,
    /// Whether trying again is of little use before somebody has changed something.
    pub lasting: bool,
}

impl Fault {
    /// What `error` means for a connection to `url`.
    pub(crate) fn of(error: &ConnectionError, url: &BrokerUrl) -> Self {
        match error {
            ConnectionError::Transport(error) => Self::of_transport(error, url),
            ConnectionError::Closed => Self::unreachable(url, "it closed the connection"),
            ConnectionError::ClosedAtOnce => Self::unreachable(url, "it closed the connection at once"),
            ConnectionError::Silent => Self::unreachable(url, "it does not answer"),
            ConnectionError::Refused(reason) => Self::refused(*reason, url),
            ConnectionError::Ended(reason) => Self::ended(*reason, url),
            ConnectionError::Codec(error) => Self::lasting(format!(
                "what answers at {url} does not speak MQTT as it should ({error}); is it a broker?"
            )),
        }
    }

    fn of_transport(error: &TransportError, url: &BrokerUrl) -> Self {
        match error {
            TransportError::Io(error) => Self::unreachable(url, &io_reason(error)),
        }
    }

    fn unreachable(url: &BrokerUrl, reason: &str) -> Self {
        let message =
            format!("no broker can be reached at {url}: {reason}. Check that it runs and that the address is right");
        Self { code: ProblemCode::BrokerUnreachable, message, lasting: false }
    }

    fn refused(reason: ConnectReturnCode, url: &BrokerUrl) -> Self {
        match reason {
            ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized => Self {
                code: ProblemCode::BrokerCredentials,
                message: format!(
                    "the broker at {url} refuses the user name or password; enter them again in the settings"
                ),
                lasting: true,
            },
            ConnectReturnCode::UnsupportedProtocolVersion => Self::lasting(format!(
                "the broker at {url} does not speak the version of MQTT that is asked for; set broker.protocol to auto"
            )),
            ConnectReturnCode::Banned => {
                Self::lasting(format!("the broker at {url} has banned this client; ask who runs it"))
            }
            ConnectReturnCode::ServerBusy
            | ConnectReturnCode::ServerUnavailable
            | ConnectReturnCode::ConnectionRateExceeded => {
                Self::passing(format!("the broker at {url} is busy ({reason:?}); try again later"))
            }
            other => {
                Self::passing(format!("the broker at {url} refuses the connection ({other:?}); its log says more"))
            }
        }
    }

    fn ended(reason: DisconnectReasonCode, url: &BrokerUrl) -> Self {
        let why = match reason {
            DisconnectReasonCode::SessionTakenOver => {
                "another program has connected under this bridge's name; does the bridge run twice?".to_owned()
            }
            DisconnectReasonCode::ServerShuttingDown => "it is shutting down".to_owned(),
            other => format!("{other:?}"),
        };
        Self::passing(format!("the broker at {url} has closed the connection: {why}"))
    }

    fn passing(message: String) -> Self {
        Self { code: ProblemCode::BrokerRefused, message, lasting: false }
    }

    fn lasting(message: String) -> Self {
        Self { code: ProblemCode::BrokerRefused, message, lasting: true }
    }
}

fn io_reason(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "nothing listens there".to_owned(),
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => "the connection was closed".to_owned(),
        ErrorKind::TimedOut => "it does not answer".to_owned(),
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable => "there is no way to it in the network".to_owned(),
        _ => error.to_string(),
    }
}
