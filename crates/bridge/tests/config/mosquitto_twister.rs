use std::path::PathBuf;

use mqtt_twister_bridge::config::{ConfigError, ConfigFile, Loaded, Visibility};
use mqtt_twister_bridge::secrets::Sources;
use tempfile::TempDir;

const ALICE: &str = r##"{"mosquitto":"127.0.0.1:1883","twister":"http://user:pwd@127.0.0.1:28332","username":"mqtt_alice",
"following":["mqtt_bob"],"publications":["sensors/#","doors/#"],
"forwards":[{"from":"sensors/#"},{"from":"doors/#","type":"private","to":["mqtt_bob"]}],
"subscriptions":["fridges/#","earrings/#"]}"##;

fn load(text: &str) -> Result<Loaded, ConfigError> {
    let folder: TempDir = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("alice.json");
    std::fs::write(&path, text).unwrap();
    ConfigFile::load(&path)
}

#[test]
fn a_file_of_mosquitto_twister_is_taken_unchanged() {
    let loaded = load(ALICE).unwrap();
    let bridge = &loaded.bridges[0];
    assert_eq!(bridge.config.name.as_str(), "mqtt_alice");
    assert_eq!(bridge.config.broker.url.to_string(), "mqtt://127.0.0.1:1883");
    assert_eq!(bridge.config.twister.url.port(), 28332);
    assert_eq!(bridge.config.twister.user, "user");
    assert_eq!(bridge.config.forwards[1].visibility, Visibility::Private);
    assert_eq!(bridge.config.subscriptions.len(), 2);
}

#[test]
fn what_it_sends_publicly_stays_readable_for_mosquitto_twister() {
    let loaded = load(ALICE).unwrap();
    let compatible: Vec<bool> = loaded.bridges[0].config.forwards.iter().map(|forward| forward.compatible).collect();
    assert_eq!(compatible, [true, false]);
}

#[test]
fn fields_that_mosquitto_twister_does_not_have_are_refused() {
    let error =
        load(&ALICE.replace(r#"{"from":"sensors/#"}"#, r#"{"from":"sensors/#","retain":"strip"}"#)).unwrap_err();
    assert!(error.to_string().contains("retain"), "{error}");
}

#[test]
fn the_password_in_its_url_is_honoured_and_never_shown() {
    let loaded = load(ALICE).unwrap();
    assert_eq!(loaded.bridges[0].secrets(&Sources::default()).unwrap().node.reveal(), "pwd");
    assert!(!format!("{loaded:?}").contains("pwd"));
    assert!(!serde_json::to_string(&loaded.bridges[0].config).unwrap().contains("pwd"));
}

#[test]
fn a_broken_file_is_refused_by_its_field() {
    let field = |text: &str| match load(text).unwrap_err() {
        ConfigError::Json { field, source } => (field, source.to_string()),
        other => panic!("{other}"),
    };
    assert_eq!(field(&ALICE.replace("doors/#\",\"type", "doors#\",\"type")).0, "forwards[1].from");
    assert_eq!(field(&ALICE.replace("http://user", "ftp://user")).0, "twister");
    let (_, reason) = field(&ALICE.replace("\"following\"", "\"followings\""));
    assert!(reason.contains("followings"), "{reason}");
    let (_, reason) = field("{\"mosquitto\":");
    assert!(reason.contains("EOF"), "{reason}");
    let (_, reason) = field(&format!("{ALICE} more"));
    assert!(reason.contains("trailing"), "{reason}");
}
