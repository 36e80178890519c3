//! Where a broker listens.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The port of MQTT over plain TCP.
const DEFAULT_PORT: u16 = 1883;

/// A broker's address: `mqtt://host:port`, or shorter `host:port` or `host`. The port is 1883 unless given.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "specta", derive(specta::Type), specta(type = String))]
pub struct BrokerUrl {
    host: String,
    port: u16,
}

/// Why a text is no [`BrokerUrl`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokerUrlError {
    /// The text cannot be read as an address.
    #[error("{0:?} is no broker address; write it as mqtt://host:1883")]
    Malformed(String),
    /// A protocol that the bridge does not speak.
    #[error("{0:?} is not spoken here yet: the bridge connects by mqtt:// (plain TCP)")]
    Scheme(String),
    /// A user name or password in the address.
    #[error("a broker address must not contain a user name or password: give the user as its own field")]
    Credentials,
}

impl BrokerUrl {
    /// The broker at `host` and `port`.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port }
    }

    /// Host name or address, IPv6 without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// TCP port.
    pub fn port(&self) -> u16 {
        self.port
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
        if !matches!(url.scheme(), "mqtt" | "tcp") {
            return Err(BrokerUrlError::Scheme(url.scheme().to_owned()));
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(malformed());
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(malformed)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        match url.port().unwrap_or(DEFAULT_PORT) {
            0 => Err(malformed()),
            port => Ok(Self { host, port }),
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
        match self.host.contains(':') {
            true => write!(f, "mqtt://[{}]:{}", self.host, self.port),
            false => write!(f, "mqtt://{}:{}", self.host, self.port),
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
    fn an_address_that_cannot_work_is_refused_with_the_reason() {
        assert!(matches!("mqtt://u:p@host".parse::<BrokerUrl>(), Err(BrokerUrlError::Credentials)));
        assert!(matches!("mqtts://host".parse::<BrokerUrl>(), Err(BrokerUrlError::Scheme(_))));
        for text in ["", "host:0", "host:99999", "mqtt://host/path", "mqtt://"] {
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
