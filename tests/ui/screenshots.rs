//! The pictures of the documentation, taken from the real window: each page, light and dark. `make screenshots` writes them.

use crate::pages::{FIRST, Page, TRYOUT};
use crate::support::Window;

/// The themes that pictures are taken in, by their names in the command palette.
const THEMES: [(&str, &str); 2] = [("light", "Light theme"), ("dark", "Dark theme")];

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
async fn every_page_shows_in_light_and_dark() {
    let window = Window::open().await;
    window.find("try-it").await;
    picture(&window, &FIRST).await;

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
    picture(&window, &TRYOUT).await;
    window.close().await;
}

/// Visits pages in each theme and takes their pictures, if they were asked for.
async fn picture(window: &Window, pages: &[Page]) {
    for (theme, command) in THEMES {
        window.command(command).await;
        for page in pages {
            window.go(page.address).await;
            window.settled().await;
            window.screenshot(&format!("{}-{theme}.png", page.name)).await;
        }
    }
}
