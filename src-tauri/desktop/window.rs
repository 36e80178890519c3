//! The window's coming and going.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tauri::{AppHandle, Manager as _, WebviewWindow, Window, WindowEvent};

use super::opening::Closing;
use super::{Desktop, language, notify};
use crate::notifying::Note;
use crate::preferences::PreferencesRoom;

/// The window's label in Tauri's configuration.
const MAIN: &str = "main";

/// How long a hidden start waits for a tray: at login the app may be there before the panel is.
const TRAY_PATIENCE: Duration = Duration::from_secs(5);

/// How often it looks meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Lets WebKitGTK draw the window without the graphics processor, unless the person has said in the environment what they want
/// (`docs/decisions/drawing.md`).
#[cfg(target_os = "linux")]
pub fn draw_without_gpu() {
    if let Err(error) = glib::setenv("WEBKIT_DISABLE_COMPOSITING_MODE", "1", false) {
        tracing::warn!(%error, "the window is drawn with the graphics processor");
    }
}

/// Brings the window before the person's eyes, wherever it was.
pub fn show(handle: &AppHandle) {
    let Some(window) = main(handle) else { return };
    for outcome in [window.show(), window.unminimize(), window.set_focus()] {
        if let Err(error) = outcome {
            tracing::debug!(%error, "the window does not come to the front");
        }
    }
}

/// Does what the person wants when they close the window, and keeps in mind whether they look at it.
pub fn handle_window_event(window: &Window, event: &WindowEvent) {
    let handle = window.app_handle();
    let desktop = handle.state::<Desktop>();
    match event {
        WindowEvent::Focused(focused) => desktop.looked_at.store(*focused, Ordering::Relaxed),
        WindowEvent::CloseRequested { api, .. } => {
            let close_to_tray = handle.state::<PreferencesRoom>().current().window.close_to_tray;
            if Closing::of(close_to_tray, close_to_tray && desktop.has_tray()) == Closing::Hide && window.hide().is_ok()
            {
                api.prevent_close();
                desktop.looked_at.store(false, Ordering::Relaxed);
                tell_once(handle, &desktop);
            }
        }
        _ => {}
    }
}

/// Leaves the window hidden if a tray shows the icon soon; else shows it as a button of the taskbar.
pub(super) fn await_tray(handle: &AppHandle) {
    let handle = handle.clone();
    tauri::async_runtime::spawn(async move {
        let icon = async {
            while !has_tray(&handle).await {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        if tokio::time::timeout(TRAY_PATIENCE, icon).await.is_err()
            && let Some(window) = main(&handle)
            && let Err(error) = window.minimize().and_then(|()| window.show())
        {
            tracing::warn!(%error, "the window does not show, and there is no tray");
        }
    });
}

/// Shows the window if it is hidden: what would bring it back is gone.
#[cfg(target_os = "linux")]
pub(super) fn show_if_hidden(handle: &AppHandle) {
    if main(handle).is_some_and(|window| !window.is_visible().unwrap_or(true)) {
        show(handle);
    }
}

/// Asks without holding up other work: the answer comes from another process.
async fn has_tray(handle: &AppHandle) -> bool {
    let handle = handle.clone();
    tauri::async_runtime::spawn_blocking(move || handle.state::<Desktop>().has_tray()).await.unwrap_or(false)
}

/// The first time, says where the app has gone.
fn tell_once(handle: &AppHandle, desktop: &Desktop) {
    if !desktop.told_of_tray.swap(true, Ordering::Relaxed) {
        let language = language(handle);
        let note = Note { title: language.text("goes_on", &[]), body: language.text("goes_on_why", &[]) };
        notify(handle, note);
    }
}

fn main(handle: &AppHandle) -> Option<WebviewWindow> {
    handle.get_webview_window(MAIN)
}
