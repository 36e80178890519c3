//! The app behind the window, used as the window uses it: what is saved, what is refused, and what goes on when one
//! bridge fails.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use mqtt_twister::app::App;
use mqtt_twister::bridges::Notice;
use mqtt_twister::error::{AppErrorCode, CommandError, ErrorCode};
use mqtt_twister::passwords::Vault;
use mqtt_twister::view::{BridgeId, BridgeInput, PasswordPlace, Saved, SecretInput, TryoutPhase};
use mqtt_twister_bridge::config::BridgeName;
use mqtt_twister_bridge::event::Phase;
use mqtt_twister_bridge::secrets::{Password, SecretError, SecretKind};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;

/// Nothing listens there: it is the port of a service that nobody runs any more.
const NOWHERE: &str = "127.0.0.1:9";

/// A keyring in memory; it can be out of order.
#[derive(Default)]
struct FakeVault {
    kept: Mutex<BTreeMap<String, String>>,
    out_of_order: bool,
}

impl FakeVault {
    fn names(&self) -> Vec<String> {
        self.kept.lock().unwrap().keys().cloned().collect()
    }

    fn check(&self, bridge: &BridgeName, kind: SecretKind) -> Result<String, SecretError> {
        match self.out_of_order {
            true => Err(SecretError::NoKeyring { reason: "it is locked".to_owned(), variable: kind.variable(bridge) }),
            false => Ok(format!("{bridge}/{kind:?}")),
        }
    }
}

impl Vault for FakeVault {
    fn load(&self, bridge: &BridgeName, kind: SecretKind) -> Result<Option<Password>, SecretError> {
        let name = self.check(bridge, kind)?;
        Ok(self.kept.lock().unwrap().get(&name).map(Password::new))
    }

    fn save(&self, bridge: &BridgeName, kind: SecretKind, password: &Password) -> Result<(), SecretError> {
        let name = self.check(bridge, kind)?;
        match password.is_empty() {
            true => self.kept.lock().unwrap().remove(&name),
            false => self.kept.lock().unwrap().insert(name, password.reveal().to_owned()),
        };
        Ok(())
    }

    fn load_node(&self, node: &str) -> Result<Option<Password>, SecretError> {
        Ok(self.kept.lock().unwrap().get(node).map(Password::new))
    }

    fn save_node(&self, node: &str, password: &Password) -> Result<(), SecretError> {
        self.kept.lock().unwrap().insert(node.to_owned(), password.reveal().to_owned());
        Ok(())
    }
}

struct World {
    app: App,
    vault: Arc<FakeVault>,
    folder: TempDir,
    notices: mpsc::UnboundedReceiver<Notice>,
}

impl World {
    fn new() -> Self {
        Self::with(tempfile::tempdir().unwrap(), Arc::default())
    }

    fn without_keyring() -> Self {
        Self::with(tempfile::tempdir().unwrap(), Arc::new(FakeVault { out_of_order: true, ..FakeVault::default() }))
    }

    fn with(folder: TempDir, vault: Arc<FakeVault>) -> Self {
        let (sender, notices) = mpsc::unbounded_channel();
        let tell = Arc::new(move |notice| drop(sender.send(notice)));
        let app = App::open(folder.path().to_owned(), vault.clone(), tell);
        Self { app, vault, folder, notices }
    }

    /// The app as it is after the program was started again.
    async fn reopened(self) -> Self {
        self.app.close().await;
        Self::with(self.folder, self.vault)
    }

    async fn save(&self, config: Value, replaces: Option<&str>) -> Result<BridgeId, CommandError> {
        self.save_with(config, replaces, None).await.map(|saved| saved.id)
    }

    async fn save_with(
        &self,
        config: Value,
        replaces: Option<&str>,
        node_password: Option<&str>,
    ) -> Result<Saved, CommandError> {
        let replaces = replaces.map(|id| id.parse().unwrap());
        let node_password = node_password.map(|text| SecretInput::Typed(text.to_owned()));
        self.app.save(BridgeInput { replaces, config, node_password, broker_password: None }).await
    }

    async fn node_password(&self) -> PasswordPlace {
        self.app.overview().await.bridges[0].node_password
    }

    async fn names(&self) -> Vec<String> {
        self.app.overview().await.bridges.iter().map(|bridge| bridge.id.to_string()).collect()
    }

    async fn phase(&self, id: &BridgeId) -> Phase {
        self.app.bridge(id).unwrap().state().phase
    }

    fn settings(&self) -> String {
        fs::read_to_string(self.folder.path().join("config.toml")).unwrap()
    }

    fn bridge_folder(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("bridges").join(name)
    }
}

/// A bridge whose node and broker are away, and that needs no password.
fn bridge(name: &str) -> Value {
    json!({
        "name": name,
        "twister": { "url": format!("http://{NOWHERE}"), "account": name },
        "broker": { "url": format!("mqtt://{NOWHERE}") },
        "subscriptions": ["doors/#"],
    })
}

/// The same, with a node that wants a password.
fn bridge_with_login(name: &str) -> Value {
    let mut bridge = bridge(name);
    bridge["twister"]["user"] = json!("me");
    bridge
}

fn input(config: Value, replaces: Option<&str>) -> BridgeInput {
    let replaces = replaces.map(|id| id.parse().unwrap());
    BridgeInput { replaces, config, node_password: None, broker_password: None }
}

fn code(error: &CommandError) -> AppErrorCode {
    match error.code {
        ErrorCode::App(code) => code,
        ErrorCode::Engine(code) => panic!("{code:?}"),
        ErrorCode::OwnNode(code) => panic!("{code:?}"),
    }
}

#[tokio::test]
async fn a_saved_bridge_is_there_after_a_restart() {
    let world = World::new();
    world.save(bridge("home"), None).await.unwrap();
    let world = world.reopened().await;
    assert_eq!(world.names().await, ["home"]);
    assert!(world.settings().contains("doors/#"), "{}", world.settings());
}

#[tokio::test]
async fn a_bad_value_is_refused_with_its_field_and_changes_nothing() {
    let world = World::new();
    world.save(bridge("home"), None).await.unwrap();
    let before = world.settings();
    let mut bad = bridge("home");
    bad["subscriptions"] = json!(["doors/#", "a/#/b"]);
    let error = world.save(bad, Some("home")).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("subscriptions[1]"));
    assert_eq!(world.settings(), before);
}

#[tokio::test]
async fn two_bridges_cannot_share_a_name_or_an_account() {
    let world = World::new();
    world.save(bridge("home"), None).await.unwrap();
    let error = world.save(bridge("home"), None).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("name"));
    let mut other = bridge("office");
    other["twister"]["account"] = json!("home");
    let error = world.save(other, None).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("twister.account"));
}

#[tokio::test]
async fn rules_that_make_a_loop_are_warned_of_before_they_are_saved() {
    let world = World::new();
    let mut home = bridge("home");
    home["publications"] = json!(["doors/#"]);
    home["forwards"] = json!([{ "from": "doors/#" }]);
    world.save(home.clone(), None).await.unwrap();
    let mut cabin = bridge("cabin");
    cabin["following"] = json!(["home"]);
    let warnings =
        |config: &Value, replaces: Option<&str>| world.app.warnings(input(config.clone(), replaces)).unwrap();
    let found = warnings(&cabin, None);
    assert!(found.len() == 1 && found[0].contains("subscriptions[0] (doors/#) of cabin"), "{found:?}");
    cabin["subscriptions"] = json!([{ "filter": "doors/#", "add_prefix": "home/" }]);
    assert!(warnings(&cabin, None).is_empty());
    assert!(warnings(&home, Some("home")).is_empty());
    cabin["subscriptions"] = json!(["a+"]);
    let error = world.app.warnings(input(cabin, None)).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("subscriptions[0]"));
}

#[tokio::test]
async fn a_bridge_starts_though_node_and_broker_are_away_and_stops_again() {
    let mut world = World::new();
    let id = world.save(bridge("home"), None).await.unwrap();
    world.app.start(&id).await.unwrap();
    assert_eq!(world.phase(&id).await, Phase::Running);
    world.app.stop(&id).await.unwrap();
    assert_eq!(world.phase(&id).await, Phase::Stopped);
    assert_eq!(world.notices.recv().await, Some(Notice::OverviewChanged));
}

#[tokio::test]
async fn a_changed_bridge_that_ran_runs_again() {
    let world = World::new();
    let id = world.save(bridge("home"), None).await.unwrap();
    world.app.start(&id).await.unwrap();
    let mut changed = bridge("home");
    changed["subscriptions"] = json!(["windows/#"]);
    world.save(changed, Some("home")).await.unwrap();
    assert_eq!(world.phase(&id).await, Phase::Running);
    assert!(world.settings().contains("windows/#"));
    world.app.close().await;
}

#[tokio::test]
async fn a_renamed_bridge_takes_its_database_along() {
    let world = World::new();
    let id = world.save(bridge("home"), None).await.unwrap();
    world.app.start(&id).await.unwrap();
    world.app.stop(&id).await.unwrap();
    assert!(world.bridge_folder("home").is_dir());
    let mut renamed = bridge("home");
    renamed["name"] = json!("house");
    world.save(renamed, Some("home")).await.unwrap();
    assert_eq!(world.names().await, ["house"]);
    assert!(world.bridge_folder("house").is_dir() && !world.bridge_folder("home").exists());
}

#[tokio::test]
async fn a_removed_bridge_leaves_nothing_behind() {
    let world = World::new();
    let id = world.save(bridge("home"), None).await.unwrap();
    world.app.start(&id).await.unwrap();
    world.app.remove(&id).await.unwrap();
    assert_eq!(world.names().await, [""; 0]);
    assert!(!world.bridge_folder("home").exists());
    assert_eq!(code(&world.app.start(&id).await.unwrap_err()), AppErrorCode::UnknownBridge);
}

#[tokio::test]
async fn a_settings_file_with_an_error_is_reported_and_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[[bridge]]\nname = \"home\"\ncolour = \"red\"\n";
    fs::write(folder.path().join("config.toml"), text).unwrap();
    let world = World::with(folder, Arc::default());
    let problem = world.app.overview().await.settings_problem.unwrap();
    assert_eq!(code(&problem), AppErrorCode::SettingsUnreadable);
    assert!(problem.message.contains("colour"), "{}", problem.message);
    let error = world.save(bridge("home"), None).await.unwrap_err();
    assert_eq!(code(&error), AppErrorCode::SettingsUnreadable);
    assert_eq!(world.settings(), text);
}

#[tokio::test]
async fn a_bridge_that_runs_elsewhere_says_so_and_the_others_go_on() {
    let one = World::new();
    let id = one.save(bridge("home"), None).await.unwrap();
    let office = one.save(bridge("office"), None).await.unwrap();
    one.app.start(&id).await.unwrap();
    let other = App::open(one.folder.path().to_owned(), one.vault.clone(), Arc::new(|_| ()));
    let error = other.start(&id).await.unwrap_err();
    assert_eq!(code(&error), AppErrorCode::BridgeInUse);
    let shown = other.overview().await.bridges.remove(0).start_error.unwrap();
    assert_eq!(shown, error);
    other.start(&office).await.unwrap();
    other.close().await;
    one.app.close().await;
}

#[tokio::test]
async fn the_built_in_broker_keeps_its_port() {
    let world = World::new();
    assert_eq!(world.app.overview().await.builtin_broker, None);
    let first = world.app.builtin_broker.start().await.unwrap();
    let world = world.reopened().await;
    let known = world.app.overview().await.builtin_broker.unwrap();
    assert_eq!((known.url.as_str(), known.running), (first.url.as_str(), false));
    assert_eq!(world.app.builtin_broker.start().await.unwrap(), first);
    world.app.close().await;
}

#[tokio::test]
async fn a_bridge_of_the_built_in_broker_starts_it() {
    let world = World::new();
    let url = world.app.builtin_broker.start().await.unwrap().url;
    let mut config = bridge("home");
    config["broker"]["url"] = json!(url);
    let id = world.save(config, None).await.unwrap();
    let world = world.reopened().await;
    world.app.start(&id).await.unwrap();
    assert!(world.app.overview().await.builtin_broker.unwrap().running);
    world.app.close().await;
}

#[tokio::test]
async fn try_it_is_apart_from_the_own_bridges_and_can_be_closed_and_removed() {
    let world = World::new();
    world.save(bridge("alice"), None).await.unwrap();
    world.app.tryout.open().await.unwrap();
    let ids: Vec<_> = world.app.overview().await.tryout.bridges.iter().map(|bridge| bridge.id.to_string()).collect();
    assert_eq!(ids, ["try/alice", "try/bob"]);
    let alice = BridgeId::tryout("alice".parse().unwrap());
    world.app.start(&alice).await.unwrap();
    assert_eq!(world.phase(&alice).await, Phase::Running);
    world.app.tryout.close().await;
    assert_eq!(world.app.overview().await.tryout.phase, TryoutPhase::Closed);
    assert_eq!(code(&world.app.start(&alice).await.unwrap_err()), AppErrorCode::UnknownBridge);
    world.app.tryout.remove().await.unwrap();
    assert_eq!(world.app.overview().await.tryout.phase, TryoutPhase::Absent);
    assert_eq!(world.names().await, ["alice"]);
    assert!(!Path::new(&world.folder.path().join("try-it")).exists());
}

#[tokio::test]
async fn a_password_goes_to_the_keyring_and_to_no_file() {
    let world = World::new();
    let saved = world.save_with(bridge_with_login("home"), None, Some("geheim")).await.unwrap();
    assert_eq!(saved.password_warning, None);
    assert_eq!(world.vault.names(), ["home/Node"]);
    assert!(!world.settings().contains("geheim"));
    let world = world.reopened().await;
    assert_eq!(world.node_password().await, PasswordPlace::Keyring);
    world.app.start(&saved.id).await.unwrap();
    world.app.close().await;
}

#[tokio::test]
async fn without_a_keyring_a_password_is_held_for_this_run_and_the_user_is_told() {
    let world = World::without_keyring();
    let saved = world.save_with(bridge_with_login("home"), None, Some("geheim")).await.unwrap();
    let warning = saved.password_warning.unwrap();
    assert_eq!(code(&warning), AppErrorCode::KeyringUnavailable);
    assert!(warning.message.contains("MQTT_TWISTER_HOME_NODE_PASSWORD"), "{}", warning.message);
    assert!(!warning.message.contains("geheim"));
    assert_eq!(world.node_password().await, PasswordPlace::Memory);
    world.app.start(&saved.id).await.unwrap();
    let world = world.reopened().await;
    assert_eq!(world.node_password().await, PasswordPlace::Missing);
    assert_eq!(code(&world.app.start(&saved.id).await.unwrap_err()), AppErrorCode::KeyringUnavailable);
}

#[tokio::test]
async fn a_bridge_whose_password_is_missing_says_so_when_it_is_started() {
    let world = World::new();
    let id = world.save(bridge_with_login("home"), None).await.unwrap();
    let error = world.app.start(&id).await.unwrap_err();
    assert_eq!(code(&error), AppErrorCode::PasswordMissing);
    assert_eq!(error.field.as_deref(), Some("node_password"));
    world.save_with(bridge_with_login("home"), Some("home"), Some("geheim")).await.unwrap();
    world.app.start(&id).await.unwrap();
    world.app.close().await;
}

#[tokio::test]
async fn passwords_follow_a_new_name_and_go_with_the_bridge() {
    let world = World::new();
    world.save_with(bridge_with_login("home"), None, Some("geheim")).await.unwrap();
    let id = world.save(bridge_with_login("house"), Some("home")).await.unwrap();
    assert_eq!(world.vault.names(), ["house/Node"]);
    world.app.remove(&id).await.unwrap();
    assert_eq!(world.vault.names(), [""; 0]);
}
