//! The accounts that a message came from before, kept on disk: the first message of an account is told once, not at every start.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// How many accounts are remembered. Nobody follows as many; beyond it no first message is told any more.
const MOST: usize = 10_000;

/// The accounts that a message came from before, by bridge.
#[derive(Debug, Default)]
pub struct Met {
    /// Where they are kept; none keeps them in memory only.
    path: Option<PathBuf>,
    /// Lines `bridge account`.
    known: HashSet<String>,
}

impl Met {
    /// Those that are written down in `folder`.
    pub fn open(folder: &Path) -> Self {
        let path = folder.join("met");
        let known = std::fs::read_to_string(&path).unwrap_or_default().lines().take(MOST).map(str::to_owned).collect();
        Self { path: Some(path), known }
    }

    /// Whether this is the first time, and takes note of it.
    pub fn meet(&mut self, bridge: &str, account: &str) -> bool {
        let line = format!("{bridge} {account}");
        if self.known.len() >= MOST || !self.known.insert(line) {
            return false;
        }
        if let Some(path) = &self.path {
            let mut lines: Vec<&str> = self.known.iter().map(String::as_str).collect();
            lines.sort_unstable();
            if let Err(error) = std::fs::write(path, lines.join("\n")) {
                // The worst that comes of it is a note too many after the next start.
                tracing::debug!(%error, "the accounts that were met are not written down");
            }
        }
        true
    }
}
