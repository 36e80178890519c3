//! Exchanges that were recorded byte for byte, since no client of good manners sends such requests. They go through the
//! layer that translates replies, without the rest of the client.

use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jsonrpsee::core::http_helpers::HttpError;
use jsonrpsee::http_client::transport::{Error as TransportError, HttpBackend};
use jsonrpsee::http_client::{HttpBody, HttpRequest};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt};
use twister::translate::{Refusal, TranslateLayer};
use twister::{Client, Credentials, Evidence, RpcError};

use crate::replay::fault;
use crate::support::{Recording, ScriptedServer};

pub async fn replay(recording: &Recording, server: &mut ScriptedServer) {
    let sent = recording.request.as_str().unwrap();
    match recording.step.as_str() {
        "raw: bad password" => {
            let client = Client::new(&server.url, &Credentials::new("user", "wrong")).unwrap();
            let error = client.block_count().await.unwrap_err();
            assert_eq!(error, RpcError::WrongCredentials { node: server.url.clone() });
            let request = server.request().await;
            assert_eq!(request.authorization.as_deref(), Some("Basic dXNlcjp3cm9uZw=="));
            let recorded: Value = serde_json::from_str(sent).unwrap();
            assert_eq!(
                (&request.json()["method"], &request.json()["params"]),
                (&recorded["method"], &recorded["params"])
            );
        }
        "raw: no auth" => {
            assert_eq!(exchange(server, "POST", None, sent).await, Err(Refusal::Unauthorized));
        }
        "raw: GET /" => {
            assert_eq!(exchange(server, "GET", None, sent).await, Err(Refusal::NotJson { status: 404 }));
        }
        "raw: batch" => {
            let replies = exchange(server, "POST", Some("Basic dTpw"), sent).await.unwrap();
            let expected: Vec<Value> = recording.response.as_array().unwrap().iter().map(as_2_0).collect();
            assert_eq!(replies, Value::from(expected));
            check_fault(recording, &replies[1]);
        }
        _ => {
            let reply = exchange(server, "POST", Some("Basic dTpw"), sent).await.unwrap();
            assert_eq!(reply, as_2_0(&recording.response), "{}", recording.step);
            check_fault(recording, &reply);
        }
    }
}

/// Sends exactly these bytes, checks that they arrived, and returns the translated reply.
async fn exchange(
    server: &mut ScriptedServer,
    verb: &str,
    authorization: Option<&str>,
    body: &str,
) -> Result<Value, Refusal> {
    let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build(HttpConnector::new());
    let service = TranslateLayer.layer(HttpBackend::Http(http));
    let mut request = HttpRequest::builder().method(verb).uri(server.url.to_string());
    if let Some(authorization) = authorization {
        request = request.header("Authorization", authorization);
    }
    let reply = service.oneshot(request.body(HttpBody::from(body.to_owned())).unwrap()).await;
    let arrived = server.request().await;
    assert_eq!((arrived.verb.as_str(), arrived.authorization.as_deref()), (verb, authorization));
    assert_eq!(String::from_utf8(arrived.body).unwrap(), body);
    match reply {
        Ok(reply) => {
            assert_eq!(reply.status(), 200);
            let body = http_body_util::BodyExt::collect(reply.into_body()).await.unwrap().to_bytes();
            Ok(serde_json::from_slice(&body).unwrap())
        }
        Err(TransportError::Http(HttpError::Stream(error))) => Err(*error.downcast::<Refusal>().unwrap()),
        Err(error) => panic!("{error}"),
    }
}

/// What JSON-RPC 2.0 has in place of a recorded reply.
fn as_2_0(recorded: &Value) -> Value {
    let id = &recorded["id"];
    match &recorded["error"] {
        Value::Null => json!({"jsonrpc": "2.0", "result": recorded["result"], "id": id}),
        error => json!({"jsonrpc": "2.0", "error": error, "id": id}),
    }
}

fn check_fault(recording: &Recording, reply: &Value) {
    if let Some(error) = reply.get("error") {
        let message = error["message"].as_str().unwrap().to_owned();
        let error = RpcError::Node { code: error["code"].as_i64().unwrap(), message };
        assert_eq!(error.node_fault(), Some(fault(&recording.step)));
    }
}

#[tokio::test]
async fn a_node_whose_path_or_proxy_answers_with_a_page_is_no_node() {
    let page = crate::support::recording("raw: GET /");
    let server = ScriptedServer::start([crate::support::Act::Replay(Box::new(page))]).await;
    assert_eq!(
        server.client().info().await,
        Err(RpcError::NotANode { node: server.url.clone(), evidence: Evidence::WebServer { status: 404 } })
    );
}
