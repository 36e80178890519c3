//! The client of one node: every command that a bridge needs, one method each.
//!
//! A method's doc names the command of twisterd. Every method fails with an [`RpcError`]; where the node's refusals matter
//! to a caller, the doc names the [`NodeFault`](crate::NodeFault)s.
//!
//! Deliberately not in it: retries, caches, numbering, and the decision what to call when.

mod accounts;
mod chain;
mod dht;
mod keys;
mod messages;
mod posts;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub use dht::DhtPut;
pub use messages::{MessageRange, SelfCopy};
pub use posts::{PostFlags, PostRange};

use crate::credentials::Credentials;
use crate::error::{RpcError, TlsFailure};
use crate::names::Username;
use crate::node_url::NodeUrl;
use crate::tls::Fingerprint;
use crate::transport::Transport;

/// How long a command may take unless it waits for the network or [`Client::with_timeout`] says otherwise. twisterd answers
/// in milliseconds; it takes seconds where it is starting up, or short of memory or disk.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// A client of one node. Its calls have to run on a tokio runtime.
///
/// Clones are cheap, and share the six calls that may run at a time: a program should make one client for each node and
/// clone it, since twisterd serves only ten connections at once.
#[derive(Clone)]
pub struct Client {
    transport: Arc<Transport>,
    timeout: Duration,
}

impl Client {
    /// A client of the node at `url`. Nothing is sent yet.
    pub fn new(url: &NodeUrl, credentials: &Credentials) -> Result<Self, RpcError> {
        let transport = Arc::new(Transport::new(url, credentials)?);
        Ok(Self { transport, timeout: DEFAULT_TIMEOUT })
    }

    /// The certificate that the node at `url` shows. It is only looked at: none is accepted, so nothing is sent.
    pub async fn certificate_at(url: &NodeUrl) -> Result<Fingerprint, RpcError> {
        let client = Self::new(&url.pinned(Fingerprint::NONE), &Credentials::new("", ""))?;
        match client.call("getinfo", Vec::new()).await {
            Err(RpcError::Tls { failure: TlsFailure::OtherCertificate { shown }, .. }) => Ok(shown),
            Err(error) => Err(error),
            // The SHA-256 of no known text.
            Ok(_) => Ok(Fingerprint::NONE),
        }
    }

    /// The same client with another limit for each call, counted from when it is sent; commands that wait for the network add their own waiting to it.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The node's address.
    pub fn url(&self) -> &NodeUrl {
        self.transport.node()
    }

    /// Any command by name, for those that have no method here. `params` are positional: twisterd takes no others.
    pub async fn call(&self, method: &str, params: Vec<Value>) -> Result<Value, RpcError> {
        self.transport.call(method, params, self.timeout).await
    }

    async fn typed<T: DeserializeOwned>(&self, method: &str, params: Vec<Value>) -> Result<T, RpcError> {
        self.typed_waiting(method, params, Duration::ZERO).await
    }

    /// Calls a command that itself waits up to `waits` for the network.
    async fn typed_waiting<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Vec<Value>,
        waits: Duration,
    ) -> Result<T, RpcError> {
        let result = self.transport.call(method, params, self.timeout.saturating_add(waits)).await?;
        serde_json::from_value(result).map_err(|error| unexpected(method, error.to_string()))
    }

    /// Calls a command that has nothing to say.
    async fn done(&self, method: &str, params: Vec<Value>) -> Result<(), RpcError> {
        self.call(method, params).await.map(|_| ())
    }

    /// Calls a command that answers with one integer for each account that a local one follows, -1 standing for none.
    async fn for_each_followed(
        &self,
        method: &str,
        local: &Username,
    ) -> Result<BTreeMap<Username, Option<u32>>, RpcError> {
        let counts: BTreeMap<String, i64> = self.typed(method, vec![text(local)]).await?;
        // A name that no account can have follows nobody and has no posts.
        let named = counts.into_iter().filter_map(|(name, count)| Some((Username::try_from(name).ok()?, count)));
        Ok(named.map(|(name, count)| (name, u32::try_from(count).ok())).collect())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("url", self.url()).field("timeout", &self.timeout).finish()
    }
}

fn unexpected(method: &str, detail: impl Into<String>) -> RpcError {
    RpcError::UnexpectedReply { method: method.to_owned(), detail: detail.into() }
}

fn text(name: &impl fmt::Display) -> Value {
    Value::String(name.to_string())
}

fn names(names: &[Username]) -> Value {
    names.iter().map(text).collect()
}

/// An object of those members that have a value.
fn range_object(members: impl IntoIterator<Item = (&'static str, Option<Value>)>) -> Value {
    let present = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(present.collect::<Map<_, _>>())
}
