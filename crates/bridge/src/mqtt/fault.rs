//! Why the broker cannot be used, in words that a person can act on.

use std::io::ErrorKind;

use rumqttc::v5::mqttbytes::v5::{ConnectReturnCode, DisconnectReasonCode};
use rumqttc::v5::{ConnectionError, StateError};

use crate::config::BrokerUrl;
use crate::event::ProblemCode;

/// A reason for which a connection ended or never began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub code: ProblemCode,
    pub message: String,
}

impl Fault {
    /// What `error` means for a connection to `url`.
    pub(crate) fn of(error: &ConnectionError, url: &BrokerUrl) -> Self {
        match error {
            ConnectionError::Io(error) => Self::unreachable(url, &io_reason(error)),
            ConnectionError::MqttState(StateError::Io(error)) => Self::unreachable(url, &io_reason(error)),
            ConnectionError::Timeout(_) => Self::unreachable(url, "it does not answer"),
            ConnectionError::MqttState(StateError::AwaitPingResp) => Self::unreachable(url, "it stopped answering"),
            ConnectionError::MqttState(StateError::ConnectionAborted) => {
                Self::unreachable(url, "it closed the connection")
            }
            ConnectionError::ConnectionRefused(code)
            | ConnectionError::MqttState(StateError::ConnFail { reason: code }) => Self::refused(*code, url),
            ConnectionError::MqttState(StateError::ServerDisconnect { reason_code, .. }) => {
                Self::disconnected(*reason_code, url)
            }
            other => Self {
                code: ProblemCode::BrokerRefused,
                message: format!("what answers at {url} does not speak MQTT 5 as it should ({other}); is it a broker?"),
            },
        }
    }

    fn unreachable(url: &BrokerUrl, reason: &str) -> Self {
        let message =
            format!("no broker can be reached at {url}: {reason}. Check that it runs and that the address is right");
        Self { code: ProblemCode::BrokerUnreachable, message }
    }

    fn refused(code: ConnectReturnCode, url: &BrokerUrl) -> Self {
        use ConnectReturnCode as Code;
        let (problem, message) = match code {
            Code::BadUserNamePassword | Code::NotAuthorized => (
                ProblemCode::BrokerCredentials,
                format!("the broker at {url} refuses the user name or password; enter them again in the settings"),
            ),
            Code::RefusedProtocolVersion | Code::UnsupportedProtocolVersion => (
                ProblemCode::BrokerRefused,
                format!("the broker at {url} does not speak MQTT 5; update it (Mosquitto speaks it since 1.6)"),
            ),
            Code::Banned => {
                (ProblemCode::BrokerRefused, format!("the broker at {url} has banned this client; ask who runs it"))
            }
            Code::ServerBusy | Code::ServerUnavailable | Code::ServiceUnavailable | Code::ConnectionRateExceeded => {
                (ProblemCode::BrokerRefused, format!("the broker at {url} is busy ({code:?}); try again later"))
            }
            other => (
                ProblemCode::BrokerRefused,
                format!("the broker at {url} refuses the connection ({other:?}); its log says more"),
            ),
        };
        Self { code: problem, message }
    }

    fn disconnected(code: DisconnectReasonCode, url: &BrokerUrl) -> Self {
        let why = match code {
            DisconnectReasonCode::SessionTakenOver => {
                "another program has connected under this bridge's name; does the bridge run twice?".to_owned()
            }
            DisconnectReasonCode::ServerShuttingDown => "it is shutting down".to_owned(),
            other => format!("{other:?}"),
        };
        let message = format!("the broker at {url} has closed the connection: {why}");
        Self { code: ProblemCode::BrokerRefused, message }
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
