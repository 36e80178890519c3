//! A bridge of one's own: node, account, broker, name.

use crate::support::{Machine, Stranger, Window};

/// Goes through all steps of a new bridge.
async fn describe_bridge(window: &Window, network: &Stranger) {
    let node = &network.nodes[0];
    window.fill("node-url", &node.url).await;
    window.fill("node-user", &node.user).await;
    window.fill("node-password", &node.password).await;
    window.press("check-node").await;
    window.find("node-report").await;
    window.press("next").await;
    window.choose("accounts", "mqtt_alice").await;
    window.press("next").await;
    window.press("builtin-broker").await;
    window.says("The built-in broker listens at").await;
    window.press("next").await;
    window.press("add-share").await;
    window.fill("share-topics", "doors/#").await;
    window.fill("share-people", "@mqtt_bob").await;
    window.fill("receive-people", "@mqtt_bob").await;
    window.fill("receive-topics", "fridges/#").await;
    window.fill("name", "home").await;
    window.press("next").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_connects_a_node_and_the_built_in_broker_and_the_password_is_in_no_file() {
    let network = Stranger::start(&["mqtt_alice@0"]).await;
    let window = Window::open().await;
    window.press("connect").await;

    // A wrong password is named before anything is saved.
    window.fill("node-url", &network.nodes[0].url).await;
    window.fill("node-user", &network.nodes[0].user).await;
    window.fill("node-password", "swordfish").await;
    window.press("check-node").await;
    window.shows("error", "password").await;

    describe_bridge(&window, &network).await;
    window.shows("bridge-name", "home").await;
    window.shows("bridge-state", "Running").await;
    window.press("stop-bridge").await;
    window.shows("bridge-state", "Stopped").await;

    let written = window.written();
    for wish in ["mqtt_alice", "doors/#", "mqtt_bob", "fridges/#"] {
        assert!(written.contains(wish), "{wish} was not saved");
    }
    assert!(!written.contains(&network.nodes[0].password), "the password is in a file");
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keyring_the_user_is_told_what_to_do_and_the_password_is_in_no_file() {
    let network = Stranger::start(&["mqtt_alice@0"]).await;
    let window = Window::open_without_keyring().await;
    window.press("connect").await;
    describe_bridge(&window, &network).await;
    window.says("MQTT_TWISTER_HOME_NODE_PASSWORD").await;
    assert!(!window.written().contains(&network.nodes[0].password), "the password is in a file");
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_login_of_a_node_on_this_machine_is_taken_when_the_user_agrees_and_is_in_no_file() {
    let network = Stranger::start(&["mqtt_alice@0"]).await;
    let node = &network.nodes[0];
    let settings = format!("rpcuser={}\nrpcpassword={}\nrpcport={}\n", node.user, node.password, node.port());
    let window = Machine::new().file(".twister/twister.conf", &settings).open().await;
    window.press("connect").await;
    window.press("read-node-file").await;
    window.find("node-report").await;
    assert_eq!(window.script("return document.querySelector('[data-testid=node-password]').value").await, "");
    window.press("next").await;
    window.choose("accounts", "mqtt_alice").await;
    window.press("next").await;
    window.finish_with_the_builtin_broker().await;
    window.shows("bridge-state", "Running").await;
    assert!(!window.written().contains(&node.password), "the password is in a file");
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_registers_a_new_account_and_the_bridge_waits_for_the_block_that_confirms_it() {
    let network = Stranger::start(&["mqtt_alice@0"]).await;
    let node = &network.nodes[0];
    let window = Window::open().await;
    window.press("connect").await;
    window.fill("node-url", &format!("http://{}:{}@127.0.0.1:{}", node.user, node.password, node.port())).await;
    window.press("check-node").await;
    window.find("node-report").await;
    window.press("next").await;
    window.make_account("mqtt_newcomer").await;
    window.finish_with_the_builtin_broker().await;
    window.shows("bridge-name", "mqtt_newcomer").await;
    window.shows("bridge-state", "Running").await;
    window.close().await;
}
