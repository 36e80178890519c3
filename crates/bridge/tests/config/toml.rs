use mqtt_twister_bridge::config::{ConfigError, ConfigFile, RuleError, Visibility, parse_bridge};

const HOME: &str = r#"
[[bridge]]
name = "home"
following = ["mqtt_bob"]
publications = ["sensors/#", "doors/#"]
subscriptions = ["fridges/#"]

[bridge.twister]
url = "http://127.0.0.1:28332"
user = "user"
account = "mqtt_alice"

[bridge.broker]
url = "mqtt://127.0.0.1:1883"

[[bridge.forwards]]
from = "sensors/#"

[[bridge.forwards]]
from = "doors/#"
type = "private"
to = ["mqtt_bob"]
"#;

fn refusal(text: &str) -> String {
    ConfigFile::parse_toml(text).unwrap_err().to_string()
}

#[test]
fn a_bridge_is_read_and_written_without_change() {
    let file = ConfigFile::parse_toml(HOME).unwrap();
    let bridge = &file.bridges[0];
    assert_eq!(bridge.twister.account.as_str(), "mqtt_alice");
    assert_eq!(bridge.forwards[0].visibility, Visibility::Public);
    assert_eq!(bridge.forwards[1].to[0].as_str(), "mqtt_bob");
    assert_eq!(ConfigFile::parse_toml(&file.to_toml()).unwrap(), file);
}

#[test]
fn a_saved_file_is_loaded_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new folder/config.toml");
    let file = ConfigFile::parse_toml(HOME).unwrap();
    file.save(&path).unwrap();
    assert_eq!(ConfigFile::load(&path).unwrap().bridges[0].config, file.bridges[0]);
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn a_missing_file_is_named() {
    let error = ConfigFile::load("no/such/file.toml".as_ref()).unwrap_err();
    assert!(matches!(error, ConfigError::Read { .. }));
    assert!(error.to_string().contains("no/such/file.toml"));
}

#[test]
fn an_unknown_field_is_named_with_its_line() {
    let text = refusal(&HOME.replace("subscriptions", "subscribtions"));
    assert!(text.contains("line 6") && text.contains("subscribtions") && text.contains("subscriptions"), "{text}");
}

#[test]
fn a_value_that_is_not_valid_is_named_with_its_line_and_the_reason() {
    let text = refusal(&HOME.replace("\"fridges/#\"", "\"fridges/#/x\""));
    assert!(text.contains("line 6") && text.contains("# must stand alone at the end"), "{text}");
    let text = refusal(&HOME.replace("mqtt_alice", "Alice"));
    assert!(text.contains("a Twister name has only a-z, 0-9 and _"), "{text}");
    let text = refusal(&HOME.replace("mqtt://127.0.0.1:1883", "ftp://host"));
    assert!(text.contains("mqtt://"), "{text}");
    let text = refusal(&HOME.replace("name = \"home\"", "name = \"../etc\""));
    assert!(text.contains("cannot name a bridge"), "{text}");
}

#[test]
fn a_password_in_the_nodes_address_is_refused_and_not_repeated() {
    let text = refusal(&HOME.replace("http://127", "http://user:geheim@127"));
    assert!(!text.contains("geheim"), "{text}");
}

#[test]
fn rules_between_fields_are_checked() {
    let private_to_nobody = HOME.replace("to = [\"mqtt_bob\"]", "");
    let error = ConfigFile::parse_toml(&private_to_nobody).unwrap_err();
    assert!(matches!(error, ConfigError::Rule(RuleError::PrivateToNobody { index: 1, .. })), "{error}");
    let public_to_somebody = HOME.replace("type = \"private\"", "");
    let error = ConfigFile::parse_toml(&public_to_somebody).unwrap_err();
    assert!(matches!(error, ConfigError::Rule(RuleError::PublicToSomebody { index: 1, .. })), "{error}");
    let twice = format!("{HOME}{HOME}");
    let error = ConfigFile::parse_toml(&twice).unwrap_err();
    assert!(matches!(error, ConfigError::Rule(RuleError::SameName(_))), "{error}");
    let same_account = format!("{HOME}{}", HOME.replace("\"home\"", "\"other\""));
    let error = ConfigFile::parse_toml(&same_account).unwrap_err();
    assert!(matches!(error, ConfigError::Rule(RuleError::SameAccount { .. })), "{error}");
}

#[test]
fn what_a_form_sends_is_refused_by_its_field() {
    let file = ConfigFile::parse_toml(HOME).unwrap();
    let mut form = serde_json::to_value(&file.bridges[0]).unwrap();
    assert_eq!(parse_bridge(form.clone()).unwrap(), file.bridges[0]);
    form["forwards"][1]["from"] = "doors+".into();
    let ConfigError::Json { field, .. } = parse_bridge(form).unwrap_err() else { panic!("a field is wrong") };
    assert_eq!(field, "forwards[1].from");
}

#[test]
fn settings_for_tls_go_together() {
    let with = |lines: &str| refusal(&HOME.replace("url = \"mqtt://127.0.0.1:1883\"", lines));
    let text = with("url = \"mqtt://broker\"\nca_file = \"ca.pem\"");
    assert!(text.contains("broker.ca_file") && text.contains("mqtts://"), "{text}");
    let text = with("url = \"mqtts://broker\"\nclient_cert_file = \"bridge.pem\"");
    assert!(text.contains("broker.client_key_file"), "{text}");
    let text = with("url = \"wss://broker\"\nclient_key_file = \"bridge.key\"");
    assert!(text.contains("broker.client_cert_file"), "{text}");
    let text = with("url = \"mqtt://broker\"\nprotocol = \"3\"");
    assert!(text.contains("broker.protocol") && text.contains("3.1.1"), "{text}");
}
