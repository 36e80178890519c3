//! The Unix domain socket `control.sock` in the bridge's folder.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

pub(super) type ClientStream = UnixStream;

/// Waits for clients. The socket's file goes with it.
pub(crate) struct Listener {
    listener: UnixListener,
    path: PathBuf,
    owner: u32,
}

/// What the socket of the bridge with this folder is called.
pub(super) fn name(folder: &Path) -> PathBuf {
    folder.join("control.sock")
}

pub(super) async fn connect(socket: &Path) -> io::Result<ClientStream> {
    UnixStream::connect(socket).await
}

impl Listener {
    /// Begins to listen. Whoever calls this holds the lock of the database, so a socket that is there was left by a bridge
    /// that was killed.
    pub(crate) fn bind(folder: &Path) -> io::Result<Self> {
        let path = name(folder);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        let owner = fs::metadata(&path)?.uid();
        Ok(Self { listener, path, owner })
    }

    /// The next client of the same user, or of root, who can read the database anyway. Others are shown out: they may have
    /// come before the file had its permissions.
    pub(super) async fn accept(&mut self) -> io::Result<UnixStream> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            let peer = stream.peer_cred()?.uid();
            if peer == self.owner || peer == 0 {
                return Ok(stream);
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
