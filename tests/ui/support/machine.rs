//! The machine that a window opens on: what is in its home, and what the app is started with.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{APP, DATA_FOLDER, SCREENSHOTS_VARIABLE, Stranger, Window};

/// Leaves the session's address where a second start finds it, unlocks a keyring of the test's own, and goes on with the program
/// that is named by the arguments.
const WITH_KEYRING: &str = "printf %s \"$DBUS_SESSION_BUS_ADDRESS\" > \"$HOME/session\" && \
     printf keyring | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1 && exec \"$0\" \"$@\"";

/// Where the session's address is left, in the home.
pub(super) const SESSION: &str = "session";

/// Whether WebKitGTK draws without the graphics processor.
pub const WITHOUT_GPU_VARIABLE: &str = "WEBKIT_DISABLE_COMPOSITING_MODE";

/// A machine without a window yet.
pub struct Machine {
    pub(super) home: TempDir,
    pub(super) program: PathBuf,
    pub(super) session: Vec<String>,
    pub(super) arguments: Vec<String>,
    pub(super) environment: Vec<(String, String)>,
    pub(super) tray: bool,
}

impl Machine {
    /// A new machine: no settings, no other windows, an empty keyring.
    pub fn new() -> Self {
        Self::with_session(&["dbus-run-session", "--", "sh", "-c", WITH_KEYRING])
    }

    /// The same, where no keyring runs, nor anything else of a desktop session.
    pub fn without_keyring() -> Self {
        Self::with_session(&["env", "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent"])
    }

    fn with_session(session: &[&str]) -> Self {
        let session = session.iter().map(|&word| word.to_owned()).collect();
        // WebKitGTK's driver waits for ever for a picture of a page that is drawn without.
        let pictures = std::env::var_os(SCREENSHOTS_VARIABLE).is_some();
        let drawn = pictures.then(|| (WITHOUT_GPU_VARIABLE.to_owned(), "0".to_owned()));
        Self {
            home: TempDir::new().unwrap(),
            program: APP.into(),
            session,
            arguments: Vec::new(),
            environment: drawn.into_iter().collect(),
            tray: false,
        }
    }

    /// With another program in the app's place, which is made with Tauri too.
    pub fn program(self, program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), ..self }
    }

    /// With a tray that shows icons.
    pub fn with_tray(self) -> Self {
        Self { tray: true, ..self }
    }

    /// Starts the app with an argument more.
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Sets an environment variable for the app.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Puts a file into the home: `.twister/twister.conf`.
    pub fn file(self, path: &str, text: &str) -> Self {
        write(&self.home.path().join(path), text);
        self
    }

    /// Puts a file into the app's own folder: `config.toml`.
    pub fn app_file(self, path: &str, text: &str) -> Self {
        write(&self.app_folder().join(path), text);
        self
    }

    /// Where the app keeps what it writes.
    pub fn app_folder(&self) -> PathBuf {
        self.home.path().join(DATA_FOLDER)
    }

    /// Starts the app.
    pub async fn open(self) -> Window {
        Window::open_on(self).await
    }
}

/// A machine whose app has a bridge for each of two accounts of a network: `alice` for mqtt_alice, `bob` for mqtt_bob. Their
/// broker is away.
pub fn two_bridges(machine: Machine, network: &Stranger) -> Machine {
    let (mut settings, mut machine) = (String::new(), machine);
    for (name, node) in ["alice", "bob"].iter().zip(&network.nodes) {
        settings += &format!(
            "[[bridge]]\nname = \"{name}\"\n\
             [bridge.twister]\nurl = \"{}\"\nuser = \"{}\"\naccount = \"mqtt_{name}\"\n\
             [bridge.broker]\nurl = \"mqtt://127.0.0.1:9\"\n",
            node.url, node.user
        );
        let variable = format!("MQTT_TWISTER_{}_NODE_PASSWORD", name.to_uppercase());
        machine = machine.variable(&variable, &node.password);
    }
    machine.app_file("config.toml", &settings)
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}
