//! The data directory: its lock, which is one of the process as twisterd's is, and its log.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rand::Rng as _;
use rand::distr::Alphanumeric;
use rustix::fs::{FlockOperation, fcntl_lock};

use super::StartError;

/// The data directory, which is this process's alone.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    log: File,
    /// The lock goes with the file.
    _lock: File,
}

impl Folder {
    pub(crate) fn take(path: &Path) -> Result<Self, StartError> {
        let open = |name: &str| OpenOptions::new().append(true).create(true).open(path.join(name));
        let lock = open(".lock")?;
        fcntl_lock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| StartError::Locked(path.display().to_string()))?;
        Ok(Self { path: path.to_owned(), log: open("debug.log")?, _lock: lock })
    }

    /// Writes a line to the log.
    pub(crate) fn log(&self, line: &str) {
        // A log that cannot be written is no reason to stop.
        writeln!(&self.log, "{line}").ok();
    }

    /// By what other stand-ins know this one again.
    pub(crate) fn identity(&self) -> io::Result<String> {
        let file = self.path.join("stand-in-identity");
        match std::fs::read_to_string(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let identity: String = rand::rng().sample_iter(Alphanumeric).take(16).map(char::from).collect();
                std::fs::write(&file, &identity)?;
                Ok(identity)
            }
            read => read,
        }
    }
}
