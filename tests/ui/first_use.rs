//! What a new user does first.

use crate::support::Window;

#[tokio::test(flavor = "multi_thread")]
async fn a_new_user_tries_it_and_sees_a_message_arrive() {
    let window = Window::open().await;
    window.press("try-it").await;
    window.shows("sandbox-banner", "nothing leaves this machine").await;

    window.shows("side-alice bridge-state", "Running").await;
    window.shows("side-bob bridge-state", "Running").await;

    // From one side to the other, on the page that shows both.
    window.fill("side-alice composer-topic", "doors/front").await;
    window.fill("side-alice composer-payload", "open").await;
    window.press("side-alice composer-publish").await;
    window.shows("side-bob message-row", "doors/front").await;
    window.shows("side-bob message-payload", "open").await;

    // From alice's own page to bob's.
    window.press("bridge-link-alice").await;
    window.shows("bridge-name", "alice").await;
    window.fill("composer-topic", "sensors/kitchen").await;
    window.fill("composer-payload", "21.5 °C").await;
    window.press("composer-publish").await;
    window.press("bridge-link-bob").await;
    window.shows("bridge-name", "bob").await;
    window.shows("message-payload", "21.5 °C").await;
    window.shows("count-delivered", "2").await;

    // And back.
    window.fill("composer-topic", "fridges/cellar").await;
    window.fill("composer-payload", "4.5 °C").await;
    window.press("composer-publish").await;
    window.shows("count-posted", "1").await;
    window.screenshot("bridge.png").await;
    window.press("tryout-link").await;
    window.shows("side-alice message-payload", "4.5 °C").await;
    window.screenshot("try-it.png").await;

    // All of it at a glance, and stopped from there.
    window.press("overview-link").await;
    window.shows("overview-summary", "All 2 bridges are running").await;
    window.screenshot("overview.png").await;
    window.press("stop-all").await;
    window.shows("overview-alice overview-state", "Stopped").await;
    window.shows("overview-bob overview-state", "Stopped").await;
    window.close().await;
}
