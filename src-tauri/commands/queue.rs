//! What waits to go out: looking at it, and deciding on it.

use mqtt_twister_bridge::queue::QueueAction;
use tauri::State;

use super::Outcome;
use crate::app::App;
use crate::queue::{QueueChangeView, QueueCounts, QueuePageView, QueuePart, QueueSelection, QueueView};
use crate::view::BridgeId;

/// What waits for each receiver.
#[tauri::command]
#[specta::specta]
pub async fn queue(app: State<'_, App>, id: BridgeId) -> Outcome<Vec<QueueView>> {
    app.queue(&id).await
}

/// A part of the queue, at most 500 messages.
#[tauri::command]
#[specta::specta]
pub async fn queue_page(app: State<'_, App>, id: BridgeId, part: QueuePart) -> Outcome<QueuePageView> {
    app.queue_page(&id, part).await
}

/// How many messages a selection means, by how far they are.
#[tauri::command]
#[specta::specta]
pub async fn count_queue(app: State<'_, App>, id: BridgeId, selection: QueueSelection) -> Outcome<QueueCounts> {
    app.count_queue(&id, selection).await
}

/// Holds, releases, drops or retries the selected messages.
#[tauri::command]
#[specta::specta]
pub async fn change_queue(
    app: State<'_, App>,
    id: BridgeId,
    action: QueueAction,
    selection: QueueSelection,
) -> Outcome<QueueChangeView> {
    app.change_queue(&id, action, selection).await
}
