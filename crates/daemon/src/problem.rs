//! What can go wrong with a node that is run for its user: a code to decide on, and a sentence to read.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Why a node does not run, or something was not done: what happened, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct NodeProblem {
    /// Which problem, for a program to decide on.
    pub code: NodeProblemCode,
    /// Which problem, for a person to read. Never holds a password.
    pub message: String,
}

/// The kinds of problems. A user interface maps each to its own words and never matches on messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum NodeProblemCode {
    /// No twisterd is installed where it is looked for, or the chosen file is gone.
    ProgramNotFound,
    /// The file may not be run.
    ProgramNotExecutable,
    /// The file is no program for this system.
    NotAProgram,
    /// The program does nothing that twisterd does.
    NotTwisterd,
    /// It is older than the oldest version that is known to work.
    TooOld,
    /// It runs, and does not answer.
    NoAnswer,
    /// It answers, and does not accept the password that it was started with.
    PasswordRefused,
    /// It ends by itself before it answers.
    StartFails,
    /// It ended although nobody asked it to.
    Crashed,
    /// It crashed so often that it is not started again.
    KeepsCrashing,
    /// Another program listens on one of the node's ports.
    PortTaken,
    /// No free ports were found.
    NoFreePort,
    /// Another process uses the node's folder.
    DataInUse,
    /// The node's folder cannot be read or written.
    FolderUnusable,
    /// There is no node of that id (any more).
    UnknownNode,
    /// There is a node for that network already.
    NetworkExists,
    /// The network's name or peers cannot be used.
    NetworkInvalid,
}

impl NodeProblem {
    pub(crate) fn new(code: NodeProblemCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The system refuses to read or write something in the node's folder; `action` is what was tried.
    pub(crate) fn folder(path: &Path, action: &str, source: &io::Error) -> Self {
        Self::new(
            NodeProblemCode::FolderUnusable,
            format!(
                "{} cannot be {action}: {source}. Free some space or restore the rights, and try again",
                path.display()
            ),
        )
    }
}
