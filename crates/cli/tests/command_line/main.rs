//! The command line as a person meets it: what is wrong is said in words, with the exit code that `--help` promises.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod documentation;
mod queue;
mod rehearse;
mod service;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

const GOOD: &str = r#"
[[bridge]]
name = "home"
publications = ["doors/#"]
forwards = [{ from = "doors/#", type = "private", to = ["mqtt_bob"] }, { from = "sensors/#" }]
following = ["mqtt_bob"]
subscriptions = ["fridges/#"]
[bridge.twister]
url = "http://127.0.0.1:28332"
user = "user"
account = "mqtt_alice"
[bridge.broker]
url = "mqtt://127.0.0.1:1883"
"#;

/// How long a test waits for a line that should come at once.
const PATIENCE: Duration = Duration::from_secs(60);

fn cli(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mqtt-twister-cli"));
    command.args(args).env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = cli(args).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// Runs `command` on a configuration with this text.
fn with_config(command: &[&str], text: &str) -> (i32, String, String) {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("config");
    fs::write(&file, text).unwrap();
    run(&[command, &[file.to_str().unwrap()]].concat())
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// Checks that both commands that read a configuration refuse this one with exit code 2 and name these.
fn assert_refused(text: &str, named: &[&str]) {
    for command in ["run", "check"] {
        let (code, stdout, stderr) = with_config(&[command], text);
        assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
        for word in named {
            assert!(stderr.contains(word), "{stderr:?} does not name {word:?}");
        }
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
}

#[test]
fn help_names_every_command_and_exit_code() {
    let (code, stdout, _) = run(&["--help"]);
    assert_eq!(code, 0);
    for word in [
        "run",
        "sandbox",
        "demo",
        "check",
        "rehearse",
        "status",
        "queue",
        "doctor",
        "init",
        "account",
        "follow",
        "subscribe",
        "tail",
        "--secrets-fd",
        "$CREDENTIALS_DIRECTORY",
        "--json",
        "Exit codes",
        "MQTT_TWISTER_<BRIDGE>_NODE_PASSWORD",
    ] {
        assert!(stdout.contains(word), "{stdout:?} does not name {word:?}");
    }
}

#[test]
fn wrong_arguments_are_usage_errors() {
    let no_node = ["sandbox", "--user", "alice"];
    for args in [&["fly"][..], &["run"], &no_node, &["sandbox", "--nodes", "0"], &["--log", "a=b=c", "demo"]] {
        let (code, _, stderr) = run(args);
        assert_eq!(code, 2, "{args:?}: {stderr}");
        assert!(stderr.contains("error:"), "{stderr}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    for command in ["run", "check"] {
        let (code, _, stderr) = run(&[command, "/nonexistent/alice.toml"]);
        assert_eq!(code, 2);
        assert!(stderr.contains("/nonexistent/alice.toml"), "{stderr}");
    }
}

#[test]
fn a_broken_configuration_is_refused_with_the_place() {
    assert_refused("[[bridge]\nname = 1", &["line 1"]);
    assert_refused("{ \"mosquitto\": ", &["line 1"]);
    assert_refused("", &["[[bridge]]"]);
}

#[test]
fn an_unknown_field_is_refused_by_name() {
    assert_refused(&GOOD.replace("following", "folowing"), &["folowing"]);
    let json =
        r#"{"mosquitto":"127.0.0.1:1883","twister":"http://user:geheim@127.0.0.1:28332","username":"a","colour":1}"#;
    assert_refused(json, &["colour"]);
}

#[test]
fn an_invalid_value_is_refused_with_field_and_reason() {
    assert_refused(&GOOD.replace("fridges/#", "fridges#"), &["subscriptions", "fridges#", "# must stand alone"]);
    assert_refused(&GOOD.replace("mqtt_alice", "Mqtt Alice"), &["account", "Mqtt Alice"]);
    assert_refused(&GOOD.replace("http://127.0.0.1:28332", "gopher://x"), &["url", "gopher"]);
    assert_refused(&GOOD.replace(r#", to = ["mqtt_bob"]"#, ""), &["forwards[0]", "to"]);
    let json =
        r#"{"mosquitto":"127.0.0.1:1883","twister":"http://127.0.0.1:28332","username":"a","subscriptions":["a+"]}"#;
    assert_refused(json, &["subscriptions[0]", "a+"]);
}

#[test]
fn a_password_in_a_refused_file_is_not_repeated() {
    let json = r#"{"mosquitto":"127.0.0.1:1883","twister":"gopher://user:geheim@host","username":"a"}"#;
    let (code, stdout, stderr) = with_config(&["--json", "check"], json);
    assert_eq!(code, 2);
    assert!(!stdout.contains("geheim") && !stderr.contains("geheim"), "{stdout}{stderr}");
}

#[test]
fn check_says_what_each_rule_does_and_what_has_no_effect() {
    let (code, stdout, stderr) = with_config(&["check"], GOOD);
    assert_eq!(code, 0);
    for line in ["home: account mqtt_alice", "doors/# goes to mqtt_bob, encrypted", "is valid, with 1 warning"] {
        assert!(stdout.contains(line), "{stdout}");
    }
    assert!(stderr.contains("forwards[1] (sensors/#) will never send anything"), "{stderr}");
}

#[test]
fn a_certificate_that_cannot_be_read_is_told_by_its_setting() {
    let text = GOOD.replace("mqtt://127.0.0.1:1883\"", "mqtts://127.0.0.1\"\nca_file = \"/nowhere/ca.pem\"");
    let (code, _, stderr) = with_config(&["check"], &text);
    assert_eq!(code, 2, "{stderr}");
    assert!(
        stderr.contains("home") && stderr.contains("broker.ca_file") && stderr.contains("/nowhere/ca.pem"),
        "{stderr}"
    );
}

#[test]
fn check_tells_programs_the_same() {
    let (code, stdout, stderr) = with_config(&["--json", "check"], GOOD);
    assert_eq!((code, stderr.as_str()), (0, ""));
    let lines = json_lines(&stdout);
    let types: Vec<&str> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["bridge", "forward", "forward", "subscriptions", "warning", "valid"]);
    assert_eq!(lines[5]["warnings"], 1);

    let (code, stdout, _) = with_config(&["--json", "check"], "[[bridge]]");
    let lines = json_lines(&stdout);
    assert_eq!((code, lines[0]["type"].as_str(), lines[0]["exit_code"].as_i64()), (2, Some("error"), Some(2)));
}

#[test]
fn check_says_what_each_mapped_rule_does() {
    let mapped = GOOD
        .replace(r#"{ from = "sensors/#" }"#, r#"{ from = "doors/+", except = ["doors/0"], rename = "home/$1" }"#)
        .replace(r#"["fridges/#"]"#, r#"["fridges/#", { filter = "a/#", from = ["mqtt_bob"], retain = "strip" }]"#);
    let (code, stdout, stderr) = with_config(&["check"], &mapped);
    assert_eq!((code, stderr.as_str()), (0, ""));
    for line in [
        "  forwards[1]: doors/+ except doors/0 goes out as home/$1 for everybody to read, as posts",
        "  subscriptions: fridges/# may come in from mqtt_bob",
        "  subscriptions[1]: a/# of mqtt_bob may come in, not retained",
    ] {
        assert!(stdout.contains(line), "{stdout}");
    }
}

#[test]
fn check_warns_of_rules_that_make_a_loop() {
    let other = GOOD
        .replace("home", "cabin")
        .replace("mqtt_bob", "mqtt_alice")
        .replace("account = \"mqtt_alice\"", "account = \"mqtt_bob\"")
        .replace("fridges/#", "doors/#")
        .replace("forwards", "# forwards")
        .replace("publications", "# publications");
    let (code, stdout, stderr) = with_config(&["check"], &[GOOD, &other].concat());
    assert_eq!(code, 0, "{stderr}");
    let warning = "home: warning: messages would go round: what forwards[0] (doors/#) of home sends out comes back to its \
                   broker by subscriptions[0] (doors/#) of cabin";
    assert!(stderr.contains(warning), "{stderr}");
    assert!(stdout.contains("with 2 warnings"), "{stdout}");
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, _, stderr) = run(&["sandbox", "--port", &port]);
    assert_eq!(code, 1);
    assert!(stderr.contains(&port) && stderr.contains("in use"), "{stderr}");
}

#[test]
fn a_sandbox_user_needs_a_node_that_is_there() {
    let (code, _, stderr) = run(&["sandbox", "--nodes", "1", "--user", "alice@1"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("alice@1"), "{stderr}");
    let (code, _, stderr) = run(&["sandbox", "--nodes", "1", "--port", "0", "--port", "0"]);
    assert_eq!(code, 2, "{stderr}");
}

/// A program that runs until it is told to stop. Killed when dropped.
struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Running {
    fn start(args: &[&str]) -> Self {
        Self::spawn(cli(args))
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (tell, lines) = mpsc::channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Self { child, lines }
    }

    /// Waits for a line that is `wanted`.
    fn line(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        let mut seen = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            if wanted(&line) {
                return line;
            }
            seen.push(line);
        }
        panic!("the line did not come; these did: {seen:#?}");
    }

    fn signal(&mut self, signal: &str) -> i32 {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        self.child.wait().unwrap().code().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_sandbox_says_where_its_nodes_are_and_stops_when_told() {
    let mut sandbox = Running::start(&["--json", "sandbox", "--user", "alice@1", "--password", "open sesame"]);
    let mut node = || serde_json::from_str::<Value>(&sandbox.line(|line| line.contains("\"node\""))).unwrap();
    let (first, second) = (node(), node());
    assert_eq!((first["node"].as_u64(), second["node"].as_u64()), (Some(0), Some(1)));
    assert_eq!(second["accounts"], serde_json::json!(["alice"]));
    assert!(second["url"].as_str().unwrap().contains("open%20sesame@127.0.0.1:"), "{second}");
    assert_eq!(sandbox.signal("-INT"), 0);
}

#[test]
fn a_bridge_that_reaches_nothing_says_so_and_stops_when_told() {
    let dir = TempDir::new().unwrap();
    let file = config_to_nowhere(dir.path());
    let mut bridge = Running::start(&["--json", "run", &file, "--data-dir", dir.path().to_str().unwrap()]);
    bridge.line(|line| line.contains("node_unreachable"));
    assert_eq!(bridge.signal("-TERM"), 0);
}

#[test]
fn a_bridge_that_runs_already_is_not_started_twice() {
    let dir = TempDir::new().unwrap();
    let file = config_to_nowhere(dir.path());
    let args = ["run", &file, "--data-dir", dir.path().to_str().unwrap()];
    let mut first = Running::start(&[&["--json"], &args[..]].concat());
    first.line(|line| line.contains("node_unreachable"));
    let (code, stdout, stderr) = run(&args);
    assert_eq!((code, stdout.as_str()), (1, ""));
    assert!(stderr.contains("alice: not started"), "{stderr}");
    assert_eq!(first.signal("-TERM"), 0);
}

#[test]
fn a_password_that_no_keyring_has_is_asked_for_by_variable_and_the_other_bridges_go_on() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("config.toml");
    let other = GOOD.replace("home", "cabin").replace("mqtt_alice", "mqtt_carol").replace("user = \"user\"\n", "");
    fs::write(&file, [GOOD, &other].concat()).unwrap();
    let mut command = cli(&["--json", "run", file.to_str().unwrap(), "--data-dir", dir.path().to_str().unwrap()]);
    command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    let mut bridges = Running::spawn(command);
    let not_started = bridges.line(|line| line.contains("not_started"));
    assert!(not_started.contains("MQTT_TWISTER_HOME_NODE_PASSWORD"), "{not_started}");
    bridges.line(|line| line.contains(r#""type":"state","bridge":"cabin","phase":"running""#));
    assert_eq!(bridges.signal("-TERM"), 1);
}

/// A mosquitto-twister file with a node and a broker that are not there.
fn config_to_nowhere(dir: &Path) -> String {
    let free = || TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let json = format!(
        r#"{{"mosquitto":"127.0.0.1:{}","twister":"http://user:pwd@127.0.0.1:{}","username":"alice"}}"#,
        free(),
        free()
    );
    let file = dir.join("alice.json");
    fs::write(&file, json).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn the_demo_shows_messages_cross_in_both_directions() {
    let mut demo = Running::start(&["demo"]);
    demo.line(|line| line == "ready");
    let mut expected = vec![("bob", "sensors/"), ("bob", "doors/"), ("alice", "fridges/")];
    while !expected.is_empty() {
        let line = demo.line(|line| line.contains("given to the broker"));
        expected.retain(|(bridge, topic)| !(line.contains(bridge) && line.contains(topic)));
    }
    assert_eq!(demo.signal("-TERM"), 0);
}

#[test]
fn a_recording_is_estimated_and_a_bad_line_of_it_is_named() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("trace.jsonl");
    let path = file.to_str().unwrap();
    let good = "{\"t\":0,\"topic\":\"doors/1\",\"payload\":\"open\",\"qos\":1,\"retain\":false}\n";
    fs::write(&file, good.repeat(3)).unwrap();
    let (code, stdout, stderr) = run(&["--json", "estimate", path, "--per-post"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    let lines = json_lines(&stdout);
    let posts: u64 =
        lines.iter().filter(|line| line["type"] == "post").map(|line| line["messages"].as_u64().unwrap()).sum();
    assert_eq!((posts, lines.last().unwrap()["messages"].as_u64()), (3, Some(3)));
    fs::write(&file, format!("{good}{{}}")).unwrap();
    let (code, _, stderr) = run(&["estimate", path]);
    assert!(code == 2 && stderr.contains("trace.jsonl: line 2: missing field"), "{code} {stderr}");
    let (code, _, stderr) = run(&["estimate", "nowhere.jsonl"]);
    assert!(code == 2 && stderr.contains("nowhere.jsonl cannot be read"), "{code} {stderr}");
}
