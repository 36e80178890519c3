//! What a broker is started with, and the checks that need no network.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::BrokerError;

/// What a broker is started with.
#[derive(Debug, Clone)]
pub struct BrokerOptions {
    /// Where to listen. Port 0 takes any free port; [`Broker::addr`](crate::Broker::addr) tells which.
    pub listen: SocketAddr,
    /// The folder that keeps retained messages, sessions and what waits for absent clients, made if it is missing. One broker
    /// at a time may use it. Without one, all of it ends with the broker.
    pub data_dir: Option<PathBuf>,
    /// What every client must log in with. Without, everybody who reaches the port is let in, and then only a loopback address
    /// is accepted for [`listen`](Self::listen).
    pub credentials: Option<Credentials>,
}

impl BrokerOptions {
    /// A broker at `listen` that keeps nothing on disk and asks for no login.
    pub fn on(listen: impl Into<SocketAddr>) -> Self {
        Self { listen: listen.into(), data_dir: None, credentials: None }
    }

    /// The same, keeping sessions and retained messages in `dir`.
    pub fn with_data_dir(self, dir: impl Into<PathBuf>) -> Self {
        Self { data_dir: Some(dir.into()), ..self }
    }

    /// The same, letting in only who knows `credentials`.
    pub fn with_credentials(self, credentials: Credentials) -> Self {
        Self { credentials: Some(credentials), ..self }
    }

    /// Refuses a combination that would leave the broker open to strangers.
    pub(crate) fn check(&self) -> Result<(), BrokerError> {
        match &self.credentials {
            Some(credentials) if credentials.has_empty_half() => Err(BrokerError::EmptyCredentials),
            // An IPv4 loopback address written as IPv6 (::ffff:127.0.0.1) is loopback too.
            None if !self.listen.ip().to_canonical().is_loopback() => {
                Err(BrokerError::OpenToStrangers { addr: self.listen })
            }
            _ => Ok(()),
        }
    }
}

/// A user name and password. Wiped from memory on drop; `Debug` shows the name only.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    user: String,
    password: Zeroizing<String>,
}

impl Credentials {
    /// Credentials from their two halves. Neither may be empty when a broker starts with them.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self { user: user.into(), password: Zeroizing::new(password.into()) }
    }

    /// Whether a client sent exactly these. Takes the same time wherever the first difference is.
    pub(crate) fn admit(&self, user: Option<&str>, password: Option<&[u8]>) -> bool {
        let user_fits = same_bytes(self.user.as_bytes(), user.unwrap_or_default().as_bytes());
        let password_fits = same_bytes(self.password.as_bytes(), password.unwrap_or_default());
        user_fits & password_fits
    }

    fn has_empty_half(&self) -> bool {
        self.user.is_empty() || self.password.is_empty()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).field("password", &"…").finish()
    }
}

/// Compares without stopping at the first difference, which would tell a guesser how far a guess was right.
fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    let difference = a.iter().zip(b).fold(0, |sum, (a, b)| std::hint::black_box(sum | (a ^ b)));
    a.len() == b.len() && difference == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(listen: &str) -> BrokerOptions {
        let port = 1883;
        let ip: std::net::IpAddr = listen.parse().unwrap_or(std::net::Ipv4Addr::UNSPECIFIED.into());
        BrokerOptions::on((ip, port))
    }

    #[test]
    fn loopback_needs_no_login() {
        for ip in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
            assert!(on(ip).check().is_ok(), "{ip}");
        }
    }

    #[test]
    fn other_addresses_need_a_login() {
        for ip in ["0.0.0.0", "::", "192.168.1.2", "::ffff:192.168.1.2"] {
            assert!(matches!(on(ip).check(), Err(BrokerError::OpenToStrangers { .. })), "{ip}");
            assert!(on(ip).with_credentials(Credentials::new("user", "password")).check().is_ok(), "{ip}");
        }
    }

    #[test]
    fn a_login_with_an_empty_half_is_refused() {
        for (user, password) in [("", "password"), ("user", ""), ("", "")] {
            let options = on("127.0.0.1").with_credentials(Credentials::new(user, password));
            assert!(matches!(options.check(), Err(BrokerError::EmptyCredentials)));
        }
    }

    #[test]
    fn only_the_exact_name_and_password_are_admitted() {
        let credentials = Credentials::new("user", "password");
        assert!(credentials.admit(Some("user"), Some(b"password")));
        assert!(!credentials.admit(Some("user"), Some(b"passwor")));
        assert!(!credentials.admit(Some("user"), Some(b"password1")));
        assert!(!credentials.admit(Some("User"), Some(b"password")));
        assert!(!credentials.admit(Some("user"), None));
        assert!(!credentials.admit(None, Some(b"password")));
        assert!(!credentials.admit(None, None));
    }

    #[test]
    fn debug_output_hides_the_password() {
        let shown = format!("{:?}", on("127.0.0.1").with_credentials(Credentials::new("user", "hunter2")));
        assert!(shown.contains("user") && !shown.contains("hunter2"));
    }
}
