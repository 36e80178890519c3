//! The named pipe in the name of the bridge's folder. By default other users may not write to it, so they cannot ask
//! anything.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::windows::named_pipe::{ClientOptions, NamedPipeClient, NamedPipeServer, ServerOptions};

pub(super) type ClientStream = NamedPipeClient;

/// `ERROR_PIPE_BUSY`: another client is just being let in.
const BUSY: i32 = 231;

/// How often, and after which pause, a busy pipe is tried again.
const ATTEMPTS: u32 = 40;
const PAUSE: Duration = Duration::from_millis(25);

/// Pipe names have 256 characters at most; the end of a folder's path tells it from others.
const LONGEST_PATH: usize = 200;

/// Waits for clients.
pub(crate) struct Listener {
    name: PathBuf,
    /// The instance of the pipe that the next client gets.
    next: NamedPipeServer,
}

/// What the pipe of the bridge with this folder is called.
pub(super) fn name(folder: &Path) -> PathBuf {
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let path = folder.to_string_lossy().replace('\\', "/").to_lowercase();
    let start = path.char_indices().rev().nth(LONGEST_PATH - 1).map_or(0, |(start, _)| start);
    PathBuf::from(format!(r"\\.\pipe\mqtt-twister-{}", &path[start..]))
}

pub(super) async fn connect(socket: &Path) -> io::Result<ClientStream> {
    for _ in 1..ATTEMPTS {
        match ClientOptions::new().open(socket) {
            Err(error) if error.raw_os_error() == Some(BUSY) => tokio::time::sleep(PAUSE).await,
            opened => return opened,
        }
    }
    ClientOptions::new().open(socket)
}

impl Listener {
    /// Begins to listen.
    pub(crate) fn bind(folder: &Path) -> io::Result<Self> {
        let name = name(folder);
        let next = ServerOptions::new().first_pipe_instance(true).reject_remote_clients(true).create(&name)?;
        Ok(Self { name, next })
    }

    /// The next client.
    pub(super) async fn accept(&mut self) -> io::Result<NamedPipeServer> {
        self.next.connect().await?;
        let next = ServerOptions::new().reject_remote_clients(true).create(&self.name)?;
        Ok(std::mem::replace(&mut self.next, next))
    }
}
