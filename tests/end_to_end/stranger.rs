//! A node that the program knows as it would know a stranger's: by URL, user and password, and nothing else.

use tempfile::TempDir;

use crate::support::{BridgeProcess, Client, Message, Mosquitto, Network, PASSWORD, toml_bridge};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_known_by_url_user_and_password_joins_two_brokers() {
    let (network, alice_broker, bob_broker) =
        tokio::join!(Network::of_alice_and_bob(), Mosquitto::start(), Mosquitto::start());
    let alice_rules = "following = ['mqtt_bob']\npublications = ['#']\n\
                       forwards = [{ from = 'open/#' }, { from = 'closed/#', type = 'private', to = ['mqtt_bob'] }]";
    let bob_rules = "following = ['mqtt_alice']\nsubscriptions = ['open/#', 'closed/#']";
    let config = |name, account, node, broker: &Mosquitto, rules| {
        toml_bridge(name, account, &network.url(node), &broker.address(), rules)
    };
    let (alice_dir, bob_dir) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let alice_config = config("my-home", "mqtt_alice", 0, &alice_broker, alice_rules);
    let alice =
        BridgeProcess::start(alice_dir.path(), &alice_config, &[("MQTT_TWISTER_MY_HOME_NODE_PASSWORD", PASSWORD)]);
    let bob_config = config("bob", "mqtt_bob", 1, &bob_broker, bob_rules);
    let bob = BridgeProcess::start(bob_dir.path(), &bob_config, &[("MQTT_TWISTER_BOB_NODE_PASSWORD", PASSWORD)]);
    let at_bob = Client::watching(bob_broker.port(), "#").await;
    tokio::join!(alice.ready(), bob.ready());

    let alice_person = Client::connect(alice_broker.port(), "alice").await;
    alice_person.publish("open/1", "for everybody").await;
    alice_person.publish("closed/1", "for bob").await;
    let mut arrived = at_bob.wait_for(2).await;
    arrived.sort();
    assert_eq!(arrived, [Message::new("closed/1", "for bob"), Message::new("open/1", "for everybody")]);
    for bridge in [&alice, &bob] {
        assert!(!bridge.has_said(PASSWORD), "the password was printed");
    }
    tokio::join!(alice.stop(), bob.stop());
}
