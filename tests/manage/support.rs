//! Nodes in a temporary folder, run with the stand-in.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use mqtt_twister_daemon::{Daemon, NetworkKind, NodeId, NodeProblem, NodeProblemCode, NodeSettings, NodeStatus, Nodes};
use mqtt_twister_daemon::{NodePhase, Tempo};
use tempfile::TempDir;

/// The stand-in for twisterd.
pub const TWISTERD: &str = env!("CARGO_BIN_EXE_twisterd");

/// The password of all nodes here.
pub const PASSWORD: &str = "k33pM3s3cr3tK33pM3s3cr3tK33pM3s";

/// How long anything may take before a test fails.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// The nodes of a test. Whatever still runs at its end is killed.
pub struct Bench {
    pub nodes: Nodes,
    root: TempDir,
}

impl Bench {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        Self { nodes: Nodes::new(root.path()), root }
    }

    /// A node in the public network, to be run with the stand-in.
    pub fn public(&self) -> NodeSettings {
        self.add(NetworkKind::Public)
    }

    /// A node in a private network. Without peers it is the first one there.
    pub fn private(&self, name: &str, peers: &[String]) -> NodeSettings {
        let peers = peers.iter().map(|peer| peer.parse().unwrap()).collect();
        self.add(NetworkKind::Private { name: name.to_owned(), peers })
    }

    fn add(&self, network: NetworkKind) -> NodeSettings {
        self.nodes.add(network, Some(TWISTERD.into())).unwrap()
    }

    /// Tells the stand-in of a node what to do differently.
    pub fn script(&self, node: &NodeId, text: &str) {
        fs::write(self.data(node).join("stand-in"), text).unwrap();
    }

    /// Lets another program be run for a node.
    pub fn choose(&self, node: &NodeId, program: &Path) {
        self.nodes.change(node, |settings| settings.program = Some(program.to_owned())).unwrap();
    }

    pub fn open(&self, node: &NodeId) -> Daemon {
        self.open_with(node, Tempo::quick())
    }

    pub fn open_with(&self, node: &NodeId, tempo: Tempo) -> Daemon {
        self.nodes.open_with(node, PASSWORD, tempo).unwrap()
    }

    /// Starts a node and waits until it runs.
    pub async fn run(&self, node: &NodeId) -> Daemon {
        let daemon = self.open(node);
        daemon.start().unwrap();
        until(&daemon, "it runs", is_running).await;
        daemon
    }

    /// The data directory of a node's twisterd.
    pub fn data(&self, node: &NodeId) -> PathBuf {
        self.folder(node).join("data")
    }

    pub fn folder(&self, node: &NodeId) -> PathBuf {
        self.root.path().join("nodes").join(node.as_str())
    }

    /// The folder that everything is in.
    pub fn root(&self) -> &Path {
        self.root.path()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let root = self.root.path().to_str().unwrap();
        for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let is_ours = fs::read_to_string(process.path().join("cmdline")).is_ok_and(|line| line.contains(root));
            let pid = process.file_name().to_str().and_then(|name| name.parse().ok());
            if let Some(pid) = pid.filter(|_| is_ours) {
                signal(pid, "KILL");
            }
        }
    }
}

/// Waits until the node's status is `wanted`, and returns it.
pub async fn until(daemon: &Daemon, what: &str, wanted: impl Fn(&NodeStatus) -> bool) -> NodeStatus {
    let mut status = daemon.status();
    let found = tokio::time::timeout(PATIENCE, status.wait_for(wanted)).await.map(|found| found.unwrap().clone());
    let seen = daemon.status().borrow().clone();
    found.unwrap_or_else(|_| panic!("{what}: did not come about; it is {seen:#?}\nLog:\n{}", daemon.log().text))
}

/// Waits until it is started again because of a problem, and returns that.
pub async fn until_restarting(daemon: &Daemon, code: NodeProblemCode) -> NodeProblem {
    let is_it =
        |status: &NodeStatus| matches!(&status.phase, NodePhase::Restarting { problem, .. } if problem.code == code);
    match until(daemon, &format!("it restarts because of {code:?}"), is_it).await.phase {
        NodePhase::Restarting { problem, .. } => problem,
        other => panic!("{other:?}"),
    }
}

/// Waits until it has failed, and returns why.
pub async fn until_failed(daemon: &Daemon) -> NodeProblem {
    match until(daemon, "it fails", |status| matches!(status.phase, NodePhase::Failed { .. })).await.phase {
        NodePhase::Failed { problem } => problem,
        other => panic!("{other:?}"),
    }
}

/// Waits until `is_so`.
pub async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let came = tokio::time::timeout(PATIENCE, async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    came.await.unwrap_or_else(|_| panic!("{what}: did not come about"));
}

pub fn is_running(status: &NodeStatus) -> bool {
    status.phase == NodePhase::Running
}

/// Whether a process runs. One that has ended and that nobody has asked about yet does not.
pub fn is_alive(pid: u32) -> bool {
    let state = fs::read_to_string(format!("/proc/{pid}/stat"));
    state.is_ok_and(|state| !state.rsplit(')').next().unwrap().trim_start().starts_with('Z'))
}

/// Sends a signal to a process that may be gone.
pub fn signal(pid: u32, name: &str) {
    Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).output().unwrap();
}
