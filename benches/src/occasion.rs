//! When something was measured, and of what.

use std::fmt;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::effort::Effort;

/// When something was measured, of what, and how thoroughly.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Occasion {
    /// The day: `2026-11-23`.
    pub date: String,
    /// The commit; a `+` behind it says that more was changed.
    pub commit: String,
    /// How much it was allowed to take.
    pub effort: Effort,
}

impl Occasion {
    /// Now, of what is checked out.
    pub fn now() -> Self {
        Self { date: said("date", &["--utc", "+%F"]), commit: commit(), effort: Effort::asked_for() }
    }
}

impl fmt::Display for Occasion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { date, commit, effort } = self;
        match effort {
            Effort::Full => write!(f, "on {date} at commit `{commit}` by `make bench`"),
            Effort::Quick => write!(f, "on {date} at commit `{commit}` by `make bench-quick`, roughly"),
        }
    }
}

/// The commit that is checked out, with a `+` if files differ from it. What is told here of files does not change what is
/// measured of them.
fn commit() -> String {
    let commit = said("git", &["rev-parse", "--short", "HEAD"]);
    let top = ":(top)";
    let changes = said(
        "git",
        &["status", "--porcelain", "--untracked-files=no", "--", top, ":(top,exclude)README.md", ":(top,exclude)docs"],
    );
    if changes.is_empty() { commit } else { commit + "+" }
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
