//! A desktop's tray, as far as an icon knows of it: a watcher on the session's bus that says that icons are shown.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use zbus::connection::Builder;
use zbus::{Connection, interface};

use super::{PATIENCE, machine};

/// A tray. It goes when dropped.
pub struct Tray {
    icons: Icons,
    _bus: Connection,
}

/// The names under which icons have made themselves known.
type Icons = Arc<Mutex<Vec<String>>>;

struct Watcher(Icons);

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, item: String) {
        self.0.lock().unwrap().push(item);
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }
}

impl Tray {
    /// Takes its place in the session of a test's home, as soon as that session is there.
    pub(super) async fn start(home: &Path) -> Self {
        let icons = Icons::default();
        let session = tokio::time::timeout(PATIENCE, session(home)).await.expect("the session begins");
        let bus = Builder::address(session.as_str())
            .unwrap()
            .name("org.kde.StatusNotifierWatcher")
            .unwrap()
            .serve_at("/StatusNotifierWatcher", Watcher(icons.clone()))
            .unwrap()
            .build()
            .await
            .unwrap();
        Self { icons, _bus: bus }
    }

    /// Waits until it shows an icon.
    pub async fn has_icon(&self) {
        let shown = async {
            while self.icons.lock().unwrap().is_empty() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, shown).await.expect("the app puts an icon into the tray");
    }
}

async fn session(home: &Path) -> String {
    loop {
        match std::fs::read_to_string(home.join(machine::SESSION)) {
            Ok(address) if !address.is_empty() => return address,
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}
