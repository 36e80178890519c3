//! Where a broker listens.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A broker's address: `mqtt://host:port` (plain TCP), `mqtts://host:port` (TLS), `ws://host:port/path` or
/// `wss://host:port/path` (WebSocket, plain or over TLS); or shorter `host:port` or `host` for plain TCP. The port is 1883,
/// 8883, 80 or 443 unless given.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "specta", derive(specta::Type), specta(type = String))]
pub struct BrokerUrl {
    scheme: Scheme,
    host: String,
    port: u16,
    /// Of a WebSocket; empty, or begins with a slash.
    path: String,
}

/// What lies between MQTT and TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Scheme {
    Mqtt,
    Mqtts,
    Ws,
    Wss,
}

/// Why a text is no [`BrokerUrl`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokerUrlError {
    /// The text cannot be read as an address.
    #[error("{0:?} is no broker address; write it as mqtt://host:1883, mqtts://host:8883 or wss://host/path")]
    Malformed(String),
    /// A protocol that the bridge does not speak.
    #[error("{0:?} is not spoken here: the bridge connects by mqtt://, mqtts:// (TLS), ws:// and wss:// (WebSocket)")]
    Scheme(String),
    /// A user name or password in the address.
    #[error("a broker address must not contain a user name or password: give the user as its own field")]
    Credentials,
}

impl BrokerUrl {
    /// The broker at `host` and `port`, by plain TCP.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { scheme: Scheme::Mqtt, host: host.into(), port, path: String::new() }
    }

    /// Host name or address, IPv6 without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether what is sent is encrypted.
    pub fn is_tls(&self) -> bool {
        matches!(self.scheme, Scheme::Mqtts | Scheme::Wss)
    }

    /// Whether MQTT is carried by a WebSocket.
    pub fn is_websocket(&self) -> bool {
        matches!(self.scheme, Scheme::Ws | Scheme::Wss)
    }
}

impl Scheme {
    fn of(text: &str) -> Option<Self> {
        match text {
            "mqtt" | "tcp" => Some(Self::Mqtt),
            "mqtts" => Some(Self::Mqtts),
            "ws" => Some(Self::Ws),
            "wss" => Some(Self::Wss),
            _ => None,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Mqtt => "mqtt",
            Self::Mqtts => "mqtts",
            Self::Ws => "ws",
            Self::Wss => "wss",
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Mqtt => 1883,
            Self::Mqtts => 8883,
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }
}

impl TryFrom<String> for BrokerUrl {
    type Error = BrokerUrlError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let with_scheme = if text.contains("://") { text.clone() } else { format!("mqtt://{text}") };
        // What stands before an @ may be a password: it is not repeated.
        let malformed = || BrokerUrlError::Malformed(text.rsplit('@').next().unwrap_or_default().to_owned());
        let url = url::Url::parse(&with_scheme).map_err(|_| malformed())?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BrokerUrlError::Credentials);
        }
        let scheme = Scheme::of(url.scheme()).ok_or_else(|| BrokerUrlError::Scheme(url.scheme().to_owned()))?;
        let path = if url.path() == "/" { "" } else { url.path() };
        let has_place = matches!(scheme, Scheme::Ws | Scheme::Wss) || path.is_empty();
        if !has_place || url.query().is_some() || url.fragment().is_some() {
            return Err(malformed());
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(malformed)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        match url.port().unwrap_or(scheme.default_port()) {
            0 => Err(malformed()),
            port => Ok(Self { scheme, host, port, path: path.to_owned() }),
        }
    }
}

impl FromStr for BrokerUrl {
    type Err = BrokerUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl From<BrokerUrl> for String {
    fn from(url: BrokerUrl) -> Self {
        url.to_string()
    }
}

impl fmt::Display for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, port, path } = self;
        let scheme = scheme.as_str();
        match host.contains(':') {
            true => write!(f, "{scheme}://[{host}]:{port}{path}"),
            false => write!(f, "{scheme}://{host}:{port}{path}"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        text.parse::<BrokerUrl>().unwrap().to_string()
    }

    #[test]
    fn an_address_may_be_short_or_whole() {
        assert_eq!(shown("127.0.0.1:1884"), "mqtt://127.0.0.1:1884");
        assert_eq!(shown("broker.local"), "mqtt://broker.local:1883");
        assert_eq!(shown("mqtt://broker.local/"), "mqtt://broker.local:1883");
        assert_eq!(shown("mqtt://[::1]:1883"), "mqtt://[::1]:1883");
    }

    #[test]
    fn an_address_says_what_lies_between_mqtt_and_tcp() {
        assert_eq!(shown("mqtts://broker.local"), "mqtts://broker.local:8883");
        assert_eq!(shown("ws://broker.local:9001"), "ws://broker.local:9001");
        assert_eq!(shown("wss://broker.local/mqtt"), "wss://broker.local:443/mqtt");
        assert_eq!(shown("wss://[::1]/a/b"), "wss://[::1]:443/a/b");
        for (text, tls, websocket) in
            [("mqtt://h", false, false), ("mqtts://h", true, false), ("ws://h", false, true), ("wss://h", true, true)]
        {
            let url: BrokerUrl = text.parse().unwrap();
            assert_eq!((url.is_tls(), url.is_websocket()), (tls, websocket), "{text}");
        }
    }

    #[test]
    fn an_address_that_cannot_work_is_refused_with_the_reason() {
        assert!(matches!("mqtt://u:p@host".parse::<BrokerUrl>(), Err(BrokerUrlError::Credentials)));
        assert!(matches!("http://host".parse::<BrokerUrl>(), Err(BrokerUrlError::Scheme(_))));
        for text in ["", "host:0", "host:99999", "mqtt://host/path", "mqtts://host/path", "ws://host/?a", "mqtt://"] {
            assert!(matches!(text.parse::<BrokerUrl>(), Err(BrokerUrlError::Malformed(_))), "{text:?}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_repeated_in_the_error() {
        for text in ["mqtt://u:geheim@host", "mqtt://u:geheim@host:0", "u:geheim@host:x"] {
            let error = text.parse::<BrokerUrl>().unwrap_err();
            assert!(!error.to_string().contains("geheim") && !format!("{error:?}").contains("geheim"), "{error}");
        }
    }
}
