//! Taking settings along, and taking them in.

use std::path::{Path, PathBuf};

use tauri::{AppHandle, Manager as _, State};
use tauri_plugin_dialog::DialogExt as _;
use tokio::sync::oneshot;

use super::{Outcome, blocking};
use crate::app::App;
use crate::desktop;
use crate::preferences::PreferencesRoom;
use crate::transfer::{self, ImportChoice, ImportPreview, Imported};
use crate::view::SecretInput;

/// The name of an export, unless the person gives another one.
const EXPORT_NAME: &str = "mqtt-twister-settings";

/// Where an export would go: a file that is not there yet, among the person's downloads or documents.
#[tauri::command]
#[specta::specta]
pub async fn export_path(handle: AppHandle) -> Outcome<String> {
    let paths = handle.path();
    let folders = [paths.download_dir(), paths.document_dir(), paths.home_dir()];
    let folder = folders.into_iter().flatten().find(|folder| folder.is_dir()).unwrap_or_default();
    Ok(free_path(&folder).display().to_string())
}

/// Lets the person choose where an export goes; none when they change their mind. A file that is there they agree to replace.
#[tauri::command]
#[specta::specta]
pub async fn choose_export_path(handle: AppHandle, suggested: String) -> Outcome<Option<String>> {
    let suggested = Path::new(&suggested);
    let mut dialog = handle.dialog().file();
    if let Some(folder) = suggested.parent() {
        dialog = dialog.set_directory(folder);
    }
    if let Some(name) = suggested.file_name() {
        dialog = dialog.set_file_name(name.to_string_lossy());
    }
    let (chosen, choice) = oneshot::channel();
    // A person who is gone does not wait for the answer.
    dialog.save_file(move |path| drop(chosen.send(path)));
    let path = choice.await.ok().flatten();
    Ok(path.and_then(|path| path.into_path().ok()).map(|path| path.display().to_string()))
}

/// Writes the settings into a file: with a passphrase encrypted and with the passwords, else without them.
#[tauri::command]
#[specta::specta]
pub async fn export_settings(
    app: State<'_, App>,
    preferences: State<'_, PreferencesRoom>,
    path: String,
    passphrase: Option<SecretInput>,
    replace: bool,
) -> Outcome<()> {
    let passphrase = passphrase.map(|passphrase| app.given(passphrase));
    transfer::export(&app, &preferences, Path::new(&path), passphrase, replace).await
}

/// Says what a file of settings would do.
#[tauri::command]
#[specta::specta]
pub async fn preview_import(
    app: State<'_, App>,
    preferences: State<'_, PreferencesRoom>,
    text: String,
    passphrase: Option<SecretInput>,
) -> Outcome<ImportPreview> {
    let passphrase = passphrase.map(|passphrase| app.given(passphrase));
    transfer::preview(&app, &preferences, text, passphrase).await
}

/// Takes from a file of settings what the person wants.
#[tauri::command]
#[specta::specta]
pub async fn import_settings(
    handle: AppHandle,
    text: String,
    passphrase: Option<SecretInput>,
    choice: ImportChoice,
) -> Outcome<Imported> {
    let app = handle.state::<App>();
    let passphrase = passphrase.map(|passphrase| app.given(passphrase));
    let mut imported = transfer::import(&app, text, passphrase, choice).await?;
    if let Some(wanted) = imported.preferences.take() {
        blocking(&handle, move |handle| desktop::save_preferences(handle, wanted)).await??;
    }
    Ok(imported)
}

fn free_path(folder: &Path) -> PathBuf {
    let numbered = (2..).map(|number: u32| folder.join(format!("{EXPORT_NAME}-{number}.json")));
    let mut candidates = std::iter::once(folder.join(format!("{EXPORT_NAME}.json"))).chain(numbered);
    candidates.find(|path| !path.exists()).unwrap_or_default()
}
