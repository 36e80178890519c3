//! The app as a part of the desktop: its tray icon, its notifications, its window's coming and going, its start at login.
//!
//! What is decided without Tauri stands in `model`, `opening` and [`crate::notifying`], and is tested there; the rest of this folder
//! carries it out.

mod autostart;
mod host;
mod model;
mod opening;
mod picture;
mod tray;
mod window;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use mqtt_twister_bridge::event::{PartState, Phase};
use tauri::{AppHandle, Manager as _};
use tauri_plugin_notification::NotificationExt as _;

#[cfg(target_os = "linux")]
pub use window::draw_without_gpu;
pub use window::{handle_window_event, show};

use crate::app::App;
use crate::bridges::Notice;
use crate::error::CommandError;
use crate::notifying::{Met, Note, Notifier};
use crate::preferences::{Preferences, PreferencesRoom};
use crate::recent::BridgeNews;
use crate::texts::Language;
use crate::view::BridgeId;
use host::TrayHost;
use model::TrayModel;
use opening::Opening;
use tray::Tray;

/// Starts the app without showing its window.
pub const HIDDEN: &str = "--hidden";

/// What the desktop shows of the app, and what the app knows of the desktop.
pub struct Desktop {
    notifier: Mutex<Notifier>,
    tray: Mutex<Option<Tray>>,
    host: TrayHost,
    /// Whether the person has the window before their eyes.
    looked_at: AtomicBool,
    /// Whether it was told already that the app goes on without its window.
    told_of_tray: AtomicBool,
    system_language: Mutex<Language>,
    /// What the log said last of each bridge.
    written: Mutex<HashMap<BridgeId, (Phase, bool)>>,
}

impl Desktop {
    /// What there is before anything is shown. `met`: the accounts that messages came from before.
    pub fn new(met: Met) -> Self {
        Self {
            notifier: Mutex::new(Notifier::new(met)),
            tray: Mutex::new(None),
            host: TrayHost::default(),
            looked_at: AtomicBool::new(false),
            told_of_tray: AtomicBool::new(false),
            system_language: Mutex::new(Language::of_environment()),
            written: Mutex::default(),
        }
    }

    /// Whether the app's icon is where the person can find it.
    pub fn has_tray(&self) -> bool {
        locked(&self.tray).is_some() && self.host.is_present()
    }
}

/// Shows the window, or not, and the tray icon where there is a tray. `hidden`: the start itself asks for no window.
pub fn begin(handle: &AppHandle, hidden: bool) {
    let preferences = handle.state::<PreferencesRoom>().current();
    if let Err(error) = autostart::apply(handle, preferences.window.autostart) {
        tracing::warn!("{error}");
    }
    host::watch(handle);
    match Opening::of(hidden || preferences.window.start_hidden) {
        Opening::Shown => show(handle),
        Opening::AwaitTray => window::await_tray(handle),
    }
}

/// Takes note of what happens in the bridges: in the log, the tray, and where the person is told.
pub fn take(handle: &AppHandle, notice: &Notice) {
    if let Notice::News(news) = notice {
        write_down(handle, news);
        tell(handle, news);
    }
    refresh_tray(handle);
}

/// Carries out what the person wants from now on, and keeps it. Blocks while files are written.
///
/// # Errors
/// What keeps the preferences from being carried out or kept; then nothing is kept.
pub fn save_preferences(handle: &AppHandle, wanted: Preferences) -> Result<Preferences, CommandError> {
    autostart::apply(handle, wanted.window.autostart)?;
    let saved = handle.state::<PreferencesRoom>().save(wanted)?;
    refresh_tray(handle);
    Ok(saved)
}

/// The window knows the system's language where the environment does not.
pub fn learn_language(handle: &AppHandle, wanted: &[String]) {
    let said_by_environment = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().any(|name| std::env::var_os(name).is_some());
    if !said_by_environment {
        *locked(&handle.state::<Desktop>().system_language) = Language::best(wanted.iter().map(String::as_str));
        refresh_tray(handle);
    }
}

fn language(handle: &AppHandle) -> Language {
    let system = *locked(&handle.state::<Desktop>().system_language);
    Language::of(handle.state::<PreferencesRoom>().current().language, system)
}

/// The tray as it ought to be now.
fn refresh_tray(handle: &AppHandle) {
    let (Some(app), Some(desktop)) = (handle.try_state::<App>(), handle.try_state::<Desktop>()) else { return };
    let bridges: Vec<_> = app
        .bridges()
        .iter()
        .map(|bridge| (bridge.id.clone(), bridge.state(), bridge.start_error().is_some()))
        .collect();
    let model = TrayModel::of(&bridges, language(handle));
    if let Some(tray) = &mut *locked(&desktop.tray) {
        tray.show(handle, model);
    }
}

/// The log says what a person would otherwise have to guess from the window.
fn write_down(handle: &AppHandle, news: &BridgeNews) {
    for problem in &news.problems {
        tracing::warn!(bridge = %news.id, part = ?problem.part, code = ?problem.code, "{}", problem.message);
    }
    let (Some(state), Some(desktop)) = (&news.state, handle.try_state::<Desktop>()) else { return };
    let standing = (state.phase, state.ready);
    if locked(&desktop.written).insert(news.id.clone(), standing) != Some(standing) {
        match standing {
            (Phase::Running, true) => tracing::info!(bridge = %news.id, "messages cross"),
            (Phase::Running, false) => tracing::info!(bridge = %news.id, "the bridge runs, and no messages cross yet"),
            (Phase::Stopping, _) => tracing::info!(bridge = %news.id, "the bridge finishes what it has begun"),
            (Phase::Stopped, _) => tracing::info!(bridge = %news.id, "the bridge is stopped"),
        }
    }
    let up = |part: &PartState| *part == PartState::Up;
    tracing::debug!(
        bridge = %news.id, phase = ?state.phase, ready = state.ready, node = up(&state.node),
        broker = up(&state.broker), account = up(&state.account), network = up(&state.network), "state"
    );
}

fn tell(handle: &AppHandle, news: &BridgeNews) {
    let Some(desktop) = handle.try_state::<Desktop>() else { return };
    let wanted = handle.state::<PreferencesRoom>().current().notifications;
    let notes = locked(&desktop.notifier).handle_news(news, &wanted, language(handle), Instant::now());
    if !desktop.looked_at.load(Ordering::Relaxed) {
        for note in notes {
            notify(handle, note);
        }
    }
}

fn notify(handle: &AppHandle, Note { title, body }: Note) {
    if let Err(error) = handle.notification().builder().title(title).body(body).show() {
        tracing::debug!(%error, "the desktop shows no notifications");
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
