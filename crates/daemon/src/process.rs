//! What the system knows of other processes: who holds a twisterd's lock, and asking a process to end.
//!
//! twisterd takes a lock of its process on the file `.lock` in its data directory. The file stays when twisterd is gone, the
//! lock does not: so a stale file keeps nobody out, and whoever holds the lock is the twisterd of that directory.

use std::fmt;

/// The process that holds a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holder {
    /// Its number, where the system tells.
    pub pid: Option<u32>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "a twisterd runs on it, process {pid}"),
            None => f.write_str("a twisterd runs on it"),
        }
    }
}

/// How hard a process is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plea {
    /// It may finish what it does.
    Terminate,
    /// It may not.
    Kill,
}

pub(crate) use system::{holder, send};

#[cfg(unix)]
mod system {
    use std::fs::File;
    use std::path::Path;

    use rustix::process::{Flock, FlockType, Pid, Signal, fcntl_getlk, kill_process};

    use super::{Holder, Plea};

    /// The process that holds the lock of this file, if one does. Asking does not touch the lock: a twisterd that starts at this
    /// moment gets it all the same.
    pub(crate) fn holder(lock: &Path) -> Option<Holder> {
        let file = File::open(lock).ok()?;
        let found = fcntl_getlk(&file, &Flock::from(FlockType::WriteLock)).ok()??;
        Some(Holder { pid: found.pid.and_then(|pid| u32::try_from(pid.as_raw_nonzero().get()).ok()) })
    }

    /// Asks a process to end. One that is gone already is no matter.
    pub(crate) fn send(pid: u32, plea: Plea) {
        let signal = match plea {
            Plea::Terminate => Signal::TERM,
            Plea::Kill => Signal::KILL,
        };
        if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
            kill_process(pid, signal).ok();
        }
    }
}

#[cfg(not(unix))]
mod system {
    use std::fs::{File, TryLockError};
    use std::path::Path;

    use super::{Holder, Plea};

    /// The process that holds the lock of this file, if one does. This system does not tell which.
    pub(crate) fn holder(lock: &Path) -> Option<Holder> {
        let file = File::options().write(true).open(lock).ok()?;
        matches!(file.try_lock(), Err(TryLockError::WouldBlock)).then_some(Holder { pid: None })
    }

    /// Asks a process to end. There is no way to here; one of our own is ended by its handle.
    pub(crate) fn send(_: u32, _: Plea) {}
}
