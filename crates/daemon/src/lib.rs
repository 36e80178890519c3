//! Runs `twisterd` for its user, who need not know that there is such a program: finds it, gives each network a folder and
//! ports of its own, starts and stops it, starts it again when it crashes, tells how far it is, and lets it make blocks
//! while somebody on a private network waits for one.
//!
//! [`Nodes`] are the folders of one person; [`Daemon`] is one node that is looked after. All that is to be seen of it is its
//! [`NodeStatus`].
//!
//! Deliberately not in it: MQTT, bridges, windows, the keyring (the caller keeps the node's password), and accounts, which
//! are registered over the node's RPC like at any other node.

mod attempts;
mod blocks;
mod folder;
mod keeper;
mod launch;
mod log;
mod look;
mod nodes;
mod password;
mod ports;
mod problem;
mod process;
mod program;
mod settings;
mod status;
mod tempo;

pub use keeper::Daemon;
pub use log::LogTail;
pub use nodes::Nodes;
pub use password::new_password;
pub use problem::{NodeProblem, NodeProblemCode};
pub use program::{check_program, find_program};
pub use settings::{BlockPolicy, NetworkKind, NodeId, NodeIdError, NodePorts, NodeSettings};
pub use status::{BlockMaker, BlockMaking, BlockReason, ChainFacts, NodePhase, NodeStatus};
pub use tempo::Tempo;

/// The user name that every node of this crate expects of its callers, beside the password that the caller chose.
pub const RPC_USER: &str = "mqtt-twister";

/// The oldest twisterd that is run, 0.9.40: how it behaves was measured; an older one lacks commands that bridges need, or
/// behaves in ways that nobody here has seen.
pub const OLDEST_VERSION: u32 = 94_000;
