//! Retained messages, here and there.

use tauri::State;

use super::Outcome;
use crate::app::App;
use crate::retained::{GivenInput, RetainedView};
use crate::view::BridgeId;

/// What the local broker keeps on topics that concern a running bridge, and what others were given. Takes a second or more.
#[tauri::command]
#[specta::specta]
pub async fn retained(app: State<'_, App>, id: BridgeId) -> Outcome<Vec<RetainedView>> {
    app.retained(&id).await
}

/// Clears topics of the local broker and what others were given of them, and what receivers were given otherwise.
#[tauri::command]
#[specta::specta]
pub async fn clear_retained(
    app: State<'_, App>,
    id: BridgeId,
    topics: Vec<String>,
    given: Vec<GivenInput>,
) -> Outcome<()> {
    app.clear_retained(&id, topics, given).await
}
