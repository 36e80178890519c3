//! The HTTP client under [`Client`](crate::Client): a connection for each call, Basic authentication, translated replies, a time
//! limit on each call, and errors sorted into [`RpcError`].
//!
//! Deliberately not in it: which calls there are.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{AUTHORIZATION, CONNECTION, HeaderMap, HeaderValue};
use jsonrpsee::core::client::{ClientT, Error as CallError};
use jsonrpsee::core::http_helpers::HttpError;
use jsonrpsee::core::traits::ToRpcParams;
use jsonrpsee::http_client::transport::{Error as TransportError, HttpBackend};
use jsonrpsee::http_client::{HttpClient, HttpClientBuilder, RpcService, RpcServiceBuilder};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use tower::ServiceBuilder;
use zeroize::Zeroizing;

use crate::credentials::Credentials;
use crate::error::{ConnectFailure, Evidence, RpcError};
use crate::node_url::NodeUrl;
use crate::tls;
use crate::translate::{MAX_REPLY_SIZE, Refusal, Translate, TranslateLayer};

/// How many calls run at once; others wait for their turn. twisterd gives a thread to each connection for as long as it is
/// open, and has ten of them, which it shares with its web page and other programs.
const MAX_CALLS: usize = 6;

/// How long a TCP connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The HTTP client's own limit, above every limit that a call sets.
const LONGEST_CALL: Duration = Duration::from_secs(600);

/// The way to one node.
pub(crate) struct Transport {
    http: HttpClient<RpcService<Translate<HttpBackend>>>,
    node: NodeUrl,
    turns: Semaphore,
}

/// Positional parameters, the only kind that twisterd takes.
struct Positional(Vec<Value>);

impl Transport {
    pub(crate) fn new(node: &NodeUrl, credentials: &Credentials) -> Result<Self, RpcError> {
        let setup = |reason: String| RpcError::Setup { node: node.clone(), reason };
        let authorization = basic_authorization(credentials).map_err(|error| setup(error.to_string()))?;
        // No connection outlives its call: an idle one would occupy a thread of the node, and one that the node has closed
        // meanwhile would leave it open whether the next call took effect.
        let close = HeaderValue::from_static("close");
        let builder = HttpClientBuilder::default();
        let builder = match node.is_tls() {
            true => builder.with_custom_cert_store(tls::client_config(node).map_err(setup)?),
            false => builder,
        };
        let http = builder
            .set_headers(HeaderMap::from_iter([(AUTHORIZATION, authorization), (CONNECTION, close)]))
            .set_http_middleware(ServiceBuilder::new().layer(TranslateLayer))
            // In place of the default, which logs the bodies: a reply may hold a private key.
            .set_rpc_middleware(RpcServiceBuilder::new())
            .max_response_size(MAX_REPLY_SIZE)
            .connect_timeout(CONNECT_TIMEOUT)
            .request_timeout(LONGEST_CALL)
            .build(node.base())
            .map_err(|error| setup(error.to_string()))?;
        Ok(Self { http, node: node.clone(), turns: Semaphore::new(MAX_CALLS) })
    }

    pub(crate) fn node(&self) -> &NodeUrl {
        &self.node
    }

    /// Calls `method` and waits up to `limit` for the result, counted from when it is this call's turn.
    pub(crate) async fn call(&self, method: &str, params: Vec<Value>, limit: Duration) -> Result<Value, RpcError> {
        // Never closed, so that there is no error.
        let _turn = self.turns.acquire().await.ok();
        let request = self.http.request::<Value, _>(method, Positional(params));
        match tokio::time::timeout(limit, request).await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(CallError::RequestTimeout)) => Err(self.timed_out(method, LONGEST_CALL)),
            Ok(Err(error)) => Err(self.sorted(method, error)),
            Err(_) => Err(self.timed_out(method, limit)),
        }
    }

    fn timed_out(&self, method: &str, after: Duration) -> RpcError {
        RpcError::TimedOut { node: self.node.clone(), method: method.to_owned(), after }
    }

    fn sorted(&self, method: &str, error: CallError) -> RpcError {
        match error {
            CallError::Call(error) => {
                RpcError::Node { code: i64::from(error.code()), message: error.message().to_owned() }
            }
            CallError::Transport(error) => self.sorted_transport(&*error),
            CallError::InvalidRequestId(_) => RpcError::UnexpectedReply {
                method: method.to_owned(),
                detail: "the reply belongs to another request".to_owned(),
            },
            // The parser's own words are left out: they may quote the result.
            CallError::ParseError(_) => RpcError::UnexpectedReply {
                method: method.to_owned(),
                detail: "the result holds a value that cannot be read".to_owned(),
            },
            other => RpcError::Setup { node: self.node.clone(), reason: other.to_string() },
        }
    }

    fn sorted_transport(&self, error: &(dyn StdError + Send + Sync + 'static)) -> RpcError {
        let node = self.node.clone();
        let cause = match error.downcast_ref::<TransportError>() {
            Some(TransportError::Http(HttpError::TooLarge)) => {
                return RpcError::NotANode { node, evidence: Evidence::EndlessReply };
            }
            Some(TransportError::Http(HttpError::Stream(cause))) => cause,
            _ => return RpcError::Setup { node, reason: error.to_string() },
        };
        match cause.downcast_ref::<Refusal>() {
            Some(Refusal::Unauthorized) => RpcError::WrongCredentials { node },
            Some(Refusal::Forbidden) => RpcError::AddressNotAllowed { node },
            Some(Refusal::NotJson { status }) => {
                RpcError::NotANode { node, evidence: Evidence::WebServer { status: *status } }
            }
            Some(Refusal::ForeignJson { status }) => {
                RpcError::NotANode { node, evidence: Evidence::ForeignJson { status: *status } }
            }
            Some(Refusal::TooLong) => RpcError::NotANode { node, evidence: Evidence::EndlessReply },
            None => match tls::failure_in(causes(&**cause)) {
                Some(failure) => RpcError::Tls { node, failure },
                None if speaks_no_http(&**cause) => RpcError::NotANode { node, evidence: Evidence::NotHttp },
                None => RpcError::Unreachable { node, cause: connect_failure(&**cause) },
            },
        }
    }
}

impl ToRpcParams for Positional {
    fn to_rpc_params(self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        serde_json::value::to_raw_value(&self.0).map(Some)
    }
}

fn basic_authorization(credentials: &Credentials) -> Result<HeaderValue, hyper::header::InvalidHeaderValue> {
    let pair = Zeroizing::new(format!("{}:{}", credentials.user(), credentials.expose_password()));
    let header = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
    let mut value = HeaderValue::from_str(&header)?;
    value.set_sensitive(true);
    Ok(value)
}

fn speaks_no_http(error: &(dyn StdError + 'static)) -> bool {
    causes(error).filter_map(|cause| cause.downcast_ref::<hyper::Error>()).any(hyper::Error::is_parse)
}

fn connect_failure(error: &(dyn StdError + 'static)) -> ConnectFailure {
    // The resolver's errors have no kind of their own; hyper-util tells them apart by their text alone.
    if causes(error).any(|cause| cause.to_string().starts_with("dns error")) {
        return ConnectFailure::UnknownHost;
    }
    let kind = causes(error).find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    match kind {
        None => ConnectFailure::Closed,
        Some(io::ErrorKind::ConnectionRefused) => ConnectFailure::Refused,
        Some(io::ErrorKind::TimedOut) => ConnectFailure::NoConnectionInTime,
        Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => ConnectFailure::NoRoute,
        Some(
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof,
        ) => ConnectFailure::Closed,
        Some(kind) => ConnectFailure::Io(kind),
    }
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| StdError::source(*error))
}
