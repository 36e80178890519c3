//! The HTTP server: who may call, kept connections, ports.

use std::time::{Duration, Instant};

use mqtt_twister_sandbox::{Network, NodeConfig, SandboxError};
use serde_json::json;

use crate::http::{Auth, Connection, call};

const HEIGHT: &str = r#"{"id":1,"method":"getblockcount","params":[]}"#;

#[tokio::test]
async fn a_wrong_password_waits_and_slows_nobody_else() {
    let network = Network::builder().nodes(1).start().await.unwrap();
    let node = network.node(0);
    let start = Instant::now();
    let wrong = async {
        let auth = Auth::Password { user: node.user(), password: "wrong" };
        let reply = Connection::open(node).await.send("POST", "/", &auth, HEIGHT).await.unwrap();
        assert_eq!((reply.http_version.as_str(), reply.header("connection")), ("1.0", None));
        (reply.status, start.elapsed())
    };
    let right = async {
        call(node, "getblockcount", json!([])).await.unwrap();
        start.elapsed()
    };
    let nobody = async {
        let reply = Connection::open(node).await.send("POST", "/", &Auth::Nothing, HEIGHT).await.unwrap();
        (reply.status, start.elapsed())
    };
    let ((wrong, wrong_after), right_after, (nobody, nobody_after)) = tokio::join!(wrong, right, nobody);
    assert_eq!((wrong, nobody), (401, 401));
    assert!(wrong_after >= Duration::from_millis(250), "{wrong_after:?}");
    assert!(right_after < wrong_after && nobody_after < wrong_after);
}

#[tokio::test]
async fn a_connection_is_kept_until_the_first_error() {
    let network = Network::builder().nodes(1).start().await.unwrap();
    let node = network.node(0);
    let auth = Auth::Password { user: node.user(), password: node.password() };
    let mut connection = Connection::open(node).await;
    for _ in 0..3 {
        let reply = connection.send("POST", "/", &auth, HEIGHT).await.unwrap();
        assert_eq!((reply.status, reply.header("connection")), (200, Some("keep-alive")));
    }
    let reply = connection.send("POST", "/", &auth, "not json").await.unwrap();
    assert_eq!((reply.status, reply.header("connection")), (500, Some("close")));
    assert!(connection.is_closed().await);
}

#[tokio::test]
async fn requests_that_are_none_get_the_node_s_own_answers() {
    let network = Network::builder().nodes(1).start().await.unwrap();
    let node = network.node(0);
    let auth = Auth::Password { user: node.user(), password: node.password() };
    for (body, status, error) in [
        ("5", 500, json!({"code": -32700, "message": "Top-level object parse error"})),
        ("{}", 400, json!({"code": -32600, "message": "Missing method"})),
        (r#"{"method":1}"#, 400, json!({"code": -32600, "message": "Method must be a string"})),
    ] {
        let reply = Connection::open(node).await.send("POST", "/", &auth, body).await.unwrap();
        assert_eq!((reply.status, reply.json()["error"].clone()), (status, error), "{body}");
    }
    assert!(Connection::open(node).await.send("PUT", "/", &auth, HEIGHT).await.is_none());
    let page = Connection::open(node).await.send("POST", "/other", &auth, HEIGHT).await.unwrap();
    assert_eq!((page.status, page.header("content-type")), (404, Some("text/html; charset=utf-8")));
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let first = Network::builder().nodes(1).start().await.unwrap();
    let port = first.node(0).port();
    let second = Network::builder().nodes(1).node(NodeConfig::new().port(port)).start().await;
    let error = second.unwrap_err();
    assert!(matches!(error, SandboxError::PortInUse { node: 1, port: named } if named == port));
    assert!(error.to_string().contains(&port.to_string()));
}

#[tokio::test]
async fn a_stopped_network_frees_its_ports() {
    let network = Network::builder().nodes(2).start().await.unwrap();
    let ports = [network.node(0).port(), network.node(1).port()];
    network.stop().await.unwrap();
    let again = ports.iter().fold(Network::builder(), |builder, port| builder.node(NodeConfig::new().port(*port)));
    again.start().await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn each_node_has_credentials_of_its_own_and_shows_no_password() {
    let given = NodeConfig::new().user("me").password("pass word");
    let network = Network::builder().node(given.clone()).nodes(2).start().await.unwrap();
    let node = network.node(0);
    assert_eq!((node.user(), node.password()), ("me", "pass word"));
    assert_eq!(node.rpc_url_with_credentials(), format!("http://me:pass%20word@127.0.0.1:{}", node.port()));
    assert_eq!(node.url(), format!("http://127.0.0.1:{}", node.port()));
    assert_ne!(network.node(1).password(), network.node(2).password());
    let secret = call(node, "createwalletuser", json!(["carol"])).await.unwrap();
    let shown = format!("{network:?} {given:?}");
    assert!(!shown.contains(secret.as_str().unwrap()));
    for node in network.nodes() {
        assert!(!shown.contains(node.password()));
        call(node, "getinfo", json!([])).await.unwrap();
    }
}

#[tokio::test]
async fn names_that_are_none_or_taken_are_refused() {
    let network = Network::builder().node(NodeConfig::new().account("alice")).start().await.unwrap();
    assert!(matches!(network.create_account(0, "Alice"), Err(SandboxError::Name(_))));
    assert!(matches!(network.create_account(0, "alice"), Err(SandboxError::NameTaken { .. })));
    let twice = Network::builder().node(NodeConfig::new().account("a")).node(NodeConfig::new().account("a"));
    assert!(matches!(twice.start().await, Err(SandboxError::NameTaken { .. })));
    assert!(matches!(Network::builder().start().await, Err(SandboxError::NoNodes)));
}
