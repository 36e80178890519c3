//! Settings that are taken along and taken in, what a report says, and bridges that run again: used as the window uses them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use mqtt_twister::app::App;
use mqtt_twister::error::{AppErrorCode, CommandError, ErrorCode};
use mqtt_twister::log::Log;
use mqtt_twister::passwords::Vault;
use mqtt_twister::preferences::{Preferences, PreferencesRoom, Theme};
use mqtt_twister::report::{Surroundings, report};
use mqtt_twister::transfer::{self, BridgeChoice, ImportChoice, ImportPreview, ImportSource, Imported, Standing};
use mqtt_twister::view::{BridgeInput, SecretInput};
use mqtt_twister_bridge::config::BridgeName;
use mqtt_twister_bridge::event::Phase;
use mqtt_twister_bridge::secrets::{Password, SecretError, SecretKind};
use serde_json::{Value, json};
use tempfile::TempDir;
use tracing_subscriber::layer::SubscriberExt as _;

const PASSWORD: &str = "xyzzy-plugh";
const PASSPHRASE: &str = "correct horse battery staple";

const ALICE: &str = r##"{"mosquitto":"127.0.0.1:1883","twister":"http://user:xyzzy-plugh@127.0.0.1:28332",
"username":"mqtt_alice","following":["mqtt_bob"],"publications":["sensors/#","doors/#"],
"forwards":[{"from":"sensors/#"},{"from":"doors/#","type":"private","to":["mqtt_bob"]}],
"subscriptions":["fridges/#","earrings/#"]}"##;

/// A keyring in memory.
#[derive(Default)]
struct MemoryVault(Mutex<BTreeMap<String, Password>>);

impl Vault for MemoryVault {
    fn load(&self, bridge: &BridgeName, kind: SecretKind) -> Result<Option<Password>, SecretError> {
        Ok(self.0.lock().unwrap().get(&format!("{bridge} {kind:?}")).cloned())
    }

    fn save(&self, bridge: &BridgeName, kind: SecretKind, password: &Password) -> Result<(), SecretError> {
        self.0.lock().unwrap().insert(format!("{bridge} {kind:?}"), password.clone());
        Ok(())
    }

    fn load_node(&self, node: &str) -> Result<Option<Password>, SecretError> {
        Ok(self.0.lock().unwrap().get(node).cloned())
    }

    fn save_node(&self, node: &str, password: &Password) -> Result<(), SecretError> {
        self.0.lock().unwrap().insert(node.to_owned(), password.clone());
        Ok(())
    }
}

/// One machine with the app.
struct Machine {
    app: App,
    preferences: PreferencesRoom,
    folder: TempDir,
}

impl Machine {
    fn new() -> Self {
        Self::of(tempfile::tempdir().unwrap(), Arc::default())
    }

    fn of(folder: TempDir, vault: Arc<MemoryVault>) -> Self {
        let app = App::open(folder.path().to_owned(), vault, Arc::new(|_| {}));
        let preferences = PreferencesRoom::open(folder.path());
        Self { app, preferences, folder }
    }

    /// With a bridge that has a password, and a dark theme.
    async fn with_home() -> Self {
        let machine = Self::new();
        machine.save(bridge("home")).await;
        machine.preferences.save(Preferences { theme: Theme::Dark, ..Preferences::default() }).unwrap();
        machine
    }

    async fn save(&self, config: Value) {
        let node_password = Some(SecretInput::Typed(PASSWORD.to_owned()));
        self.app.save(BridgeInput { replaces: None, config, node_password, broker_password: None }).await.unwrap();
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("export.json")
    }

    async fn export(&self, passphrase: Option<&str>) -> String {
        let path = self.file();
        transfer::export(&self.app, &self.preferences, &path, passphrase.map(Password::new), true).await.unwrap();
        fs::read_to_string(path).unwrap()
    }

    async fn preview(&self, text: &str, passphrase: Option<&str>) -> Result<ImportPreview, CommandError> {
        transfer::preview(&self.app, &self.preferences, text.to_owned(), passphrase.map(Password::new)).await
    }

    async fn import(&self, text: &str, passphrase: Option<&str>, bridges: &[(&str, BridgeChoice)]) -> Imported {
        let bridges = bridges.iter().map(|(name, choice)| (name.parse().unwrap(), *choice)).collect();
        let choice = ImportChoice { bridges, preferences: true };
        let passphrase = passphrase.map(Password::new);
        transfer::import(&self.app, text.to_owned(), passphrase, choice).await.unwrap()
    }

    fn names(&self) -> Vec<String> {
        self.app.own_configs().iter().map(|bridge| bridge.name.to_string()).collect()
    }

    async fn node_password(&self, bridge: &str) -> Option<Password> {
        self.app.passwords.find(&bridge.parse().unwrap(), SecretKind::Node).await.unwrap()
    }
}

/// A bridge whose node and broker are away.
fn bridge(name: &str) -> Value {
    json!({
        "name": name,
        "twister": { "url": "http://node.example.org:9", "user": "ada", "account": format!("mqtt_{name}") },
        "broker": { "url": "mqtt://127.0.0.1:9" },
        "subscriptions": ["doors/#"],
    })
}

fn code(error: &CommandError) -> AppErrorCode {
    match error.code {
        ErrorCode::App(code) => code,
        ErrorCode::Engine(code) => panic!("{code:?}"),
        ErrorCode::OwnNode(code) => panic!("{code:?}"),
    }
}

#[tokio::test]
async fn settings_without_passwords_go_to_another_machine() {
    let text = Machine::with_home().await.export(None).await;
    assert!(!text.contains(PASSWORD), "{text}");

    let other = Machine::new();
    let preview = other.preview(&text, None).await.unwrap();
    assert_eq!(preview.source, ImportSource::Settings);
    assert_eq!((preview.bridges[0].standing, preview.bridges[0].has_password), (Standing::New, false));
    assert_eq!(preview.preferences.unwrap().theme, Theme::Dark);
    assert_eq!(other.names(), [] as [&str; 0], "a preview changes nothing");

    let imported = other.import(&text, None, &[("home", BridgeChoice::Replace)]).await;
    assert_eq!(other.names(), ["home"]);
    assert_eq!(imported.preferences.unwrap().theme, Theme::Dark);
    assert_eq!(other.node_password("home").await, None);
    assert_eq!(other.preview(&text, None).await.unwrap().bridges[0].standing, Standing::Same);
}

#[tokio::test]
async fn passwords_travel_only_under_a_passphrase() {
    let machine = Machine::with_home().await;
    let text = machine.export(Some(PASSPHRASE)).await;
    assert!(text.starts_with("-----BEGIN AGE ENCRYPTED FILE-----"));
    for hidden in [PASSWORD, PASSPHRASE, "home"] {
        assert!(!text.contains(hidden), "{hidden} can be read");
    }
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(machine.file()).unwrap().permissions());
        assert_eq!(mode & 0o077, 0, "others may read the export");
    }

    let other = Machine::new();
    assert_eq!(code(&other.preview(&text, None).await.unwrap_err()), AppErrorCode::PassphraseNeeded);
    let wrong = other.preview(&text, Some("wrong")).await.unwrap_err();
    assert_eq!(code(&wrong), AppErrorCode::PassphraseWrong);
    assert!(other.preview(&text, Some(PASSPHRASE)).await.unwrap().bridges[0].has_password);
    other.import(&text, Some(PASSPHRASE), &[("home", BridgeChoice::Replace)]).await;
    assert_eq!(other.node_password("home").await, Some(Password::new(PASSWORD)));
}

#[tokio::test]
async fn a_file_of_mosquitto_twister_becomes_a_bridge_and_its_password_goes_to_the_keyring() {
    let machine = Machine::new();
    let preview = machine.preview(ALICE, None).await.unwrap();
    assert_eq!(preview.source, ImportSource::MosquittoTwister);
    assert!(preview.bridges[0].has_password);
    assert!(!serde_json::to_string(&preview).unwrap().contains(PASSWORD), "the window sees the password");

    machine.import(ALICE, None, &[("mqtt_alice", BridgeChoice::Replace)]).await;
    assert_eq!(machine.names(), ["mqtt_alice"]);
    assert_eq!(machine.node_password("mqtt_alice").await, Some(Password::new(PASSWORD)));
    let written = fs::read_to_string(machine.folder.path().join("config.toml")).unwrap();
    assert!(!written.contains(PASSWORD), "{written}");
}

#[tokio::test]
async fn of_two_bridges_of_one_name_the_person_has_the_choice() {
    let machine = Machine::with_home().await;
    let text = machine.export(None).await.replace("mqtt_home", "mqtt_house");
    let preview = machine.preview(&text, None).await.unwrap();
    assert_eq!(preview.bridges[0].standing, Standing::Differs);
    assert_eq!(preview.bridges[0].free_name.as_ref().unwrap().as_str(), "home-2");
    assert_eq!(preview.preferences, None, "there is nothing to change");

    machine.import(&text, None, &[]).await;
    assert_eq!(machine.names(), ["home"]);
    machine.import(&text, None, &[("home", BridgeChoice::KeepBoth)]).await;
    assert_eq!(machine.names(), ["home", "home-2"]);
    let accounts: Vec<_> = machine.app.own_configs().iter().map(|bridge| bridge.twister.account.to_string()).collect();
    assert_eq!(accounts, ["mqtt_home", "mqtt_house"]);
}

#[tokio::test]
async fn a_bridge_with_other_rules_can_only_take_the_place_of_the_one_with_its_account() {
    let machine = Machine::with_home().await;
    let text = machine.export(None).await.replace("doors/#", "windows/#");
    let preview = machine.preview(&text, None).await.unwrap();
    assert_eq!((&preview.bridges[0].free_name, &preview.bridges[0].problem), (&None, &None));
    machine.import(&text, None, &[("home", BridgeChoice::Replace)]).await;
    assert_eq!(machine.names(), ["home"]);
    assert_eq!(machine.app.own_configs()[0].subscriptions[0].filter.to_string(), "windows/#");

    let other_name = text.replace("\"home\"", "\"house\"");
    let problem = machine.preview(&other_name, None).await.unwrap().bridges[0].problem.clone();
    assert!(problem.unwrap().contains("use the same account"));
}

#[tokio::test]
async fn what_is_no_settings_is_refused_with_the_reason() {
    let machine = Machine::new();
    let newer = r#"{"mqtt_twister_settings": 7, "bridges": []}"#;
    let broken = r#"{"mqtt_twister_settings": 1, "bridges": [{"name": "A B"}]}"#;
    for (text, reason) in [
        ("hello", "line 1"),
        ("{}", "missing field"),
        (newer, "version 7"),
        (broken, "bridges[0].name"),
        ("-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n", "damaged"),
    ] {
        let error = machine.preview(text, Some("any")).await.unwrap_err();
        assert_eq!(code(&error), AppErrorCode::ImportUnreadable);
        let said = format!("{} {}", error.field.as_deref().unwrap_or_default(), error.message);
        assert!(said.contains(reason), "{text}: {said}");
    }
    let huge = machine.preview(&" ".repeat(transfer::MOST_BYTES + 1), None).await.unwrap_err();
    assert!(huge.message.contains("too large"));
}

#[tokio::test]
async fn an_export_replaces_no_file_unasked() {
    let machine = Machine::with_home().await;
    fs::write(machine.file(), "precious").unwrap();
    let refused = transfer::export(&machine.app, &machine.preferences, &machine.file(), None, false).await.unwrap_err();
    assert_eq!(code(&refused), AppErrorCode::ExportFailed);
    assert_eq!(fs::read_to_string(machine.file()).unwrap(), "precious");
}

#[tokio::test]
async fn a_report_has_settings_and_log_and_neither_secrets_nor_names() {
    let machine = Machine::with_home().await;
    let log = Log::default();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(log.clone()), || {
        tracing::warn!("cannot reach http://ada:{PASSWORD}@node.example.org:9, rpcpassword={PASSWORD}");
        tracing::info!(account = %"mqtt_home", "posted");
    });
    let home = Some("/home/ada".to_owned());
    let text =
        report(&machine.app, &machine.preferences, &log, &Surroundings { webview: "1".to_owned(), tray: true, home });
    for hidden in [PASSWORD, "ada", "node.example.org", "mqtt_home"] {
        assert!(!text.contains(hidden), "{hidden} is in the report:\n{text}");
    }
    for there in ["mqtt-twister 0", "\"theme\":\"dark\"", "## Bridge home", "doors/#", "posted account=account-1"] {
        assert!(text.contains(there), "{there} is missing:\n{text}");
    }
}

#[tokio::test]
async fn bridges_that_ran_run_again_and_those_that_were_stopped_do_not() {
    let machine = Machine::new();
    for name in ["one", "two", "three"] {
        machine.save(bridge(name)).await;
    }
    for name in ["one", "two"] {
        machine.app.start(&name.parse().unwrap()).await.unwrap();
    }
    machine.app.stop(&"two".parse().unwrap()).await.unwrap();
    let vault = Arc::new(MemoryVault::default());
    for name in ["one", "two", "three"] {
        vault.save(&name.parse().unwrap(), SecretKind::Node, &Password::new(PASSWORD)).unwrap();
    }
    machine.app.close().await;

    let again = Machine::of(machine.folder, vault);
    again.app.resume().await;
    let phases: Vec<Phase> = again.app.bridges().iter().map(|bridge| bridge.state().phase).collect();
    assert_eq!(phases, [Phase::Running, Phase::Stopped, Phase::Stopped]);
    again.app.close().await;
}
