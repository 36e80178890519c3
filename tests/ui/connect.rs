//! A bridge of one's own: node, account, broker, name.

use crate::support::{Stranger, Window};

/// Fills in all that the app asks for a new bridge, but for the name's last button.
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
    window.press("start-bridge").await;
    window.shows("bridge-state", "Running").await;
    window.press("stop-bridge").await;
    window.shows("bridge-state", "Stopped").await;

    let written = window.written();
    assert!(written.contains("mqtt_alice"), "the settings were not saved");
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
