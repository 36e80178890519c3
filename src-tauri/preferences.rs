//! How the person wants the app itself: language, theme, tray, notifications. They stand in `app.toml` beside
//! the bridges' settings. Reading and writing that file is `file`'s; which texts a language has is `texts`'.
//!
//! Deliberately not here: what bridges do, which is `config.toml`'s, and what is kept of messages, which is `messages`'.

mod file;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

pub use file::PreferencesError;
use file::PreferencesFile;

/// How the person wants the app.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, specta::Type)]
#[serde(default)]
pub struct Preferences {
    /// The language of the window, the tray and the notifications.
    pub language: LanguageChoice,
    /// How the window looks.
    pub theme: Theme,
    /// What the window does when it opens and closes.
    pub window: WindowPreferences,
    /// What the person is told of while they do not look.
    pub notifications: NotificationPreferences,
}

/// What the window does when it opens and closes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(default)]
pub struct WindowPreferences {
    /// Closing the window leaves the app in the tray, if there is one.
    pub close_to_tray: bool,
    /// The app starts when the person logs in, hidden.
    pub autostart: bool,
    /// The window stays hidden whenever the app starts, if there is a tray.
    pub start_hidden: bool,
    /// Bridges that ran when the app ended run again when it starts.
    pub resume_bridges: bool,
}

/// What the person is told of while they do not look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(default)]
pub struct NotificationPreferences {
    /// Something needs the person: a refused password, a full disk.
    pub problems: bool,
    /// A node or a broker went away, or came back.
    pub connection: bool,
    /// The first message of an account arrived.
    pub new_peer: bool,
    /// Few posts are left.
    pub quota: bool,
    /// An account's registration is in the chain.
    pub registration: bool,
}

/// Which language the person wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, specta::Type)]
pub enum LanguageChoice {
    /// The system's, as far as the app speaks it; else English.
    #[default]
    #[serde(rename = "system")]
    System,
    /// English.
    #[serde(rename = "en")]
    English,
    /// French.
    #[serde(rename = "fr")]
    French,
    /// Brazilian Portuguese.
    #[serde(rename = "pt-BR")]
    BrazilianPortuguese,
    /// German.
    #[serde(rename = "de")]
    German,
}

/// How the window looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
    /// High contrast.
    Contrast,
}

/// The preferences of a running app.
pub struct PreferencesRoom {
    path: PathBuf,
    kept: Mutex<Kept>,
}

struct Kept {
    current: Preferences,
    /// What the file holds besides, or why it could not be read.
    file: Result<PreferencesFile, PreferencesError>,
}

impl Default for WindowPreferences {
    fn default() -> Self {
        Self { close_to_tray: false, autostart: false, start_hidden: false, resume_bridges: true }
    }
}

impl Default for NotificationPreferences {
    fn default() -> Self {
        Self { problems: true, connection: true, new_peer: true, quota: true, registration: true }
    }
}

impl PreferencesRoom {
    /// Reads the preferences in `folder`. A file that cannot be read is left alone, and the app is as it is without one.
    pub fn open(folder: &Path) -> Self {
        let path = folder.join("app.toml");
        let file = PreferencesFile::read(&path);
        let current = file.as_ref().map(PreferencesFile::preferences).unwrap_or_default();
        Self { path, kept: Mutex::new(Kept { current, file }) }
    }

    /// The preferences now.
    pub fn current(&self) -> Preferences {
        self.kept().current.clone()
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Why the file could not be read; while it is so, nothing is written to it.
    pub fn problem(&self) -> Option<String> {
        self.kept().file.as_ref().err().map(ToString::to_string)
    }

    /// Keeps these from now on. What a newer version of the app wrote into the file stays. Blocks while the file is written.
    ///
    /// # Errors
    /// [`PreferencesError`]: the file could not be read before, or cannot be written. Then nothing has changed.
    pub fn save(&self, wanted: Preferences) -> Result<Preferences, PreferencesError> {
        let mut kept = self.kept();
        let changed = match &kept.file {
            Ok(file) => file.changed(&kept.current, &wanted),
            Err(error) => {
                return Err(PreferencesError::LeftAlone { path: self.path.clone(), reason: error.to_string() });
            }
        };
        changed.write(&self.path)?;
        *kept = Kept { current: wanted.clone(), file: Ok(changed) };
        Ok(wanted)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn open(text: &str) -> (tempfile::TempDir, PreferencesRoom) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("app.toml"), text).unwrap();
        let room = PreferencesRoom::open(folder.path());
        (folder, room)
    }

    fn dark(room: &PreferencesRoom) -> Preferences {
        Preferences { theme: Theme::Dark, ..room.current() }
    }

    #[test]
    fn without_a_file_everything_is_as_it_comes() {
        let folder = tempfile::tempdir().unwrap();
        let room = PreferencesRoom::open(&folder.path().join("not/yet"));
        assert_eq!(room.current(), Preferences::default());
        assert_eq!(room.problem(), None);
    }

    #[test]
    fn what_was_saved_is_read_again() {
        let (folder, room) = open("");
        let mut wanted = dark(&room);
        wanted.language = LanguageChoice::BrazilianPortuguese;
        wanted.notifications.quota = false;
        wanted.window.close_to_tray = true;
        room.save(wanted.clone()).unwrap();
        assert_eq!(PreferencesRoom::open(folder.path()).current(), wanted);
        let text = std::fs::read_to_string(room.path()).unwrap();
        assert!(text.contains("language = \"pt-BR\""), "{text}");
    }

    #[test]
    fn only_what_differs_from_what_comes_is_written() {
        let (_folder, room) = open("");
        room.save(dark(&room)).unwrap();
        assert_eq!(std::fs::read_to_string(room.path()).unwrap(), "theme = \"dark\"\n");
    }

    #[test]
    fn what_a_newer_version_wrote_stays() {
        let newer = "theme = \"sepia\"\nsounds = true\n\n[window]\nautostart = true\nopacity = 0.9\n";
        let (folder, room) = open(newer);
        assert_eq!(room.current().theme, Theme::System);
        assert!(room.current().window.autostart);
        let mut wanted = room.current();
        wanted.window.start_hidden = true;
        room.save(wanted).unwrap();
        let text = std::fs::read_to_string(room.path()).unwrap();
        for kept in ["theme = \"sepia\"", "sounds = true", "opacity = 0.9", "autostart = true", "start_hidden = true"] {
            assert!(text.contains(kept), "{kept} is lost:\n{text}");
        }
        // A choice that the person makes goes before one that this version cannot read.
        let room = PreferencesRoom::open(folder.path());
        room.save(dark(&room)).unwrap();
        assert!(std::fs::read_to_string(room.path()).unwrap().contains("theme = \"dark\""));
    }

    #[test]
    fn a_file_that_is_no_toml_is_told_and_left_alone() {
        let (_folder, room) = open("theme = [");
        assert_eq!(room.current(), Preferences::default());
        assert!(room.problem().unwrap().contains("line 1"), "{:?}", room.problem());
        let refused = room.save(dark(&room)).unwrap_err();
        assert!(matches!(refused, PreferencesError::LeftAlone { .. }));
        assert_eq!(std::fs::read_to_string(room.path()).unwrap(), "theme = [");
    }

    #[test]
    fn a_file_of_unreasonable_size_is_not_read() {
        let (_folder, room) = open(&"# nothing\n".repeat(100_000));
        assert!(room.problem().unwrap().contains("too large"), "{:?}", room.problem());
    }
}
