//! Tries a node or a broker out before a bridge is built on it: what the test buttons do.

use std::time::Duration;

use serde::{Deserialize, Serialize};
pub(crate) use twister::readable_version;
use twister::{Client, Credentials, NodeUrl, RpcError, Username};

use crate::clock::now_s;
use crate::config::{BrokerConfig, BrokerUrl, TlsFileError};
use crate::engine::NodeTrouble;
use crate::event::ProblemCode;
use crate::mqtt::{ConnectionError, Fault, Hello, Login};
use crate::secrets::Password;

/// How long the broker may take to answer.
pub(crate) const BROKER_TIMEOUT: Duration = Duration::from_secs(8);

/// Why something that was tried does not work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct CheckError {
    /// Which problem, for a program to decide on.
    pub code: ProblemCode,
    /// What happened, why, and what to do.
    pub message: String,
}

/// What a node says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct NodeReport {
    /// Version of twisterd, as `0.9.40`.
    pub version: String,
    /// Blocks in its copy of the chain.
    pub blocks: u32,
    /// Connections to other nodes.
    pub connections: u32,
    /// Age of the newest block in seconds; more than a day means that the node is behind.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub newest_block_age_s: u64,
    /// The accounts whose keys are in its wallet, without names that the chain would refuse.
    pub accounts: Vec<Account>,
}

/// An account in a node's wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Whether it is in the chain, without which it cannot post.
    pub registered: bool,
}

/// What a broker says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct BrokerReport {
    /// The highest quality of service that it takes.
    pub max_qos: u8,
    /// Whether it keeps retained messages.
    pub retain: bool,
}

/// Asks a node what it is and which accounts it has.
///
/// # Errors
/// Why it cannot be used.
pub async fn check_node(url: &NodeUrl, user: &str, password: &Password) -> Result<NodeReport, CheckError> {
    let client = client(url, user, password)?;
    let info = client.info().await?;
    let newest = client.block(&client.best_block_hash().await?).await?;
    let mut accounts = Vec::new();
    for name in client.wallet_users().await?.iter().filter_map(|name| name.parse::<Username>().ok()) {
        let registered = client.registration(&name).await?.is_some();
        accounts.push(Account { name: name.into(), registered });
    }
    accounts.sort_by(|one, other| (!one.registered, &one.name).cmp(&(!other.registered, &other.name)));
    Ok(NodeReport {
        version: readable_version(info.version),
        blocks: info.blocks.0,
        connections: info.connections,
        newest_block_age_s: now_s().saturating_sub(u64::try_from(newest.time).unwrap_or(0)),
        accounts,
    })
}

/// Connects to a broker once.
///
/// # Errors
/// Why it cannot be used.
pub async fn check_broker(broker: &BrokerConfig, password: &Password) -> Result<BrokerReport, CheckError> {
    let mut login = Login::new(broker, password.clone())?;
    let (connection, welcome) = within_limit(&broker.url, login.connect(&Hello::one_off())).await?;
    connection.leave().await;
    Ok(BrokerReport { max_qos: welcome.max_qos.into(), retain: welcome.retain })
}

/// Runs something with a broker for as long as a person waits.
pub(crate) async fn within_limit<T>(
    url: &BrokerUrl,
    work: impl Future<Output = Result<T, ConnectionError>>,
) -> Result<T, CheckError> {
    within(BROKER_TIMEOUT, url, work).await
}

/// Runs something with a broker for so long at most.
pub(crate) async fn within<T>(
    limit: Duration,
    url: &BrokerUrl,
    work: impl Future<Output = Result<T, ConnectionError>>,
) -> Result<T, CheckError> {
    let fault = match tokio::time::timeout(limit, work).await {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(error)) => Fault::of(&error, url),
        Err(_) => Fault::of(&ConnectionError::Silent, url),
    };
    Err(CheckError { code: fault.code, message: fault.message })
}

impl From<TlsFileError> for CheckError {
    fn from(error: TlsFileError) -> Self {
        Self { code: ProblemCode::BrokerFiles, message: error.to_string() }
    }
}

impl From<RpcError> for CheckError {
    fn from(error: RpcError) -> Self {
        let trouble = NodeTrouble::of(&error);
        Self { code: trouble.code, message: trouble.message }
    }
}

fn client(url: &NodeUrl, user: &str, password: &Password) -> Result<Client, CheckError> {
    Ok(Client::new(url, &Credentials::new(user, password.reveal()))?)
}
