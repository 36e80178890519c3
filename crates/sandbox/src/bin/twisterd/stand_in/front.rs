//! HTTP for callers: who may call, and how replies look.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::rpc::Rpc;

/// Answers callers who show `authorization`.
pub(crate) async fn serve(listener: TcpListener, authorization: String, rpc: Arc<Rpc>) {
    let authorization = Arc::new(authorization);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                let (authorization, rpc) = (Arc::clone(&authorization), Arc::clone(&rpc));
                connections.spawn(async move {
                    let service = service_fn(|request| answer(request, &authorization, &rpc));
                    // A caller who hangs up is no matter.
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
                });
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    authorization: &str,
    rpc: &Rpc,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.headers().get(AUTHORIZATION).is_none_or(|given| given.as_bytes() != authorization.as_bytes()) {
        let mut refusal = Response::new(Full::from("<HTML><BODY><H1>401 Unauthorized.</H1></BODY></HTML>"));
        *refusal.status_mut() = StatusCode::UNAUTHORIZED;
        refusal
            .headers_mut()
            .insert(WWW_AUTHENTICATE, hyper::header::HeaderValue::from_static("Basic realm=\"jsonrpc\""));
        refusal.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("text/html"));
        return Ok(refusal);
    }
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let (status, body) = rpc.answer(&body).await;
    let mut reply = Response::new(Full::from(body));
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    reply.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
    Ok(reply)
}
