//! HTTP as twisterd speaks it: who may call, how a reply looks, and when the connection is closed.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, SERVER, WWW_AUTHENTICATE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

use crate::execute::{self, Executed};
use crate::shared::Shared;

/// Largest request that a node reads, in bytes.
const MAX_BODY_LEN: usize = 32 << 20;
/// How long a wrong password is left waiting.
const WRONG_PASSWORD_DELAY: Duration = Duration::from_millis(250);
/// A longer password needs no protection from guessing, the real node finds.
const LONG_PASSWORD_LEN: usize = 20;
/// Where a stock node looks for the files of its web page, which the sandbox does not have.
const HTML_DIR: &str = "/home/user/.twister/html";
const SERVER_NAME: &str = "bitcoin-json-rpc/v0.9.40.0-unk-beta";
const SECURITY_POLICY: &str = "script-src 'self' 'unsafe-eval'";
const UNAUTHORIZED_PAGE: &str = "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01 Transitional//EN\"\r\n\
    \"http://www.w3.org/TR/1999/REC-html401-19991224/loose.dtd\">\r\n\
    <HTML>\r\n\
    <HEAD>\r\n\
    <TITLE>Error</TITLE>\r\n\
    <META HTTP-EQUIV='Content-Type' CONTENT='text/html; charset=ISO-8859-1'>\r\n\
    </HEAD>\r\n\
    <BODY><H1>401 Unauthorized.</H1></BODY>\r\n\
    </HTML>\r\n";

/// What the server of one node needs to know.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) shared: Arc<Shared>,
    /// Index of the node.
    pub(crate) node: usize,
    pub(crate) credentials: Credentials,
}

/// What callers have to know. It shows nothing of it.
pub(crate) struct Credentials {
    /// `user:password` in Base64, as callers send it.
    encoded: String,
    is_long: bool,
}

impl Credentials {
    pub(crate) fn new(user: &str, password: &str) -> Self {
        let encoded = BASE64_STANDARD.encode(format!("{user}:{password}"));
        Self { encoded, is_long: password.len() >= LONG_PASSWORD_LEN }
    }

    fn fit(&self, authorization: &[u8]) -> bool {
        let given = authorization.strip_prefix(b"Basic ").unwrap_or_default();
        given.trim_ascii() == self.encoded.as_bytes()
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// A running server. Dropping it closes the port and all connections.
#[derive(Debug)]
pub(crate) struct Server(JoinHandle<()>);

impl Server {
    pub(crate) fn spawn(listener: TcpListener, site: Arc<Site>) -> Self {
        Self(tokio::spawn(listen(listener, site)))
    }

    /// Closes the port and all connections, and returns once the port is free.
    pub(crate) async fn stop(mut self) {
        self.0.abort();
        // The only way for this task to end is to be aborted.
        (&mut self.0).await.ok();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn listen(listener: TcpListener, site: Arc<Site>) {
    // Dropped with this task, and the connections with it.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(serve(stream, Arc::clone(&site)))),
                Err(error) => {
                    tracing::warn!(node = site.node, %error, "sandbox node cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, site: Arc<Site>) {
    // Replies are small, and callers wait for them.
    stream.set_nodelay(true).ok();
    let last_reply = Arc::new(Notify::new());
    let service = service_fn(|request| handle(request, &site, &last_reply));
    let mut http = http1::Builder::new();
    http.title_case_headers(true);
    let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
    let mut is_closing = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(node = site.node, %error, "connection to sandbox node ended");
                }
                return;
            }
            () = last_reply.notified(), if !is_closing => {
                is_closing = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

/// The connection is closed without a reply.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed without a reply")]
struct NoReply;

type Reply = Result<Response<ReplyBody>, NoReply>;

async fn handle(request: Request<Incoming>, site: &Site, last_reply: &Arc<Notify>) -> Reply {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY_LEN).collect().await.map_err(|_| NoReply)?.to_bytes();
    if !matches!(head.method, Method::GET | Method::POST) {
        return Err(NoReply);
    }
    match head.headers.get(AUTHORIZATION) {
        None => return unauthorized(last_reply),
        Some(value) if !site.credentials.fit(value.as_bytes()) => {
            if !site.credentials.is_long {
                tokio::time::sleep(WRONG_PASSWORD_DELAY).await;
            }
            return unauthorized(last_reply);
        }
        Some(_) => {}
    }
    let path = match (&head.method, head.uri.path()) {
        (&Method::GET, "/") => "/home.html",
        (_, path) => path,
    };
    if path != "/" && !path.starts_with("/rss") && !path.contains("..") {
        return not_found(path);
    }
    let Executed { status, body } = execute::execute(&site.shared, site.node, &body).await.ok_or(NoReply)?;
    let keeps_alive = status == StatusCode::OK && !wants_close(&head.headers, head.version);
    reply(status, keeps_alive, "application/json", body)
}

fn wants_close(headers: &HeaderMap, version: Version) -> bool {
    match headers.get(CONNECTION).map(|value| value.as_bytes().to_ascii_lowercase()) {
        Some(value) if value == b"close" => true,
        Some(value) if value == b"keep-alive" => false,
        _ => version == Version::HTTP_10,
    }
}

fn reply(status: StatusCode, keeps_alive: bool, content_type: &str, body: Vec<u8>) -> Reply {
    Response::builder()
        .status(status)
        .header(CONNECTION, if keeps_alive { "keep-alive" } else { "close" })
        .header(CONTENT_TYPE, content_type)
        .header(CONTENT_SECURITY_POLICY, SECURITY_POLICY)
        .header(SERVER, SERVER_NAME)
        .body(ReplyBody { bytes: Full::from(body), last: None })
        .map_err(|_| NoReply)
}

fn not_found(path: &str) -> Reply {
    let page = format!(
        "<html><body>\r\n<b>ERROR 404</b><br/>ServiceConnection: file '<b>{HTML_DIR}{path}</b>' not found\r\n</body></html>\r\n"
    );
    reply(StatusCode::NOT_FOUND, false, "text/html; charset=utf-8", page.into_bytes())
}

/// The reply to strangers: of an older HTTP version, silent about the connection, which is closed all the same.
fn unauthorized(last_reply: &Arc<Notify>) -> Reply {
    Response::builder()
        .status(StatusCode::UNAUTHORIZED)
        .version(Version::HTTP_10)
        .header(WWW_AUTHENTICATE, "Basic realm=\"jsonrpc\"")
        .header(CONTENT_TYPE, "text/html")
        .header(SERVER, SERVER_NAME)
        .body(ReplyBody { bytes: Full::from(UNAUTHORIZED_PAGE), last: Some(Arc::clone(last_reply)) })
        .map_err(|_| NoReply)
}

/// The body of a reply. If it is the connection's last one, it rings when it has been handed to the connection.
struct ReplyBody {
    bytes: Full<Bytes>,
    last: Option<Arc<Notify>>,
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.bytes).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.bytes.size_hint()
    }
}

impl Drop for ReplyBody {
    fn drop(&mut self) {
        if let Some(last) = &self.last {
            last.notify_one();
        }
    }
}
