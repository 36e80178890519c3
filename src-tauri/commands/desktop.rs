//! The app itself: its preferences, its log, what it is made of.

use serde::Serialize;
use tauri::{AppHandle, Manager as _, State};

use super::{Outcome, blocking};
use crate::app::App;
use crate::desktop::{self, Desktop};
use crate::log::{Log, LogLevel, LogLine};
use crate::preferences::{Preferences, PreferencesRoom};
use crate::report::{self, Surroundings};

/// The preferences, and what the window must know to show them.
#[derive(Debug, Clone, Serialize, specta::Type)]
pub struct PreferencesView {
    /// What the person wants.
    pub preferences: Preferences,
    /// Where they are kept.
    pub path: String,
    /// Why they could not be read; while it is so, none are saved.
    pub problem: Option<String>,
    /// Whether there is a tray that shows the app's icon now.
    pub tray: bool,
}

/// What the app is and runs on.
#[derive(Debug, Clone, Serialize, specta::Type)]
pub struct About {
    /// Its version.
    pub version: String,
    /// Its licence.
    pub licence: String,
    /// Where it comes from.
    pub repository: String,
    /// The version of Tauri.
    pub tauri: String,
    /// The version of the web view.
    pub webview: String,
    /// The system and its processor: `linux x86_64`.
    pub system: String,
}

/// The preferences. `languages`: those that the web view says the person wants, the best first.
#[tauri::command]
#[specta::specta]
pub async fn preferences(handle: AppHandle, languages: Vec<String>) -> Outcome<PreferencesView> {
    desktop::learn_language(&handle, &languages);
    let room = handle.state::<PreferencesRoom>();
    Ok(PreferencesView {
        preferences: room.current(),
        path: room.path().display().to_string(),
        problem: room.problem(),
        tray: has_tray(&handle).await,
    })
}

/// Keeps these preferences and acts on them.
#[tauri::command]
#[specta::specta]
pub async fn save_preferences(handle: AppHandle, preferences: Preferences) -> Outcome<Preferences> {
    blocking(&handle, move |handle| desktop::save_preferences(handle, preferences)).await?
}

/// The log's lines after a number, from a level up.
#[tauri::command]
#[specta::specta]
pub async fn log_lines(log: State<'_, Log>, after: Option<u32>, least: LogLevel) -> Outcome<Vec<LogLine>> {
    Ok(log.lines(after, least))
}

/// A report for somebody who helps, without secrets and names.
#[tauri::command]
#[specta::specta]
pub async fn report(handle: AppHandle) -> Outcome<String> {
    let surroundings = Surroundings {
        webview: webview(),
        tray: has_tray(&handle).await,
        home: handle.path().home_dir().ok().map(|home| home.display().to_string()),
    };
    let (app, preferences, log) = (handle.state::<App>(), handle.state::<PreferencesRoom>(), handle.state::<Log>());
    Ok(report::report(&app, &preferences, &log, &surroundings))
}

/// What the app is and runs on.
#[tauri::command]
#[specta::specta]
pub async fn about() -> Outcome<About> {
    Ok(About {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        licence: env!("CARGO_PKG_LICENSE").to_owned(),
        repository: env!("CARGO_PKG_REPOSITORY").to_owned(),
        tauri: tauri::VERSION.to_owned(),
        webview: webview(),
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
    })
}

fn webview() -> String {
    tauri::webview_version().unwrap_or_else(|error| error.to_string())
}

/// The desktop is another process: asking it may take a moment.
async fn has_tray(handle: &AppHandle) -> bool {
    blocking(handle, |handle| handle.state::<Desktop>().has_tray()).await.unwrap_or(false)
}
