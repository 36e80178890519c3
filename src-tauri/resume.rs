//! Which bridges ran when the app ended: those run again at the next start. Without it an app that starts at login would do
//! nothing until somebody presses a button.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mqtt_twister_bridge::config::BridgeName;

/// The bridges that a person has started and not stopped, written down in a file with a name a line.
pub struct Resume {
    path: PathBuf,
    wanted: Mutex<BTreeSet<BridgeName>>,
}

impl Resume {
    /// Reads what is written down. Without a file, none is wanted.
    pub fn open(path: PathBuf) -> Self {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let wanted = text.lines().filter_map(|line| line.parse().ok()).collect();
        Self { path, wanted: Mutex::new(wanted) }
    }

    /// The bridges that are wanted to run.
    pub fn wanted(&self) -> Vec<BridgeName> {
        self.locked().iter().cloned().collect()
    }

    /// A person has started a bridge, or stopped it.
    pub fn note(&self, bridge: &BridgeName, runs: bool) {
        let mut wanted = self.locked();
        let changed = if runs { wanted.insert(bridge.clone()) } else { wanted.remove(bridge) };
        if changed {
            let lines: Vec<&str> = wanted.iter().map(BridgeName::as_str).collect();
            if let Err(error) = std::fs::write(&self.path, lines.join("\n")) {
                tracing::warn!(%error, "which bridges run is not written down, so the next start does not know it");
            }
        }
    }

    fn locked(&self) -> MutexGuard<'_, BTreeSet<BridgeName>> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_ran_is_known_after_a_restart_and_what_was_stopped_is_not_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("running");
        let names: Vec<BridgeName> = ["home", "lab"].iter().map(|name| name.parse().unwrap()).collect();
        let resume = Resume::open(path.clone());
        assert_eq!(resume.wanted(), []);
        resume.note(&names[0], true);
        resume.note(&names[1], true);
        resume.note(&names[0], false);
        assert_eq!(Resume::open(path).wanted(), [names[1].clone()]);
    }
}
