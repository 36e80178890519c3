//! From the start to the end, with crashes in between.

use std::fs;
use std::time::Duration;

use mqtt_twister_daemon::{BlockMaker, NodePhase, NodeProblemCode, NodeStatus, Tempo};

use crate::support::{Bench, is_alive, is_running, signal, until, until_failed, until_restarting};

fn is_at(height: u32) -> impl Fn(&NodeStatus) -> bool {
    move |status| matches!(status.phase, NodePhase::Syncing { progress } if (progress.height, progress.of) == (height, 300))
}

#[tokio::test]
async fn a_node_starts_catches_up_from_0_to_100_percent_and_stops() {
    let bench = Bench::new();
    let node = bench.public();
    let percent = bench.root().join("percent");
    fs::write(&percent, "0").unwrap();
    bench.script(&node.id, &format!("sync={}", percent.display()));
    let daemon = bench.open(&node.id);
    assert_eq!(daemon.status().borrow().phase, NodePhase::Stopped);

    daemon.start().unwrap();
    until(&daemon, "it is at 0 %", is_at(0)).await;
    fs::write(&percent, "50").unwrap();
    until(&daemon, "it is at 50 %", is_at(150)).await;
    fs::write(&percent, "100").unwrap();
    let status = until(&daemon, "it runs", is_running).await;

    let facts = status.facts.unwrap();
    assert_eq!((facts.version.as_str(), facts.height, facts.peers, facts.dht_nodes), ("0.9.40", 300, 1, 1));
    assert_eq!((status.adopted, status.blocks.maker), (false, BlockMaker::Network));
    let pid = status.pid.unwrap();
    assert!(is_alive(pid));
    assert!(daemon.settings().unwrap().runs);
    assert!(daemon.log().text.starts_with("Twister version"), "{:?}", daemon.log());

    daemon.stop().await.unwrap();
    assert!(!is_alive(pid));
    let status = daemon.status().borrow().clone();
    assert_eq!((status.phase, status.pid, status.facts), (NodePhase::Stopped, None, None));
    assert!(!daemon.settings().unwrap().runs);
    assert!(daemon.log().text.ends_with("stop: asked by RPC\nShutdown : done\n"), "{:?}", daemon.log());
}

#[tokio::test]
async fn a_node_that_was_killed_is_started_again() {
    let bench = Bench::new();
    let node = bench.public();
    let daemon = bench.open_with(&node.id, Tempo { first_pause: Duration::from_secs(1), ..Tempo::quick() });
    daemon.start().unwrap();
    let killed = until(&daemon, "it runs", is_running).await.pid.unwrap();
    signal(killed, "KILL");
    let problem = until_restarting(&daemon, NodeProblemCode::Crashed).await;
    assert!(problem.message.contains("signal: 9"), "{problem}");
    let pid = until(&daemon, "it runs again", is_running).await.pid.unwrap();
    assert_ne!(pid, killed);
    daemon.end().await;
    assert!(!is_alive(pid));
    assert!(bench.nodes.settings(&node.id).unwrap().runs, "it is to run the next time");
}

#[tokio::test]
async fn a_node_that_cannot_start_is_given_up_with_its_own_words_and_tried_again_when_asked() {
    let bench = Bench::new();
    let node = bench.public();
    bench.script(&node.id, "crash=start");
    let daemon = bench.open(&node.id);
    daemon.start().unwrap();
    let problem = until_failed(&daemon).await;
    assert_eq!(problem.code, NodeProblemCode::StartFails);
    assert!(problem.message.contains("the stand-in was told to crash"), "{problem}");

    bench.script(&node.id, "");
    daemon.start().unwrap();
    until(&daemon, "it runs", is_running).await;
    daemon.end().await;
}

#[tokio::test]
async fn a_node_that_keeps_crashing_is_given_up() {
    let bench = Bench::new();
    let node = bench.public();
    bench.script(&node.id, "crash=2");
    let daemon = bench.open(&node.id);
    daemon.start().unwrap();
    assert_eq!(until_failed(&daemon).await.code, NodeProblemCode::KeepsCrashing);
}

#[tokio::test]
async fn a_node_that_does_not_answer_is_started_again() {
    let bench = Bench::new();
    let node = bench.public();
    bench.script(&node.id, "answers=no");
    let tempo = Tempo {
        answer: Duration::from_millis(500),
        silence: Duration::from_secs(1),
        first_pause: Duration::from_secs(60),
        longest_pause: Duration::from_secs(60),
        ..Tempo::quick()
    };
    let daemon = bench.open_with(&node.id, tempo);
    daemon.start().unwrap();
    let pid = until(&daemon, "it starts", |status| status.pid.is_some()).await.pid.unwrap();
    until_restarting(&daemon, NodeProblemCode::NoAnswer).await;
    assert!(!is_alive(pid), "the deaf one was ended first");
    daemon.stop().await.unwrap();
    assert_eq!(daemon.status().borrow().phase, NodePhase::Stopped);
}

#[tokio::test]
async fn a_node_that_hangs_is_killed_in_the_end() {
    let bench = Bench::new();
    let node = bench.public();
    let short = Duration::from_millis(500);
    let daemon = bench.open_with(&node.id, Tempo { farewell: short, term: short, ..Tempo::quick() });
    daemon.start().unwrap();
    let pid = until(&daemon, "it runs", is_running).await.pid.unwrap();
    signal(pid, "STOP");
    daemon.stop().await.unwrap();
    assert!(!is_alive(pid));
}
