//! A whole journey without a pointer.

use crate::support::{Key, Window};

#[tokio::test(flavor = "multi_thread")]
async fn a_person_without_a_pointer_tries_it_and_sees_a_message_arrive() {
    let window = Window::open().await;
    window.tab_to("try-it").await;
    window.press_key(Key::Enter).await;
    window.shows("sandbox-banner", "nothing leaves this machine").await;

    window.shows("side-alice bridge-state", "Running").await;
    window.shows("side-bob bridge-state", "Running").await;

    window.tab_to("composer-topic").await;
    window.type_text("doors/front").await;
    window.tab_to("composer-payload").await;
    window.type_text("open").await;
    window.tab_to("composer-publish").await;
    window.press_key(Key::Enter).await;
    window.shows("side-bob message-row", "doors/front").await;
    window.shows("side-bob message-payload", "open").await;
    window.close().await;
}
