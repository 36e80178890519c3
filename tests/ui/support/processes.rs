//! The processes of a window: the app's own, and those that draw its page and fetch for it.

use std::fs;
use std::path::{Path, PathBuf};

/// The processes of this name that were started in `home`, as their folders in `/proc`.
pub fn processes(home: &Path, name: &str) -> Vec<PathBuf> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok).map(|entry| entry.path());
    let ours = processes.filter(|process| {
        let is_named = fs::read_to_string(process.join("comm")).is_ok_and(|comm| comm.trim() == name);
        let home = home.to_string_lossy();
        is_named && fs::read(process.join("environ")).is_ok_and(|all| String::from_utf8_lossy(&all).contains(&*home))
    });
    ours.collect()
}
