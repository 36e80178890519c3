//! Accounts, people and the network, used as the window uses them, against a sandbox network.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mqtt_twister::app::App;
use mqtt_twister::error::{AppErrorCode, CommandError, ErrorCode};
use mqtt_twister::passwords::Vault;
use mqtt_twister::people::InvitationInput;
use mqtt_twister::view::{BridgeId, BridgeInput, NodeInput, SecretInput};
use mqtt_twister_bridge::config::BridgeName;
use mqtt_twister_bridge::event::ProblemCode;
use mqtt_twister_bridge::invitation::Approval;
use mqtt_twister_bridge::network::{Outcome, Severity};
use mqtt_twister_bridge::node::{Authorship, Node, RegistrationStep};
use mqtt_twister_bridge::people::Person;
use mqtt_twister_bridge::secrets::{Password, SecretError, SecretKind};
use mqtt_twister_broker::{Broker, BrokerOptions};
use mqtt_twister_sandbox::{Network, NodeConfig};
use serde_json::{Value, json};
use tempfile::TempDir;

/// No step of these tests takes longer.
const LIMIT: Duration = Duration::from_secs(30);

#[derive(Default)]
struct MemoryVault(Mutex<BTreeMap<String, String>>);

impl Vault for MemoryVault {
    fn load(&self, bridge: &BridgeName, kind: SecretKind) -> Result<Option<Password>, SecretError> {
        Ok(self.0.lock().unwrap().get(&format!("{bridge}/{kind:?}")).map(Password::new))
    }

    fn save(&self, bridge: &BridgeName, kind: SecretKind, password: &Password) -> Result<(), SecretError> {
        self.0.lock().unwrap().insert(format!("{bridge}/{kind:?}"), password.reveal().to_owned());
        Ok(())
    }

    fn load_node(&self, node: &str) -> Result<Option<Password>, SecretError> {
        Ok(self.0.lock().unwrap().get(node).map(Password::new))
    }

    fn save_node(&self, node: &str, password: &Password) -> Result<(), SecretError> {
        self.0.lock().unwrap().insert(node.to_owned(), password.reveal().to_owned());
        Ok(())
    }
}

/// An app, a network of two nodes with mqtt_alice and mqtt_bob, and a broker.
struct World {
    app: App,
    network: Network,
    broker: Broker,
    _folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let app = App::open(folder.path().to_owned(), Arc::new(MemoryVault::default()), Arc::new(|_| {}));
        let network = Network::builder().start_height(2000).dht_wait(Duration::ZERO);
        let network =
            ["mqtt_alice", "mqtt_bob"].iter().fold(network, |one, name| one.node(NodeConfig::new().account(*name)));
        let broker = Broker::start(BrokerOptions::on(([127, 0, 0, 1], 0))).await.unwrap();
        Self { app, network: network.start().await.unwrap(), broker, _folder: folder }
    }

    /// A bridge of the account at the node, with these rules.
    async fn bridge(&self, node: usize, account: &str, rules: Value) -> BridgeId {
        let node = self.network.node(node);
        let mut config = json!({
            "name": account,
            "twister": { "url": node.url(), "user": node.user(), "account": account },
            "broker": { "url": format!("mqtt://{}", self.broker.addr()) },
        });
        config.as_object_mut().unwrap().extend(rules.as_object().unwrap().clone());
        let password = Some(SecretInput::Typed(node.password().to_owned()));
        let input = BridgeInput { replaces: None, config, node_password: password, broker_password: None };
        self.app.save(input).await.unwrap().id
    }

    async fn node(&self, index: usize) -> Node {
        let node = self.network.node(index);
        let password = Some(SecretInput::Typed(node.password().to_owned()));
        let input = NodeInput { url: node.url(), user: node.user().to_owned(), password, bridge: None };
        self.app.typed_node(input).await.unwrap()
    }

    /// Waits until the people of a bridge are as is wanted.
    async fn until_people(&self, id: &BridgeId, wanted: impl Fn(&[Person]) -> bool) -> Vec<Person> {
        let waiting = async {
            loop {
                let people = self.app.people(id).await.unwrap();
                if wanted(&people) {
                    return people;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LIMIT, waiting).await.expect("the people are as is wanted in time")
    }
}

fn offer(to: &str, offers: &[&str], wants: &[&str]) -> InvitationInput {
    let texts = |filters: &[&str]| filters.iter().map(|&filter| filter.to_owned()).collect();
    InvitationInput {
        to: to.to_owned(),
        offers: texts(offers),
        wants: texts(wants),
        per_minute: Some(120),
        max_payload: None,
        note: " Hello! ".to_owned(),
        peers: Vec::new(),
    }
}

fn code(error: &CommandError) -> ErrorCode {
    error.code
}

#[tokio::test]
async fn a_registration_is_followed_from_its_sending_to_the_block_that_confirms_it() {
    let world = World::new().await;
    let node = world.node(0).await;
    let step = async || world.app.registration(&node, "mqtt_carol").await.unwrap();
    assert_eq!(step().await.registration.step, RegistrationStep::NotInWallet);
    let account = world.app.register(&node, "mqtt_carol").await.unwrap();
    let pending = step().await;
    assert_eq!(pending.registration.step, RegistrationStep::Pending);
    assert!(pending.sent_ms.is_some());
    // Asking again sends nothing new and gives out the same key.
    let again = world.app.register(&node, "mqtt_carol").await.unwrap();
    assert_eq!(again.secret, account.secret);
    assert_eq!(step().await.sent_ms, pending.sent_ms);
    world.network.mine(1);
    let RegistrationStep::Confirmed { confirmations: 1, height } = step().await.registration.step else {
        panic!("it is confirmed")
    };
    assert_eq!(height, 2001);
    let again = world.app.register(&node, "mqtt_carol").await.unwrap();
    assert_eq!(again.secret, account.secret, "a registered account of this wallet is no error");
}

#[tokio::test]
async fn a_name_that_somebody_else_has_cannot_be_registered() {
    let world = World::new().await;
    let error = world.app.register(&world.node(0).await, "mqtt_bob").await.err().unwrap();
    assert_eq!(code(&error), ErrorCode::Engine(ProblemCode::NodeRefused));
    let error = world.app.register(&world.node(0).await, "Mqtt Bob").await.err().unwrap();
    assert_eq!(error.field.as_deref(), Some("twister.account"));
}

#[tokio::test]
async fn a_key_that_was_backed_up_can_be_imported_elsewhere_and_no_other_key_under_that_name() {
    let world = World::new().await;
    let (here, there) = (world.node(0).await, world.node(1).await);
    let (alice, bob) = ("mqtt_alice".parse().unwrap(), "mqtt_bob".parse().unwrap());
    let key = here.secret_key(&alice).await.unwrap();
    let wrong = there.import_key(&bob, &key).await.unwrap_err();
    assert_eq!(wrong.code, ProblemCode::KeyInvalid);
    let mistyped = Password::new(format!("{}x", &key.reveal()[1..]));
    let mistyped = there.import_key(&alice, &mistyped).await.unwrap_err();
    assert_eq!(mistyped.code, ProblemCode::KeyInvalid);
    let unknown = there.import_key(&"nobody".parse().unwrap(), &key).await.unwrap_err();
    assert_eq!(unknown.code, ProblemCode::AccountNotRegistered);
    for error in [wrong, mistyped, unknown] {
        assert!(!format!("{error:?}").contains(&key.reveal()[2..20]), "the key is in an error");
    }
    assert!(there.secret_key(&alice).await.is_err(), "nothing was imported");
    there.import_key(&alice, &key).await.unwrap();
    assert_eq!(there.secret_key(&alice).await.unwrap(), key);
}

#[tokio::test]
async fn editing_a_profile_keeps_what_is_not_edited() {
    let world = World::new().await;
    let (node, alice) = (world.node(0).await, "mqtt_alice".parse().unwrap());
    let id = world.bridge(0, "mqtt_alice", json!({ "subscriptions": ["doors/#"] })).await;
    let change = async |fields: &[(&str, Option<&str>)]| {
        let own = |(name, text): &(&str, Option<&str>)| ((*name).to_owned(), text.map(str::to_owned));
        node.change_profile(&alice, &fields.iter().map(own).collect()).await
    };
    change(&[("fullname", Some("Alice")), ("bio", Some("Doors."))]).await.unwrap();
    world.app.start(&id).await.unwrap();
    let mut states = world.app.bridge(&id).unwrap().ask(async |bridge| bridge.watch_state()).await.unwrap();
    tokio::time::timeout(LIMIT, states.wait_for(|state| state.ready)).await.unwrap().unwrap();
    change(&[("fullname", Some("Alice A.")), ("bio", None)]).await.unwrap();
    let profile = node.profile(&alice).await.unwrap();
    let fields: BTreeMap<_, _> =
        profile.fields.iter().map(|field| (field.name.as_str(), (field.value.as_str(), field.editable))).collect();
    assert_eq!(fields.get("fullname"), Some(&("Alice A.", true)));
    assert_eq!(fields.get("mqtt_topics"), Some(&("[\"doors/#\"]", false)));
    assert_eq!(fields.get("bio"), None);
    let refused = change(&[("mqtt_topics", None)]).await.unwrap_err();
    assert_eq!(refused.code, ProblemCode::ProfileRefused);
    let refused = change(&[("bio", Some(&"x".repeat(8000)))]).await.unwrap_err();
    assert_eq!(refused.code, ProblemCode::ProfileRefused);
    world.app.close().await;
}

#[tokio::test]
async fn two_people_are_joined_by_an_invitation_and_its_answer() {
    let world = World::new().await;
    let alice = world.bridge(0, "mqtt_alice", json!({})).await;
    let bob = world.bridge(1, "mqtt_bob", json!({})).await;
    let input = offer("mqtt_bob", &["doors/#"], &["fridges/#"]);
    let invitation = world.app.make_invitation(&alice, input).await.unwrap();
    assert!(invitation.signed);

    let letter = format!("Hi Bob, open this: {}.", invitation.text);
    let read = world.app.read_invitation(&bob, &letter).await.unwrap();
    assert_eq!((read.from.as_str(), read.authorship, read.note.as_str()), ("mqtt_alice", Authorship::Proven, "Hello!"));
    assert!(read.proposal.follow);
    assert!(world.app.bridge(&bob).unwrap().config.following.is_empty(), "reading does nothing");

    let approval = Approval { receive: read.offers, send: read.wants, per_minute: Some(60), max_payload: None };
    let accepted = world.app.accept_invitation(&bob, &letter, approval).await.unwrap();
    let config = world.app.bridge(&bob).unwrap().config.clone();
    assert_eq!(config.following[0].as_str(), "mqtt_alice");
    assert_eq!(config.peers.values().next().unwrap().messages_per_minute, Some(60));

    let answer = accepted.answer.unwrap().text;
    let read = world.app.read_invitation(&alice, &answer).await.unwrap();
    assert!(read.is_answer && read.authorship == Authorship::Proven);
    let approval = Approval { receive: read.offers, send: read.wants, per_minute: None, max_payload: None };
    let accepted = world.app.accept_invitation(&alice, &answer, approval).await.unwrap();
    assert_eq!(accepted.answer, None, "both have agreed");

    for id in [&alice, &bob] {
        world.app.start(id).await.unwrap();
    }
    let of_bob = world.until_people(&alice, |people| people[0].wants.is_some()).await;
    assert_eq!(of_bob[0].wants.as_ref().unwrap()[0].as_str(), "doors/#");
    assert!(of_bob[0].packs && of_bob[0].followed && of_bob[0].addressed);
    assert_eq!(of_bob[0].registered, Some(true));
    world.app.close().await;
}

#[tokio::test]
async fn a_changed_invitation_is_refused_and_one_without_a_signature_says_so() {
    let world = World::new().await;
    let alice = world.bridge(0, "mqtt_alice", json!({})).await;
    let bob = world.bridge(1, "mqtt_bob", json!({})).await;
    let made = async |to: &str| world.app.make_invitation(&alice, offer(to, &["doors/#"], &[])).await.unwrap().text;
    let (one, other) = (made("mqtt_bob").await, made("").await);
    let (body, signature) = (one.rsplit_once('.').unwrap().0, other.rsplit_once('.').unwrap().1);
    let forged = world.app.read_invitation(&bob, &format!("{body}.{signature}")).await.unwrap_err();
    assert_eq!(code(&forged), ErrorCode::App(AppErrorCode::InvitationForged));
    let unsigned = world.app.read_invitation(&bob, body).await.unwrap();
    assert_eq!(unsigned.authorship, Authorship::Unsigned);
    let own = world.app.read_invitation(&alice, &other).await.unwrap_err();
    assert_eq!(code(&own), ErrorCode::App(AppErrorCode::InvitationUnusable));
    let garbage = world.app.read_invitation(&bob, "hello").await.unwrap_err();
    assert_eq!(code(&garbage), ErrorCode::App(AppErrorCode::InvitationUnusable));
}

#[tokio::test]
async fn names_are_searched_at_the_bridges_node() {
    let world = World::new().await;
    let alice = world.bridge(0, "mqtt_alice", json!({})).await;
    let (_, node) = world.app.node_of(&alice).await.unwrap();
    assert_eq!(node.names_starting_with("mqtt_b", 10).await.unwrap(), ["mqtt_bob"]);
}

#[tokio::test]
async fn the_loss_of_a_node_and_its_recovery_show_in_the_diagnosis() {
    let world = World::new().await;
    let id = world.bridge(0, "mqtt_alice", json!({ "following": ["mqtt_bob"] })).await;
    world.app.start(&id).await.unwrap();
    world.until_people(&id, |people| people[0].registered == Some(true)).await;
    let well = world.app.network(&id).await.unwrap();
    assert!(well.findings.iter().all(|finding| finding.severity != Severity::Fault), "{:?}", well.findings);
    let Outcome::Answered { facts } = &well.measurement.outcome else { panic!("the node answers") };
    assert_eq!((facts.height, facts.swarms.len(), facts.has_key), (2000, 2, true));

    world.network.node(0).take_down().await;
    let lost = world.app.network(&id).await.unwrap();
    assert_eq!(lost.findings.len(), 1);
    assert_eq!((lost.findings[0].code, lost.findings[0].severity), (ProblemCode::NodeUnreachable, Severity::Fault));

    world.network.node(0).bring_up().await.unwrap();
    let found = world.app.network(&id).await.unwrap();
    assert!(matches!(found.measurement.outcome, Outcome::Answered { .. }));
    world.app.close().await;
}

#[tokio::test]
async fn the_posts_of_an_account_are_told_once_its_bridge_runs() {
    let world = World::new().await;
    let id = world.bridge(0, "mqtt_alice", json!({})).await;
    assert_eq!(world.app.quota(&id).await.unwrap().samples, []);
    world.app.start(&id).await.unwrap();
    let told = async { while world.app.quota(&id).await.unwrap().samples.is_empty() {} };
    tokio::time::timeout(LIMIT, told).await.expect("the posts are told in time");
    let history = world.app.quota(&id).await.unwrap();
    assert!(history.samples[0].left > 1000 && history.forecast.is_none());
    world.app.close().await;
}
