//! A Twister network of somebody else: another process, known by its address and password alone.

use std::path::Path;
use std::process::Stdio;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::{APP, PATIENCE};

/// The program without a window, which can run a sandbox network. It lies beside the app when both are built.
const PROGRAM: &str = "mqtt-twister-cli";

/// A sandbox network in a process of its own. It goes when dropped.
pub struct Stranger {
    /// Its nodes.
    pub nodes: Vec<StrangersNode>,
    process: Child,
}

/// A node of the network.
pub struct StrangersNode {
    /// Its address, without user and password.
    pub url: String,
    /// Its `rpcuser`.
    pub user: String,
    /// Its `rpcpassword`.
    pub password: String,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line {
    Node { url: String },
    Ready {},
}

impl Stranger {
    /// Starts a network of two nodes, each with an account: `["mqtt_alice@0", "mqtt_bob@1"]`. A block comes every two seconds,
    /// so that a registration can be waited for.
    pub async fn start(accounts: &[&str]) -> Self {
        Self::start_with(accounts, &["--block-seconds", "2"]).await
    }

    /// The same, with more arguments: `--port`, to come back where another was.
    pub async fn start_with(accounts: &[&str], arguments: &[&str]) -> Self {
        let program = Path::new(APP).with_file_name(PROGRAM).with_extension(std::env::consts::EXE_EXTENSION);
        let mut process = Command::new(&program)
            .args(["--json", "sandbox"])
            .args(accounts.iter().flat_map(|account| ["--user", account]))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}. cargo build --package {PROGRAM} makes it", program.display()));
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut nodes = Vec::new();
        while let Line::Node { url } = next(&mut lines).await {
            nodes.push(StrangersNode::at(&url));
        }
        Self { nodes, process }
    }

    /// Ends the network as a power cut would.
    pub async fn kill(mut self) {
        self.process.kill().await.unwrap();
    }
}

impl StrangersNode {
    fn at(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (login, address) = rest.split_once('@').unwrap();
        let (user, password) = login.split_once(':').unwrap();
        Self { url: format!("{scheme}://{address}"), user: user.to_owned(), password: password.to_owned() }
    }

    /// Its port.
    pub fn port(&self) -> &str {
        self.url.trim_end_matches('/').rsplit(':').next().unwrap()
    }
}

async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> Line {
    let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("the network starts").unwrap();
    serde_json::from_str(&line.expect("the network goes on")).unwrap()
}
