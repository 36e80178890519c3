//! What the types of a configuration alone cannot say: rules between its fields.

use std::collections::HashSet;

use twister::Username;

use super::{BridgeConfig, BridgeName, BrokerConfig, BrokerUrl, Forward, PeerConfig, Visibility};
use crate::frame::v1::MAX_MESSAGE_LEN;
use crate::mapping::MappingError;
use crate::topic::TopicFilter;

/// Longest that a message may wait for others, in milliseconds: a day.
const LONGEST_WAIT_MS: u32 = 86_400_000;

/// Most refused messages that are kept.
const LARGEST_QUARANTINE: u32 = 100_000;

/// A configuration whose values are good one by one but not together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// A private forward that goes to nobody.
    #[error("forwards[{index}] ({from}) is private but names nobody: add the accounts to `to`, or make it public")]
    PrivateToNobody {
        /// Position in `forwards`, from 0.
        index: usize,
        /// Its filter.
        from: TopicFilter,
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
        from: TopicFilter,
    },
    /// A private forward to the account itself.
    #[error("forwards[{index}] ({from}) goes to {account}, the bridge's own account: remove it from `to`")]
    ToItself {
        /// Position in `forwards`, from 0.
        index: usize,
        /// Its filter.
        from: TopicFilter,
        /// The account.
        account: Username,
    },
    /// A private forward whose receivers are to be told in which form they get it.
    #[error(
        "forwards[{index}] ({from}) is private, so `compatible` has no meaning: each receiver gets the form that it has \
         announced to understand. Remove `compatible`"
    )]
    PrivateCompatible {
        /// Position in `forwards`, from 0.
        index: usize,
        /// Its filter.
        from: TopicFilter,
    },
    /// A rule that leaves out everything that it is about.
    #[error("{list}[{index}] ({filter}) leaves out all its messages by except = {except:?}: remove that, or the rule")]
    ExceptsAll {
        /// `forwards` or `subscriptions`.
        list: &'static str,
        /// Position in it, from 0.
        index: usize,
        /// The rule's filter.
        filter: TopicFilter,
        /// The filter that leaves out everything.
        except: String,
    },
    /// A rule whose topics cannot be mapped as it says.
    #[error("{list}[{index}] ({filter}): {source}")]
    Mapping {
        /// `forwards` or `subscriptions`.
        list: &'static str,
        /// Position in it, from 0.
        index: usize,
        /// The rule's filter.
        filter: TopicFilter,
        /// Why.
        source: Box<MappingError>,
    },
    /// An account that is named but not followed, so that nothing of it comes in.
    #[error("{field} names {account}, which is not followed, so nothing of it comes in: add it to `following`")]
    NotFollowed {
        /// The field's path.
        field: String,
        /// The account.
        account: Username,
    },
    /// A number with which nothing would come in or go out.
    #[error("{field} is 0, {consequence}: write a larger number, or leave it out")]
    Zero {
        /// The field's path.
        field: String,
        /// What a 0 would do.
        consequence: &'static str,
    },
    /// A number that is larger than it can be.
    #[error("{field} is {value}, and it can be at most {most} ({reason})")]
    TooLarge {
        /// The field's path.
        field: String,
        /// What it is.
        value: u32,
        /// What it can be.
        most: u32,
        /// Why it cannot be more.
        reason: &'static str,
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
        account: Username,
    },
}

impl RuleError {
    /// The path of the field that it is about, as `forwards[0].to`.
    pub fn field(&self) -> String {
        match self {
            Self::PrivateToNobody { index, .. } | Self::ToItself { index, .. } => format!("forwards[{index}].to"),
            Self::PublicToSomebody { index, .. } => format!("forwards[{index}].type"),
            Self::PrivateCompatible { index, .. } => format!("forwards[{index}].compatible"),
            Self::ExceptsAll { list, index, .. } => format!("{list}[{index}].except"),
            Self::Mapping { list, index, source, .. } => {
                let field = match source.as_ref() {
                    MappingError::NotAPrefix { .. } | MappingError::NothingLeft { .. } => ".strip_prefix",
                    MappingError::RenameAndPrefix | MappingError::UnknownCapture { .. } => ".rename",
                    MappingError::Local { .. } | MappingError::TooLong { .. } => "",
                };
                format!("{list}[{index}]{field}")
            }
            Self::FileWithoutTls { field, .. } | Self::HalfClientCertificate { missing: field } => (*field).to_owned(),
            Self::NotFollowed { field, .. } | Self::Zero { field, .. } | Self::TooLarge { field, .. } => field.clone(),
            Self::SameName(_) => "name".to_owned(),
            Self::SameAccount { .. } => "twister.account".to_owned(),
        }
    }
}

impl RuleError {
    /// The same error of a rule that stands elsewhere in its list.
    pub(super) fn at(mut self, place: usize) -> Self {
        let in_list = |field: &mut String| *field = field.replacen("[0]", &format!("[{place}]"), 1);
        match &mut self {
            Self::PrivateToNobody { index, .. }
            | Self::PublicToSomebody { index, .. }
            | Self::ToItself { index, .. }
            | Self::PrivateCompatible { index, .. }
            | Self::ExceptsAll { index, .. }
            | Self::Mapping { index, .. } => *index = place,
            Self::NotFollowed { field, .. } | Self::Zero { field, .. } | Self::TooLarge { field, .. } => in_list(field),
            Self::FileWithoutTls { .. }
            | Self::HalfClientCertificate { .. }
            | Self::SameName(_)
            | Self::SameAccount { .. } => {}
        }
        self
    }
}

impl BridgeConfig {
    /// Checks the rules between fields.
    ///
    /// # Errors
    /// The first rule that is broken, with the field's place.
    pub fn check(&self) -> Result<(), RuleError> {
        self.broker.check()?;
        for (index, forward) in self.forwards.iter().enumerate() {
            self.check_forward(index, forward)?;
        }
        for (index, subscription) in self.subscriptions.iter().enumerate() {
            let (list, filter) = ("subscriptions", &subscription.filter);
            check_except(list, index, filter, &subscription.except)?;
            let broken = |source: MappingError| RuleError::Mapping {
                list,
                index,
                filter: filter.clone(),
                source: Box::new(source),
            };
            subscription.mapping().check().map_err(broken)?;
            subscription
                .from
                .iter()
                .try_for_each(|account| self.check_followed(account, || format!("{list}[{index}].from")))?;
        }
        for (account, peer) in &self.peers {
            let field = format!("peers.{account}");
            self.check_followed(account, || field.clone())?;
            check_peer(&field, peer)?;
        }
        self.check_limits()
    }

    fn check_forward(&self, index: usize, forward: &Forward) -> Result<(), RuleError> {
        let from = || forward.from.clone();
        match forward.visibility {
            Visibility::Private if forward.to.is_empty() => {
                return Err(RuleError::PrivateToNobody { index, from: from() });
            }
            Visibility::Private if forward.compatible => {
                return Err(RuleError::PrivateCompatible { index, from: from() });
            }
            Visibility::Public if !forward.to.is_empty() => {
                return Err(RuleError::PublicToSomebody { index, from: from() });
            }
            _ if forward.to.contains(&self.twister.account) => {
                return Err(RuleError::ToItself { index, from: from(), account: self.twister.account.clone() });
            }
            _ => {}
        }
        let list = "forwards";
        check_except(list, index, &forward.from, &forward.except)?;
        let broken =
            |source: MappingError| RuleError::Mapping { list, index, filter: from(), source: Box::new(source) };
        forward.mapping().check().map_err(broken)?;
        let field = |name: &str| format!("{list}[{index}].{name}");
        at_most(field("max_wait_ms"), forward.max_wait_ms, LONGEST_WAIT_MS, "a day")?;
        let expires_after_s = forward.expires_after_s.unwrap_or(1);
        not_zero(field("expires_after_s"), expires_after_s, "so no message could ever be sent")
    }

    fn check_limits(&self) -> Result<(), RuleError> {
        let limits = &self.limits;
        let field = |name: &str| format!("limits.{name}");
        check_rate(field("messages_per_minute"), limits.messages_per_minute)?;
        check_payload(field("max_payload"), limits.max_payload)?;
        not_zero(
            field("deliver_per_second"),
            limits.deliver_per_second,
            "so the broker would never be given anything",
        )?;
        at_most(field("quarantine"), limits.quarantine, LARGEST_QUARANTINE, "they are for people to look at")
    }

    fn check_followed(&self, account: &Username, field: impl FnOnce() -> String) -> Result<(), RuleError> {
        match self.following.contains(account) {
            true => Ok(()),
            false => Err(RuleError::NotFollowed { field: field(), account: account.clone() }),
        }
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
                account: bridge.twister.account.clone(),
            });
        }
    }
    Ok(())
}

fn check_except(
    list: &'static str,
    index: usize,
    filter: &TopicFilter,
    except: &[TopicFilter],
) -> Result<(), RuleError> {
    match except.iter().find(|except| except.covers(filter)) {
        None => Ok(()),
        Some(all) => Err(RuleError::ExceptsAll { list, index, filter: filter.clone(), except: all.to_string() }),
    }
}

fn check_peer(field: &str, peer: &PeerConfig) -> Result<(), RuleError> {
    if let Some(rate) = peer.messages_per_minute {
        check_rate(format!("{field}.messages_per_minute"), rate)?;
    }
    peer.max_payload.map_or(Ok(()), |size| check_payload(format!("{field}.max_payload"), size))
}

fn check_rate(field: String, rate: u32) -> Result<(), RuleError> {
    not_zero(field, rate, "so no message could ever come in")
}

fn check_payload(field: String, size: u32) -> Result<(), RuleError> {
    not_zero(field.clone(), size, "so only empty messages could come in")?;
    at_most(field, size, MAX_MESSAGE_LEN as u32, "no larger messages travel")
}

fn not_zero(field: String, value: u32, consequence: &'static str) -> Result<(), RuleError> {
    if value == 0 { Err(RuleError::Zero { field, consequence }) } else { Ok(()) }
}

fn at_most(field: String, value: u32, most: u32, reason: &'static str) -> Result<(), RuleError> {
    if value > most { Err(RuleError::TooLarge { field, value, most, reason }) } else { Ok(()) }
}
