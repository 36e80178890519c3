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
            TransportError::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref()) {
                Some(tls) => Self::of_tls(tls, url),
                None => Self::unreachable(url, &io_reason(error)),
            },
            TransportError::NoTls => Self::passing(format!(
                "what answers at {url} closes the connection instead of speaking TLS; is it the port for plain MQTT?"
            )),
            TransportError::NoServerName => Self::lasting(format!(
                "no certificate can be for the host in {url}; write the name that is in the broker's certificate"
            )),
            TransportError::WebSocketStatus(status) => Self::lasting(format!(
                "what answers at {url} is a web server, but there is no WebSocket for MQTT (HTTP status {status}); is the \
                 path right?"
            )),
            TransportError::NotAWebSocket(reason) => Self::lasting(format!(
                "what answers at {url} is no WebSocket for MQTT ({reason}); is it the right port?"
            )),
        }
    }

    fn of_tls(error: &rustls::Error, url: &BrokerUrl) -> Self {
        use rustls::AlertDescription as Alert;
        use rustls::CertificateError as Bad;
        match error {
            rustls::Error::InvalidCertificate(bad) => {
                let why = match bad {
                    Bad::UnknownIssuer => "is not signed by an authority that is trusted here. If this is your own \
                         broker, set broker.ca_file to the certificate of the authority that signed it"
                        .to_owned(),
                    Bad::NotValidForName => "is for another name; write the name that is in it".to_owned(),
                    Bad::NotValidForNameContext { presented, .. } => {
                        format!("is for another name; it has {}", presented.join(", "))
                    }
                    Bad::Expired | Bad::ExpiredContext { .. } => {
                        "has expired; renew it, or set this machine's clock".to_owned()
                    }
                    Bad::NotValidYet | Bad::NotValidYetContext { .. } => {
                        "is not valid yet; is this machine's clock right?".to_owned()
                    }
                    other => format!("cannot be accepted: {other}"),
                };
                let message = format!("the certificate of the broker at {url} {why}");
                Self { code: ProblemCode::BrokerCertificate, message, lasting: true }
            }
            rustls::Error::AlertReceived(Alert::CertificateRequired | Alert::NoCertificate) => {
                Self::client_certificate(
                    url,
                    "wants a certificate from the bridge; set broker.client_cert_file and broker.client_key_file",
                )
            }
            rustls::Error::AlertReceived(
                Alert::UnknownCA
                | Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::AccessDenied
                | Alert::DecryptError,
            ) => Self::client_certificate(
                url,
                "does not accept the bridge's certificate; set broker.client_cert_file to one that it knows",
            ),
            rustls::Error::InvalidMessage(_) => {
                Self::lasting(format!("what answers at {url} does not speak TLS; is it the port for plain MQTT?"))
            }
            other => Self::lasting(format!("no encryption can be agreed on with the broker at {url} ({other})")),
        }
    }

    fn client_certificate(url: &BrokerUrl, what: &str) -> Self {
        let message = format!("the broker at {url} {what}");
        Self { code: ProblemCode::BrokerClientCertificate, message, lasting: true }
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
