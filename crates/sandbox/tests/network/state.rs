//! State on disk.

use std::path::Path;

use mqtt_twister_sandbox::{Arrivals, Network, SandboxError, StateError, Via};
use serde_json::json;

use crate::calls::{builder, message, messages, numbers, post, posts};
use crate::http::call;

async fn start(dir: &Path) -> Network {
    builder().state_dir(dir.to_owned()).start().await.unwrap()
}

#[tokio::test]
async fn a_network_comes_back_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let network = start(dir.path()).await;
    network.follow(0, "alice", &["bob"]);
    network.follow(1, "bob", &["alice"]);
    let (a, b) = (network.node(0), network.node(1));
    let public = post(a, "alice", 0, "@bob look #mqtt").await;
    message(a, "alice", 1, "bob", "private").await;
    call(a, "dhtput", json!(["alice", "profile", "s", {"fullname": "Alice", "n": 5}, "alice", 1])).await.unwrap();
    let alias = call(a, "creategroup", json!(["doors"])).await.unwrap();
    call(a, "newgroupinvite", json!(["alice", 2, alias, ["alice", "bob"]])).await.unwrap();
    call(a, "createwalletuser", json!(["waiting"])).await.unwrap();
    call(a, "sendnewusertransaction", json!(["waiting"])).await.unwrap();
    let calls = [
        ("getdirectmsgs", json!(["bob", 9, [{"username": "alice"}]])),
        ("getmentions", json!(["bob", 9])),
        ("dhtget", json!(["alice", "profile", "s"])),
        ("dhtget", json!(["mqtt", "hashtag", "m"])),
        ("listgroups", json!([])),
        ("getlasthave", json!(["bob"])),
        ("listwalletusers", json!([])),
        ("getbestblockhash", json!([])),
        ("getrawmempool", json!([])),
        ("getrawtransaction", json!(["alice", 1])),
        ("torrentstatus", json!(["alice"])),
    ];
    let mut before = Vec::new();
    for node in [a, b] {
        for (method, params) in &calls {
            before.push(call(node, method, params.clone()).await.unwrap());
        }
    }
    network.stop().await.unwrap();

    let network = start(dir.path()).await;
    let mut after = Vec::new();
    for node in network.nodes() {
        for (method, params) in &calls {
            after.push(call(node, method, params.clone()).await.unwrap());
        }
    }
    assert_eq!(after, before);
    assert_eq!(posts(network.node(1), "alice").await[0], public);
    post(network.node(0), "alice", 5, "goes on").await;
    assert_eq!(numbers(network.node(1), "alice").await.len(), 6);
    network.mine(1);
    assert_ne!(call(network.node(1), "dumppubkey", json!(["waiting"])).await, Ok(json!("")));
}

#[tokio::test]
async fn posts_that_wait_to_be_stored_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let network = start(dir.path()).await;
    network.node(0).set_arrivals(Via::Rpc, Arrivals::Held);
    post(network.node(0), "alice", 0, "waits").await;
    network.stop().await.unwrap();
    let network = start(dir.path()).await;
    assert_eq!(numbers(network.node(0), "alice").await, [0]);
}

#[tokio::test]
async fn a_dropped_network_is_saved_as_well() {
    let dir = tempfile::tempdir().unwrap();
    let network = start(dir.path()).await;
    network.follow(1, "bob", &["alice"]);
    message(network.node(0), "alice", 0, "bob", "hi").await;
    drop(network);
    let network = start(dir.path()).await;
    assert_eq!(messages(network.node(1), "bob", "alice").await, [(0, "hi".to_owned())]);
}

#[tokio::test]
async fn changes_are_written_while_the_network_runs() {
    let dir = tempfile::tempdir().unwrap();
    let network = start(dir.path()).await;
    network.create_account(0, "carol").unwrap();
    let written = async {
        while !std::fs::read_to_string(dir.path().join("network.json")).is_ok_and(|text| text.contains("carol")) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), written).await.expect("the state");
}

#[tokio::test]
async fn two_networks_do_not_share_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let first = start(dir.path()).await;
    let second = builder().state_dir(dir.path().to_owned()).start().await;
    assert!(matches!(second, Err(SandboxError::State(StateError::InUse { .. }))));
    first.stop().await.unwrap();
    start(dir.path()).await;
}

#[tokio::test]
async fn a_damaged_or_larger_state_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    start(dir.path()).await.stop().await.unwrap();
    let fewer = Network::builder().nodes(1).state_dir(dir.path().to_owned()).start().await;
    assert!(matches!(fewer, Err(SandboxError::State(StateError::MoreNodes { saved: 2, asked: 1, .. }))));
    let more = builder().nodes(1).state_dir(dir.path().to_owned()).start().await.unwrap();
    assert_eq!(more.nodes().len(), 3);
    more.stop().await.unwrap();

    let file = dir.path().join("network.json");
    std::fs::write(&file, "{}").unwrap();
    let damaged = builder().state_dir(dir.path().to_owned()).start().await;
    assert!(matches!(damaged, Err(SandboxError::State(StateError::Damaged { .. }))));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "{}");
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_may_read_the_state_and_it_holds_no_password() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let network = start(dir.path()).await;
    let password = network.node(0).password().to_owned();
    network.stop().await.unwrap();
    let file = dir.path().join("network.json");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!std::fs::read_to_string(&file).unwrap().contains(&password));
}
