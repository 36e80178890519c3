//! `sandbox`: a Twister network inside this process.

use std::fmt;
use std::time::Duration;

use mqtt_twister_sandbox::{BlockTime, Network, Node, NodeConfig};
use serde::Serialize;

use crate::args::SandboxArgs;
use crate::error::CliError;
use crate::output::Output;
use crate::shutdown::Shutdown;

/// A node that runs. Its URL carries its password: to show that is what this command is for.
#[derive(Serialize)]
#[serde(tag = "type", rename = "node")]
struct NodeLine {
    node: usize,
    url: String,
    accounts: Vec<String>,
}

/// All nodes run.
#[derive(Serialize)]
#[serde(tag = "type", rename = "ready")]
struct ReadyLine {
    nodes: usize,
}

pub(crate) async fn run(args: SandboxArgs, output: &Output) -> Result<(), CliError> {
    let mut shutdown = Shutdown::listen().map_err(CliError::Runtime)?;
    let mut builder = Network::builder()
        .block_time(BlockTime::Every(Duration::from_secs(args.block_seconds)))
        .swarms_joined(!args.swarms_apart)
        .state_dir(args.state_dir.clone());
    for node in nodes(&args)? {
        builder = builder.node(node);
    }
    let network = builder.start().await?;
    // A network that was kept for days would take itself for out of date until its next block.
    network.mine(1);
    for node in network.nodes() {
        output.line(&NodeLine::from(node));
    }
    output.line(&ReadyLine { nodes: network.nodes().len() });
    shutdown.requested().await;
    Ok(network.stop().await?)
}

/// The nodes as the arguments describe them.
fn nodes(args: &SandboxArgs) -> Result<Vec<NodeConfig>, CliError> {
    let count = usize::from(args.nodes);
    if args.ports.len() > count {
        return Err(CliError::TooManyPorts { ports: args.ports.len(), nodes: count });
    }
    let mut nodes: Vec<NodeConfig> = (0..count)
        .map(|index| {
            let node = NodeConfig::new().port(args.ports.get(index).copied().unwrap_or(0));
            match &args.password {
                Some(password) => node.password(password),
                None => node,
            }
        })
        .collect();
    for user in &args.users {
        let no_such_node = || CliError::NoSuchNode { name: user.name.to_string(), node: user.node, nodes: count };
        let node = nodes.get_mut(user.node).ok_or_else(no_such_node)?;
        *node = node.clone().account(user.name.as_str());
    }
    Ok(nodes)
}

impl From<&Node> for NodeLine {
    fn from(node: &Node) -> Self {
        let mut accounts = node.accounts();
        accounts.sort_unstable();
        Self { node: node.index(), url: node.rpc_url_with_credentials(), accounts }
    }
}

impl fmt::Display for NodeLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let accounts = match self.accounts.as_slice() {
            [] => "no accounts".to_owned(),
            accounts => accounts.join(", "),
        };
        write!(f, "node {}: {} ({accounts})", self.node, self.url)
    }
}

impl fmt::Display for ReadyLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ready")
    }
}
