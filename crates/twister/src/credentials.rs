//! What must not be seen: the node's password, and private keys. Both are wiped from memory on drop and have no readable
//! `Debug`. Where they are kept between runs is not decided here.

use std::fmt;

use zeroize::Zeroizing;

/// The user name and password of a node's RPC, as `rpcuser` and `rpcpassword` of its `twister.conf`.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    user: String,
    password: Zeroizing<String>,
}

impl Credentials {
    /// Credentials from their two halves.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self { user: user.into(), password: Zeroizing::new(password.into()) }
    }

    /// The user name, which may be shown.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password in the clear, for a keyring or for the node and for nothing else.
    pub fn expose_password(&self) -> &str {
        &self.password
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).field("password", &"…").finish()
    }
}

/// The private key of an account, as the node gives it: whoever has it owns the name.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The key in the clear, to show once for backup.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(key: String) -> Self {
        Self(Zeroizing::new(key))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_shows_neither_password_nor_key() {
        let shown = format!("{:?} {:?}", Credentials::new("user", "hunter2"), Secret::from("L1Zn".to_owned()));
        assert!(shown.contains("user"));
        assert!(!shown.contains("hunter2") && !shown.contains("L1Zn"), "{shown}");
    }
}
