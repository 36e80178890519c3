//! Faults of the RPC on demand.

use std::time::{Duration, Instant};

use mqtt_twister_sandbox::Node;
use serde_json::json;
use tokio::net::TcpStream;

use crate::calls::{alice_and_bob, numbers};
use crate::http::{call, send};

async fn is_refused(node: &Node) -> bool {
    TcpStream::connect(("127.0.0.1", node.port())).await.is_err()
}

#[tokio::test]
async fn a_node_that_is_down_refuses_connections_and_comes_back_on_the_same_port() {
    let network = alice_and_bob().await;
    let (node, port) = (network.node(0), network.node(0).port());
    node.take_down().await;
    assert!(!node.is_up() && is_refused(node).await);
    assert_eq!(call(network.node(1), "getconnectioncount", json!([])).await, Ok(json!(0)));
    node.bring_up().await.unwrap();
    node.bring_up().await.unwrap();
    assert!(node.is_up() && node.port() == port);
    assert_eq!(call(node, "getblockcount", json!([])).await, Ok(json!(network.height())));
}

#[tokio::test]
async fn a_dropped_reply_hides_that_the_call_was_carried_out() {
    let network = alice_and_bob().await;
    let node = network.node(0);
    node.drop_replies("newpostmsg", 1);
    let request = json!({"id": 1, "method": "newpostmsg", "params": ["alice", 0, "x"]}).to_string();
    assert!(send(node, &request).await.is_none());
    assert_eq!(numbers(node, "alice").await, [0]);
    assert_eq!(send(node, &request).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_slow_method_is_carried_out_at_once_and_answered_late() {
    let network = alice_and_bob().await;
    let node = network.node(0);
    node.slow_down("newpostmsg", Duration::from_millis(200));
    let start = Instant::now();
    let slow = async {
        call(node, "newpostmsg", json!(["alice", 0, "x"])).await.unwrap();
        start.elapsed()
    };
    let others = async {
        while numbers(node, "alice").await.is_empty() {
            tokio::task::yield_now().await;
        }
        start.elapsed()
    };
    let (slow, others) = tokio::join!(slow, others);
    assert!(slow >= Duration::from_millis(200) && others < slow, "{slow:?} {others:?}");
}
