//! Whether the desktop shows tray icons. On Windows and macOS it always does. On Linux it does where a program on the session's
//! bus calls itself the watcher of such icons and knows one that shows them; that can come and go while the app runs.

use tauri::AppHandle;

#[cfg(not(target_os = "linux"))]
pub(super) use elsewhere::TrayHost;
#[cfg(target_os = "linux")]
pub(super) use linux::TrayHost;

/// Makes the tray icon when there is a tray, and shows the window should the tray go while it is hidden.
pub(super) fn watch(handle: &AppHandle) {
    #[cfg(target_os = "linux")]
    linux::watch(handle);
    #[cfg(not(target_os = "linux"))]
    super::tray::make(handle);
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    /// A tray that is always there.
    #[derive(Default)]
    pub(in super::super) struct TrayHost;

    impl TrayHost {
        pub(in super::super) fn is_present(&self) -> bool {
            true
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::sync::OnceLock;
    use std::time::Duration;

    use tauri::{AppHandle, Manager as _};
    use zbus::blocking::connection::Builder;
    use zbus::blocking::fdo::DBusProxy;
    use zbus::blocking::{Connection, Proxy};

    use super::super::{Desktop, tray, window};

    /// The name under which the watcher of tray icons is on the bus.
    const WATCHER: &str = "org.kde.StatusNotifierWatcher";

    /// Where the watcher is asked.
    const WATCHER_PATH: &str = "/StatusNotifierWatcher";

    /// How long it may take to answer: the window waits for it.
    const PATIENCE: Duration = Duration::from_millis(500);

    /// The tray of this session, if there is one.
    #[derive(Default)]
    pub(in super::super) struct TrayHost {
        bus: OnceLock<Connection>,
    }

    impl TrayHost {
        /// Whether icons are shown at this moment.
        pub(in super::super) fn is_present(&self) -> bool {
            let Some(bus) = self.bus.get() else { return false };
            let asked = Proxy::new(bus, WATCHER, WATCHER_PATH, WATCHER)
                .and_then(|watcher| watcher.get_property::<bool>("IsStatusNotifierHostRegistered"));
            asked.unwrap_or(false)
        }
    }

    pub(super) fn watch(handle: &AppHandle) {
        let handle = handle.clone();
        let thread = std::thread::Builder::new().name("tray-watcher".to_owned()).spawn(move || {
            if let Err(error) = follow(&handle) {
                tracing::debug!(%error, "there is no session bus, so there is no tray");
            }
        });
        if let Err(error) = thread {
            tracing::warn!(%error, "the tray cannot be watched, so there is none");
        }
    }

    /// Follows the watcher's coming and going until the bus goes.
    fn follow(handle: &AppHandle) -> zbus::Result<()> {
        let bus = Builder::session()?.method_timeout(PATIENCE).build()?;
        let names = DBusProxy::new(&bus)?;
        let changes = names.receive_name_owner_changed_with_args(&[(0, WATCHER)])?;
        // The bus is kept for questions; that it was not kept before is certain.
        let _ = handle.state::<Desktop>().host.bus.set(bus);
        if names.name_has_owner(WATCHER.try_into()?)? {
            tray::make(handle);
        }
        for change in changes {
            match change.args()?.new_owner.is_some() {
                true => tray::make(handle),
                false => window::show_if_hidden(handle),
            }
        }
        Ok(())
    }
}
