//! What the composer remembers: the last messages that were published, and those that were saved under a name. Both are
//! bounded, and stand in a file of the app's folder that only its owner may read.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::error::{AppErrorCode, CommandError};
use crate::files;
use crate::view::MessageInput;

/// Messages in the history.
const MOST_RECENT: usize = 100;

/// Saved messages.
const MOST_SAVED: usize = 200;

/// Bytes of all messages together, as they stand in the file: large ones leave room for fewer.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// What the composer remembers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, specta::Type)]
#[serde(default)]
pub struct Remembered {
    /// The last messages that were published, the newest first.
    pub recent: Vec<MessageInput>,
    /// Messages that were saved, by name.
    pub saved: Vec<SavedMessage>,
}

/// A message that was saved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, specta::Type)]
pub struct SavedMessage {
    /// What it is called.
    pub name: String,
    /// The message.
    pub message: MessageInput,
}

/// The composer's memory.
pub struct Composer {
    path: PathBuf,
    remembered: Mutex<Remembered>,
}

impl Composer {
    /// With its file in `folder`. One that cannot be read counts as empty.
    pub fn open(folder: &Path) -> Self {
        let path = folder.join("composer.json");
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let remembered = serde_json::from_str(&text).unwrap_or_default();
        Self { path, remembered: Mutex::new(remembered) }
    }

    /// What it remembers.
    pub fn remembered(&self) -> Remembered {
        self.lock().clone()
    }

    /// A message was published: it is the newest of the history. The same message again takes the place of the earlier one.
    ///
    /// # Errors
    /// [`AppErrorCode::FileUnwritable`]; it is remembered until the app ends.
    pub fn note(&self, message: MessageInput) -> Result<(), CommandError> {
        let mut remembered = self.lock();
        remembered.recent.retain(|other| *other != message);
        remembered.recent.insert(0, message);
        remembered.recent.truncate(MOST_RECENT);
        while remembered.recent.len() > 1 && size(&remembered) > MOST_BYTES {
            remembered.recent.pop();
        }
        self.write(&remembered)
    }

    /// Saves a message. One of the same name is replaced.
    ///
    /// # Errors
    /// [`AppErrorCode::InvalidSettings`] with the field, if it has no name, or if there is no room; or
    /// [`AppErrorCode::FileUnwritable`].
    pub fn save(&self, saved: SavedMessage) -> Result<(), CommandError> {
        let name = saved.name.trim().to_owned();
        if name.is_empty() {
            return Err(CommandError::field("name", "give it a name to find it again"));
        }
        let mut remembered = self.lock();
        let mut next = remembered.clone();
        next.saved.retain(|other| other.name != name);
        next.saved.push(SavedMessage { name, ..saved });
        next.saved.sort_by_key(|saved| saved.name.to_lowercase());
        if next.saved.len() > MOST_SAVED {
            return Err(CommandError::field("name", format!("there are {MOST_SAVED} already: remove one first")));
        }
        while !next.recent.is_empty() && size(&next) > MOST_BYTES {
            next.recent.pop();
        }
        if size(&next) > MOST_BYTES {
            return Err(CommandError::field("name", "the saved messages are too large together: remove one first"));
        }
        self.write(&next)?;
        *remembered = next;
        Ok(())
    }

    /// Removes a saved message.
    ///
    /// # Errors
    /// [`AppErrorCode::FileUnwritable`]; it is still there then.
    pub fn remove(&self, name: &str) -> Result<(), CommandError> {
        self.change(|remembered| remembered.saved.retain(|saved| saved.name != name))
    }

    /// Forgets the history.
    ///
    /// # Errors
    /// [`AppErrorCode::FileUnwritable`]; it is still there then.
    pub fn forget_recent(&self) -> Result<(), CommandError> {
        self.change(|remembered| remembered.recent.clear())
    }

    fn change(&self, change: impl FnOnce(&mut Remembered)) -> Result<(), CommandError> {
        let mut remembered = self.lock();
        let mut next = remembered.clone();
        change(&mut next);
        self.write(&next)?;
        *remembered = next;
        Ok(())
    }

    fn write(&self, remembered: &Remembered) -> Result<(), CommandError> {
        let text = serde_json::to_vec(remembered).map_err(std::io::Error::from);
        text.and_then(|text| files::write(&self.path, &text)).map_err(|error| {
            let text = format!("{} cannot be written: {error}. Check its permissions", self.path.display());
            CommandError::new(AppErrorCode::FileUnwritable, text)
        })
    }

    fn lock(&self) -> MutexGuard<'_, Remembered> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// About how many bytes it takes up in the file.
fn size(remembered: &Remembered) -> usize {
    let all = remembered.recent.iter().chain(remembered.saved.iter().map(|saved| &saved.message));
    all.map(|message| 300 + message.topic.len() + message.payload.len() + message.properties.size()).sum()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::view::{PayloadFormat, PropertiesInput};

    fn message(payload: &str) -> MessageInput {
        MessageInput {
            bridge: "home".parse().unwrap(),
            topic: "doors/1".to_owned(),
            payload: payload.to_owned(),
            format: PayloadFormat::Text,
            qos: 1,
            retain: false,
            properties: PropertiesInput::default(),
        }
    }

    fn saved(name: &str, payload: &str) -> SavedMessage {
        SavedMessage { name: name.to_owned(), message: message(payload) }
    }

    fn recent(composer: &Composer) -> Vec<String> {
        composer.remembered().recent.into_iter().map(|message| message.payload).collect()
    }

    #[test]
    fn what_was_published_is_remembered_once_newest_first_and_over_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let composer = Composer::open(folder.path());
        for payload in ["open", "shut", "open"] {
            composer.note(message(payload)).unwrap();
        }
        assert_eq!(recent(&composer), ["open", "shut"]);
        assert_eq!(recent(&Composer::open(folder.path())), ["open", "shut"]);
        composer.forget_recent().unwrap();
        assert_eq!(recent(&Composer::open(folder.path())), [""; 0]);
    }

    #[test]
    fn the_history_is_bounded_in_number_and_size() {
        let folder = tempfile::tempdir().unwrap();
        let composer = Composer::open(folder.path());
        for number in 0..150 {
            composer.note(message(&number.to_string())).unwrap();
        }
        assert_eq!(recent(&composer).len(), MOST_RECENT);
        for number in 0..20 {
            composer.note(message(&format!("{number} {}", "x".repeat(400_000)))).unwrap();
        }
        assert_eq!(recent(&composer).len(), 10);
    }

    #[test]
    fn a_saved_message_has_a_name_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let composer = Composer::open(folder.path());
        for (name, payload) in [("shut", "0"), (" Open ", "1"), ("Open", "2")] {
            composer.save(saved(name, payload)).unwrap();
        }
        assert_eq!(composer.save(saved("  ", "")).unwrap_err().field.as_deref(), Some("name"));
        assert_eq!(Composer::open(folder.path()).remembered().saved, [saved("Open", "2"), saved("shut", "0")]);
        composer.remove("Open").unwrap();
        assert_eq!(composer.remembered().saved, [saved("shut", "0")]);
        let error = composer.save(saved("large", &"x".repeat(MOST_BYTES))).unwrap_err();
        assert!(error.message.contains("too large"), "{}", error.message);
    }
}
