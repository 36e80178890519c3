//! Has callgrind count what a part of this program takes.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs, io};

use mqtt_twister_benches::folder;

/// The argument of this program that runs a part, and nothing else.
pub const RUN: &str = "run";

/// Why there is no count.
#[derive(Debug, thiserror::Error)]
pub enum CountError {
    /// No callgrind.
    #[error("valgrind cannot be started: {0}. `scripts/setup.sh instructions` installs it")]
    Start(io::Error),
    /// The part, or callgrind, has failed.
    #[error("{part} cannot be counted:\n{said}")]
    Failed {
        /// Which part.
        part: String,
        /// What was said of it.
        said: String,
    },
    /// A file cannot be read or written.
    #[error("what callgrind writes to {} cannot be used: {source}", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Callgrind has not seen the call that it should count.
    #[error(
        "nothing of {0} was counted: the program has no names of functions. `make bench-instructions` builds it with them"
    )]
    Nothing(String),
}

/// Counts from its call to its return; callgrind knows it by its name.
#[inline(never)]
pub fn counted(work: &mut dyn FnMut()) {
    work();
}

/// How many instructions `part` takes. What they are spent on is written to `callgrind/` in the folder of all that is measured.
pub fn count(part: &str) -> Result<u64, CountError> {
    let trouble = |file: &PathBuf| {
        let file = file.clone();
        |source| CountError::File { file, source }
    };
    let folder = folder().join("callgrind");
    fs::create_dir_all(&folder).map_err(trouble(&folder))?;
    let file = folder.join(part);
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--toggle-collect=*callgrind*counted*"])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(env::current_exe().map_err(CountError::Start)?)
        .args([RUN, part])
        .output()
        .map_err(CountError::Start)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(CountError::Failed { part: part.to_owned(), said });
    }
    let text = fs::read_to_string(&file).map_err(trouble(&file))?;
    let total = text.lines().rev().find_map(|line| line.strip_prefix("totals: ")).and_then(|count| count.parse().ok());
    total.filter(|total| *total > 0).ok_or_else(|| CountError::Nothing(part.to_owned()))
}
