//! What can go wrong when a network is started, changed or stopped.

use std::io;
use std::path::PathBuf;

use twister::names::UsernameError;

/// What can go wrong with a sandbox network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The network was to have no nodes.
    #[error("a sandbox network needs at least one node")]
    NoNodes,
    /// Another program listens on the port.
    #[error(
        "port {port} of 127.0.0.1 is in use, so node {node} cannot listen there; choose another port, or 0 for any"
    )]
    PortInUse {
        /// Index of the node.
        node: usize,
        /// The port.
        port: u16,
    },
    /// The system refuses to let the node listen.
    #[error("node {node} cannot listen on port {port} of 127.0.0.1: {source}")]
    Listen {
        /// Index of the node.
        node: usize,
        /// The port; 0 for any.
        port: u16,
        /// The system's reason.
        source: io::Error,
    },
    /// The name is none that the chain registers.
    #[error(transparent)]
    Name(#[from] UsernameError),
    /// The name is registered, or waits to be.
    #[error("the name {name:?} is taken; choose another one")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// The network's state on disk.
    #[error(transparent)]
    State(#[from] StateError),
}

/// What can go wrong with a network's state on disk.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// Another running network keeps its state there.
    #[error("another sandbox network keeps its state in {}; stop it, or choose another folder", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The system refuses to read or write.
    #[error("the sandbox network's state at {} cannot be {action}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried: `read` or `written`.
        action: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// The file was not written by this program, or it is damaged.
    #[error("{} holds no state of a sandbox network, or is damaged ({part}); move it away to begin afresh", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What in it cannot be understood.
        part: String,
    },
    /// The state is of a network with more nodes.
    #[error("{} holds a network of {saved} nodes, more than the {asked} asked for", path.display())]
    MoreNodes {
        /// The file.
        path: PathBuf,
        /// How many nodes the state has.
        saved: usize,
        /// How many were asked for.
        asked: usize,
    },
}
