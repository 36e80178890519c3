//! Metrics and health for whoever watches over the machine, by HTTP: `/metrics` for Prometheus, `/healthz` for a watchdog.
//! On this machine only, unless the person says otherwise: names of bridges and counts of messages are in it, and there is no
//! password.

mod text;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::bridges::States;
use crate::error::CliError;

/// Whoever asks is answered at once, so nobody needs a connection for longer.
const LONGEST_CONNECTION: Duration = Duration::from_secs(10);

/// Connections at the same time.
const MOST_CONNECTIONS: usize = 16;

/// Pause after a connection could not be let in.
const PAUSE: Duration = Duration::from_secs(1);

/// The format of Prometheus' text, as its readers want it named.
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";

/// The server. It ends when this is dropped.
pub(crate) struct Server(JoinHandle<()>);

/// Takes the port; 0 is any free one. Returns where it listens.
///
/// # Errors
/// [`CliError::MetricsNotLocal`] and [`CliError::MetricsPort`].
pub(crate) async fn listen(address: SocketAddr, from_anywhere: bool) -> Result<(TcpListener, SocketAddr), CliError> {
    if !from_anywhere && !address.ip().is_loopback() {
        return Err(CliError::MetricsNotLocal { address });
    }
    let failed = |source| CliError::MetricsPort { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// Answers whoever asks how the bridges are.
pub(crate) fn serve(listener: TcpListener, states: States) -> Server {
    Server(tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                Some(_) = connections.join_next() => {}
                accepted = listener.accept(), if connections.len() < MOST_CONNECTIONS => match accepted {
                    Ok((stream, _)) => drop(connections.spawn(answer_all(stream, states.clone()))),
                    Err(error) => {
                        tracing::debug!(%error, "somebody who wanted metrics could not be let in");
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            }
        }
    }))
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn answer_all(stream: TcpStream, states: States) {
    let service = service_fn(|request| std::future::ready(Ok::<_, Infallible>(answer(&request, &states))));
    let connection = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), service);
    // Whoever goes away early has what it wanted, or did not want it.
    let _ = tokio::time::timeout(LONGEST_CONNECTION, connection).await;
}

fn answer(request: &Request<Incoming>, states: &States) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return response(StatusCode::METHOD_NOT_ALLOWED, PLAIN, "only GET is answered\n".to_owned());
    }
    match request.uri().path() {
        "/metrics" => response(StatusCode::OK, PROMETHEUS, text::metrics(&states.now())),
        "/healthz" => match text::ailments(&states.now()) {
            healthy if healthy.is_empty() => response(StatusCode::OK, PLAIN, "ok\n".to_owned()),
            ailments => response(StatusCode::SERVICE_UNAVAILABLE, PLAIN, ailments),
        },
        _ => response(StatusCode::NOT_FOUND, PLAIN, "there is /metrics and /healthz\n".to_owned()),
    }
}

fn response(status: StatusCode, kind: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    response
}
