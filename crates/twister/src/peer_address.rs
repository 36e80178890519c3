//! Where another node can be reached.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The port of the block chain's network unless told otherwise.
pub const DEFAULT_P2P_PORT: u16 = 28333;

/// Longest host name, in bytes.
const LONGEST_HOST: usize = 253;

/// Where a node listens for others: `host:port`, an IPv6 address in brackets. Without a port it is twisterd's own, 28333. It has
/// nothing in it that a command line or a configuration file could stumble over.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "specta", derive(specta::Type), specta(transparent))]
pub struct PeerAddress(String);

/// A text that is no [`PeerAddress`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no address of a node; write it as host:port, for example 192.168.1.20:28333 or [2001:db8::1]:28333"
)]
pub struct PeerAddressError {
    /// The refused text.
    pub text: String,
}

impl PeerAddress {
    /// `host:port`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PeerAddress {
    type Error = PeerAddressError;

    /// What programs tell each other has the port; only people leave it out.
    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.parse() {
            Ok(Self(address)) if address == text => Ok(Self(address)),
            _ => Err(PeerAddressError { text }),
        }
    }
}

impl FromStr for PeerAddress {
    type Err = PeerAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || PeerAddressError { text: text.to_owned() };
        let trimmed = text.trim();
        let (host, port) = match trimmed.rsplit_once(':') {
            // The last colon of an address in brackets may be inside of them; one that is all colons has no brackets.
            Some((host, port)) if !port.contains(']') && (!host.contains(':') || host.ends_with(']')) => {
                (host, port.parse().ok().filter(|port| *port > 0).ok_or_else(refused)?)
            }
            _ => (trimmed, DEFAULT_P2P_PORT),
        };
        match is_host(host) {
            true => Ok(Self(format!("{host}:{port}"))),
            false => Err(refused()),
        }
    }
}

impl From<PeerAddress> for String {
    fn from(address: PeerAddress) -> Self {
        address.0
    }
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    host.len() <= LONGEST_HOST && host.split('.').all(is_label)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_twisterds_port_unless_another_is_written() {
        for (text, address) in [
            ("192.168.1.20:31333", "192.168.1.20:31333"),
            (" home.example ", "home.example:28333"),
            ("[fe80::1]:31333", "[fe80::1]:31333"),
            ("[fe80::1]", "[fe80::1]:28333"),
        ] {
            assert_eq!(text.parse::<PeerAddress>().unwrap().as_str(), address);
        }
    }

    #[test]
    fn only_people_leave_the_port_out() {
        for text in ["home.example", " home.example:1", "home.example:01"] {
            assert!(PeerAddress::try_from(text.to_owned()).is_err(), "{text:?}");
        }
        assert!(PeerAddress::try_from("home.example:1".to_owned()).is_ok());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "", ":31333", "a:0", "a:99999", "a b", "-connect", "fe80::1", "[fe80]:1", "a:1:2", "a\nb", "a..b:1",
            "a.-b:1",
        ] {
            assert!(text.parse::<PeerAddress>().is_err(), "{text:?}");
        }
    }
}
