//! What a person does with rules: writes one, tries it out, sees it applied while messages cross, decides on what waits, and
//! clears what is retained at both ends.

use crate::support::{Key, Window};

/// "Try it" with both bridges running.
async fn trying() -> Window {
    let window = Window::open().await;
    window.press("try-it").await;
    window.shows("side-alice bridge-state", "Running").await;
    window.shows("side-bob bridge-state", "Running").await;
    window
}

async fn publish(window: &Window, bridge: &str, topic: &str, payload: &str) {
    window.go(&format!("#/bridge/try%2F{bridge}/messages")).await;
    window.shows("bridge-name", bridge).await;
    window.fill("composer-topic", topic).await;
    window.fill("composer-payload", payload).await;
    window.press("composer-publish").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_written_rehearsed_and_applied_while_the_bridge_runs() {
    let window = trying().await;
    window.go("#/bridge/try%2Fbob/rules").await;
    window.press("add-rule-in").await;
    window.fill("rule-filter", "windows/#").await;
    window.press("save-rule").await;
    window.shows("rules-done", "without a pause").await;

    window.go("#/bridge/try%2Falice/rules").await;
    window.shows("bridge-name", "alice").await;
    window.shows("rules-out rule", "doors/#").await;
    window.screenshot("rules.png").await;
    window.is_accessible("rules").await;
    window.press("add-rule-out").await;
    window.fill("rule-filter", "windows/#/x").await;
    window.shows("rule-dialog", "# must stand alone at the end").await;
    window.fill("rule-filter", "windows/+").await;
    window.press("save-rule").await;
    window.shows("rule-dialog", "Name at least one account").await;
    window.fill("rule-people", "@mqtt_bob").await;
    // By now alice has heard what bob wants.
    window.shows("rule-preview", "for @mqtt_bob: 1 post").await;
    window.screenshot("rule-editor.png").await;
    window.is_accessible("rule editor").await;
    window.press("save-rule").await;
    window.shows("rules-done", "without a pause").await;
    window.shows("rules-out rule", "privately to @mqtt_bob").await;

    window.fill("rehearse-topic", "windows/front").await;
    window.shows("rehearsal-result", "Rule 3 sends it to @mqtt_bob").await;
    window.screenshot("rehearsal.png").await;
    window.shows("bridge-state", "Running").await;

    publish(&window, "alice", "windows/front", "ajar").await;
    window.go("#/bridge/try%2Fbob/messages").await;
    window.shows("message-payload", "ajar").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_held_released_and_dropped() {
    let window = trying().await;
    // Nobody is called that, so nobody can say what it wants: messages for it wait.
    window.go("#/bridge/try%2Falice/rules").await;
    window.press("add-rule-out").await;
    window.fill("rule-filter", "letters/#").await;
    window.fill("rule-people", "@mqtt_nobody").await;
    window.press("save-rule").await;
    window.shows("rules-done", "without a pause").await;
    publish(&window, "alice", "letters/1", "one").await;
    publish(&window, "alice", "letters/2", "two").await;

    window.go("#/bridge/try%2Falice/queue").await;
    window.shows("queue-receiver", "@mqtt_nobody").await;
    window.shows("queue-receiver", "Nobody knows yet what @mqtt_nobody wants").await;
    window.shows("queue-list", "letters/2").await;
    window.fill("queue-filter", "letters/1").await;
    window.press("queue-hold").await;
    window.says("Hold 1 message?").await;
    window.press("confirm").await;
    window.shows("queue-done", "1 message is held").await;
    window.shows("queue-entry", "held").await;
    window.screenshot("queue.png").await;
    window.is_accessible("queue").await;

    window.press("queue-release").await;
    window.press("confirm").await;
    window.shows("queue-done", "1 message goes on").await;
    window.fill("queue-filter", "#").await;
    window.press("queue-drop").await;
    window.says("Drop 2 messages?").await;
    window.press("confirm").await;
    window.shows("queue-empty", "Nothing waits").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_retained_is_seen_here_and_there_and_cleared_at_both_ends() {
    let window = trying().await;
    for (topic, payload) in [("doors/front", "open"), ("doors/back", "shut")] {
        window.go("#/bridge/try%2Falice/messages").await;
        window.fill("composer-topic", topic).await;
        window.fill("composer-payload", payload).await;
        if topic == "doors/front" {
            window.press("composer-retain").await;
        }
        window.press("composer-publish").await;
        window.shows("message-row", topic).await;
    }
    window.go("#/bridge/try%2Falice/retained").await;
    window.shows("retained-list", "has the same").await;
    window.shows("retained-list", "open").await;
    window.screenshot("retained.png").await;
    window.is_accessible("retained").await;
    window.go("#/bridge/try%2Fbob/retained").await;
    window.shows("retained-list", "came from @mqtt_alice").await;

    window.go("#/bridge/try%2Falice/retained").await;
    window.press("clear-branch").await;
    window.says("Clear 2 retained messages?").await;
    window.press("confirm").await;
    window.shows("retained-done", "2 topics were cleared").await;
    window.shows("retained-empty", "No retained message").await;
    window.go("#/bridge/try%2Fbob/retained").await;
    window.shows("retained-empty", "No retained message").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_ordered_and_removed_without_a_pointer() {
    let window = trying().await;
    window.go("#/bridge/try%2Falice/rules").await;
    window.shows("rules-out rule", "doors/#").await;
    window.tab_to("edit-rule").await;
    window.press_key(Key::Enter).await;
    window.tab_to("rule-more").await;
    window.press_key(Key::Enter).await;
    window.tab_to("rule-latest").await;
    window.type_text(" ").await;
    window.tab_to("save-rule").await;
    window.press_key(Key::Enter).await;
    window.shows("rules-out rule", "newest only").await;
    window.tab_to("remove-rule").await;
    window.press_key(Key::Enter).await;
    window.tab_to("confirm").await;
    window.press_key(Key::Enter).await;
    window.shows("rules-done", "without a pause").await;
    window.close().await;
}
