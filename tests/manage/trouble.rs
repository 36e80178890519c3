//! Somebody or something else is in the way.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, Stdio};
use std::time::Duration;

use mqtt_twister_daemon::{NodeProblemCode, Tempo};

use crate::support::{Bench, PASSWORD, TWISTERD, eventually, is_running, until, until_restarting};

#[tokio::test]
async fn a_stale_lock_locks_nobody_out() {
    let bench = Bench::new();
    let node = bench.public();
    fs::write(bench.data(&node.id).join(".lock"), "").unwrap();
    fs::write(bench.folder(&node.id).join("lock"), "").unwrap();
    fs::write(bench.folder(&node.id).join("pid"), std::process::id().to_string()).unwrap();
    bench.run(&node.id).await.end().await;
}

#[tokio::test]
async fn a_taken_port_is_named_and_waited_for() {
    let bench = Bench::new();
    let node = bench.public();
    let other = TcpListener::bind((Ipv4Addr::LOCALHOST, node.ports.rpc)).unwrap();
    let daemon = bench.open(&node.id);
    daemon.start().unwrap();
    let problem = until_restarting(&daemon, NodeProblemCode::PortTaken).await;
    assert!(problem.message.contains(&node.ports.rpc.to_string()), "{problem}");
    drop(other);
    until(&daemon, "it runs", is_running).await;
    daemon.end().await;
}

#[tokio::test]
async fn other_ports_can_be_chosen_for_a_node_that_is_not_open() {
    let bench = Bench::new();
    let node = bench.public();
    let _other = TcpListener::bind((Ipv4Addr::LOCALHOST, node.ports.rpc)).unwrap();
    let daemon = bench.open(&node.id);
    assert_eq!(bench.nodes.choose_ports_anew(&node.id).unwrap_err().code, NodeProblemCode::DataInUse);
    daemon.end().await;
    let moved = bench.nodes.choose_ports_anew(&node.id).unwrap();
    let daemon = bench.run(&node.id).await;
    assert_eq!(daemon.url().port(), moved.ports.rpc);
    daemon.end().await;
}

#[tokio::test]
async fn a_node_is_looked_after_once() {
    let bench = Bench::new();
    let node = bench.public();
    let daemon = bench.run(&node.id).await;
    assert_eq!(bench.nodes.open(&node.id, PASSWORD).unwrap_err().code, NodeProblemCode::DataInUse);
    assert_eq!(bench.nodes.remove(&node.id).unwrap_err().code, NodeProblemCode::DataInUse);
    daemon.end().await;
    bench.nodes.open(&node.id, PASSWORD).unwrap().end().await;
}

#[tokio::test]
async fn somebody_elses_twisterd_on_the_same_data_is_left_alone() {
    let bench = Bench::new();
    let node = bench.public();
    let data = bench.data(&node.id);
    let mut other = Command::new(TWISTERD);
    other.arg(format!("-datadir={}", data.display()));
    other.args(["-rpcuser=me", "-rpcpassword=mine"]).args(["-port=0", "-rpcport=0"]).stderr(Stdio::null());
    let mut other = other.spawn().unwrap();
    eventually("it has its lock", async || data.join("debug.log").exists()).await;

    let daemon = bench.open_with(&node.id, Tempo { possession: Duration::from_millis(200), ..Tempo::quick() });
    daemon.start().unwrap();
    let problem = until_restarting(&daemon, NodeProblemCode::DataInUse).await;
    assert!(problem.message.contains(&format!("process {}", other.id())), "{problem}");
    assert_eq!(other.try_wait().unwrap(), None, "it was not touched");

    other.kill().unwrap();
    other.wait().unwrap();
    until(&daemon, "it runs", is_running).await;
    daemon.end().await;
}
