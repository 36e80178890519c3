//! The tray icon: a picture and a menu that tell the true state.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tauri::menu::{IsMenuItem, Menu, MenuItem, PredefinedMenuItem};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager as _, Wry};

use super::model::TrayModel;
use super::{Desktop, locked, picture, refresh_tray, show};
use crate::app::App;
use crate::view::BridgeId;

const OPEN: &str = "open";
const QUIT: &str = "quit";
const START: &str = "start ";
const STOP: &str = "stop ";

/// The tray icon.
pub(super) struct Tray {
    icon: TrayIcon,
    shown: Option<TrayModel>,
}

impl Tray {
    /// Shows this from now on, if it is anything new.
    pub(super) fn show(&mut self, handle: &AppHandle, model: TrayModel) {
        if self.shown.as_ref() == Some(&model) {
            return;
        }
        self.shown = Some(model.clone());
        let (icon, owner) = (self.icon.clone(), handle.clone());
        let posted = handle.run_on_main_thread(move || {
            if let Err(error) = draw(&icon, &owner, &model) {
                tracing::debug!(%error, "the tray icon does not show the newest state");
            }
        });
        if let Err(error) = posted {
            tracing::debug!(%error, "the tray icon is not drawn any more: the app ends");
        }
    }
}

/// Makes the icon, unless there is one.
pub(super) fn make(handle: &AppHandle) {
    let owner = handle.clone();
    let posted = handle.run_on_main_thread(move || {
        let desktop = owner.state::<Desktop>();
        if locked(&desktop.tray).is_some() {
            return;
        }
        // The library for icons is looked for when the first one is made, and where it is missing that panics.
        let built = catch_unwind(AssertUnwindSafe(|| build(&owner)));
        match built {
            Ok(Ok(icon)) => *locked(&desktop.tray) = Some(Tray { icon, shown: None }),
            Ok(Err(error)) => tracing::warn!(%error, "there is no tray icon"),
            Err(_) => tracing::warn!("there is no tray icon: the library libayatana-appindicator3 is not installed"),
        }
        refresh_tray(&owner);
    });
    if let Err(error) = posted {
        tracing::debug!(%error, "no tray icon is made any more: the app ends");
    }
}

fn build(handle: &AppHandle) -> tauri::Result<TrayIcon> {
    TrayIconBuilder::with_id("state")
        .show_menu_on_left_click(false)
        .menu(&Menu::new(handle)?)
        .on_menu_event(|handle, event| chosen(handle, event.id.as_ref()))
        .on_tray_icon_event(|icon, event| {
            if let TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. } = event {
                show(icon.app_handle());
            }
        })
        .build(handle)
}

fn draw(icon: &TrayIcon, handle: &AppHandle, model: &TrayModel) -> tauri::Result<()> {
    let item = |id: &str, text: &str| MenuItem::with_id(handle, id, text, true, None::<&str>);
    let state = MenuItem::with_id(handle, "state", &model.state, false, None::<&str>)?;
    let (line, last_line) = (PredefinedMenuItem::separator(handle)?, PredefinedMenuItem::separator(handle)?);
    let bridges = model.bridges.iter().map(|bridge| {
        let verb = if bridge.stops { STOP } else { START };
        item(&format!("{verb}{}", bridge.id), &bridge.text)
    });
    let bridges: Vec<MenuItem<Wry>> = bridges.collect::<tauri::Result<_>>()?;
    let (open, quit) = (item(OPEN, &model.open)?, item(QUIT, &model.quit)?);
    let mut items: Vec<&dyn IsMenuItem<Wry>> = vec![&state, &line];
    items.extend(bridges.iter().map(|bridge| bridge as &dyn IsMenuItem<Wry>));
    if !bridges.is_empty() {
        items.push(&last_line);
    }
    items.extend([&open as &dyn IsMenuItem<Wry>, &quit]);
    icon.set_menu(Some(Menu::with_items(handle, &items)?))?;
    icon.set_icon(Some(picture::draw(model.picture)?))?;
    icon.set_tooltip(Some(format!("mqtt-twister: {}", model.state)))
}

fn chosen(handle: &AppHandle, item: &str) {
    match item {
        OPEN => show(handle),
        QUIT => handle.exit(0),
        item => {
            let (starts, id) = match (item.strip_prefix(START), item.strip_prefix(STOP)) {
                (Some(id), _) => (true, id),
                (_, Some(id)) => (false, id),
                _ => return,
            };
            if let Ok(id) = id.parse::<BridgeId>() {
                turn(handle.clone(), id, starts);
            }
        }
    }
}

/// Starts or stops a bridge. That it does not start shows in the tray and with the bridge.
fn turn(handle: AppHandle, id: BridgeId, starts: bool) {
    tauri::async_runtime::spawn(async move {
        let app = handle.state::<App>();
        let outcome = if starts { app.start(&id).await } else { app.stop(&id).await };
        if let Err(error) = outcome {
            tracing::warn!(bridge = %id, %error, "the tray's menu could not do what was asked");
        }
    });
}
