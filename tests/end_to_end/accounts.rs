//! From nothing to a bridge in a terminal: `init` and `account`, with answers from a program.

use std::fs;
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;

use crate::support::{BridgeProcess, Mosquitto, Network, PASSWORD, USER, command, in_time, toml_bridge};

const VARIABLE: &str = "MQTT_TWISTER_HOME_NODE_PASSWORD";

/// What the program prints and says, with this on its standard input.
async fn run(dir: &TempDir, words: &[&str], input: &str) -> (i32, Vec<Value>, String) {
    let mut command = command(dir.path());
    command.arg("--json").args(words).env(VARIABLE, PASSWORD);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    let output = in_time(words[0], child.wait_with_output()).await.unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    (output.status.code().unwrap(), lines, String::from_utf8(output.stderr).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_answers_make_a_configuration_with_which_a_bridge_runs() {
    let (network, broker) = tokio::join!(Network::of_alice_and_bob(), Mosquitto::start());
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("home.toml");
    let file = path.display().to_string();
    let (node, broker) = (network.url(0), broker.address());
    // The first account name is none, and the wrong password is typed again.
    let answers = [
        "home",
        &node,
        USER,
        "swordfish",
        "no",
        &node,
        USER,
        PASSWORD,
        "Dave!",
        "dave",
        "yes",
        &broker,
        "",
        "sensors/#",
        "doors/#, windows/+",
        "",
        "mqtt_bob",
        "mqtt_bob",
        "fridges/#",
    ];
    let (code, lines, stderr) = run(&dir, &["init", &file], &(answers.join("\n") + "\n")).await;
    // Whoever reads JSON is asked nothing in words.
    assert_eq!((code, stderr.as_str()), (0, ""));
    let types: Vec<&str> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["created", "written", "not_kept"]);
    assert_eq!((&lines[0]["account"], lines[0]["secret_key"].as_str().unwrap().len()), (&"dave".into(), 52));
    assert!(lines[2]["variable"] == VARIABLE && !lines[2].to_string().contains(PASSWORD), "{}", lines[2]);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("# What is taken from the broker") && !text.contains(PASSWORD), "{text}");

    network.mine(10);
    let bridge = BridgeProcess::start(dir.path(), &text, &[(VARIABLE, PASSWORD)]);
    bridge.ready().await;
    bridge.stop().await;

    let (code, _, stderr) = run(&dir, &["init", &file], "").await;
    assert!(code == 2 && stderr.contains("there already"), "{code} {stderr}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    let (code, _, stderr) = run(&dir, &["init", "other.toml"], "home\n").await;
    assert!(code == 2 && stderr.contains("nothing was written"), "{code} {stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_made_registered_listed_and_carried_to_another_wallet() {
    let network = Network::of_alice_and_bob().await;
    let dir = TempDir::new().unwrap();
    let config = |node: usize, name: &str| {
        let file = dir.path().join(name);
        fs::write(&file, toml_bridge("home", "mqtt_alice", &network.url(node), "127.0.0.1", "")).unwrap();
        file.display().to_string()
    };
    let (here, there) = (config(0, "here.toml"), config(1, "there.toml"));
    let (code, lines, stderr) = run(&dir, &["account", "create", &here, "dave"], "").await;
    assert_eq!(code, 0, "{stderr}");
    let key = lines[0]["secret_key"].as_str().unwrap();
    assert_eq!((&lines[1]["type"], &lines[1]["step"]["is"]), (&"registration".into(), &"pending".into()), "{lines:?}");
    let (code, _, stderr) = run(&dir, &["account", "create", &here, "dave"], "").await;
    assert!(code == 2 && stderr.contains("account register"), "{code} {stderr}");
    let (code, _, stderr) = run(&dir, &["account", "register", &here, "erin"], "").await;
    assert!(code == 2 && stderr.contains("account create"), "{code} {stderr}");

    network.mine(1);
    let (code, lines, _) = run(&dir, &["account", "register", &here, "dave", "--wait"], "").await;
    assert_eq!((code, &lines[0]["step"]["is"]), (0, &"confirmed".into()), "{lines:?}");
    let (_, lines, _) = run(&dir, &["account", "list", &here], "").await;
    assert!(lines.iter().any(|line| line["name"] == "dave" && line["registered"] == true), "{lines:?}");

    let (code, _, stderr) = run(&dir, &["account", "import", &there, "dave"], "no key at all\n").await;
    assert!(code == 1 && stderr.contains("no secret key") && !stderr.contains("no key at all"), "{code} {stderr}");
    let (code, lines, stderr) = run(&dir, &["account", "import", &there, "dave"], &format!("{key}\n")).await;
    assert_eq!((code, &lines[0]["type"]), (0, &"imported".into()), "{stderr}");
    let (_, lines, stderr) = run(&dir, &["account", "list", &there], "").await;
    assert!(lines.iter().any(|line| line["name"] == "dave") && !stderr.contains(key), "{lines:?}");
}
