//! Private keys: taken out, put in elsewhere, and signed with.

use serde_json::{Value, json};

use crate::calls::builder;
use crate::http::call;

#[tokio::test]
async fn a_key_that_was_taken_out_can_be_put_in_at_another_node() {
    let network = builder().start().await.unwrap();
    let (one, other) = (network.node(0), network.node(1));
    let key = call(one, "dumpprivkey", json!(["alice"])).await.unwrap();
    assert_eq!(call(other, "importprivkey", json!([key, "alice", false])).await, Ok(Value::Null));
    assert_eq!(call(other, "dumpprivkey", json!(["alice"])).await, Ok(key.clone()));
    let accounts = call(other, "listwalletusers", json!([])).await.unwrap();
    assert!(accounts.as_array().unwrap().contains(&json!("alice")));
    // The node has it already, and says nothing of that.
    assert_eq!(call(other, "importprivkey", json!([key, "somebody"])).await, Ok(Value::Null));
    assert!(call(other, "dumpprivkey", json!(["somebody"])).await.is_err());
    network.stop().await.unwrap();
}

#[tokio::test]
async fn a_text_that_is_no_key_and_a_name_without_a_key_are_refused() {
    let network = builder().start().await.unwrap();
    let refusal = call(network.node(0), "importprivkey", json!(["nonsense", "alice"])).await.unwrap_err();
    assert_eq!(refusal, (-5, "Invalid private key".to_owned()));
    let refusal = call(network.node(0), "dumpprivkey", json!(["bob"])).await.unwrap_err();
    assert_eq!(refusal, (-5, "Username not found".to_owned()));
    network.stop().await.unwrap();
}

#[tokio::test]
async fn every_node_can_verify_what_an_account_has_signed() {
    let network = builder().start().await.unwrap();
    let signature = call(network.node(0), "signmessage", json!(["alice", "hello"])).await.unwrap();
    for node in network.nodes() {
        let verify = async |name: &str, text: &str| call(node, "verifymessage", json!([name, signature, text])).await;
        assert_eq!(verify("alice", "hello").await, Ok(json!(true)));
        assert_eq!(verify("alice", "hallo").await, Ok(json!(false)));
        assert_eq!(verify("bob", "hello").await, Ok(json!(false)));
        assert_eq!(verify("nobody_here", "hello").await.unwrap_err().0, -11);
    }
    assert_eq!(call(network.node(0), "signmessage", json!(["bob", "hello"])).await.unwrap_err().0, -11);
    let garbage = call(network.node(0), "verifymessage", json!(["alice", "%%", "hello"])).await;
    assert_eq!(garbage.unwrap_err().0, -5);
    network.stop().await.unwrap();
}

#[tokio::test]
async fn a_node_lists_those_that_it_is_connected_to() {
    let network = builder().start().await.unwrap();
    let peers = call(network.node(0), "getpeerinfo", json!([])).await.unwrap();
    assert_eq!(peers.as_array().unwrap().len(), 1);
    assert_eq!(peers[0]["inbound"], json!(true));
    network.stop().await.unwrap();
}
