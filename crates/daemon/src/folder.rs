//! The folder of one node: `node.json` says what it is, `data` is twisterd's own data directory, `console.log` has what it
//! prints, `pid` which process it was last. All of it is for its owner's eyes only, and no password is in it.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::problem::{NodeProblem, NodeProblemCode};
use crate::process::{self, Holder};
use crate::settings::{NodeId, NodeSettings};

/// A node's folder.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    id: NodeId,
    path: PathBuf,
}

/// The right to run the node of a folder. It ends with this, or with the process, however that ends.
#[derive(Debug)]
pub(crate) struct Possession {
    _lock: File,
}

impl Folder {
    pub(crate) fn new(nodes: &Path, id: &NodeId) -> Self {
        Self { id: id.clone(), path: nodes.join(id.as_str()) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// twisterd's data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    /// twisterd's own log.
    pub(crate) fn log(&self) -> PathBuf {
        self.data().join("debug.log")
    }

    /// What twisterd prints.
    pub(crate) fn console(&self) -> PathBuf {
        self.path.join("console.log")
    }

    /// The twisterd that runs on the data directory, if one does.
    pub(crate) fn twisterd(&self) -> Option<Holder> {
        process::holder(&self.data().join(".lock"))
    }

    /// The process that the node was when it was started last.
    pub(crate) fn last_pid(&self) -> Option<u32> {
        fs::read_to_string(self.path.join("pid")).ok()?.trim().parse().ok()
    }

    pub(crate) fn note_pid(&self, pid: u32) -> Result<(), NodeProblem> {
        self.write("pid", pid.to_string().as_bytes())
    }

    /// Makes the folder, unless it is there.
    pub(crate) fn make(&self) -> Result<(), NodeProblem> {
        make_private_dir(&self.data()).map_err(|source| NodeProblem::folder(&self.path, "made", &source))
    }

    /// Takes possession of it.
    ///
    /// # Errors
    /// [`NodeProblemCode::DataInUse`] if another process has.
    pub(crate) fn take(&self) -> Result<Possession, NodeProblem> {
        let path = self.path.join("lock");
        let failed = |source: io::Error| NodeProblem::folder(&path, "written", &source);
        let lock = private().truncate(false).open(&path).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Possession { _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(self.in_use("another process of this program looks after it")),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Somebody else has it.
    pub(crate) fn in_use(&self, who: &str) -> NodeProblem {
        let (id, path) = (&self.id, self.path.display());
        NodeProblem::new(
            NodeProblemCode::DataInUse,
            format!("the node {id} is in use: {who} ({path}). End that, and try again; two would damage its data"),
        )
    }

    pub(crate) fn settings(&self) -> Result<NodeSettings, NodeProblem> {
        let path = self.path.join("node.json");
        let text = fs::read(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => self.unknown(),
            _ => NodeProblem::folder(&path, "read", &source),
        })?;
        serde_json::from_slice(&text).map_err(|error| NodeProblem::folder(&path, "read", &error.into()))
    }

    /// Changes what is kept, step by step with whoever else of this process does.
    pub(crate) fn update(&self, change: impl FnOnce(&mut NodeSettings)) -> Result<NodeSettings, NodeProblem> {
        static TURN: Mutex<()> = Mutex::new(());
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut settings = self.settings()?;
        change(&mut settings);
        self.save(&settings)?;
        Ok(settings)
    }

    pub(crate) fn save(&self, settings: &NodeSettings) -> Result<(), NodeProblem> {
        let failed = |error: serde_json::Error| NodeProblem::folder(&self.path, "written", &error.into());
        self.write("node.json", &serde_json::to_vec_pretty(settings).map_err(failed)?)
    }

    /// Removes it and everything in it.
    pub(crate) fn remove(&self) -> Result<(), NodeProblem> {
        // Under another name first: half a node is none.
        let leaving = self.path.with_extension("leaving");
        let failed = |source: io::Error| NodeProblem::folder(&self.path, "removed", &source);
        match fs::remove_dir_all(&leaving) {
            // Nor was it begun before.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            outcome => outcome.map_err(failed)?,
        }
        fs::rename(&self.path, &leaving).map_err(failed)?;
        fs::remove_dir_all(&leaving).map_err(failed)
    }

    /// There is no such node.
    pub(crate) fn unknown(&self) -> NodeProblem {
        let message = format!("there is no node {:?} (any more)", self.id.as_str());
        NodeProblem::new(NodeProblemCode::UnknownNode, message)
    }

    fn write(&self, name: &str, text: &[u8]) -> Result<(), NodeProblem> {
        let (path, new) = (self.path.join(name), self.path.join(format!("{name}.new")));
        let written = || {
            let mut file = private().truncate(true).open(&new)?;
            file.write_all(text)?;
            file.sync_all()?;
            fs::rename(&new, &path)
        };
        written().map_err(|source| NodeProblem::folder(&path, "written", &source))
    }
}

/// Makes a folder that is for its owner alone, and those that it is in.
pub(crate) fn make_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Opens for writing; a file that this makes is for its owner alone.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
