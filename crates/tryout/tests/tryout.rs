//! What is set up can be tried out: the bridges come up, and messages cross.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::time::Duration;

use mqtt_twister_bridge::Bridge;
use mqtt_twister_bridge::event::{BridgeEvent, MessageEvent, Step};
use mqtt_twister_bridge::message::{Message, Qos};
use mqtt_twister_bridge::publish::publish;
use mqtt_twister_tryout::{Tryout, TryoutBridge};
use tempfile::TempDir;

/// How long a test waits for something that should come at once. A slow machine is no reason to fail.
const PATIENCE: Duration = Duration::from_secs(60);

async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what} did not come"))
}

/// The tryout's bridges, ready.
async fn start_bridges(tryout: &Tryout) -> [Bridge; 2] {
    let [alice, bob] = tryout.bridges() else { panic!("two bridges") };
    let start = async |TryoutBridge { config, secrets }: &TryoutBridge| {
        let bridge = Bridge::start(config.clone(), secrets.clone(), tryout.bridges_dir()).await.unwrap();
        in_time("a bridge that is ready", async { drop(bridge.watch_state().wait_for(|state| state.ready).await) })
            .await;
        bridge
    };
    let (alice, bob) = tokio::join!(start(alice), start(bob));
    [alice, bob]
}

/// Publishes on one bridge's broker and waits until the other one has given the message to its own.
async fn cross(tryout: &Tryout, from: usize, to: &Bridge, topic: &str) -> Box<MessageEvent> {
    let mut events = to.events();
    let TryoutBridge { config, secrets } = &tryout.bridges()[from];
    let message = Message::new(topic.parse().unwrap(), b"open", Qos::AtLeastOnce);
    publish(&config.broker, &secrets.broker, message).await.unwrap();
    in_time(topic, async {
        loop {
            match events.recv().await.unwrap() {
                BridgeEvent::Message(message) if message.step == Step::Delivered => return message,
                _ => {}
            }
        }
    })
    .await
}

async fn try_out(data_dir: Option<&Path>) {
    let tryout = Tryout::start(data_dir).await.unwrap();
    let [alice, bob] = start_bridges(&tryout).await;
    assert_eq!((alice.name().as_str(), bob.name().as_str()), ("alice", "bob"));
    for (topic, public) in [("sensors/kitchen", true), ("doors/front", false)] {
        let message = cross(&tryout, 0, &bob, topic).await;
        assert_eq!((message.topic.as_str(), message.public), (topic, public));
    }
    let message = cross(&tryout, 1, &alice, "fridges/1").await;
    assert_eq!((message.topic.as_str(), message.public), ("fridges/1", true));
    tokio::join!(alice.stop(), bob.stop());
    tryout.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_cross_in_both_directions() {
    try_out(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_found_again() {
    let folder = TempDir::new().unwrap();
    try_out(Some(folder.path())).await;
    try_out(Some(folder.path())).await;
}
