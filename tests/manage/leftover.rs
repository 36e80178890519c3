//! A twisterd that outlived the program that looked after it.

use std::time::Duration;

use mqtt_twister_daemon::{NodeId, NodePhase, NodeProblemCode, NodeStatus, Tempo};

use crate::support::{Bench, PASSWORD, eventually, is_alive, is_running, signal, until};

/// Lets a node run without anybody who looks after it, as if that had been killed; its process.
async fn abandoned(bench: &Bench, node: &NodeId) -> u32 {
    let daemon = bench.run(node).await;
    let pid = daemon.status().borrow().pid.unwrap();
    drop(daemon);
    eventually("its folder is free", async || match bench.nodes.open(node, PASSWORD) {
        Ok(daemon) => {
            daemon.end().await;
            true
        }
        Err(_) => false,
    })
    .await;
    assert!(is_alive(pid));
    pid
}

#[tokio::test]
async fn a_node_that_was_left_over_is_taken_over_and_can_be_stopped() {
    let bench = Bench::new();
    let node = bench.public();
    let pid = abandoned(&bench, &node.id).await;
    assert_eq!(bench.nodes.remove(&node.id).unwrap_err().code, NodeProblemCode::DataInUse, "it runs");

    let daemon = bench.run(&node.id).await;
    let status = daemon.status().borrow().clone();
    assert_eq!((status.pid, status.adopted), (Some(pid), true));
    daemon.stop().await.unwrap();
    assert_eq!(daemon.status().borrow().phase, NodePhase::Stopped);
    // It is known by its lock, which it gives up as the last thing that it does.
    eventually("it is gone", async || !is_alive(pid)).await;
}

#[tokio::test]
async fn the_end_of_a_node_that_was_taken_over_is_noticed() {
    let bench = Bench::new();
    let node = bench.public();
    let pid = abandoned(&bench, &node.id).await;
    let daemon = bench.run(&node.id).await;
    signal(pid, "KILL");
    let is_new = |status: &NodeStatus| is_running(status) && status.pid != Some(pid);
    assert!(!until(&daemon, "it runs again", is_new).await.adopted);
    daemon.end().await;
}

#[tokio::test]
async fn a_node_that_was_left_over_and_hangs_is_ended() {
    let bench = Bench::new();
    let node = bench.public();
    let pid = abandoned(&bench, &node.id).await;
    signal(pid, "STOP");
    let short = Duration::from_millis(300);
    let tempo = Tempo { answer: short, possession: Duration::from_secs(5), term: short, ..Tempo::quick() };
    let daemon = bench.open_with(&node.id, tempo);
    daemon.start().unwrap();
    let status = until(&daemon, "it runs", is_running).await;
    assert!(!status.adopted && status.pid != Some(pid), "{status:?}");
    eventually("the other is gone", async || !is_alive(pid)).await;
    daemon.end().await;
}

#[tokio::test]
async fn a_node_that_was_left_over_with_a_password_that_is_lost_is_started_with_a_new_one() {
    let bench = Bench::new();
    let node = bench.public();
    let pid = abandoned(&bench, &node.id).await;
    let tempo = Tempo { possession: Duration::from_secs(5), ..Tempo::quick() };
    let daemon = bench.nodes.open_with(&node.id, "another1", tempo).unwrap();
    daemon.start().unwrap();
    let status = until(&daemon, "it runs", is_running).await;
    assert!(!status.adopted && status.pid != Some(pid), "{status:?}");
    daemon.client().info().await.expect("it takes the new password");
    daemon.end().await;
}
