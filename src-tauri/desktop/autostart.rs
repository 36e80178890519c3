//! The app's start at login.

use tauri::{AppHandle, Manager as _};
use tauri_plugin_autostart::ManagerExt as _;

use crate::error::{AppErrorCode, CommandError};

/// Lets the app start at login, or not.
///
/// # Errors
/// [`AppErrorCode::PreferencesFailed`] when the system does not take it.
pub(super) fn apply(handle: &AppHandle, wanted: bool) -> Result<(), CommandError> {
    let entry = handle.autolaunch();
    let outcome = match (wanted, entry.is_enabled().unwrap_or(!wanted)) {
        (true, false) => {
            make_config_folder(handle);
            entry.enable()
        }
        (false, true) => entry.disable(),
        _ => return Ok(()),
    };
    outcome.map_err(|error| {
        let what = if wanted { "the app cannot be set to start at login" } else { "the app still starts at login" };
        let message = format!("{what}: {error}. Nothing was saved; change it in the system's settings");
        CommandError::new(AppErrorCode::PreferencesFailed, message)
    })
}

/// On Linux the entry is a file in a folder of the person's configuration, which a new person does not have yet.
fn make_config_folder(handle: &AppHandle) {
    if cfg!(target_os = "linux")
        && let Ok(folder) = handle.path().config_dir()
        && let Err(error) = std::fs::create_dir_all(&folder)
    {
        tracing::debug!(%error, folder = %folder.display(), "the folder for configuration could not be made");
    }
}
