//! Nodes that the app runs, used as the window uses them, with the sandbox's stand-in for twisterd.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mqtt_twister::app::App;
use mqtt_twister::error::ErrorCode;
use mqtt_twister::nodes::view::{NewNetwork, NewNode, OwnNode};
use mqtt_twister::passwords::Vault;
use mqtt_twister::people::InvitationInput;
use mqtt_twister::view::{BridgeId, BridgeInput, NodeInput, PasswordPlace};
use mqtt_twister_bridge::config::BridgeName;
use mqtt_twister_bridge::event::{PartState, Phase};
use mqtt_twister_bridge::invitation::Approval;
use mqtt_twister_bridge::node::{Authorship, Node, RegistrationStep};
use mqtt_twister_bridge::secrets::{Password, SecretError, SecretKind};
use mqtt_twister_broker::{Broker, BrokerOptions};
use mqtt_twister_daemon::{NodePhase, NodeProblemCode};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use serde_json::json;
use tempfile::TempDir;

/// No step of these tests takes longer.
const LIMIT: Duration = Duration::from_secs(120);

/// Between two looks at something that is waited for.
const LOOK: Duration = Duration::from_millis(50);

/// The stand-in lies beside the app when both are built.
fn stand_in() -> String {
    let path = Path::new(env!("CARGO_BIN_EXE_mqtt-twister"))
        .with_file_name("twisterd")
        .with_extension(std::env::consts::EXE_EXTENSION);
    assert!(path.is_file(), "{}: cargo build -p mqtt-twister-sandbox --bin twisterd makes it", path.display());
    path.display().to_string()
}

#[derive(Default)]
struct MemoryVault(Mutex<BTreeMap<String, Password>>);

impl Vault for MemoryVault {
    fn load(&self, bridge: &BridgeName, kind: SecretKind) -> Result<Option<Password>, SecretError> {
        Ok(self.0.lock().unwrap().get(&format!("{bridge}/{kind:?}")).cloned())
    }

    fn save(&self, bridge: &BridgeName, kind: SecretKind, password: &Password) -> Result<(), SecretError> {
        self.0.lock().unwrap().insert(format!("{bridge}/{kind:?}"), password.clone());
        Ok(())
    }

    fn load_node(&self, node: &str) -> Result<Option<Password>, SecretError> {
        Ok(self.0.lock().unwrap().get(node).cloned())
    }

    fn save_node(&self, node: &str, password: &Password) -> Result<(), SecretError> {
        match password.is_empty() {
            true => self.0.lock().unwrap().remove(node),
            false => self.0.lock().unwrap().insert(node.to_owned(), password.clone()),
        };
        Ok(())
    }
}

/// One person's machine.
struct Person {
    app: App,
    vault: Arc<MemoryVault>,
    folder: TempDir,
}

impl Person {
    fn new() -> Self {
        Self::with(tempfile::tempdir().unwrap(), Arc::default())
    }

    fn with(folder: TempDir, vault: Arc<MemoryVault>) -> Self {
        let app = App::open(folder.path().to_owned(), vault.clone(), Arc::new(|_| {}));
        Self { app, vault, folder }
    }

    /// The app as it is after it was closed and started again.
    async fn again(self) -> Self {
        self.app.close().await;
        Self::with(self.folder, self.vault)
    }

    async fn add(&self, network: NewNetwork) -> OwnNode {
        self.app.add_node(NewNode { network, program: Some(stand_in()) }).await.unwrap()
    }

    async fn create(&self, name: &str) -> OwnNode {
        self.add(NewNetwork::Create { name: name.to_owned() }).await
    }

    async fn node(&self) -> OwnNode {
        self.app.own_nodes().await.unwrap().nodes.remove(0)
    }

    /// Waits until the person's node is as is wanted.
    async fn until(&self, what: &str, wanted: impl Fn(&OwnNode) -> bool) -> OwnNode {
        let waiting = async {
            loop {
                let node = self.node().await;
                if wanted(&node) {
                    return node;
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        match tokio::time::timeout(LIMIT, waiting).await {
            Ok(node) => node,
            Err(_) => panic!("{what}: it stays {:?}", self.node().await.status),
        }
    }

    async fn runs(&self) -> OwnNode {
        self.until("it runs", |node| node.status.phase == NodePhase::Running).await
    }

    /// The node, asked as the window's wizard asks it: without a password.
    async fn asked(&self) -> Node {
        let OwnNode { url, user, .. } = self.node().await;
        self.app.typed_node(NodeInput { url, user, password: None, bridge: None }).await.unwrap()
    }

    /// Registers an account and waits for the block that confirms it.
    async fn register(&self, name: &str) {
        let node = self.asked().await;
        self.app.register(&node, name).await.unwrap();
        let confirmed = async {
            loop {
                let view = self.app.registration(&node, name).await.unwrap();
                if matches!(view.registration.step, RegistrationStep::Confirmed { .. }) {
                    return;
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(LIMIT, confirmed).await.expect("a block is made for the registration");
    }

    /// A bridge of the account at the person's node.
    async fn bridge(&self, account: &str, broker: &str) -> BridgeId {
        let OwnNode { url, user, .. } = self.node().await;
        let config = json!({
            "name": account,
            "twister": { "url": url, "user": user, "account": account },
            "broker": { "url": broker },
        });
        let input = BridgeInput { replaces: None, config, node_password: None, broker_password: None };
        self.app.save(input).await.unwrap().id
    }

    /// Waits until a bridge has its account, which only its node can say.
    async fn has_account(&self, id: &BridgeId) {
        let mut states = self.app.bridge(id).unwrap().ask(async |bridge| bridge.watch_state()).await.unwrap();
        let found = tokio::time::timeout(LIMIT, states.wait_for(|state| state.account == PartState::Up)).await;
        assert!(found.is_ok(), "{:?}", self.app.bridge(id).unwrap().state());
    }

    /// Waits until a bridge has read what so many people want.
    async fn knows_what_is_wanted(&self, id: &BridgeId, people: usize) {
        let known = async {
            loop {
                let found = self.app.people(id).await.unwrap();
                if found.iter().filter(|person| person.wants.as_ref().is_some_and(|wants| !wants.is_empty())).count()
                    == people
                {
                    return;
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        let known = tokio::time::timeout(LIMIT, known).await;
        assert!(known.is_ok(), "{:?}", self.app.people(id).await.unwrap());
    }

    /// All that the app has written, but for the node's own data.
    fn written(&self) -> String {
        let mut text = String::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path: PathBuf = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.is_file() {
                    text += &String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default());
                }
            }
        }
        text
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_run_stopped_and_left_and_nothing_of_it_stays() {
    let alice = Person::new();
    assert_eq!(alice.app.own_nodes().await.unwrap().nodes, []);
    let made = alice.create("Orchard Lane").await;
    let node = alice.runs().await;
    assert_eq!(node.status.facts.as_ref().unwrap().version, "0.9.40");
    assert!(node.addresses.iter().all(|address| address.ends_with(&format!(":{}", node.settings.ports.p2p))));
    assert!(alice.app.nodes.log(&made.settings.id).await.unwrap().path.is_file());
    let password = alice.app.nodes.password(&made.settings.id).await.unwrap();
    assert!(!alice.written().contains(password.reveal()), "the password is in a file");

    alice.app.nodes.stop(&made.settings.id).await.unwrap();
    assert_eq!(alice.node().await.status.phase, NodePhase::Stopped);
    alice.app.leave_node(&made.settings.id).await.unwrap();
    assert_eq!(alice.app.own_nodes().await.unwrap().nodes, []);
    assert!(alice.vault.0.lock().unwrap().is_empty(), "its password stays in the keyring");
    assert!(!alice.written().contains("Orchard Lane"));
    alice.app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_ran_when_the_app_ended_runs_again_and_one_that_was_stopped_does_not() {
    let alice = Person::new();
    let id = alice.create("home").await.settings.id;
    let pid = alice.runs().await.status.pid;
    let password = alice.app.nodes.password(&id).await.unwrap();
    let alice = alice.again().await;
    assert_eq!(alice.node().await.status.phase, NodePhase::Stopped, "the app's end stops it");
    alice.app.nodes.resume().await;
    assert_ne!(alice.runs().await.status.pid, pid);
    assert_eq!(alice.app.nodes.password(&id).await.unwrap(), password, "it is the keyring's");

    alice.app.nodes.stop(&id).await.unwrap();
    let alice = alice.again().await;
    alice.app.nodes.resume().await;
    assert_eq!(alice.node().await.status.phase, NodePhase::Stopped);
    alice.app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_none_and_a_network_without_a_way_in_are_refused_by_their_fields() {
    let alice = Person::new();
    let refused = async |network, program: &str| {
        let new = NewNode { network, program: Some(program.to_owned()) };
        alice.app.add_node(new).await.unwrap_err()
    };
    let public = || NewNetwork::Public;
    let error = refused(public(), "/nonexistent/twisterd").await;
    assert_eq!(error.code, ErrorCode::OwnNode(NodeProblemCode::ProgramNotFound));
    assert_eq!(error.field.as_deref(), Some("program"));
    let join = |peers: &[&str]| {
        let peers = peers.iter().map(|&peer| peer.to_owned()).collect();
        NewNetwork::Join { name: "home".to_owned(), peers }
    };
    assert_eq!(refused(join(&[]), &stand_in()).await.field.as_deref(), Some("peers"));
    assert_eq!(refused(join(&["a b:1"]), &stand_in()).await.field.as_deref(), Some("peers"));
    let unnamed = NewNetwork::Create { name: "  ".to_owned() };
    assert_eq!(refused(unnamed, &stand_in()).await.field.as_deref(), Some("name"));
    assert_eq!(alice.app.own_nodes().await.unwrap().nodes, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_needs_no_password_for_a_node_of_the_app_and_starts_it() {
    let alice = Person::new();
    let id = alice.create("home").await.settings.id;
    alice.runs().await;
    alice.register("mqtt_alice").await;
    let broker = Broker::start(BrokerOptions::on(([127, 0, 0, 1], 0))).await.unwrap();
    let bridge = alice.bridge("mqtt_alice", &format!("mqtt://{}", broker.addr())).await;
    assert_eq!(alice.node().await.bridges, std::slice::from_ref(&bridge));
    assert_eq!(alice.app.overview().await.bridges[0].node_password, PasswordPlace::OwnNode);
    alice.until("its accounts are known", |node| node.settings.accounts == ["mqtt_alice"]).await;

    alice.app.nodes.stop(&id).await.unwrap();
    alice.app.start(&bridge).await.unwrap();
    alice.has_account(&bridge).await;
    alice.runs().await;
    alice.app.close().await;
    assert_eq!(alice.app.bridge(&bridge).unwrap().state().phase, Phase::Stopped);
}

/// A person's MQTT client at their broker.
async fn client(broker: &Broker) -> (AsyncClient, EventLoop) {
    let (client, mut events) = AsyncClient::new(MqttOptions::new("person", "127.0.0.1", broker.addr().port()), 10);
    client.subscribe("doors/#", QoS::AtLeastOnce).await.unwrap();
    while !matches!(events.poll().await.unwrap(), Event::Incoming(Packet::SubAck(_))) {}
    (client, events)
}

#[tokio::test(flavor = "multi_thread")]
async fn three_people_get_from_nothing_to_private_messages_by_an_invitation_into_a_network_of_their_own() {
    let (alice, bob, carol) = (Person::new(), Person::new(), Person::new());
    let mut brokers = Vec::new();
    for _ in 0..3 {
        brokers.push(Broker::start(BrokerOptions::on(([127, 0, 0, 1], 0))).await.unwrap());
    }
    let address = |index: usize| format!("mqtt://{}", brokers[index].addr());

    // Alice makes the network, and invites whoever has her invitation.
    let port = alice.create("Orchard Lane").await.settings.ports.p2p;
    alice.runs().await;
    alice.register("mqtt_alice").await;
    let of_alice = alice.bridge("mqtt_alice", &address(0)).await;
    alice.app.start(&of_alice).await.unwrap();
    alice.has_account(&of_alice).await;
    let input = InvitationInput {
        to: String::new(),
        offers: vec!["doors/#".to_owned()],
        wants: Vec::new(),
        per_minute: None,
        max_payload: None,
        note: String::new(),
        peers: vec![format!("127.0.0.1:{port}")],
    };
    let invitation = alice.app.make_invitation(&of_alice, input).await.unwrap().text;

    // The others join by what it says, and approve of it in bridges of their own.
    let mut answers = Vec::new();
    for (person, account, index) in [(&bob, "mqtt_bob", 1), (&carol, "mqtt_carol", 2)] {
        let invited = person.app.invited_to(&invitation).unwrap();
        assert_eq!((invited.from.as_str(), &invited.node), ("mqtt_alice", &None));
        let network = invited.network.unwrap();
        let peers = network.peers.into_iter().map(String::from).collect();
        person.add(NewNetwork::Join { name: network.name, peers }).await;
        person.runs().await;
        assert!(person.app.invited_to(&invitation).unwrap().node.is_some(), "they are in it now");
        person.register(account).await;
        let id = person.bridge(account, &address(index)).await;
        person.app.start(&id).await.unwrap();
        person.has_account(&id).await;
        let read = person.app.read_invitation(&id, &invitation).await.unwrap();
        assert!(read.in_network);
        assert_eq!(read.authorship, Authorship::Proven);
        let approval = Approval { receive: read.offers, send: read.wants, per_minute: None, max_payload: None };
        let accepted = person.app.accept_invitation(&id, &invitation, approval).await.unwrap();
        answers.push(accepted.answer.unwrap().text);
    }
    for answer in &answers {
        let read = alice.app.read_invitation(&of_alice, answer).await.unwrap();
        let approval = Approval { receive: read.offers, send: read.wants, per_minute: None, max_payload: None };
        alice.app.accept_invitation(&of_alice, answer, approval).await.unwrap();
    }

    // What alice's broker has on a topic that she offers, theirs get as soon as she has learned that they want it.
    alice.knows_what_is_wanted(&of_alice, 2).await;
    let (_, mut at_bob) = client(&brokers[1]).await;
    let (_, mut at_carol) = client(&brokers[2]).await;
    let (publisher, mut events) = client(&brokers[0]).await;
    publisher.publish("doors/front", QoS::AtLeastOnce, true, "open").await.unwrap();
    let driving = tokio::spawn(async move { while events.poll().await.is_ok() {} });
    for events in [&mut at_bob, &mut at_carol] {
        let arrived = async {
            loop {
                if let Event::Incoming(Packet::Publish(message)) = events.poll().await.unwrap() {
                    return message.payload;
                }
            }
        };
        let payload = tokio::time::timeout(LIMIT, arrived).await.expect("the message arrives");
        assert_eq!(payload, "open");
    }
    driving.abort();
    tokio::join!(alice.app.close(), bob.app.close(), carol.app.close());
}
