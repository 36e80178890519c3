//! What is no answer of a node, and what must never be seen.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;
use twister::{BlockHeight, Client, ConnectFailure, Credentials, Evidence, NodeUrl, PostNumber, RpcError, Username};

use crate::support::{Act, ScriptedServer, recording};

fn page(status: &str, content_type: &str, body: &str) -> Act {
    let len = body.len();
    Act::Write(
        format!("HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len}\r\n\r\n{body}")
            .into_bytes(),
    )
}

async fn error_after(act: Act) -> (RpcError, NodeUrl) {
    let server = ScriptedServer::start([act]).await;
    (server.client().info().await.unwrap_err(), server.url.clone())
}

#[tokio::test]
async fn a_port_where_nothing_listens_is_unreachable() {
    let port = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap().port();
    let node = NodeUrl::loopback(port);
    let error = Client::new(&node, &Credentials::new("u", "p")).unwrap().info().await.unwrap_err();
    assert_eq!(error, RpcError::Unreachable { node, cause: ConnectFailure::Refused });
    assert!(!error.leaves_outcome_open());
}

#[tokio::test]
async fn a_host_without_address_is_unreachable() {
    // Longer than a label may be, so that no name server is asked.
    let node: NodeUrl = format!("http://{}", "a".repeat(70)).parse().unwrap();
    let error = Client::new(&node, &Credentials::new("u", "p")).unwrap().info().await.unwrap_err();
    assert_eq!(error, RpcError::Unreachable { node, cause: ConnectFailure::UnknownHost });
}

#[tokio::test]
async fn a_connection_cut_before_the_reply_is_unreachable_and_leaves_the_outcome_open() {
    let cut_in_the_body = Act::Write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"result\":".to_vec());
    for act in [Act::HangUp, cut_in_the_body] {
        let (error, node) = error_after(act).await;
        assert_eq!(error, RpcError::Unreachable { node, cause: ConnectFailure::Closed });
        assert!(error.leaves_outcome_open());
    }
}

#[tokio::test]
async fn a_silent_node_times_out_and_leaves_the_outcome_open() {
    let mut server = ScriptedServer::start([Act::Silence]).await;
    let limit = Duration::from_millis(50);
    let error = server.client().with_timeout(limit).block_count().await.unwrap_err();
    assert_eq!(
        error,
        RpcError::TimedOut { node: server.url.clone(), method: "getblockcount".to_owned(), after: limit }
    );
    assert!(error.leaves_outcome_open());
    assert_eq!(server.request().await.json()["method"], "getblockcount");
}

#[tokio::test]
async fn a_command_that_waits_for_the_network_gets_the_time_to_wait() {
    let server = ScriptedServer::start([Act::Silence]).await;
    let client = server.client().with_timeout(Duration::ZERO);
    let waits = Duration::from_millis(50);
    let error = client.dht_get("carol", "profile", twister::DhtKind::Single, Some(waits)).await.unwrap_err();
    assert!(matches!(error, RpcError::TimedOut { after, .. } if after == waits), "{error:?}");
}

#[tokio::test]
async fn many_calls_at_once_take_turns_and_leave_no_connection_behind() {
    let mut height = recording("mine: height before");
    height.connection = Some("close".to_owned());
    let mut server = ScriptedServer::start((0..40).map(|_| Act::Replay(Box::new(height.clone())))).await;
    let client = server.client();
    let calls: Vec<_> = (0..40)
        .map(|_| {
            tokio::spawn({
                let client = client.clone();
                async move { client.block_count().await }
            })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), Ok(BlockHeight(300)));
    }
    assert_eq!(server.request().await.connection.as_deref(), Some("close"));
    let most = server.most_waiting.load(Ordering::Relaxed);
    assert!((1..=6).contains(&most), "{most} connections at once");
}

#[tokio::test]
async fn whatever_else_answers_is_not_a_node() {
    for (act, evidence) in [
        (page("200 OK", "text/html", "<html>Welcome to nginx!</html>"), Evidence::WebServer { status: 200 }),
        (page("404 Not Found", "text/html", "<html>no</html>"), Evidence::WebServer { status: 404 }),
        (page("200 OK", "application/json", ""), Evidence::WebServer { status: 200 }),
        (page("200 OK", "application/json", r#"{"status":"ok"}"#), Evidence::ForeignJson { status: 200 }),
        (
            page("200 OK", "application/json", r#"{"jsonrpc":"2.0","result":1,"id":0}"#),
            Evidence::ForeignJson { status: 200 },
        ),
        (Act::Write(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()), Evidence::NotHttp),
    ] {
        let (error, node) = error_after(act).await;
        assert_eq!(error, RpcError::NotANode { node, evidence });
    }
}

#[tokio::test]
async fn a_node_that_does_not_know_this_machine_says_so() {
    let (error, node) = error_after(page("403 Forbidden", "application/json", "")).await;
    assert_eq!(error, RpcError::AddressNotAllowed { node });
}

#[tokio::test]
async fn a_result_of_another_shape_is_an_unexpected_reply() {
    let (error, _) = error_after(page("200 OK", "application/json", r#"{"result":[1],"error":null,"id":0}"#)).await;
    assert!(matches!(&error, RpcError::UnexpectedReply { method, .. } if method == "getinfo"), "{error:?}");
}

#[tokio::test]
async fn a_reply_to_another_request_is_an_unexpected_reply() {
    let (error, _) = error_after(page("200 OK", "application/json", r#"{"result":1,"error":null,"id":77}"#)).await;
    assert!(matches!(&error, RpcError::UnexpectedReply { .. }), "{error:?}");
}

#[tokio::test]
async fn text_is_sent_as_raw_utf_8() {
    let recorded = recording("post with raw UTF-8");
    let mut server = ScriptedServer::start([Act::Replay(Box::new(recorded))]).await;
    let author: Username = "carol".parse().unwrap();
    server.client().new_post(&author, PostNumber(6), "température 21,5 °C ☃", None).await.unwrap();
    let body = server.request().await.body;
    let raw = "température 21,5 °C ☃".as_bytes();
    assert!(body.windows(raw.len()).any(|window| window == raw));
    assert!(!body.windows(2).any(|window| window == b"\\u"));
}

#[tokio::test]
async fn no_password_and_no_key_is_ever_shown() {
    const PASSWORD: &str = "correct horse";
    const IN_BASE64: &str = "dXNlcjpjb3JyZWN0IGhvcnNl";
    let key = recording("create key").response["result"].as_str().unwrap().to_owned();
    let odd_key = page("200 OK", "application/json", &json!({"result": [key], "error": null, "id": 1}).to_string());
    let acts = [
        Act::Replay(Box::new(recording("create key"))),
        odd_key,
        Act::Replay(Box::new(recording("raw: bad password"))),
    ];
    let server = ScriptedServer::start(acts).await;
    let (client, name) = (server.client(), "carol".parse().unwrap());
    let secret = client.create_wallet_user(&name).await.unwrap();
    let odd = client.create_wallet_user(&name).await.unwrap_err();
    assert!(matches!(odd, RpcError::UnexpectedReply { .. }), "{odd:?}");
    let refused = client.info().await.unwrap_err();
    let shown =
        format!("{client:?} {secret:?} {odd} {odd:?} {refused} {refused:?} {:?}", Credentials::new("u", PASSWORD));
    for hidden in [PASSWORD, IN_BASE64, &key] {
        assert!(!shown.contains(hidden), "{shown}");
    }
    assert_eq!(secret.expose(), key);
}
