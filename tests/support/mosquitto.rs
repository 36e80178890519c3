//! A Mosquitto process on a free port.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::bridge_process::{signal, terminate};
use super::{in_time, processor_time};

/// A running broker. It keeps its sessions over [`stop`](Self::stop) and [`start_again`](Self::start_again), and dies when
/// dropped.
pub struct Mosquitto {
    process: Option<Child>,
    port: u16,
    dir: TempDir,
}

impl Mosquitto {
    /// A broker that lets everybody in.
    pub async fn start() -> Self {
        Self::start_in(TempDir::new().unwrap(), "allow_anonymous true").await
    }

    /// A broker for one user.
    pub async fn start_with_login(user: &str, password: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("passwords");
        let status = Command::new(program("mosquitto_passwd"))
            .args(["-b", "-c"])
            .arg(&file)
            .args([user, password])
            .status()
            .await
            .expect("mosquitto_passwd comes with Mosquitto");
        assert!(status.success());
        Self::start_in(dir, &format!("allow_anonymous false\npassword_file {}", file.display())).await
    }

    /// A broker that speaks TLS, with a certificate for 127.0.0.1 that no authority has signed.
    pub async fn start_with_tls() -> Self {
        let dir = TempDir::new().unwrap();
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let (certificate, key) = (dir.path().join("certificate.pem"), dir.path().join("key.pem"));
        fs::write(&certificate, made.cert.pem()).unwrap();
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let (certificate, key) = (certificate.display(), key.display());
        Self::start_in(dir, &format!("allow_anonymous true\ncertfile {certificate}\nkeyfile {key}")).await
    }

    /// A broker whose own bridge takes what matches `filter` from the broker on another port, with QoS 1 or less.
    pub async fn start_bridged(from: u16, filter: &str) -> Self {
        let bridge = format!(
            "allow_anonymous true\nconnection other\naddress 127.0.0.1:{from}\ntopic {filter} in 1\nremote_clientid bridge\n\
             bridge_protocol_version mqttv50\nnotifications false"
        );
        Self::start_in(TempDir::new().unwrap(), &bridge).await
    }

    /// Between finding a free port and taking it, another process can take it: then the next one is tried.
    async fn start_in(dir: TempDir, access: &str) -> Self {
        for _ in 0..20 {
            let port = free_port();
            write_config(dir.path(), port, access);
            if let Some(process) = launch(dir.path(), port).await {
                return Self { process: Some(process), port, dir };
            }
        }
        let log = fs::read_to_string(dir.path().join("log")).unwrap_or_default();
        panic!("mosquitto does not start:\n{log}");
    }

    /// What it has had of the processors so far.
    pub fn processor_time(&self) -> Duration {
        let id = self.process.as_ref().and_then(Child::id).expect("the broker runs");
        processor_time(id)
    }

    /// Its port on the loopback address.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address as mosquitto-twister's configuration has it.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Takes it down as an administrator would: it writes its sessions to disk.
    pub async fn stop(&mut self) {
        let mut process = self.process.take().expect("the broker runs");
        terminate(&process);
        in_time("the broker's end", process.wait()).await.unwrap();
    }

    /// Kills it with SIGKILL, after it has written what it has to disk: what it forgets is not the bridge's doing. Nobody
    /// may talk to it meanwhile.
    pub async fn kill(&mut self) {
        // What came just before the first time is processed by the second.
        for _ in 0..2 {
            self.save().await;
        }
        self.process.take().expect("the broker runs").kill().await.unwrap();
    }

    /// Has it write its sessions to disk, and waits until it has.
    async fn save(&self) {
        let file = self.dir.path().join("mosquitto.db");
        let written = || fs::metadata(&file).ok().map(|file| file.ino());
        let before = written();
        let saved = async {
            while written() == before {
                // A signal that comes at the end of an earlier time is forgotten with it.
                signal(self.process.as_ref().expect("the broker runs"), "USR1");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        in_time("the broker's state on disk", saved).await;
    }

    /// Brings it up on the same port.
    pub async fn start_again(&mut self) {
        assert!(self.process.is_none(), "the broker runs already");
        self.process = launch(self.dir.path(), self.port).await;
        assert!(self.process.is_some(), "the broker did not come back on port {}", self.port);
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

fn write_config(dir: &Path, port: u16, access: &str) {
    // Without `user root`, Mosquitto started by root could not read this folder.
    let config = format!(
        "listener {port} 127.0.0.1\n{access}\nuser root\npersistence true\npersistence_location {dir}/\n\
         max_queued_messages 0\nset_tcp_nodelay true\nlog_dest file {dir}/log\n",
        dir = dir.display()
    );
    fs::write(dir.join("mosquitto.conf"), config).unwrap();
}

/// The process once it accepts connections; none if it ended instead.
async fn launch(dir: &Path, port: u16) -> Option<Child> {
    let mut process = Command::new(program("mosquitto"))
        .arg("-c")
        .arg(dir.join("mosquitto.conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("Mosquitto is installed: make setup does that");
    let accepting = async {
        loop {
            if process.try_wait().unwrap().is_some() {
                return false;
            }
            if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                // Another process may have taken the port and be the one that answers.
                return process.try_wait().unwrap().is_none();
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    in_time("the broker's first answer", accepting).await.then_some(process)
}

/// Debian puts the broker where a plain user's PATH does not look.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file()).unwrap_or_else(|| name.into())
}
