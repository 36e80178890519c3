//! Each page in each theme: whether it keeps anybody out, and its picture for the documentation, which `make screenshots` writes.

use crate::pages::{FIRST, Page, TRYOUT};
use crate::support::Window;

/// The themes by their names in the command palette.
const THEMES: [(&str, &str); 3] = [("light", "Light theme"), ("dark", "Dark theme"), (CONTRAST, "High contrast")];

/// The documentation does without pictures of this one.
const CONTRAST: &str = "contrast";

/// What crosses in the pictures: the side that publishes, topic and payload.
const MESSAGES: [(&str, &str, &str); 6] = [
    ("alice", "doors/front", "{\"open\": true}"),
    ("alice", "sensors/kitchen", "{\"temperature\": 21.4, \"humidity\": 48}"),
    ("bob", "fridges/cellar", "{\"temperature\": 4.5}"),
    ("alice", "sensors/bath", "{\"temperature\": 23.1, \"humidity\": 61}"),
    ("alice", "doors/front", "{\"open\": false}"),
    ("bob", "fridges/cellar", "{\"temperature\": 4.7}"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_page_shows_in_every_theme_and_keeps_nobody_out() {
    let window = Window::open().await;
    window.find("try-it").await;
    let mut barriers = visit(&window, &FIRST).await;

    window.go("#/welcome").await;
    window.press("try-it").await;
    for side in ["alice", "bob"] {
        window.shows(&format!("side-{side} bridge-state"), "Running").await;
    }
    // What alice publishes is kept, so there is something to see on the page for it.
    window.press("side-alice composer-retain").await;
    for (side, topic, payload) in MESSAGES {
        window.fill(&format!("side-{side} composer-topic"), topic).await;
        window.fill(&format!("side-{side} composer-payload"), payload).await;
        window.press(&format!("side-{side} composer-publish")).await;
        let other = if side == "alice" { "bob" } else { "alice" };
        window.shows(&format!("side-{other} message-payload"), payload).await;
    }
    let_something_wait(&window).await;
    barriers.extend(visit(&window, &TRYOUT).await);
    assert!(barriers.is_empty(), "these pages keep people out:\n{}", barriers.join("\n"));
    window.close().await;
}

/// Sends something to an account that nobody has, so that there is something to see in the queue.
async fn let_something_wait(window: &Window) {
    window.go("#/bridge/try%2Falice/rules").await;
    window.press("add-rule-out").await;
    window.fill("rule-filter", "letters/#").await;
    window.fill("rule-people", "@mqtt_carol").await;
    window.press("save-rule").await;
    window.shows("rules-done", "without a pause").await;
    window.go("#/try").await;
    window.fill("side-alice composer-topic", "letters/carol").await;
    window.fill("side-alice composer-payload", "See you on Sunday").await;
    window.press("side-alice composer-publish").await;
    window.shows("side-alice message-payload", "See you on Sunday").await;
}

/// Visits pages in each theme, and takes their pictures, if they were asked for. Returns what keeps people out of them.
async fn visit(window: &Window, pages: &[Page]) -> Vec<String> {
    let mut barriers = Vec::new();
    for (theme, command) in THEMES {
        window.command(command).await;
        for page in pages {
            window.go(page.address).await;
            window.settled().await;
            let found = window.axe().await;
            barriers.extend(found.iter().map(|violation| format!("{} in {theme}: {violation}", page.name)));
            if theme != CONTRAST {
                window.screenshot(&format!("{}-{theme}.png", page.name)).await;
            }
        }
    }
    barriers
}
