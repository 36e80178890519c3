//! The network's state on disk: one file, written anew as a whole, and a lock that keeps two networks apart.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::config::Builder;
use crate::error::StateError;
use crate::shared::Shared;
use crate::snapshot::{Capture, Snapshot};
use crate::world::World;

const STATE_FILE: &str = "network.json";
const NEW_STATE_FILE: &str = "network.json.new";
const LOCK_FILE: &str = "lock";

/// The place of a network's state. It is this network's alone until it is closed.
#[derive(Debug)]
pub(crate) struct StateFile {
    dir: PathBuf,
    /// The locked file; none once closed. Holding the mutex keeps an older state from being written over a newer one.
    lock: Mutex<Option<File>>,
}

impl StateFile {
    /// Takes possession of the folder, and reads the network that it holds, if it does.
    pub(crate) fn open(dir: &Path, builder: &Builder) -> Result<(Self, Option<World>), StateError> {
        let failed = |path: &Path, action, source| StateError::Io { path: path.to_owned(), action, source };
        fs::create_dir_all(dir).map_err(|source| failed(dir, "written", source))?;
        let path = dir.join(LOCK_FILE);
        let lock = private().truncate(false).open(&path).map_err(|source| failed(&path, "written", source))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StateError::InUse { path: dir.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(failed(&path, "written", source)),
        }
        let state = Self { dir: dir.to_owned(), lock: Mutex::new(Some(lock)) };
        let path = dir.join(STATE_FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((state, None)),
            Err(source) => return Err(failed(&path, "read", source)),
        };
        let damaged = |part: String| StateError::Damaged { path: path.clone(), part };
        let snapshot: Snapshot = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        let (saved, asked) = (snapshot.node_count(), builder.nodes.len());
        if saved > asked {
            return Err(StateError::MoreNodes { path, saved, asked });
        }
        let world = snapshot.restore(asked, builder.clock.clone(), builder.dht_wait).map_err(damaged)?;
        Ok((state, Some(world)))
    }

    /// Writes the state, if it changed since it was written last and this is not closed.
    pub(crate) fn save(&self, shared: &Shared) -> Result<(), StateError> {
        let lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        match *lock {
            Some(_) => self.save_locked(shared),
            None => Ok(()),
        }
    }

    /// Writes the state, if it changed since it was written last, and leaves the folder to others.
    pub(crate) fn close(&self, shared: &Shared) -> Result<(), StateError> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        match lock.take() {
            Some(_lock) => self.save_locked(shared),
            None => Ok(()),
        }
    }

    fn save_locked(&self, shared: &Shared) -> Result<(), StateError> {
        let capture = shared.with(|world| std::mem::take(&mut world.is_changed).then(|| Capture::of(world)));
        let Some(capture) = capture else {
            return Ok(());
        };
        self.write(&capture.into_snapshot()).map_err(|source| {
            // To be tried again with the next change.
            shared.with(|world| world.is_changed = true);
            StateError::Io { path: self.dir.join(STATE_FILE), action: "written", source }
        })
    }

    fn write(&self, snapshot: &Snapshot) -> io::Result<()> {
        let path = self.dir.join(NEW_STATE_FILE);
        let mut file = private().truncate(true).open(&path)?;
        file.write_all(&serde_json::to_vec(snapshot)?)?;
        file.sync_all()?;
        fs::rename(path, self.dir.join(STATE_FILE))
    }
}

/// Opens for writing; a file that this makes is for its owner's eyes only, as it holds private keys.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
