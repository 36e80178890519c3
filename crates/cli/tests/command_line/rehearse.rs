//! `rehearse` as a person meets it.

use std::fs;

use tempfile::TempDir;

use crate::{GOOD, json_lines, run};

/// Runs `rehearse` on [`GOOD`], whose public rule is about doors too and changes what it sends.
fn rehearsed(args: &[&str]) -> (i32, String, String) {
    let dir = TempDir::new().unwrap();
    let (config, trace) = (dir.path().join("config"), dir.path().join("trace.jsonl"));
    let mapped =
        r#"{ from = "doors/+", except = ["doors/0"], add_prefix = "alice/", max_qos = 0, expires_after_s = 60 }"#;
    fs::write(&config, GOOD.replace(r#"{ from = "sensors/#" }"#, mapped)).unwrap();
    let line = "{\"t\":0,\"topic\":\"doors/1\",\"payload\":\"open\",\"qos\":1}\n";
    fs::write(&trace, [line, &line.replace("doors/1", "attic"), &line.replace(":0", ":3600")].concat()).unwrap();
    let trace = trace.to_str().unwrap();
    let args: Vec<&str> = args.iter().map(|arg| if *arg == "TRACE" { trace } else { arg }).collect();
    run(&[&["rehearse", config.to_str().unwrap()], &args[..]].concat())
}

#[test]
fn rehearse_says_which_rules_fire_what_leaves_and_what_it_costs() {
    let (code, stdout, stderr) = rehearsed(&["--topic", "doors/1", "--payload", "open", "--qos", "1", "--retain"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    for line in [
        "home: doors/1 leaves 2 times",
        "  forwards[1] (doors/+) sends it",
        "    to     everybody, who can all read it",
        "    topic  alice/doors/1",
        "    QoS    0, retained",
        "    waits  0.25 s at most, not sent after 60 s",
        "    to     mqtt_bob, encrypted, if mqtt_bob has subscribed to doors/1",
        "    QoS    1, retained",
    ] {
        assert!(stdout.lines().any(|told| told == line), "{line:?} is not in {stdout}");
    }
    assert!(stdout.contains("    costs  1 post of "), "{stdout}");
}

#[test]
fn rehearse_says_why_nobody_gets_a_message() {
    let (_, stdout, _) = rehearsed(&["--topic", "doors/0"]);
    assert!(
        stdout.contains("forwards[1] (doors/+) does not send it: its except = \"doors/0\" leaves it out"),
        "{stdout}"
    );
    let (_, stdout, _) = rehearsed(&["--topic", "attic"]);
    assert!(stdout.contains("nobody gets attic: the bridge does not listen to it"), "{stdout}");
}

#[test]
fn rehearse_says_what_a_peers_message_becomes() {
    let (code, stdout, _) = rehearsed(&["--topic", "fridges/1", "--from", "mqtt_bob", "--qos", "2"]);
    assert_eq!(code, 0);
    assert_eq!(
        stdout,
        "home: fridges/1 of mqtt_bob comes in by subscriptions[0] (fridges/#)\n    topic  fridges/1\n    QoS    2\n"
    );
    let (_, stdout, _) = rehearsed(&["--topic", "a", "--from", "mqtt_bob"]);
    assert_eq!(stdout, "home: a of mqtt_bob does not come in: no subscription is about it\n");
    let (_, stdout, _) = rehearsed(&["--topic", "fridges/1", "--from", "eve"]);
    assert!(stdout.contains("is refused: eve is not followed"), "{stdout}");
}

#[test]
fn rehearse_adds_up_what_a_recording_costs_each_rule() {
    let (code, stdout, stderr) = rehearsed(&["--trace", "TRACE"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    let expected = "\
home: 3 messages in 1.0 hours
  1 of them are not listened to: no publication takes them from the broker
  rule                                messages      posts  posts a day  days of quota
  forwards[0] (doors/#) to mqtt_bob          2        2.0         48.0           0.01
  forwards[1] (doors/+) to everybody         2        2.0         48.0           0.01
  total                                      4        4.0         96.0           0.01
An account gains 288 posts a day: this traffic uses 33 % of them
";
    assert_eq!(stdout, expected);
}

#[test]
fn rehearse_tells_programs_the_same() {
    let lines = |args: &[&str]| {
        let (code, stdout, _) = rehearsed(&[args, &["--json"]].concat());
        assert_eq!(code, 0);
        json_lines(&stdout).remove(0)
    };
    let outward = lines(&["--topic", "doors/1", "--bridge", "home"]);
    assert_eq!(
        (outward["type"].as_str(), outward["sent"][0]["topic"].as_str()),
        (Some("rehearsal"), Some("alice/doors/1"))
    );
    assert_eq!((outward["sent"][0]["receiver"].as_str(), outward["sent"][0]["v1"]["posts"].as_u64()), (None, Some(1)));
    let inward = lines(&["--topic", "fridges/1", "--from", "mqtt_bob"]);
    assert_eq!((inward["becomes"].as_str(), inward["local_topic"].as_str()), (Some("delivered"), Some("fridges/1")));
    let trace = lines(&["--trace", "TRACE", "--scarce"]);
    assert_eq!((trace["type"].as_str(), trace["rules"][0]["posts"].as_f64()), (Some("trace"), Some(2.0)));
}

#[test]
fn rehearse_needs_a_message_or_a_recording_and_a_bridge_that_is_there() {
    for args in [&[][..], &["--topic", "a/+"], &["--topic", "a", "--qos", "3"], &["--topic", "a", "--trace", "TRACE"]] {
        let (code, _, stderr) = rehearsed(args);
        assert!(code == 2 && stderr.contains("error:"), "{args:?}: {stderr}");
    }
    let (code, _, stderr) = rehearsed(&["--topic", "a", "--bridge", "cabin"]);
    assert!(code == 2 && stderr.contains("has no bridge cabin: it has home"), "{stderr}");
}
