//! The person's bridges: seeing them, changing them, starting and stopping them.

use tauri::State;

use super::Outcome;
use crate::app::App;
use crate::recent::Recent;
use crate::view::{BridgeId, BridgeInput, Overview, Saved};

/// Everything that the window needs to draw itself.
#[tauri::command]
#[specta::specta]
pub async fn overview(app: State<'_, App>) -> Outcome<Overview> {
    Ok(app.overview().await)
}

/// Adds a bridge or changes one; a changed one that ran runs again.
#[tauri::command]
#[specta::specta]
pub async fn save_bridge(app: State<'_, App>, bridge: BridgeInput) -> Outcome<Saved> {
    app.save(bridge).await
}

/// What would be valid to save and is probably not meant, in words.
#[tauri::command]
#[specta::specta]
pub async fn warnings(app: State<'_, App>, bridge: BridgeInput) -> Outcome<Vec<String>> {
    app.warnings(bridge)
}

/// Stops a bridge and removes it with its passwords and what it had queued.
#[tauri::command]
#[specta::specta]
pub async fn remove_bridge(app: State<'_, App>, id: BridgeId) -> Outcome<()> {
    app.remove(&id).await
}

/// Starts a bridge.
#[tauri::command]
#[specta::specta]
pub async fn start_bridge(app: State<'_, App>, id: BridgeId) -> Outcome<()> {
    app.start(&id).await
}

/// Stops a bridge; it finishes what it has begun.
#[tauri::command]
#[specta::specta]
pub async fn stop_bridge(app: State<'_, App>, id: BridgeId) -> Outcome<()> {
    app.stop(&id).await
}

/// What happened in a bridge lately.
#[tauri::command]
#[specta::specta]
pub async fn recent(app: State<'_, App>, id: BridgeId) -> Outcome<Recent> {
    Ok(app.bridge(&id)?.recent())
}
