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

/// Sends a notice to the window.
pub fn emit(window: &AppHandle, notice: Notice) {
    let outcome = match notice {
        Notice::News(news) => BridgeNewsEvent(*news).emit(window),
        Notice::OverviewChanged => OverviewChangedEvent.emit(window),
    };
    if let Err(error) = outcome {
        // The window is gone or going: the app goes on, and a new window reads everything afresh.
        tracing::debug!(%error, "an event did not reach the window");
    }
}
