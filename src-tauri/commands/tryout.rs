//! "Try it": the sandbox inside the app.

use tauri::State;

use super::Outcome;
use crate::app::App;

/// Opens "Try it": the sandbox network and its brokers run when this returns.
#[tauri::command]
#[specta::specta]
pub async fn open_tryout(app: State<'_, App>) -> Outcome<()> {
    app.tryout.open().await
}

/// Closes "Try it"; its network stays on disk.
#[tauri::command]
#[specta::specta]
pub async fn close_tryout(app: State<'_, App>) -> Outcome<()> {
    app.tryout.close().await;
    Ok(())
}

/// Closes "Try it" and removes what it kept on disk.
#[tauri::command]
#[specta::specta]
pub async fn remove_tryout(app: State<'_, App>) -> Outcome<()> {
    app.tryout.remove().await
}
