//! What the types of a configuration alone cannot say: rules between its fields.

use std::collections::HashSet;

use super::{BridgeConfig, BridgeName, BrokerConfig, BrokerUrl, Visibility};

/// A configuration whose values are good one by one but not together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// A private forward that goes to nobody.
    #[error("forwards[{index}] ({from}) is private but names nobody: add the accounts to `to`, or make it public")]
    PrivateToNobody {
        /// Position in `forwards`, from 0.
        index: usize,
        /// Its filter.
        from: String,
    },
    /// A public forward that names receivers, as if it were private.
    #[error(
        "forwards[{index}] ({from}) is public but has `to`: everybody can read public messages. Add type = \"private\" \
         to send it to the named accounts only, or remove `to`"
    )]
    PublicToSomebody {
        /// Position in `forwards`, from 0.
        index: usize,
        /// Its filter.
        from: String,
    },
    /// A private forward to the account itself.
    #[error("forwards[{index}] ({from}) goes to {account}, the bridge's own account: remove it from `to`")]
    ToItself {
        /// Position in `forwards`, from 0.
        index: usize,
        /// Its filter.
        from: String,
        /// The account.
        account: String,
    },
    /// A file for TLS, and an address without it.
    #[error("{field} is of no use with {url}, which is not encrypted: remove it, or write mqtts:// or wss://")]
    FileWithoutTls {
        /// The setting that names the file.
        field: &'static str,
        /// The broker's address.
        url: BrokerUrl,
    },
    /// A client certificate without its key, or a key without its certificate.
    #[error("{missing} is missing: a certificate and its key are needed, or neither")]
    HalfClientCertificate {
        /// The setting that is not there.
        missing: &'static str,
    },
    /// Two bridges with one name.
    #[error("two bridges are called {0}: give one of them another name")]
    SameName(BridgeName),
    /// Two bridges that post as one account would take each other's post numbers.
    #[error(
        "the bridges {first} and {second} use the same account {account} on the same node: give each its own account, \
         or make them one bridge"
    )]
    SameAccount {
        /// One bridge.
        first: BridgeName,
        /// The other.
        second: BridgeName,
        /// Their account.
        account: String,
    },
}

impl BridgeConfig {
    /// Checks the rules between fields.
    ///
    /// # Errors
    /// The first rule that is broken, with the field's place.
    pub fn check(&self) -> Result<(), RuleError> {
        self.broker.check()?;
        for (index, forward) in self.forwards.iter().enumerate() {
            let from = forward.from.to_string();
            match forward.visibility {
                Visibility::Private if forward.to.is_empty() => {
                    return Err(RuleError::PrivateToNobody { index, from });
                }
                Visibility::Public if !forward.to.is_empty() => {
                    return Err(RuleError::PublicToSomebody { index, from });
                }
                _ if forward.to.contains(&self.twister.account) => {
                    let account = self.twister.account.to_string();
                    return Err(RuleError::ToItself { index, from, account });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl BrokerConfig {
    fn check(&self) -> Result<(), RuleError> {
        let Self { url, ca_file, client_cert_file, client_key_file, .. } = self;
        let files = [
            ("broker.ca_file", ca_file),
            ("broker.client_cert_file", client_cert_file),
            ("broker.client_key_file", client_key_file),
        ];
        if let Some((field, _)) = files.iter().find(|(_, file)| file.is_some() && !url.is_tls()) {
            return Err(RuleError::FileWithoutTls { field, url: url.clone() });
        }
        match (client_cert_file, client_key_file) {
            (Some(_), None) => Err(RuleError::HalfClientCertificate { missing: "broker.client_key_file" }),
            (None, Some(_)) => Err(RuleError::HalfClientCertificate { missing: "broker.client_cert_file" }),
            _ => Ok(()),
        }
    }
}

/// Checks each bridge, and that they can live side by side.
pub(super) fn check_together(bridges: &[BridgeConfig]) -> Result<(), RuleError> {
    let mut names = HashSet::new();
    for (index, bridge) in bridges.iter().enumerate() {
        bridge.check()?;
        if !names.insert(&bridge.name) {
            return Err(RuleError::SameName(bridge.name.clone()));
        }
        let same = |other: &&BridgeConfig| {
            other.twister.account == bridge.twister.account && other.twister.url == bridge.twister.url
        };
        if let Some(other) = bridges[..index].iter().find(same) {
            return Err(RuleError::SameAccount {
                first: other.name.clone(),
                second: bridge.name.clone(),
                account: bridge.twister.account.to_string(),
            });
        }
    }
    Ok(())
}
