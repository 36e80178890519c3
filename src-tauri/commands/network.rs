//! How the node and the network are.

use tauri::State;

use super::Outcome;
use crate::app::App;
use crate::network::NetworkReport;
use crate::view::BridgeId;

/// Asks a bridge's node how it and the network are, and says what is wrong.
#[tauri::command]
#[specta::specta]
pub async fn network(app: State<'_, App>, id: BridgeId) -> Outcome<NetworkReport> {
    app.network(&id).await
}
