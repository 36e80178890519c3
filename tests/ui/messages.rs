//! Messages and publishing: what crosses is shown step by step and from every side.

use std::fs;

use serde_json::{Value, json};

use crate::support::Window;

/// "Try it", open and running.
async fn tryout() -> Window {
    let window = Window::open().await;
    window.press("try-it").await;
    window.find("sandbox-banner").await;
    window.shows("side-alice bridge-state", "Running").await;
    window.shows("side-bob bridge-state", "Running").await;
    window
}

/// Publishes from the page for it. What the bridge's broker is, the page says.
async fn publish(window: &Window, bridge: &str, topic: &str, payload: &str) {
    window.go("#/publish").await;
    window.pick("publish-bridge", bridge).await;
    window.fill("publish-topic", topic).await;
    window.fill("publish-payload", payload).await;
    window.press("publish").await;
    window.shows("publish-outcome", "took it over").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_followed_until_the_far_broker_has_it() {
    let window = tryout().await;
    publish(&window, "try/alice", "sensors/porch", "19.5").await;
    for payload in [r#"{"open":false,"battery":81}"#, r#"{"open":true,"battery":80}"#] {
        publish(&window, "try/alice", "doors/front", payload).await;
    }

    // The public one is out, and nobody says that everybody has it.
    window.go("#/messages").await;
    window.pick("filter-bridge", "try/alice").await;
    window.fill("filter-topic", "sensors/#").await;
    window.shows("message-row", "Posted").await;
    window.press("message-row").await;
    window.press("detail-journey").await;
    window.shows("signature", "read back").await;
    window.press("detail-chart").await;
    window.shows("chart-summary", "1 value: 19.5").await;

    // The private ones are acked by the far broker.
    window.fill("filter-topic", "doors/+").await;
    window.shows("message-count", "2 messages").await;
    window.shows("message-row", "Acked").await;
    window.press("message-row").await;
    window.shows("payload-tree", "battery").await;
    window.screenshot("messages.png").await;
    window.press("detail-journey").await;
    for step in ["Taken", "Queued", "Posted", "Acked"] {
        window.shows("journey", step).await;
    }
    window.find("post-number").await;
    window.screenshot("messages-journey.png").await;
    window.press("detail-difference").await;
    window.shows("difference", "\"open\": true").await;
    window.press("detail-chart").await;
    window.pick("chart-field", "/battery").await;
    window.shows("chart-summary", "2 values, last 80, from 80 to 81.").await;
    window.screenshot("messages-chart.png").await;

    // On the other side they came in, through whom the path says.
    window.pick("filter-bridge", "try/bob").await;
    window.shows("message-row", "Delivered").await;
    window.press("message-row").await;
    window.press("detail-journey").await;
    window.shows("journey", "Delivered").await;
    window.shows("signature", "Checked by the node").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_with_properties_arrives_with_them_and_can_be_published_again() {
    let window = tryout().await;
    window.go("#/publish").await;
    window.pick("publish-bridge", "try/alice").await;
    window.fill("publish-topic", "doors/front").await;
    window.pick("publish-format", "hex").await;
    window.fill("publish-payload", "6f 70 65").await;
    window.fill("publish-payload", "6f 70 65 6").await;
    window.says("two for every byte").await;
    window.fill("publish-payload", "6f 70 65 6e").await;
    window.press("publish-properties").await;
    window.fill("publish-content-type", "text/plain").await;
    window.fill("publish-response-topic", "doors/answer").await;
    window.fill("publish-correlation", "q1").await;
    window.fill("publish-expiry", "3600").await;
    window.press("publish-is-text").await;
    window.press("add-property").await;
    window.fill("property-name", "room").await;
    window.fill("property-value", "hall").await;
    window.press("publish-retain").await;
    window.press("publish").await;
    window.shows("publish-outcome", "took it over").await;
    window.fill("save-name", "Front door").await;
    window.press("save-message").await;
    window.shows("saved-message", "Front door").await;
    window.screenshot("publish.png").await;

    window.go("#/messages").await;
    window.pick("filter-bridge", "try/bob").await;
    window.shows("message-row", "doors/front").await;
    window.press("message-row").await;
    window.shows("payload-text", "open").await;
    window.press("detail-properties").await;
    for value in ["text/plain", "doors/answer", "q1", "UTF-8 text", "hall"] {
        window.shows("properties", value).await;
    }
    window.screenshot("messages-properties.png").await;

    // It can be taken up again from where it was saved.
    window.go("#/publish").await;
    window.press("saved-message").await;
    window.press("publish").await;
    window.shows("publish-outcome", "took it over").await;
    window.go("#/messages").await;
    window.shows("message-count", "4 messages").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_during_a_pause_is_there_after_it_and_a_recording_can_be_read() {
    let window = tryout().await;
    window.go("#/messages").await;
    window.press("recording").await;
    window.press("turn-recording").await;
    window.shows("recording", "Recording").await;
    window.screenshot("recording.png").await;
    publish(&window, "try/alice", "doors/front", "open").await;
    window.go("#/messages").await;
    window.shows("message-row", "doors/front").await;
    window.press("pause").await;

    // Another way to publish: the page with the paused list stays as it is.
    let message = json!({
        "bridge": "try/bob", "topic": "fridges/cellar", "payload": "4.5", "format": "text", "qos": 1, "retain": false,
        "properties": {
            "is_text": false, "content_type": "", "response_topic": "", "correlation_data": "",
            "correlation_format": "text", "expiry_s": null, "user": []
        }
    });
    let script = format!("window.__TAURI_INTERNALS__.invoke('publish', {{ message: {message} }})");
    window.script(&script).await;
    window.shows("pause", "new").await;
    assert!(!shown(&window).await.contains("fridges/cellar"));
    window.press("pause").await;
    window.shows("message-row", "fridges/cellar").await;

    // The tree has all topics, and a press on one shows what is below it.
    window.press("topic-turn").await;
    window.shows("topic-tree", "doors").await;
    window.fill("message-filter", "4.5").await;
    window.shows("message-row", "fridges/cellar").await;
    window.press("clear-filter").await;

    window.press("recording").await;
    window.press("turn-recording").await;
    window.shows("recording", "Record").await;
    window.shows("recording-state", "messages recorded").await;
    let lines = recorded(&window);
    let line = |topic: &str| -> Value {
        let found =
            lines.lines().find(|line| line.contains(&format!("\"topic\":\"{topic}\"")) && line.contains("\"t\""));
        serde_json::from_str(found.unwrap_or_else(|| panic!("{topic} is not recorded:\n{lines}"))).unwrap()
    };
    assert_eq!(line("doors/front")["payload"], json!("open"));
    assert_eq!(line("fridges/cellar")["payload"], json!("4.5"));
    window.close().await;
}

/// What stands in the files of the recording.
fn recorded(window: &Window) -> String {
    let files = fs::read_dir(window.home().join("app/recordings")).unwrap();
    files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

/// What the list of messages shows.
async fn shown(window: &Window) -> String {
    window.find("timeline").await.prop("innerText").await.unwrap().unwrap_or_default()
}
