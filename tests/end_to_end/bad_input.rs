//! What people get wrong, and what is not ready yet: the program names the part, the reason and what to do, loses nothing,
//! and its other bridges go on.

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::{BridgeProcess, Client, Message, Mosquitto, Network, PASSWORD, free_port, toml_bridge};

const BROKER_LOGIN: (&str, &str) = ("carol", "open sesame");
const WRONG: &str = "swordfish";

/// Two bridges that work, and carol's, with whose node, account or broker something is wrong. All three run in one process.
struct Trio {
    network: Network,
    alice_broker: Mosquitto,
    bob_broker: Mosquitto,
    carol_broker: Mosquitto,
    dir: TempDir,
}

/// Carol's side of it. What is not said otherwise is right, but for her account: there is none called carol.
struct Carol {
    account: &'static str,
    node: String,
    node_password: &'static str,
    broker_password: &'static str,
}

impl Trio {
    async fn set_up() -> Self {
        let carol_broker = Mosquitto::start_with_login(BROKER_LOGIN.0, BROKER_LOGIN.1);
        let (network, alice_broker, bob_broker, carol_broker) =
            tokio::join!(Network::of_alice_and_bob(), Mosquitto::start(), Mosquitto::start(), carol_broker);
        Self { network, alice_broker, bob_broker, carol_broker, dir: TempDir::new().unwrap() }
    }

    fn carol(&self) -> Carol {
        Carol { account: "carol", node: self.network.url(1), node_password: PASSWORD, broker_password: BROKER_LOGIN.1 }
    }

    /// Starts the three bridges.
    fn start(&self, carol: &Carol) -> BridgeProcess {
        let alice_rules = "publications = ['alice/#']\nforwards = [{ from = 'alice/#' }]";
        let bob_rules = "following = ['mqtt_alice', 'carol']\nsubscriptions = ['#']";
        let carol_rules = "publications = ['carol/#']\nforwards = [{ from = 'carol/#' }]";
        let config = [
            toml_bridge("alice", "mqtt_alice", &self.network.url(0), &self.alice_broker.address(), alice_rules),
            toml_bridge("bob", "mqtt_bob", &self.network.url(1), &self.bob_broker.address(), bob_rules),
            toml_bridge("carol", carol.account, &carol.node, &self.carol_broker.address(), carol_rules),
            format!("user = \"{}\"\n", BROKER_LOGIN.0),
        ]
        .concat();
        let settings = [
            ("MQTT_TWISTER_ALICE_NODE_PASSWORD", PASSWORD),
            ("MQTT_TWISTER_BOB_NODE_PASSWORD", PASSWORD),
            ("MQTT_TWISTER_CAROL_NODE_PASSWORD", carol.node_password),
            ("MQTT_TWISTER_CAROL_BROKER_PASSWORD", carol.broker_password),
        ];
        BridgeProcess::start(self.dir.path(), &config, &settings)
    }

    /// Checks that the bridges of alice and bob work.
    async fn others_go_on(&self) {
        let at_bob = Client::watching(self.bob_broker.port(), "alice/#").await;
        let alice = Client::connect(self.alice_broker.port(), "alice").await;
        alice.publish("alice/1", "as ever").await;
        assert_eq!(at_bob.wait_for(1).await, [Message::new("alice/1", "as ever")]);
    }

    async fn carol_person(&self) -> Client {
        Client::connect_as(self.carol_broker.port(), "carol-person", BROKER_LOGIN.0, BROKER_LOGIN.1).await
    }
}

/// Whether the text has all these words: what happened, where, what to do.
fn assert_names(problem: &str, words: &[&str]) {
    for word in words {
        assert!(problem.to_lowercase().contains(&word.to_lowercase()), "{problem:?} does not name {word:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_node_password_is_named_and_never_shown() {
    let trio = Trio::set_up().await;
    let bridges = trio.start(&Carol { node_password: WRONG, ..trio.carol() });
    let problem = bridges.problem("carol", "node_credentials").await;
    assert_names(&problem, &["password", &trio.network.url(1)]);
    trio.others_go_on().await;
    assert!(!bridges.has_said(WRONG) && !bridges.has_said(PASSWORD), "a password was printed");
    bridges.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_broker_password_is_named_and_never_shown() {
    let trio = Trio::set_up().await;
    let bridges = trio.start(&Carol { broker_password: WRONG, ..trio.carol() });
    let problem = bridges.problem("carol", "broker_credentials").await;
    assert_names(&problem, &["password", &trio.carol_broker.address()]);
    trio.others_go_on().await;
    assert!(!bridges.has_said(WRONG), "a password was printed");
    bridges.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_not_there_is_named() {
    let trio = Trio::set_up().await;
    let nowhere = format!("http://127.0.0.1:{}", free_port());
    let bridges = trio.start(&Carol { node: nowhere.clone(), ..trio.carol() });
    let problem = bridges.problem("carol", "node_unreachable").await;
    assert_names(&problem, &[&nowhere]);
    trio.others_go_on().await;
    bridges.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_server_in_the_node_s_place_is_not_taken_for_a_node() {
    let trio = Trio::set_up().await;
    let web_server = web_server().await;
    let bridges = trio.start(&Carol { node: web_server.clone(), ..trio.carol() });
    let problem = bridges.problem("carol", "not_a_node").await;
    assert_names(&problem, &[&web_server]);
    trio.others_go_on().await;
    bridges.stop().await;
}

/// The address of something that speaks HTTP and is no node. It ends with the test.
async fn web_server() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let _ = connection.read(&mut [0; 4096]).await;
            let _ =
                connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nHello").await;
        }
    });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_not_in_the_wallet_is_named() {
    let trio = Trio::set_up().await;
    let bridges = trio.start(&trio.carol());
    let problem = bridges.problem("carol", "account_not_in_wallet").await;
    assert_names(&problem, &["carol", "wallet"]);
    trio.others_go_on().await;
    bridges.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_registered_later_comes_up_by_itself_and_has_lost_nothing() {
    let trio = Trio::set_up().await;
    trio.network.create_key(1, "carol").await;
    let bridges = trio.start(&trio.carol());
    let problem = bridges.problem("carol", "account_not_registered").await;
    assert_names(&problem, &["carol", "regist"]);
    trio.others_go_on().await;
    bridges.state("carol", "carol's broker", |state| state["broker"]["status"] == "up").await;
    trio.carol_person().await.publish("carol/1", "before the registration").await;

    trio.network.register(1, "carol").await;
    bridges.ready().await;
    let at_bob = Client::watching(trio.bob_broker.port(), "carol/#").await;
    trio.carol_person().await.publish("carol/2", "after it").await;
    let first = Message::new("carol/1", "before the registration");
    let at_bob = at_bob.wait_until("carol's message", |messages| messages.iter().any(|m| m.topic == "carol/2")).await;
    // The watcher may have come too late for the first one; the bridge's counters say that it was delivered.
    assert!(at_bob == [first, Message::new("carol/2", "after it")] || at_bob == [Message::new("carol/2", "after it")]);
    bridges.state("bob", "three delivered messages", |state| state["counters"]["delivered"] == 3).await;
    bridges.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_still_syncing_is_named_and_waited_for() {
    let trio = Trio::set_up().await;
    let carol_network = Network::behind().await;
    let bridges = trio.start(&Carol { node: carol_network.url(0), ..trio.carol() });
    let problem = bridges.problem("carol", "node_syncing").await;
    assert_names(&problem, &["block 200 of 600", "catching up"]);
    trio.others_go_on().await;
    carol_network.catch_up();
    bridges.state("carol", "carol's account", |state| state["account"]["status"] == "up").await;
    bridges.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_cut_off_with_an_old_chain_is_named_and_waited_for() {
    let trio = Trio::set_up().await;
    let carol_network = Network::syncing().await;
    let bridges = trio.start(&Carol { node: carol_network.url(0), ..trio.carol() });
    let problem = bridges.problem("carol", "no_peers").await;
    assert_names(&problem, &["connection", "block", "3 days"]);
    carol_network.catch_up();
    bridges.ready().await;
    bridges.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_larger_than_messages_may_be_is_refused_visibly_and_the_next_message_crosses() {
    let trio = Trio::set_up().await;
    let bridges = trio.start(&trio.carol());
    let up = |state: &Value| state["ready"] == true;
    tokio::join!(bridges.state("alice", "alice's bridge", up), bridges.state("bob", "bob's bridge", up));
    let alice = Client::connect(trio.alice_broker.port(), "alice-too").await;
    alice.publish("alice/large", vec![b'x'; 300_000]).await;
    let problem = bridges.problem("alice", "payload_too_large").await;
    assert_names(&problem, &["alice/large", "300000"]);
    trio.others_go_on().await;
    bridges.state("alice", "the count", |state| state["counters"]["refused"] == 1).await;
    bridges.stop().await;
}
