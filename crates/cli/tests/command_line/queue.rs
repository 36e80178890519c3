//! `status` and `queue` of bridges that reach nothing, or that do not run.

use std::fs;
use std::net::TcpListener;

use tempfile::TempDir;

use super::{GOOD, Running, config_to_nowhere, run};

#[test]
fn the_status_of_a_bridge_that_never_ran_is_that_nothing_waits() {
    let dir = TempDir::new().unwrap();
    let file = config_to_nowhere(dir.path());
    let data = dir.path().join("data");
    let (code, stdout, stderr) = run(&["status", &file, "--data-dir", data.to_str().unwrap()]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(stdout.contains("alice: not running") && stdout.contains("nothing waits"), "{stdout}");
    assert!(!data.exists(), "asking makes no database");
}

#[test]
fn each_of_two_bridges_that_run_says_how_it_is() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("config.toml");
    let nowhere = |port: u16| GOOD.replace("user = \"user\"\n", "").replace(":28332", &format!(":{port}"));
    let free = || TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let other = nowhere(free()).replace("home", "cabin").replace("mqtt_alice", "mqtt_carol");
    fs::write(&file, [nowhere(free()), other].concat()).unwrap();
    let (file, data) = (file.to_str().unwrap(), dir.path().join("data"));
    let place = [file, "--data-dir", data.to_str().unwrap()];
    let mut bridges = Running::start(&[&["--json", "run"], &place[..]].concat());
    for bridge in ["home", "cabin"] {
        bridges.line(|line| line.contains("node_unreachable") && line.contains(&format!("\"bridge\":\"{bridge}\"")));
    }
    let (code, stdout, stderr) = run(&[&["status"], &place[..]].concat());
    assert_eq!((code, stderr.as_str()), (0, ""));
    let heads: Vec<&str> = stdout.lines().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(heads, ["home", "cabin"].map(|name| format!("{name}: running, but messages cannot cross now")));
    assert_eq!(stdout.matches("node     down: ").count(), 2, "{stdout}");

    let (code, stdout, _) = run(&[&["queue"], &place[..], &["--bridge", "cabin"]].concat());
    assert!(code == 0 && stdout.starts_with("cabin: running\n") && !stdout.contains("home"), "{stdout}");
    let (code, _, stderr) = run(&[&["queue"], &place[..], &["hold", "--id", "1"]].concat());
    assert!(code == 2 && stderr.contains("--bridge"), "{stderr}");
    let (code, _, stderr) = run(&[&["queue"], &place[..], &["--bridge", "attic"]].concat());
    assert!(code == 2 && stderr.contains("has no bridge attic: it has home, cabin"), "{stderr}");
    assert_eq!(bridges.signal("-TERM"), 0);
}

#[test]
fn all_that_waits_is_dropped_only_if_that_is_said() {
    let dir = TempDir::new().unwrap();
    let file = config_to_nowhere(dir.path());
    let drop = ["queue", &file, "drop", "--data-dir", dir.path().to_str().unwrap()];
    let (code, _, stderr) = run(&drop);
    assert!(code == 2 && stderr.contains("--all"), "{stderr}");
    let (code, stdout, _) = run(&[&drop[..], &["--all"]].concat());
    assert_eq!((code, stdout.as_str()), (0, "alice: 0 messages dropped\n"));
}

#[test]
fn a_bridge_whose_database_is_in_use_and_that_does_not_answer_is_named() {
    let dir = TempDir::new().unwrap();
    let file = config_to_nowhere(dir.path());
    let args = [file.as_str(), "--data-dir", dir.path().to_str().unwrap()];
    let mut bridge = Running::start(&[&["--json", "run"], &args[..]].concat());
    bridge.line(|line| line.contains("node_unreachable"));
    fs::remove_file(dir.path().join("alice").join("control.sock")).unwrap();
    let (code, stdout, stderr) = run(&[&["status"], &args[..]].concat());
    assert_eq!((code, stdout.as_str()), (1, ""));
    assert!(stderr.contains("alice runs") && stderr.contains("restart it"), "{stderr}");
    assert_eq!(bridge.signal("-TERM"), 0);
}
