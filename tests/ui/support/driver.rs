//! What a window needs to open in a test: a display in memory, and a WebDriver.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::tray::Tray;
use super::{DATA_FOLDER, LOG, Machine, PATIENCE};

/// A process and all that it has started: a driver starts a second driver, and that one the app.
pub(super) struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.0.id() {
            let _ = std::process::Command::new("kill").args(["-KILL", "--", &format!("-{id}")]).status();
        }
    }
}

/// A display in memory, under a number that is free; so the test disturbs nobody and needs nobody's display.
pub(super) async fn start_display() -> (Child, String) {
    let mut display = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("Xvfb is installed: make setup does that");
    let mut lines = BufReader::new(display.stdout.take().unwrap()).lines();
    let number = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("Xvfb starts").unwrap();
    (display, format!(":{}", number.expect("Xvfb says its number")))
}

/// A WebDriver on free ports, and its session with the app. Between finding a port and taking it, another process can take it:
/// then others are tried.
pub(super) async fn start_driver(machine: &Machine, display: &str) -> (Group, Client, Option<Tray>) {
    let home = machine.home.path();
    for _ in 0..5 {
        let (port, native_port) = (free_port(), free_port());
        let mut driver = Command::new(&machine.session[0]);
        driver
            .args(&machine.session[1..])
            .arg(tauri_driver())
            .envs(machine.environment.iter().map(|(name, value)| (name, value)))
            .args(["--port", &port.to_string(), "--native-port", &native_port.to_string()])
            .process_group(0);
        let driver = Group(
            on_machine(&mut driver, home, display)
                .spawn()
                .expect("dbus-run-session is installed: make setup does that"),
        );
        let tray = if machine.tray { Some(Tray::start(home).await) } else { None };
        if let Some(client) = connect(port, machine).await {
            return (driver, client, tray);
        }
    }
    let log = fs::read_to_string(home.join(LOG)).unwrap_or_default();
    panic!("the WebDriver {} does not start, or cannot open the app:\n{log}", tauri_driver().display());
}

/// Gives a program the test's home and display, and nothing of the person's own who runs the test.
pub(super) fn on_machine<'a>(program: &'a mut Command, home: &Path, display: &str) -> &'a mut Command {
    let log = fs::OpenOptions::new().create(true).append(true).open(home.join(LOG)).unwrap();
    program
        .env("HOME", home)
        .env("MQTT_TWISTER_DATA_DIR", home.join(DATA_FOLDER))
        .env("XDG_RUNTIME_DIR", home)
        .env("DISPLAY", display)
        .env("LANG", "C.UTF-8")
        .env_remove("LC_ALL")
        .env_remove("LC_MESSAGES")
        .env_remove("LANGUAGE")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("XDG_DATA_HOME")
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_CACHE_HOME")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
}

/// Opens the app through a driver that may need a moment to come up.
async fn connect(port: u16, machine: &Machine) -> Option<Client> {
    let options = json!({ "application": machine.program, "args": machine.arguments });
    let capabilities = [("tauri:options".to_owned(), options)];
    let mut builder = ClientBuilder::new(HttpConnector::new());
    builder.capabilities(capabilities.into_iter().collect());
    for _ in 0..100 {
        if let Ok(client) = builder.connect(&format!("http://127.0.0.1:{port}")).await {
            return Some(client);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    None
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// Where `make setup` puts it, unless it is said otherwise.
fn tauri_driver() -> PathBuf {
    match std::env::var_os("TAURI_DRIVER") {
        Some(path) => path.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/tools/bin/tauri-driver"),
    }
}
