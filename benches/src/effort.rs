//! How much a run of the benchmarks may take, and where it leaves what it found.

use std::env;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Set to 1, it makes every benchmark short: what it then says is rough.
pub const QUICK_VARIABLE: &str = "BENCH_QUICK";

/// The folder for all that is measured, unless it is `target/bench`.
pub const FOLDER_VARIABLE: &str = "BENCH_FOLDER";

/// How much a run may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effort {
    /// Five runs of what differs from run to run, about half an hour in all.
    Full,
    /// A look, about three minutes in all.
    Quick,
}

impl Effort {
    /// What the person who runs it asked for.
    pub fn asked_for() -> Self {
        if env::var_os(QUICK_VARIABLE).is_some_and(|value| value == "1") { Self::Quick } else { Self::Full }
    }

    /// One of two values.
    pub fn of<T>(self, full: T, quick: T) -> T {
        match self {
            Self::Full => full,
            Self::Quick => quick,
        }
    }
}

/// Where rows and report are written.
pub fn folder() -> PathBuf {
    env::var_os(FOLDER_VARIABLE)
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench"), PathBuf::from)
}
