//! An app window on a display of its own, with its own home folder, and the means to press and read what is in it.

mod accessibility;
mod connecting;
mod driver;
mod keyboard;
mod machine;
mod palette;
mod processes;
mod stranger;
mod tray;

pub use fantoccini::key::Key;
pub use machine::{Machine, WITHOUT_GPU_VARIABLE, two_bridges};
pub use processes::processes;
pub use stranger::Stranger;

use driver::{Group, on_machine, start_display, start_driver};
use tray::Tray;

use std::fs;
use std::path::Path;
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// The app under test.
const APP: &str = env!("CARGO_BIN_EXE_mqtt-twister");

/// How long a test waits for something to show. A slow machine is no reason to fail.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a button may take to come back that was replaced while it was pressed.
const AFTER_PRESS: Duration = Duration::from_secs(1);

/// Set it to a folder to save screenshots there: `SCREENSHOTS=docs/screenshots cargo test --test window`.
const SCREENSHOTS_VARIABLE: &str = "SCREENSHOTS";

/// The app's folder in the test's home.
const DATA_FOLDER: &str = "app";

/// Where app and drivers write what they have to say.
const LOG: &str = "log";

/// The app's window. It and all that it needs goes when dropped.
pub struct Window {
    client: Client,
    _driver: Group,
    _display: Child,
    display_name: String,
    home: TempDir,
    tray: Option<Tray>,
}

impl Window {
    /// Opens the app as on a new machine: no settings, no other windows, an empty keyring.
    pub async fn open() -> Self {
        Machine::new().open().await
    }

    /// The same on a machine where no keyring runs.
    pub async fn open_without_keyring() -> Self {
        Machine::without_keyring().open().await
    }

    async fn open_on(machine: Machine) -> Self {
        let (display, display_name) = start_display().await;
        let (driver, client, tray) = start_driver(&machine, &display_name).await;
        Self { client, _driver: driver, _display: display, display_name, home: machine.home, tray }
    }

    /// The tray of a [`Machine::with_tray`].
    pub fn tray(&self) -> &Tray {
        self.tray.as_ref().expect("the machine has a tray")
    }

    /// Starts the app a second time in the same session, as somebody does who has forgotten that it runs, and waits until that
    /// one ends. Whether it says that all is well.
    pub async fn start_again(&self, arguments: &[&str]) -> bool {
        let session = fs::read_to_string(self.home.path().join(machine::SESSION)).unwrap();
        let mut second = on_machine(Command::new(APP).args(arguments), self.home.path(), &self.display_name)
            .env("DBUS_SESSION_BUS_ADDRESS", session)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let ended = tokio::time::timeout(PATIENCE, second.wait()).await;
        ended.expect("a second start ends by itself").unwrap().success()
    }

    /// Waits until the window is on the display, or is not.
    pub async fn is_visible(&self, visible: bool) {
        self.answers("return document.visibilityState", if visible { "visible" } else { "hidden" }).await;
    }

    /// Waits until a script in the page returns this.
    pub async fn answers(&self, script: &str, wanted: &str) {
        let answered = async {
            while self.script(script).await != wanted {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, answered).await.is_err() {
            self.fail(&format!("{script:?} does not come to {wanted:?}")).await;
        }
    }

    /// Gives the file field with this test id a file.
    pub async fn give_file(&self, id: &str, path: &Path) {
        self.find(id).await.send_keys(&path.display().to_string()).await.unwrap();
    }

    /// Chooses an entry of the list with this test id.
    pub async fn select(&self, id: &str, value: &str) {
        self.find(id).await.select_by_value(value).await.unwrap();
    }

    /// Waits until there is a file or folder at a path.
    pub async fn exists(&self, path: &Path) {
        let there = async {
            while !path.exists() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, there).await.is_err() {
            self.fail(&format!("there is no {}", path.display())).await;
        }
    }

    /// The folder that the app takes for the person's home.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Runs a script in the page and returns what it returns, for what no person can press or read.
    pub async fn script(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// Waits until the page has been drawn, has its first answers, and nothing moves on it any more.
    pub async fn settled(&self) {
        const STILL: &str = "const done = arguments[0];
            const moves = () => document.getAnimations().filter(({ effect }) => {
                const { iterations } = effect?.getComputedTiming() ?? {};
                return iterations !== Infinity;
            });
            const drawn = () => requestAnimationFrame(() => requestAnimationFrame(async () => {
                if (document.querySelector('[aria-busy=\"true\"]')) return drawn();
                await Promise.allSettled(moves().map(({ finished }) => finished));
                done(null);
            }));
            document.fonts.ready.then(drawn);";
        self.client.execute_async(STILL, Vec::new()).await.unwrap();
    }

    /// Goes to a page by its address: `#/try`.
    pub async fn go(&self, address: &str) {
        self.client.execute("location.hash = arguments[0]", vec![json!(address)]).await.unwrap();
    }

    /// Waits until the element with this test id shows, and returns it.
    pub async fn find(&self, id: &str) -> Element {
        self.first(&selector(id), &format!("the element {id}")).await
    }

    /// Presses the button with this test id, once it can be pressed.
    pub async fn press(&self, id: &str) {
        let enabled = format!("{}:not([disabled])", selector(id));
        let wanted = format!("the button {id}, ready to be pressed");
        // A page that changes may put another one in its place between finding and pressing it. If none is there any more,
        // it was pressed: the press itself has changed the page before the driver had answered.
        while let Err(error) = self.first(&enabled, &wanted).await.click().await {
            assert!(error.is_stale_element_reference(), "{id} cannot be pressed: {error}");
            let there = self.client.wait().at_most(AFTER_PRESS).for_element(Locator::Css(&enabled)).await;
            if there.is_err() {
                return;
            }
        }
    }

    /// Chooses one of the radio buttons within the element with this test id.
    pub async fn choose(&self, id: &str, value: &str) {
        let button = format!("{} input[value=\"{value}\"]", selector(id));
        self.first(&button, &format!("{value} among {id}")).await.click().await.unwrap();
    }

    /// Picks an entry of the list with this test id by its value.
    pub async fn pick(&self, id: &str, value: &str) {
        let entry = format!("{} option[value=\"{value}\"]", selector(id));
        self.first(&entry, &format!("{value} in the list {id}")).await;
        self.find(id).await.select_by_value(value).await.unwrap();
    }

    /// Writes a text in place of what the field with this test id holds.
    pub async fn fill(&self, id: &str, text: &str) {
        let field = self.find(id).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Waits until an element with this test id shows a text.
    pub async fn shows(&self, id: &str, text: &str) {
        self.shows_within(&selector(id), id, text).await;
    }

    /// Waits until no element with this test id is there.
    pub async fn is_gone(&self, id: &str) {
        let gone = async {
            while !self.client.find_all(Locator::Css(&selector(id))).await.is_ok_and(|found| found.is_empty()) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, gone).await.is_err() {
            self.fail(&format!("{id} stayed")).await;
        }
    }

    /// Waits until a text shows anywhere.
    pub async fn says(&self, text: &str) {
        self.shows_within("body", "page", text).await;
    }

    async fn shows_within(&self, css: &str, what: &str, text: &str) {
        let shown = async {
            loop {
                // An element can go while it is found or read.
                for element in self.client.find_all(Locator::Css(css)).await.unwrap_or_default() {
                    // The driver's own idea of text leaves out what an ellipsis may cut.
                    if let Ok(Some(shown)) = element.prop("innerText").await
                        && shown.contains(text)
                    {
                        return;
                    }
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, shown).await.is_err() {
            self.fail(&format!("no {what} showed {text:?}")).await;
        }
    }

    /// Saves a picture of the window, if the person who runs the test asked for it.
    pub async fn screenshot(&self, name: &str) {
        if let Some(folder) = std::env::var_os(SCREENSHOTS_VARIABLE) {
            let picture = self.client.screenshot().await.unwrap();
            fs::create_dir_all(&folder).unwrap();
            fs::write(Path::new(&folder).join(name), picture).unwrap();
        }
    }

    /// All that the app has written into its folder, as text.
    pub fn written(&self) -> String {
        let mut text = String::new();
        let mut folders = vec![self.home.path().join(DATA_FOLDER)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                match entry.unwrap().path() {
                    folder if folder.is_dir() => folders.push(folder),
                    file if file.is_file() => text += &String::from_utf8_lossy(&fs::read(file).unwrap()),
                    // A socket, of a bridge that runs.
                    _ => {}
                }
            }
        }
        text
    }

    /// Waits until the app has written a text into its folder.
    pub async fn until_written(&self, text: &str) {
        let written = async {
            while !self.written().contains(text) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, written).await.is_err() {
            self.fail(&format!("{text:?} was not written")).await;
        }
    }

    /// Closes the window as a person would.
    pub async fn close(self) {
        self.client.close().await.unwrap();
    }

    async fn first(&self, css: &str, what: &str) -> Element {
        match self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await {
            Ok(element) => element,
            Err(error) => self.fail(&format!("{what} did not show ({error})")).await,
        }
    }

    /// Ends the test with what the window shows, in words and, if screenshots were asked for, as a picture.
    async fn fail(&self, what: &str) -> ! {
        self.screenshot("failed.png").await;
        let text = match self.client.find(Locator::Css("body")).await {
            Ok(body) => body.prop("innerText").await.ok().flatten().unwrap_or_default(),
            Err(error) => format!("nothing: {error}"),
        };
        let log = fs::read_to_string(self.home.path().join(LOG)).unwrap_or_default();
        panic!("{what}. The window showed:\n{text}\nThe app and its drivers said:\n{log}");
    }
}

/// A test id, or several that lie within each other, with spaces between.
fn selector(ids: &str) -> String {
    let selectors: Vec<String> = ids.split(' ').map(|id| format!("[data-testid=\"{id}\"]")).collect();
    selectors.join(" ")
}
