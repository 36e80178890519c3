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
    for (side, topic, payload) in MESSAGES {
        window.fill(&format!("side-{side} composer-topic"), topic).await;
        window.fill(&format!("side-{side} composer-payload"), payload).await;
        window.press(&format!("side-{side} composer-publish")).await;
        let other = if side == "alice" { "bob" } else { "alice" };
        window.shows(&format!("side-{other} message-payload"), payload).await;
    }
    barriers.extend(visit(&window, &TRYOUT).await);
    assert!(barriers.is_empty(), "these pages keep people out:\n{}", barriers.join("\n"));
    window.close().await;
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
