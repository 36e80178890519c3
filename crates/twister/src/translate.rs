//! Makes twisterd's replies fit a JSON-RPC 2.0 client.
//!
//! twisterd speaks JSON-RPC 1.0: every reply has all of `result`, `error` and `id`, one of the first two being null, never
//! `jsonrpc`; and an error comes with HTTP status 400, 404 or 500. A 2.0 client rejects each of these. [`TranslateLayer`]
//! sits below it, turns such replies into status 200 with a 2.0 body, and turns everything else into a [`Refusal`].
//!
//! Deliberately not in it: what a reply means, and the addresses of nodes.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::StatusCode;
use hyper::body::{Body, Bytes};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, TRANSFER_ENCODING};
use jsonrpsee::core::BoxError;
use jsonrpsee::core::http_helpers::HttpError;
use jsonrpsee::http_client::transport::Error as TransportError;
use jsonrpsee::http_client::{HttpBody, HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tower::{Layer, Service};

/// The longest reply that is read, in bytes. Ten thousand posts fit into it.
pub const MAX_REPLY_SIZE: u32 = 32 * 1024 * 1024;

/// A reply that is not one of twisterd's JSON-RPC replies. It travels inside the HTTP client's own error type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Status 401.
    #[error("the credentials are not accepted")]
    Unauthorized,
    /// Status 403: twisterd's answer to an address that `-rpcallowip` does not name.
    #[error("this machine's address is not accepted")]
    Forbidden,
    /// The body is not JSON.
    #[error("the body is not JSON (status {status})")]
    NotJson {
        /// The HTTP status.
        status: u16,
    },
    /// The body is JSON of another shape.
    #[error("the body is JSON of another kind (status {status})")]
    ForeignJson {
        /// The HTTP status.
        status: u16,
    },
    /// The body is longer than [`MAX_REPLY_SIZE`].
    #[error("the reply is too long")]
    TooLong,
}

/// Wraps an HTTP service so that its replies are translated.
#[derive(Debug, Clone, Copy, Default)]
pub struct TranslateLayer;

/// An HTTP service whose replies are translated.
#[derive(Debug, Clone)]
pub struct Translate<S> {
    inner: S,
}

impl<S> Layer<S> for TranslateLayer {
    type Service = Translate<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Translate { inner }
    }
}

impl<S, B> Service<HttpRequest> for Translate<S>
where
    S: Service<HttpRequest, Response = HttpResponse<B>, Error = TransportError>,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = HttpResponse;
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, TransportError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: HttpRequest) -> Self::Future {
        let reply = self.inner.call(request);
        Box::pin(async move {
            let (mut head, body) = reply.await?.into_parts();
            let body = match Limited::new(body, MAX_REPLY_SIZE as usize).collect().await {
                Ok(body) => body.to_bytes(),
                Err(error) if error.is::<LengthLimitError>() => return Err(refused(Refusal::TooLong)),
                Err(error) => return Err(TransportError::Http(HttpError::Stream(error))),
            };
            let body = translate(head.status, &body).map_err(refused)?;
            head.status = StatusCode::OK;
            head.headers.remove(TRANSFER_ENCODING);
            head.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
            head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            Ok(HttpResponse::from_parts(head, HttpBody::from(body)))
        })
    }
}

/// One reply of twisterd. All three members must be there; their values are passed on as they are written.
#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(borrow)]
    result: &'a RawValue,
    #[serde(borrow)]
    error: &'a RawValue,
    #[serde(borrow)]
    id: &'a RawValue,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Translated<'a> {
    Success { jsonrpc: &'static str, result: &'a RawValue, id: &'a RawValue },
    Failure { jsonrpc: &'static str, error: NodeError, id: &'a RawValue },
}

#[derive(Serialize, Deserialize)]
struct NodeError {
    code: i32,
    message: String,
}

/// The JSON-RPC 2.0 body that says what a reply of twisterd says. A batch is translated reply by reply.
///
/// Text that is not UTF-8 is mended rather than refused: an account's posts may contain such bytes, and one account must
/// not make the replies about others unreadable.
fn translate(status: StatusCode, body: &[u8]) -> Result<Vec<u8>, Refusal> {
    match status {
        StatusCode::UNAUTHORIZED => return Err(Refusal::Unauthorized),
        StatusCode::FORBIDDEN => return Err(Refusal::Forbidden),
        _ => {}
    }
    let status = status.as_u16();
    let text = String::from_utf8_lossy(body);
    let refusal = |error: serde_json::Error| match error.classify() {
        serde_json::error::Category::Data => Refusal::ForeignJson { status },
        _ => Refusal::NotJson { status },
    };
    let foreign = |_| Refusal::ForeignJson { status };
    if text.trim_start().starts_with('[') {
        let replies: Vec<Reply<'_>> = serde_json::from_str(&text).map_err(refusal)?;
        let translated = replies.iter().map(Translated::try_from).collect::<Result<Vec<_>, _>>().map_err(foreign)?;
        return serde_json::to_vec(&translated).map_err(foreign);
    }
    let reply: Reply<'_> = serde_json::from_str(&text).map_err(refusal)?;
    let translated = Translated::try_from(&reply).map_err(foreign)?;
    serde_json::to_vec(&translated).map_err(foreign)
}

impl<'a> TryFrom<&Reply<'a>> for Translated<'a> {
    type Error = serde_json::Error;

    fn try_from(reply: &Reply<'a>) -> Result<Self, Self::Error> {
        const JSONRPC: &str = "2.0";
        Ok(match reply.error.get() {
            "null" => Self::Success { jsonrpc: JSONRPC, result: reply.result, id: reply.id },
            error => Self::Failure { jsonrpc: JSONRPC, error: serde_json::from_str(error)?, id: reply.id },
        })
    }
}

fn refused(refusal: Refusal) -> TransportError {
    TransportError::Http(HttpError::Stream(refusal.into()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn translated(status: u16, body: &str) -> Result<String, Refusal> {
        let body = translate(StatusCode::from_u16(status).unwrap(), body.as_bytes())?;
        Ok(String::from_utf8(body).unwrap())
    }

    #[test]
    fn a_result_loses_its_null_error() {
        assert_eq!(
            translated(200, r#"{"result": {"a": 1e400}, "error": null, "id": "x"}"#).as_deref(),
            Ok(r#"{"jsonrpc":"2.0","result":{"a": 1e400},"id":"x"}"#)
        );
        assert_eq!(
            translated(200, r#"{"result":null,"error":null,"id":3}"#).as_deref(),
            Ok(r#"{"jsonrpc":"2.0","result":null,"id":3}"#)
        );
    }

    #[test]
    fn an_error_loses_its_null_result_whatever_the_status() {
        for status in [200, 400, 404, 500] {
            assert_eq!(
                translated(status, r#"{"result":null,"error":{"code":-1,"message":"m"},"id":null}"#).as_deref(),
                Ok(r#"{"jsonrpc":"2.0","error":{"code":-1,"message":"m"},"id":null}"#)
            );
        }
    }

    #[test]
    fn what_is_not_twisterds_is_refused() {
        for (status, body, refusal) in [
            (401, "<html>", Refusal::Unauthorized),
            (403, "", Refusal::Forbidden),
            (404, "<html>", Refusal::NotJson { status: 404 }),
            (200, "", Refusal::NotJson { status: 200 }),
            (200, r#"{"result":1,"err"#, Refusal::NotJson { status: 200 }),
            (200, "17", Refusal::ForeignJson { status: 200 }),
            (200, r#"{"jsonrpc":"2.0","result":1,"id":1}"#, Refusal::ForeignJson { status: 200 }),
            (500, r#"{"result":null,"error":"text","id":1}"#, Refusal::ForeignJson { status: 500 }),
            (200, r#"[{"error":null}]"#, Refusal::ForeignJson { status: 200 }),
        ] {
            assert_eq!(translated(status, body), Err(refusal), "{status} {body}");
        }
    }

    #[test]
    fn a_post_that_is_not_utf_8_does_not_spoil_the_reply() {
        let body = translate(StatusCode::OK, b"{\"result\":\"a\xff\",\"error\":null,\"id\":1}").unwrap();
        assert_eq!(String::from_utf8(body).unwrap(), "{\"jsonrpc\":\"2.0\",\"result\":\"a\u{fffd}\",\"id\":1}");
    }
}
