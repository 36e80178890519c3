//! Nodes that the app runs: one for the public network that catches up, and one that begins a network of one's own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::{Machine, Window};

/// The sandbox's stand-in for twisterd. It lies beside the app when both are built.
fn stand_in() -> String {
    let path = Path::new(env!("CARGO_BIN_EXE_mqtt-twister"))
        .with_file_name("twisterd")
        .with_extension(std::env::consts::EXE_EXTENSION);
    assert!(path.is_file(), "{}: cargo build -p mqtt-twister-sandbox --bin twisterd makes it", path.display());
    path.display().to_string()
}

/// Stops the one node on the page, leaves its network, and sees nothing of it.
async fn leave(window: &Window) {
    window.press("stop-node").await;
    window.shows("node-phase", "Stopped").await;
    window.press("leave-node").await;
    window.says("This cannot be undone").await;
    window.screenshot("nodes-leave.png").await;
    window.press("leave-question confirm").await;
    window.is_gone("own-node-facts").await;
    window.shows("no-program", "There is no twisterd").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_without_twisterd_is_told_what_it_is_and_watches_one_that_they_have_catch_up() {
    let folder = tempfile::tempdir().unwrap();
    let synced = folder.path().join("percent");
    let has_synced = |percent: u32| fs::write(&synced, percent.to_string()).unwrap();
    has_synced(0);
    let script = format!("sync={}", synced.display());
    let window = Machine::new().variable("TWISTERD_STAND_IN", &script).open().await;
    window.press("nodes-link").await;
    window.shows("no-program", "github.com/miguelfreitas/twister-core").await;
    window.screenshot("nodes-none.png").await;

    window.press("way-public").await;
    let letter = folder.path().join("letter");
    fs::write(&letter, "Dear reader").unwrap();
    fs::set_permissions(&letter, fs::Permissions::from_mode(0o755)).unwrap();
    window.fill("program", &letter.display().to_string()).await;
    window.press("add-node").await;
    window.says("is not a program for this computer").await;
    window.fill("program", &stand_in()).await;
    window.press("add-node").await;
    window.shows("sync", "Block").await;
    has_synced(50);
    let percent = "return document.querySelector('[data-testid=sync] [role=progressbar]')?.ariaValueNow ?? ''";
    window.answers(percent, "50").await;
    window.screenshot("nodes-sync.png").await;
    window.is_accessible("A node that catches up").await;
    has_synced(100);
    window.shows("node-phase", "Running").await;
    window.shows("node-progress", "100 %").await;
    window.press("node-log-toggle").await;
    window.shows("node-log", "Done loading").await;
    leave(&window).await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_begins_a_network_of_their_own_by_clicks_alone_and_invites_into_it_and_leaves_it() {
    let window = Window::open().await;
    window.press("connect").await;
    window.press("node-by-app").await;
    window.fill("network-name", "Orchard Lane").await;
    window.fill("program", &stand_in()).await;
    window.screenshot("connect-create.png").await;
    window.is_accessible("A network of one's own").await;
    window.press("add-node").await;
    window.find("node-report").await;
    window.press("next").await;
    window.make_account("mqtt_alice").await;
    window.finish_with_the_builtin_broker().await;
    // The block that confirms the name is made because it is waited for.
    window.shows("bridge-state", "Running").await;

    window.go("#/bridge/mqtt_alice/people").await;
    window.press("invite").await;
    window.fill("invite-offers", "doors/#").await;
    window.fill("invite-peers", "orchard.example.org:28333").await;
    window.screenshot("people-invite-network.png").await;
    window.press("make-invitation").await;
    let invitation = window.find("invitation-text").await.prop("value").await.unwrap().unwrap();
    window.press("invite-done").await;

    // Whoever reads it elsewhere gets into the network by it.
    window.go("#/nodes").await;
    window.shows("own-node-facts", "mqtt_alice").await;
    window.settled().await;
    window.screenshot("nodes-own.png").await;
    window.is_accessible("The nodes").await;
    window.press("another-node").await;
    window.press("way-join").await;
    window.fill("network-invitation", &format!("For you: {invitation}")).await;
    window.shows("invited", "Orchard Lane").await;
    window
        .answers("return document.querySelector('[data-testid=network-peers]').value", "orchard.example.org:28333")
        .await;

    assert!(!window.written().contains("rpcpassword"), "the node's password is in a file");
    window.shows("node-phase", "Running").await;
    window.press("leave-node").await;
    window.shows("lost-keys", "@mqtt_alice").await;
    window.go("#/overview").await;
    window.go("#/nodes").await;
    leave(&window).await;
    window.close().await;
}
