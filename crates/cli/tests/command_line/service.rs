//! What servers rely on: the program needs no library of windows, and the service's unit says what is true of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{PATIENCE, Running, cli, config_to_nowhere};

fn unit() -> (PathBuf, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging/systemd/mqtt-twister.service");
    let text = fs::read_to_string(&path).unwrap();
    (path, text)
}

fn setting<'a>(unit: &'a str, name: &str) -> Vec<&'a str> {
    unit.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('=')).collect()
}

#[test]
#[cfg(target_os = "linux")]
fn no_library_of_windows_is_needed() {
    let output = Command::new("ldd").arg(env!("CARGO_BIN_EXE_mqtt-twister-cli")).output().unwrap();
    let libraries = String::from_utf8(output.stdout).unwrap();
    assert!(libraries.contains("libc.so"), "{libraries}");
    for library in ["webkit", "gtk", "gdk", "X11", "wayland", "libdbus"] {
        assert!(!libraries.contains(library), "{library} is in\n{libraries}");
    }
}

#[test]
fn what_the_unit_starts_is_a_command_line_that_the_program_understands() {
    let (_, unit) = unit();
    let dir = TempDir::new().unwrap();
    let config = config_to_nowhere(dir.path());
    let data = dir.path().display().to_string();
    let command = setting(&unit, "ExecStart")[0];
    let words: Vec<&str> = command.split_whitespace().collect();
    assert_eq!(words[0], "/usr/bin/mqtt-twister-cli");
    let words: Vec<&str> = words[1..]
        .iter()
        .map(|word| match *word {
            "/etc/mqtt-twister/config.toml" => config.as_str(),
            "/var/lib/mqtt-twister" => data.as_str(),
            "127.0.0.1:9464" => "127.0.0.1:0",
            word => word,
        })
        .collect();
    let mut running = Running::spawn(cli(&words));
    running.line(|line| line.starts_with("metrics at http://127.0.0.1:"));
    assert_eq!(running.signal("-TERM"), 0);
}

#[test]
#[cfg(target_os = "linux")]
fn a_bridge_ends_cleanly_with_the_terminal_that_it_was_started_in() {
    let dir = TempDir::new().unwrap();
    let program = env!("CARGO_BIN_EXE_mqtt-twister-cli");
    let (config, data) = (config_to_nowhere(dir.path()), dir.path().display());
    // A terminal, which goes when this program does.
    let mut terminal = Command::new("script");
    terminal.args(["-q", "-e", "-c", &format!("exec {program} --json run {config} --data-dir {data}"), "/dev/null"]);
    let mut running = Running::spawn(terminal);
    running.line(|line| line.contains("node_unreachable"));
    let socket = dir.path().join("alice/control.sock");
    assert!(socket.exists());
    drop(running);
    let since = Instant::now();
    while socket.exists() {
        assert!(since.elapsed() < PATIENCE, "the bridge goes on without its terminal");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_unit_hands_passwords_over_by_the_name_that_the_program_looks_for() {
    let (_, unit) = unit();
    let name = format!("{}:", mqtt_twister_bridge::secrets::CREDENTIAL);
    for kind in ["LoadCredential", "SetCredential"] {
        assert!(setting(&unit, kind)[0].starts_with(&name), "{kind} hands over another credential");
    }
    assert!(setting(&unit, "Environment").is_empty(), "what is in the environment can be read by `systemctl show`");
}

#[test]
fn the_unit_is_valid_and_hardened_where_systemd_can_say_so() {
    let (path, unit) = unit();
    let is_there =
        Command::new("systemd-analyze").arg("--version").output().is_ok_and(|output| output.status.success());
    if !is_there {
        return;
    }
    let dir = TempDir::new().unwrap();
    let copy = dir.path().join(path.file_name().unwrap());
    fs::write(&copy, unit.replace("/usr/bin/mqtt-twister-cli", env!("CARGO_BIN_EXE_mqtt-twister-cli"))).unwrap();
    let verified = Command::new("systemd-analyze").arg("verify").arg(&copy).output().unwrap();
    let said = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && !said.contains("mqtt-twister.service:"), "{said}");
    let mut judge = Command::new("systemd-analyze");
    let judged = judge.args(["security", "--offline=true", "--threshold=15"]).arg(&copy).output().unwrap();
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stdout));
}
