//! Which nodes the suite is given, by its environment:
//!
//! | variable | |
//! |---|---|
//! | `TWISTERD` | the program to start two nodes with, as a private network on this machine |
//! | `TWISTERD_ARGS` | flags for both, separated by spaces |
//! | `TWISTER_A`, `TWISTER_B` | or two nodes of one network that run: `http://user:password@host:port` |
//! | `TWISTER_MINE` | `1` if these may be told to make blocks; otherwise blocks are waited for |
//! | `TWISTER_PATIENCE` | how long to wait for anything but blocks, in seconds; 1200 unless set |

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use twister::{Credentials, NodeUrl};

/// Longer than nodes that have just met need to join their swarms.
const PATIENCE: Duration = Duration::from_secs(1200);

/// What the suite runs against.
pub enum Given {
    /// Nothing: everything is skipped.
    Nothing,
    /// A program to start.
    Program { file: PathBuf, arguments: Vec<String> },
    /// Two nodes of somebody.
    Nodes { nodes: [(NodeUrl, Credentials); 2], may_mine: bool },
}

impl Given {
    /// Reads it from the environment. An empty variable is none.
    pub fn from_environment() -> Result<Self, String> {
        let nodes = (variable("TWISTER_A"), variable("TWISTER_B"));
        match (variable("TWISTERD"), nodes) {
            (None, (None, None)) => Ok(Self::Nothing),
            (Some(file), (None, None)) => {
                let arguments = variable("TWISTERD_ARGS").unwrap_or_default();
                Ok(Self::Program {
                    file: file.into(),
                    arguments: arguments.split_whitespace().map(str::to_owned).collect(),
                })
            }
            (None, (Some(a), Some(b))) => {
                let nodes = [node("TWISTER_A", &a)?, node("TWISTER_B", &b)?];
                Ok(Self::Nodes { nodes, may_mine: variable("TWISTER_MINE").is_some_and(|value| value != "0") })
            }
            (Some(_), _) => Err("give either TWISTERD or TWISTER_A and TWISTER_B".to_owned()),
            _ => Err("two nodes are needed: give TWISTER_A and TWISTER_B".to_owned()),
        }
    }
}

/// How long to wait for anything but blocks.
pub fn patience() -> Duration {
    let asked = variable("TWISTER_PATIENCE").and_then(|seconds| seconds.parse().ok());
    asked.map_or(PATIENCE, Duration::from_secs)
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.trim().is_empty())
}

fn node(variable: &str, text: &str) -> Result<(NodeUrl, Credentials), String> {
    match NodeUrl::parse_with_credentials(text) {
        Ok((url, Some(credentials))) => Ok((url, credentials)),
        Ok((_, None)) => Err(format!("{variable} lacks user and password: write it as http://user:password@host:port")),
        Err(error) => Err(format!("{variable}: {error}")),
    }
}
