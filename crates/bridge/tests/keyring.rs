//! Passwords in a real keyring: GNOME Keyring, in a session bus and a home folder of its own.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::process::Command;

use mqtt_twister_bridge::config::BridgeName;
use mqtt_twister_bridge::secrets::{Password, SecretKind, load, save};

/// Set in the process that runs inside the session bus.
const INSIDE: &str = "MQTT_TWISTER_TEST_INSIDE_KEYRING";

#[test]
fn a_password_is_kept_in_the_keyring_replaced_and_removed() {
    if std::env::var_os(INSIDE).is_none() {
        return run_inside_a_keyring("a_password_is_kept_in_the_keyring_replaced_and_removed");
    }
    let bridge: BridgeName = "keyring-test".parse().unwrap();
    let node = || load(&bridge, SecretKind::Node).unwrap();
    assert_eq!(node(), None);
    save(&bridge, SecretKind::Node, &Password::new("first")).unwrap();
    save(&bridge, SecretKind::Broker, &Password::new("the broker's")).unwrap();
    assert_eq!(node(), Some(Password::new("first")));
    save(&bridge, SecretKind::Node, &Password::new("zweites ☃")).unwrap();
    assert_eq!(node(), Some(Password::new("zweites ☃")));
    save(&bridge, SecretKind::Node, &Password::default()).unwrap();
    assert_eq!(node(), None);
    assert_eq!(load(&bridge, SecretKind::Broker).unwrap(), Some(Password::new("the broker's")));
}

#[test]
fn without_a_keyring_the_error_names_the_variable_to_use() {
    if std::env::var_os(INSIDE).is_none() {
        return run("without_a_keyring_the_error_names_the_variable_to_use", &mut Command::new("env"));
    }
    let bridge: BridgeName = "keyring-test".parse().unwrap();
    let error = save(&bridge, SecretKind::Node, &Password::new("geheim")).unwrap_err().to_string();
    assert!(error.contains("MQTT_TWISTER_KEYRING_TEST_NODE_PASSWORD"), "{error}");
    assert!(!error.contains("geheim"), "{error}");
}

/// Runs one test of this program again, where an unlocked keyring answers.
fn run_inside_a_keyring(test: &str) {
    let unlock = "printf keyring | gnome-keyring-daemon --unlock --components=secrets >/dev/null && exec \"$@\"";
    run(test, Command::new("dbus-run-session").args(["--", "bash", "-c", unlock, "bash"]));
}

/// Runs one test of this program again, by way of `outer`, with a home folder of its own and no session bus around it.
fn run(test: &str, outer: &mut Command) {
    let home = tempfile::tempdir().unwrap();
    let command = outer.arg(std::env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]);
    let command = command.env(INSIDE, "1").env("HOME", home.path()).env("XDG_RUNTIME_DIR", home.path());
    let command = command.env_remove("XDG_DATA_HOME").env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
