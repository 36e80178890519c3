#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::TcpListener;
use std::path::Path;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use super::*;
use crate::Bridge;
use crate::config::{BridgeConfig, ConfigFile};
use crate::message::{Message, Qos};
use crate::queue::{DelayCode, EntryState, QueueAction, Selection};
use crate::route::{Receiver, Route, Waiting};
use crate::secrets::Secrets;
use crate::store::{Store, Taken};

/// A bridge whose node and broker are not there.
fn config() -> BridgeConfig {
    let free = || TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let text = format!(
        "[[bridge]]\nname = 'home'\nforwards = [{{ from = '#', type = 'private', to = ['mqtt_bob'] }}]\n\
         [bridge.twister]\nurl = 'http://127.0.0.1:{}'\naccount = 'mqtt_alice'\n\
         [bridge.broker]\nurl = 'mqtt://127.0.0.1:{}'\n",
        free(),
        free()
    );
    ConfigFile::parse_toml(&text).unwrap().bridges.remove(0)
}

async fn start(data_dir: &Path) -> Bridge {
    Bridge::start(config(), Secrets::default(), data_dir).await.unwrap()
}

/// Puts messages for mqtt_bob and mqtt_carol into the database of the bridge that does not run.
fn fill(folder: &Path) {
    let batch = ["mqtt_bob", "mqtt_carol"].map(|name| {
        let message = Message::new("doors/1".parse().unwrap(), "open sesame", Qos::AtLeastOnce);
        let receiver = Receiver::Account(name.parse().unwrap());
        let route = Route { receiver, message, waiting: Waiting::default(), compatible: false };
        Taken { routes: vec![route], refused: false, unreleased: None, again: false }
    });
    Store::open(folder).unwrap().take(&batch, 1_000_000).unwrap();
}

#[tokio::test]
async fn a_running_bridge_says_what_waits_and_why() {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("home");
    fill(&folder);
    assert!(Client::connect(&folder).await.unwrap().is_none());
    let bridge = start(dir.path()).await;
    let mut client = Client::connect(&folder).await.unwrap().unwrap();
    let status = client.status().await.unwrap();
    assert_eq!((status.state.bridge.as_str(), status.state.counters.waiting_out), ("home", 2));
    let codes: Vec<(String, DelayCode)> =
        status.queue.iter().map(|summary| (summary.receiver.to_string(), summary.delays[0].code)).collect();
    let expected = [("mqtt_bob", DelayCode::NotReady), ("mqtt_carol", DelayCode::NotNamed)];
    assert_eq!(codes, expected.map(|(name, code)| (name.to_owned(), code)));
    assert_eq!(bridge.queue().await.unwrap(), status.queue);
    bridge.stop().await;
    assert!(matches!(client.status().await, Err(ControlError::Ended)));
    assert!(Client::connect(&folder).await.unwrap().is_none());
}

#[tokio::test]
async fn a_running_bridge_does_what_it_is_told_with_what_waits() {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("home");
    fill(&folder);
    let bridge = start(dir.path()).await;
    let mut client = Client::connect(&folder).await.unwrap().unwrap();
    let bobs = Selection { receiver: Some(Receiver::Account("mqtt_bob".parse().unwrap())), ..Selection::default() };
    assert_eq!(client.change(QueueAction::Hold, &bobs).await.unwrap().changed, 1);
    let page = client.page(&bobs, 0, 10).await.unwrap();
    assert_eq!((page.entries.len(), page.entries[0].state, page.more), (1, EntryState::Held, false));
    assert_eq!(client.change(QueueAction::Drop, &Selection::default()).await.unwrap().changed, 2);
    assert_eq!(client.status().await.unwrap().state.counters.dropped, 2);
    bridge.stop().await;
}

#[cfg(unix)]
#[tokio::test]
async fn the_socket_is_for_the_same_user_and_one_left_by_a_killed_bridge_is_replaced() {
    use std::os::unix::fs::PermissionsExt as _;

    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("home");
    std::fs::create_dir(&folder).unwrap();
    let socket = folder.join("control.sock");
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    assert!(Client::connect(&folder).await.unwrap().is_none());
    let bridge = start(dir.path()).await;
    assert!(Client::connect(&folder).await.unwrap().is_some());
    assert_eq!(socket.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    bridge.stop().await;
    assert!(!socket.exists());
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_the_next_one_is_answered() {
    let dir = TempDir::new().unwrap();
    let bridge = start(dir.path()).await;
    let mut stream = BufReader::new(socket::connect(&socket::name(&dir.path().join("home"))).await.unwrap());
    let mut replies = String::new();
    for request in ["{\"request\":\"fly\"}\n", "\n", "{\"request\":\"status\"}\n"] {
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.read_line(&mut replies).await.unwrap();
    }
    let kinds: Vec<String> = replies
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["reply"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["refused", "refused", "status"]);
    bridge.stop().await;
}

#[tokio::test]
async fn a_request_without_end_is_not_kept_in_memory() {
    let dir = TempDir::new().unwrap();
    let bridge = start(dir.path()).await;
    let mut stream = BufReader::new(socket::connect(&socket::name(&dir.path().join("home"))).await.unwrap());
    let endless = vec![b'x'; 64 * 1024];
    // The bridge hangs up.
    while stream.write_all(&endless).await.is_ok() {}
    bridge.stop().await;
}

#[tokio::test]
async fn a_running_bridge_goes_on_with_the_settings_that_it_is_given_or_says_why_not() {
    let dir = TempDir::new().unwrap();
    let bridge = start(dir.path()).await;
    let mut client = Client::connect(&dir.path().join("home")).await.unwrap().unwrap();
    let mut next = (*bridge.config()).clone();
    next.following.push("mqtt_carol".parse().unwrap());
    client.reconfigure(&next).await.unwrap();
    assert_eq!(*bridge.config(), next);
    let mut elsewhere = next.clone();
    elsewhere.twister.account = "mqtt_dave".parse().unwrap();
    assert!(matches!(client.reconfigure(&elsewhere).await, Err(ControlError::Refused(_))));
    assert_eq!(*bridge.config(), next);
    bridge.stop().await;
}

#[tokio::test]
async fn whoever_watches_is_told_of_messages_on_the_topics_and_of_what_is_in_them_only_if_asked_for() {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("home");
    fill(&folder);
    let bridge = start(dir.path()).await;
    let connect = async || Client::connect(&folder).await.unwrap().unwrap();
    let mut all = connect().await.watch(None, true).await.unwrap();
    let mut doors = connect().await.watch(Some("doors/#".parse().unwrap()), false).await.unwrap();
    let mut windows = connect().await.watch(Some("windows/#".parse().unwrap()), true).await.unwrap();
    connect().await.change(QueueAction::Drop, &Selection::default()).await.unwrap();
    for (watching, payload) in [(&mut all, "open sesame"), (&mut doors, "")] {
        let Some(Told::Moved(event)) = watching.next().await.unwrap() else { panic!("no message") };
        assert_eq!((event.topic.as_str(), event.payload.bytes()), ("doors/1", payload.as_bytes()));
        assert_eq!(event.payload.len(), 11);
    }
    bridge.stop().await;
    assert_eq!(windows.next().await.unwrap(), None);
}
