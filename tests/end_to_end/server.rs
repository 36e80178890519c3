//! A bridge on a machine without a window: passwords that are handed over, settings that change while it runs, metrics, and
//! messages that are watched.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{BridgeProcess, Client, Mosquitto, Network, PASSWORD, ask, command, in_time, toml_bridge};

const RULES: &str = "following = ['mqtt_bob'] # a neighbour\npublications = ['doors/#']\n\
                     forwards = [{ from = 'doors/#' }]\nsubscriptions = ['fridges/#']";
const VARIABLE: &str = "MQTT_TWISTER_ALICE_NODE_PASSWORD";

/// A network, a broker, and alice's configuration.
struct Home {
    network: Network,
    broker: Mosquitto,
    dir: TempDir,
}

impl Home {
    async fn set_up() -> Self {
        let (network, broker) = tokio::join!(Network::of_alice_and_bob(), Mosquitto::start());
        Self { network, broker, dir: TempDir::new().unwrap() }
    }

    fn config(&self) -> String {
        toml_bridge("alice", "mqtt_alice", &self.network.url(0), &self.broker.address(), RULES)
    }

    fn start(&self, options: &[&str]) -> BridgeProcess {
        BridgeProcess::start_with(self.dir.path(), &self.config(), &[(VARIABLE, PASSWORD)], options)
    }

    fn file(&self) -> std::path::PathBuf {
        self.dir.path().join("config.toml")
    }

    async fn person(&self) -> Client {
        Client::connect(self.broker.port(), "alice").await
    }
}

/// Runs the program with this on its standard input.
async fn with_input(dir: &Path, words: &[&str], input: &str) -> (i32, String, String) {
    let mut command = command(dir);
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    let output = in_time(words[0], child.wait_with_output()).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_come_by_file_descriptor_or_as_credentials_of_systemd() {
    let home = Home::set_up().await;
    let line = format!("# passwords\n{VARIABLE}={PASSWORD}\n");
    fs::write(home.file(), home.config()).unwrap();
    let file = home.file().display().to_string();
    let list = ["account", "list", file.as_str()];
    let (code, stdout, stderr) =
        with_input(home.dir.path(), &[&list[..], &["--secrets-fd", "0"]].concat(), &line).await;
    assert_eq!((code, stdout.contains("mqtt_alice")), (0, true), "{stderr}");

    // Another descriptor than standard input.
    let secrets = home.dir.path().join("secrets");
    fs::write(&secrets, &line).unwrap();
    let mut shell = tokio::process::Command::new("sh");
    let program = env!("CARGO_BIN_EXE_mqtt-twister-cli");
    shell.args(["-c", "exec \"$@\" 3<\"$0\""]).arg(&secrets).arg(program).args(list).args(["--secrets-fd", "3"]);
    let output = in_time("the accounts", shell.env("HOME", home.dir.path()).output()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let credentials = home.dir.path().join("credentials");
    fs::create_dir(&credentials).unwrap();
    fs::write(credentials.join("mqtt-twister-secrets"), &line).unwrap();
    let credentials = credentials.display().to_string();
    let bridge = BridgeProcess::start(
        home.dir.path(),
        &home.config(),
        // What the service hands over goes before what is lying about.
        &[("CREDENTIALS_DIRECTORY", &credentials), (VARIABLE, "swordfish")],
    );
    bridge.ready().await;
    assert!(!bridge.has_said(PASSWORD) && !bridge.has_said("swordfish"));
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_no_password_is_refused_by_its_number_and_not_repeated() {
    let home = Home::set_up().await;
    fs::write(home.file(), home.config()).unwrap();
    let file = home.file().display().to_string();
    let (code, stdout, stderr) = with_input(home.dir.path(), &["run", &file, "--secrets-fd", "0"], "geheim\n").await;
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(stderr.contains("line 1 of file descriptor 0") && !stderr.contains("geheim"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_read_again_on_sighup_and_those_that_cannot_be_used_change_nothing() {
    let home = Home::set_up().await;
    let bridge = home.start(&[]);
    bridge.ready().await;
    let person = home.person().await;
    let posted = |topic: &'static str| {
        move |line: &Value| line["type"] == "message" && line["step"] == "posted" && line["topic"] == topic
    };

    fs::write(home.file(), home.config().replace("doors/#", "windows/#")).unwrap();
    bridge.hang_up();
    let line = bridge.line("the line reloaded", |line| line["type"] == "reloaded").await;
    assert_eq!((&line["changed"], &line["restarted"]), (&json!(["alice"]), &json!([])), "{line}");
    person.publish("windows/1", "open").await;
    bridge.line("the window", posted("windows/1")).await;

    fs::write(home.file(), home.config().replace("doors/#", "doors#")).unwrap();
    bridge.hang_up();
    let line = bridge.line("the line not_reloaded", |line| line["type"] == "not_reloaded").await;
    assert!(line["message"].as_str().unwrap().contains("doors#"), "{line}");
    person.publish("windows/2", "open").await;
    bridge.line("the second window", posted("windows/2")).await;

    // Another broker cannot be had while it runs; the bridge beside it does not notice.
    let other = Mosquitto::start().await;
    let bob =
        toml_bridge("bob", "mqtt_bob", &home.network.url(1), &other.address(), "").replace("user = \"user\"\n", "");
    fs::write(home.file(), home.config().replace(&home.broker.address(), &other.address()) + &bob).unwrap();
    bridge.hang_up();
    let line = bridge.line("the restart", |line| line["restarted"] == json!(["alice"])).await;
    assert_eq!(line["started"], json!(["bob"]), "{line}");
    let person = Client::connect(other.port(), "alice").await;
    bridge
        .line("the bridge at its new broker", |line| {
            line["type"] == "state" && line["bridge"] == "alice" && line["broker"]["status"] == "connecting"
        })
        .await;
    let at_new_broker = Client::watching(other.port(), "mqtt-twister/#").await;
    at_new_broker.wait_for_state("alice", "ready").await;
    person.publish("doors/1", "open").await;
    bridge.line("the door", posted("doors/1")).await;
    bridge.stop().await;
}

/// What an address answers to `GET path`: the status line and the rest.
async fn get(address: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).await.unwrap();
    let mut text = String::new();
    in_time(path, stream.read_to_string(&mut text)).await.unwrap();
    let (status, rest) = text.split_once("\r\n").unwrap();
    (status.to_owned(), rest.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_and_health_are_offered_on_this_machine_when_asked_for() {
    let home = Home::set_up().await;
    let bridge = home.start(&["--metrics", "127.0.0.1:0"]);
    let line = bridge.line("the line metrics", |line| line["type"] == "metrics").await;
    let address = line["url"].as_str().unwrap().strip_prefix("http://").unwrap().strip_suffix("/metrics").unwrap();
    bridge.ready().await;
    home.person().await.publish("doors/1", "open").await;
    bridge.all_out("alice", 1).await;
    assert_eq!(get(address, "/healthz").await.0, "HTTP/1.1 200 OK");
    let (status, metrics) = get(address, "/metrics").await;
    assert_eq!(status, "HTTP/1.1 200 OK");
    for line in [
        "content-type: text/plain; version=0.0.4; charset=utf-8",
        "# TYPE mqtt_twister_messages_posted_total counter",
        "mqtt_twister_messages_posted_total{bridge=\"alice\"} 1",
        "mqtt_twister_part_up{bridge=\"alice\",part=\"broker\"} 1",
    ] {
        assert!(metrics.lines().any(|found| found.trim_end() == line), "{line:?} is not in\n{metrics}");
    }
    home.network.take_down(0).await;
    bridge.problem("alice", "node_unreachable").await;
    let (status, ailments) = get(address, "/healthz").await;
    assert_eq!(status, "HTTP/1.1 503 Service Unavailable");
    assert!(ailments.contains("alice: node: "), "{ailments}");
    assert!(get(address, "/").await.0.contains("404"));
    bridge.stop().await;

    let file = home.file().display().to_string();
    let (code, _, stderr) = with_input(home.dir.path(), &["run", &file, "--metrics", "0.0.0.0:0"], "").await;
    assert!(code == 2 && stderr.contains("--metrics-from-anywhere"), "{code} {stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_a_running_bridge_follows_and_what_it_wants_changes_with_the_file_and_comments_stay() {
    let home = Home::set_up().await;
    let bridge = home.start(&[]);
    bridge.ready().await;
    let line = &ask(home.dir.path(), &["follow", "mqtt_carol"]).await[0];
    assert_eq!((&line["accounts"], &line["effect"]), (&json!(["mqtt_carol"]), &json!("at_once")), "{line}");
    bridge.problem("alice", "peer_not_registered").await;
    let line = &ask(home.dir.path(), &["subscribe", "cellars/+", "--from", "mqtt_bob"]).await[0];
    assert_eq!((&line["filters"], &line["effect"]), (&json!(["cellars/+"]), &json!("at_once")), "{line}");
    let text = fs::read_to_string(home.file()).unwrap();
    assert!(text.contains("following = ['mqtt_bob', \"mqtt_carol\"] # a neighbour"), "{text}");
    assert!(text.contains("{ filter = \"cellars/+\", from = [\"mqtt_bob\"] }]"), "{text}");
    assert_eq!(ask(home.dir.path(), &["follow", "mqtt_carol"]).await[0]["type"], "unchanged");

    bridge.stop().await;
    let line = &ask(home.dir.path(), &["follow", "mqtt_carol", "--remove"]).await[0];
    assert_eq!((&line["type"], &line["effect"]), (&json!("unfollowed"), &json!("next_start")), "{line}");
    assert!(fs::read_to_string(home.file()).unwrap().contains("following = ['mqtt_bob'] # a neighbour"));
}

/// `tail` of the configuration in `dir`, once it watches.
async fn tail(dir: &Path, options: &[&str]) -> BridgeProcess {
    let mut command = command(dir);
    command.args(["--json", "tail"]).arg(dir.join("config.toml")).args(options).arg("--data-dir").arg(dir.join("data"));
    let tail = BridgeProcess::spawn(command);
    tail.line("the line watching", |line| line["type"] == "watching").await;
    tail
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_a_running_bridge_are_watched_by_topic_with_their_payloads_if_asked_for() {
    let home = Home::set_up().await;
    fs::write(home.file(), home.config()).unwrap();
    let file = home.file().display().to_string();
    let (code, _, stderr) = with_input(home.dir.path(), &["tail", &file], "").await;
    assert!(code == 1 && stderr.contains("none of the bridges runs"), "{code} {stderr}");

    let bridge = home.start(&[]);
    bridge.ready().await;
    let doors = tail(home.dir.path(), &["--topic", "doors/+", "--payloads"]).await;
    let all = tail(home.dir.path(), &[]).await;
    let person = home.person().await;
    person.publish("doors/hall/1", "shut").await;
    person.publish("doors/1", "open").await;
    let posted = |line: &Value| line["type"] == "message" && line["step"] == "posted";
    let line = doors.line("the door", posted).await;
    assert_eq!((&line["topic"], &line["payload_base64"]), (&json!("doors/1"), &json!("b3Blbg==")), "{line}");
    let line = all.line("the first door", posted).await;
    let of_payload = (&line["payload_base64"], &line["payload_len"]);
    assert_eq!((&line["topic"], of_payload), (&json!("doors/hall/1"), (&json!(""), &json!(4))), "{line}");
    bridge.stop().await;
    doors.line("its end", |line| line["type"] == "stopped").await;
    tokio::join!(doors.ended(), all.ended());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_one_object_a_line_when_that_is_asked_for() {
    let home = Home::set_up().await;
    fs::write(home.file(), home.config()).unwrap();
    let mut command = command(home.dir.path());
    command.args(["--log-format", "json", "--log", "debug", "run"]).arg(home.file());
    command.arg("--data-dir").arg(home.dir.path().join("data")).env(VARIABLE, "swordfish");
    let bridge = BridgeProcess::spawn(command);
    // The reason that a person would be told.
    let line = bridge.log_line("the problem", |line| line["target"] == "mqtt-twister").await;
    assert!(line["level"] == "WARN" && line["message"].as_str().unwrap().contains("password"), "{line}");
    assert!(bridge.logs_objects_only(), "a line of the log is no object");
    assert!(!bridge.has_said("swordfish"));
    bridge.stop().await;
}
