//! How much is kept of what crosses.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{AppErrorCode, CommandError};

/// How much is kept at most, in MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(default)]
pub struct MessageSettings {
    /// In memory, for the window, over all bridges.
    pub history_mib: u32,
    /// On disk, in recordings.
    pub recording_mib: u32,
}

impl Default for MessageSettings {
    fn default() -> Self {
        Self { history_mib: 32, recording_mib: 256 }
    }
}

impl MessageSettings {
    /// Most memory, in MiB.
    const MOST_HISTORY: u32 = 2048;

    /// Most room on disk, in MiB.
    const MOST_RECORDING: u32 = 1024 * 1024;

    /// Whether the values can be used.
    ///
    /// # Errors
    /// [`AppErrorCode::InvalidSettings`] with the field.
    pub fn check(self) -> Result<(), CommandError> {
        let limits = [
            ("history_mib", self.history_mib, Self::MOST_HISTORY),
            ("recording_mib", self.recording_mib, Self::MOST_RECORDING),
        ];
        match limits.into_iter().find(|(_, value, most)| !(1..=*most).contains(value)) {
            Some((field, _, most)) => Err(CommandError::field(field, format!("choose from 1 to {most} MiB"))),
            None => Ok(()),
        }
    }

    /// Bytes in memory.
    pub fn history_bytes(self) -> usize {
        (self.history_mib as usize) << 20
    }

    /// Bytes on disk.
    pub fn recording_bytes(self) -> u64 {
        u64::from(self.recording_mib) << 20
    }

    /// Those in a file; what it does not say, or says wrongly, is as it would be without it.
    pub(super) fn load(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let settings: Self = serde_json::from_str(&text).unwrap_or_default();
        settings.check().map_or_else(|_| Self::default(), |()| settings)
    }

    pub(super) fn save(self, path: &Path) -> Result<(), CommandError> {
        let written = serde_json::to_string_pretty(&self).map_err(std::io::Error::from);
        written.and_then(|text| crate::files::write(path, text.as_bytes())).map_err(|error| {
            let text = format!("the settings cannot be written to {}: {error}. Check its permissions", path.display());
            CommandError::new(AppErrorCode::SettingsUnwritable, text)
        })
    }
}
