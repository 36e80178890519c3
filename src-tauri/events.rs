//! The app's notices as Tauri events: the one place where they meet.

use serde::{Deserialize, Serialize};
use tauri::AppHandle;
use tauri_specta::Event;

use crate::bridges::Notice;
use crate::recent::BridgeNews;

/// Something happened in a bridge.
#[derive(Debug, Clone, Serialize, Deserialize, specta::Type, Event)]
pub struct BridgeNewsEvent(pub BridgeNews);

/// Bridges came, went or changed: read the overview again.
#[derive(Debug, Clone, Serialize, Deserialize, specta::Type, Event)]
pub struct OverviewChangedEvent;

/// An invitation was opened: ask for it.
#[derive(Debug, Clone, Serialize, Deserialize, specta::Type, Event)]
pub struct InvitationOpenedEvent;

/// Sends a notice to the window.
pub fn emit(window: &AppHandle, notice: Notice) {
    log_failure(match notice {
        Notice::News(news) => BridgeNewsEvent(*news).emit(window),
        Notice::OverviewChanged => OverviewChangedEvent.emit(window),
    });
}

/// Tells the window that an invitation waits to be shown.
pub fn tell_of_invitation(window: &AppHandle) {
    log_failure(InvitationOpenedEvent.emit(window));
}

fn log_failure(outcome: tauri::Result<()>) {
    if let Err(error) = outcome {
        // The window is gone or going: the app goes on, and a new window reads everything afresh.
        tracing::debug!(%error, "an event did not reach the window");
    }
}
