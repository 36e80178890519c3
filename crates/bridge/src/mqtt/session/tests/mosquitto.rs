//! A Mosquitto process on a free port.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::support::LIMIT;

/// A running broker; it dies when dropped.
pub struct Mosquitto {
    _process: Child,
    plain: u16,
    front: u16,
    _dir: TempDir,
}

impl Mosquitto {
    /// A broker that lets everybody in.
    pub async fn start() -> Self {
        Self::start_with("").await
    }

    /// A broker with a second listener, which has these lines. (One with WebSockets only would not start.)
    pub async fn start_with(lines: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        // Between finding a free port and taking it, another process can take it: then others are tried.
        for _ in 0..20 {
            let (plain, front) = (free_port(), free_port());
            // Without `user root`, Mosquitto started by root could not read this folder.
            let config = format!(
                "allow_anonymous true\nuser root\nmax_queued_messages 0\nset_tcp_nodelay true\nlog_dest file {dir}/log\n\
                 listener {plain} 127.0.0.1\nlistener {front} 127.0.0.1\n{lines}\n",
                dir = dir.path().display()
            );
            fs::write(dir.path().join("mosquitto.conf"), config).unwrap();
            if let Some(process) = launch(dir.path(), [plain, front]).await {
                return Self { _process: process, plain, front, _dir: dir };
            }
        }
        let log = fs::read_to_string(dir.path().join("log")).unwrap_or_default();
        panic!("mosquitto does not start:\n{log}");
    }

    /// Where it listens for plain MQTT.
    pub fn addr(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.plain).into()
    }

    /// The port of the second listener.
    pub fn front(&self) -> u16 {
        self.front
    }
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// The process once it accepts connections; none if it ended instead.
async fn launch(dir: &Path, ports: [u16; 2]) -> Option<Child> {
    let mut process = Command::new(program())
        .arg("-c")
        .arg(dir.join("mosquitto.conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("Mosquitto is installed by make setup: {error}"));
    let accepting = async {
        for port in ports {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                if process.try_wait().unwrap().is_some() {
                    return false;
                }
                sleep(std::time::Duration::from_millis(5)).await;
            }
        }
        // Another process may have taken the port and be the one that answers.
        process.try_wait().unwrap().is_none()
    };
    timeout(LIMIT, accepting).await.unwrap().then_some(process)
}

/// Debian puts the broker where a plain user's PATH does not look.
fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join("mosquitto")).find(|file| file.is_file()).unwrap_or_else(|| "mosquitto".into())
}
