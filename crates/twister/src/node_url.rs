//! Where a node answers: `http://host:port`, or with TLS `https://host:port`, to which `#` and the fingerprint of the node's
//! certificate can be added. A text may carry credentials; they are taken out while parsing, so that a [`NodeUrl`] can be shown,
//! logged and stored.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

use crate::credentials::Credentials;
use crate::tls::{Fingerprint, FingerprintError};

/// The port on which twisterd answers RPC unless told otherwise.
pub const DEFAULT_RPC_PORT: u16 = 28332;

/// The address of a node's RPC, without credentials.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NodeUrl {
    host: String,
    port: u16,
    security: Security,
}

/// What is between this program and the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Security {
    /// HTTP as it is.
    Plain,
    /// TLS with a certificate that the system trusts.
    Trusted,
    /// TLS with one certificate and no other.
    Pinned(Fingerprint),
}

/// Why a text is no [`NodeUrl`]. None of these repeats the text, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeUrlError {
    /// Nothing like `http://` at the start.
    #[error("a node's address starts with http://, for example http://127.0.0.1:28332")]
    MissingScheme,
    /// What stands after `#` is not what a certificate is known by.
    #[error("what stands after # in the address is no fingerprint: {0}")]
    Fingerprint(#[from] FingerprintError),
    /// A certificate is named for a connection without TLS.
    #[error("only an address that begins with https:// has a certificate; remove # and what follows")]
    FingerprintWithoutTls,
    /// Another scheme than `http` and `https`.
    #[error("a node is reached by http:// or https://, not by {scheme}://")]
    Scheme {
        /// The scheme that was given.
        scheme: String,
    },
    /// The rest is not a URL.
    #[error("this is not the address of a node: {reason}; write it as http://host:port")]
    Malformed {
        /// What the URL parser objected to.
        reason: url::ParseError,
    },
    /// Something follows after the port.
    #[error("a node's address ends after the port; remove what follows")]
    Path,
    /// Port 0, on which nothing can be reached.
    #[error("port 0 cannot be reached; twisterd answers on port {DEFAULT_RPC_PORT} unless its rpcport says otherwise")]
    PortZero,
    /// A user name or password stands where none can be kept.
    #[error("user name and password are kept apart from the address; remove them from it and enter them separately")]
    Credentials,
}

impl NodeUrl {
    /// Reads `http://[user:password@]host[:port]`, the form that mosquitto-twister's configuration has, and takes the
    /// credentials out. `https://` and `#` with a certificate's fingerprint are read, too. Percent-encoded characters of the credentials are decoded.
    pub fn parse_with_credentials(text: &str) -> Result<(Self, Option<Credentials>), NodeUrlError> {
        let (scheme, rest) = text.trim().split_once("://").ok_or(NodeUrlError::MissingScheme)?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            other => return Err(NodeUrlError::Scheme { scheme: other.to_owned() }),
        };
        let url = Url::parse(text.trim()).map_err(|reason| NodeUrlError::Malformed { reason })?;
        if !matches!(url.path(), "" | "/") || url.query().is_some() {
            return Err(NodeUrlError::Path);
        }
        let security = match (tls, url.fragment()) {
            (false, None) => Security::Plain,
            (false, Some(_)) => return Err(NodeUrlError::FingerprintWithoutTls),
            (true, None) => Security::Trusted,
            (true, Some(fingerprint)) => Security::Pinned(fingerprint.parse()?),
        };
        let host = url.host_str().ok_or(NodeUrlError::Malformed { reason: url::ParseError::EmptyHost })?.to_owned();
        let port = url.port().or_else(|| written_port(rest)).unwrap_or(DEFAULT_RPC_PORT);
        if port == 0 {
            return Err(NodeUrlError::PortZero);
        }
        Ok((Self { host, port, security }, credentials_of(&url)))
    }

    /// The address of a node on this machine.
    pub fn loopback(port: u16) -> Self {
        Self { host: "127.0.0.1".to_owned(), port, security: Security::Plain }
    }

    /// The same node by TLS, known by this certificate and no other.
    pub fn pinned(&self, certificate: Fingerprint) -> Self {
        Self { security: Security::Pinned(certificate), ..self.clone() }
    }

    /// Whether the connection is encrypted and the node shows who it is.
    pub fn is_tls(&self) -> bool {
        self.security != Security::Plain
    }

    /// The one certificate that is accepted, if one is named.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        match self.security {
            Security::Pinned(fingerprint) => Some(fingerprint),
            Security::Plain | Security::Trusted => None,
        }
    }

    /// Whether it is on this machine, by its address: what is sent there nobody else can read.
    pub fn is_loopback(&self) -> bool {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// The address without a certificate's fingerprint.
    pub(crate) fn base(&self) -> String {
        format!("{}://{}:{}", if self.is_tls() { "https" } else { "http" }, self.host, self.port)
    }

    /// The host: a name, an IPv4 address, or an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for NodeUrl {
    type Err = NodeUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match Self::parse_with_credentials(text)? {
            (url, None) => Ok(url),
            (_, Some(_)) => Err(NodeUrlError::Credentials),
        }
    }
}

impl TryFrom<String> for NodeUrl {
    type Error = NodeUrlError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Zeroizing::new(text).parse()
    }
}

impl From<NodeUrl> for String {
    fn from(url: NodeUrl) -> Self {
        url.to_string()
    }
}

impl fmt::Display for NodeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base())?;
        match self.fingerprint() {
            Some(fingerprint) => write!(f, "#{fingerprint}"),
            None => Ok(()),
        }
    }
}

/// The port as written. The URL parser drops ports 80 and 443, which are the defaults of HTTP and HTTPS but not twisterd's.
fn written_port(after_scheme: &str) -> Option<u16> {
    let authority = after_scheme.split(['/', '?', '#']).next()?;
    let host_and_port = authority.rsplit('@').next()?;
    host_and_port.rsplit_once(':')?.1.parse().ok()
}

fn credentials_of(url: &Url) -> Option<Credentials> {
    match (url.username(), url.password()) {
        ("", None) => None,
        (user, password) => {
            Some(Credentials::new(percent_decoded(user), percent_decoded(password.unwrap_or_default())))
        }
    }
}

/// A `%` that no two hexadecimal digits follow stands for itself.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = text.get(at + 1..at + 3).and_then(crate::hex::decode).filter(|_| *byte == b'%');
        decoded.extend_from_slice(escaped.as_deref().unwrap_or(&[*byte]));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn credentials_are_taken_out_and_decoded() {
        let (url, credentials) = NodeUrl::parse_with_credentials("http://user:p%40ss+w%zz@127.0.0.1:28332").unwrap();
        assert_eq!(url.to_string(), "http://127.0.0.1:28332");
        assert_eq!(credentials, Some(Credentials::new("user", "p@ss+w%zz")));
        assert!(!format!("{url:?}").contains("p@ss"));
    }

    #[test]
    fn the_port_is_twisterds_unless_written() {
        for (text, shown) in [
            ("http://localhost", "http://localhost:28332"),
            (" http://Node.Example/ ", "http://node.example:28332"),
            ("http://10.0.0.7:80", "http://10.0.0.7:80"),
            ("http://u:p@10.0.0.7:80/", "http://10.0.0.7:80"),
            ("http://[::1]", "http://[::1]:28332"),
            ("http://[::1]:80", "http://[::1]:80"),
            ("https://Node.Example", "https://node.example:28332"),
            ("https://u:p@node.example:443/", "https://node.example:443"),
        ] {
            assert_eq!(NodeUrl::parse_with_credentials(text).unwrap().0.to_string(), shown);
        }
    }

    #[test]
    fn what_is_not_an_address_is_refused_with_the_reason() {
        for (text, reason) in [
            ("127.0.0.1:28332", NodeUrlError::MissingScheme),
            ("localhost", NodeUrlError::MissingScheme),
            ("https://localhost#abc", NodeUrlError::Fingerprint(FingerprintError)),
            ("http://localhost#abc", NodeUrlError::FingerprintWithoutTls),
            ("mqtt://localhost", NodeUrlError::Scheme { scheme: "mqtt".to_owned() }),
            ("http://", NodeUrlError::Malformed { reason: url::ParseError::EmptyHost }),
            ("http://host:99999", NodeUrlError::Malformed { reason: url::ParseError::InvalidPort }),
            ("http://host:0", NodeUrlError::PortZero),
            ("http://host/rpc", NodeUrlError::Path),
            ("http://host?x", NodeUrlError::Path),
            ("http://user:secret@host", NodeUrlError::Credentials),
        ] {
            assert_eq!(text.parse::<NodeUrl>(), Err(reason), "{text}");
        }
    }

    #[test]
    fn a_certificate_is_named_after_the_address_and_kept_with_it() {
        let written = format!("https://node.example:28332#{}", "ab".repeat(32));
        let url: NodeUrl = written.parse().unwrap();
        assert!(url.is_tls() && url.fingerprint().is_some());
        assert_eq!(url.base(), "https://node.example:28332");
        assert_eq!(url.to_string().parse(), Ok(url));
    }

    #[test]
    fn an_address_on_this_machine_is_known_as_such() {
        let is_loopback = |text: &str| text.parse::<NodeUrl>().unwrap().is_loopback();
        for here in ["http://127.0.0.1", "http://127.8.0.1:1", "http://localhost", "http://[::1]:28332"] {
            assert!(is_loopback(here), "{here}");
        }
        for there in ["http://192.168.0.2", "http://node.example", "http://[fe80::1]"] {
            assert!(!is_loopback(there), "{there}");
        }
    }

    #[test]
    fn no_refusal_repeats_the_password() {
        for text in ["https://u:hunter2@h#x", "http://u:hunter2@h:99999", "http://u:hunter2@h/x", "http://u:hunter2@h"]
        {
            let error = text.parse::<NodeUrl>().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
    }
}
