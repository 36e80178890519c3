//! Beginning: what is on this machine already.

use tauri::{AppHandle, Manager as _, State};

use super::Outcome;
use crate::app::App;
use crate::error::{AppErrorCode, CommandError};
use crate::probing::{LocalFinds, NodeLogin, Places};

/// Looks for a Twister node and for brokers on this machine. Reads no files.
#[tauri::command]
#[specta::specta]
pub async fn find_local(handle: AppHandle, app: State<'_, App>) -> Outcome<LocalFinds> {
    Ok(app.probing.look(&places(&handle)?).await)
}

/// Reads the login from the node's settings file: the person has agreed. The password stays in the app.
#[tauri::command]
#[specta::specta]
pub async fn read_node_file(handle: AppHandle, app: State<'_, App>) -> Outcome<NodeLogin> {
    app.probing.read_node_file(&places(&handle)?.node_file)
}

fn places(handle: &AppHandle) -> Outcome<Places> {
    let nowhere = |error: tauri::Error| CommandError::new(AppErrorCode::NodeFileUnusable, error.to_string());
    let paths = handle.path();
    Ok(Places::local(&paths.home_dir().map_err(nowhere)?, &paths.data_dir().map_err(nowhere)?))
}
