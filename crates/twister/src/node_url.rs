//! Where a node answers: `http://host:port`. A text may carry credentials; they are taken out while parsing, so that a
//! [`NodeUrl`] can be shown, logged and stored.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

use crate::credentials::Credentials;

/// The port on which twisterd answers RPC unless told otherwise.
pub const DEFAULT_RPC_PORT: u16 = 28332;

/// The address of a node's RPC, without credentials.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NodeUrl {
    host: String,
    port: u16,
}

/// Why a text is no [`NodeUrl`]. None of these repeats the text, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeUrlError {
    /// Nothing like `http://` at the start.
    #[error("a node's address starts with http://, for example http://127.0.0.1:28332")]
    MissingScheme,
    /// TLS is asked for.
    #[error(
        "nodes with TLS (-rpcssl) are not supported yet; use http:// and keep the connection inside a trusted network or a tunnel"
    )]
    Tls,
    /// Another scheme than `http`.
    #[error("a node is reached by http://, not by {scheme}://")]
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
    /// credentials out. Percent-encoded characters of the credentials are decoded.
    pub fn parse_with_credentials(text: &str) -> Result<(Self, Option<Credentials>), NodeUrlError> {
        let (scheme, rest) = text.trim().split_once("://").ok_or(NodeUrlError::MissingScheme)?;
        match scheme.to_ascii_lowercase().as_str() {
            "http" => {}
            "https" => return Err(NodeUrlError::Tls),
            other => return Err(NodeUrlError::Scheme { scheme: other.to_owned() }),
        }
        let url = Url::parse(text.trim()).map_err(|reason| NodeUrlError::Malformed { reason })?;
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(NodeUrlError::Path);
        }
        let host = url.host_str().ok_or(NodeUrlError::Malformed { reason: url::ParseError::EmptyHost })?.to_owned();
        let port = url.port().or_else(|| written_port(rest)).unwrap_or(DEFAULT_RPC_PORT);
        if port == 0 {
            return Err(NodeUrlError::PortZero);
        }
        Ok((Self { host, port }, credentials_of(&url)))
    }

    /// The address of a node on this machine.
    pub fn loopback(port: u16) -> Self {
        Self { host: "127.0.0.1".to_owned(), port }
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
        write!(f, "http://{}:{}", self.host, self.port)
    }
}

/// The port as written. The URL parser drops port 80, which is HTTP's default but not twisterd's.
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
        ] {
            assert_eq!(NodeUrl::parse_with_credentials(text).unwrap().0.to_string(), shown);
        }
    }

    #[test]
    fn what_is_not_an_address_is_refused_with_the_reason() {
        for (text, reason) in [
            ("127.0.0.1:28332", NodeUrlError::MissingScheme),
            ("localhost", NodeUrlError::MissingScheme),
            ("https://localhost", NodeUrlError::Tls),
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
    fn no_refusal_repeats_the_password() {
        for text in ["https://u:hunter2@h", "http://u:hunter2@h:99999", "http://u:hunter2@h/x", "http://u:hunter2@h"] {
            let error = text.parse::<NodeUrl>().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
    }
}
