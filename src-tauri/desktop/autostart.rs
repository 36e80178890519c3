//! The app's start at login.

use tauri::AppHandle;
use tauri_plugin_autostart::ManagerExt as _;

/// Lets the app start at login, or not.
pub(super) fn apply(handle: &AppHandle, wanted: bool) {
    let entry = handle.autolaunch();
    let outcome = match (wanted, entry.is_enabled().unwrap_or(!wanted)) {
        (true, false) => entry.enable(),
        (false, true) => entry.disable(),
        _ => return,
    };
    if let Err(error) = outcome {
        tracing::warn!(%error, wanted, "the start at login is not as it should be");
    }
}
