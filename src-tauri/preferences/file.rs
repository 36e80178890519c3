//! The preferences' file. It is kept as it was read, and only what the person changes is changed in it: so what a newer
//! version wrote, and this one does not know, is still there when the newer version comes back.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::Preferences;

/// The most bytes that the file may have.
const MOST_BYTES: u64 = 64 * 1024;

/// Why preferences are not read or not kept.
#[derive(Debug, thiserror::Error)]
pub enum PreferencesError {
    /// The file is there and cannot be read.
    #[error("cannot read {}: {source}. The app goes on as it comes; check the file's permissions", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is larger than preferences can be.
    #[error("{} is too large to be the app's preferences. Move it away and start the app again", path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
    },
    /// The text is not valid TOML.
    #[error("{}, line {line}: {reason}. Correct or remove the file, then start the app again", path.display())]
    Toml {
        /// Which file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// The file could not be read before, so it is not written over.
    #[error("nothing was saved, because the file {} could not be read: {reason}", path.display())]
    LeftAlone {
        /// Which file.
        path: PathBuf,
        /// Why it could not be read.
        reason: String,
    },
    /// The file cannot be written.
    #[error("cannot write {}: {source}. Nothing was saved; free some space or check the folder's permissions", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// What the file holds, known and unknown.
#[derive(Debug, Clone, Default)]
pub(super) struct PreferencesFile(Table);

impl PreferencesFile {
    pub(super) fn read(path: &Path) -> Result<Self, PreferencesError> {
        let failed = |source| PreferencesError::Read { path: path.to_owned(), source };
        let file = match fs::File::open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            opened => opened.map_err(failed)?,
        };
        let mut text = String::new();
        file.take(MOST_BYTES + 1).read_to_string(&mut text).map_err(failed)?;
        if text.len() as u64 > MOST_BYTES {
            return Err(PreferencesError::TooLarge { path: path.to_owned() });
        }
        text.parse().map(Self).map_err(|error: toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let reason = error.message().to_owned();
            PreferencesError::Toml { path: path.to_owned(), line: before.matches('\n').count() + 1, reason }
        })
    }

    /// What can be read of it; the rest is as it comes.
    pub(super) fn preferences(&self) -> Preferences {
        let mut known = table(&Preferences::default());
        overlay(&mut known, &self.0, &|candidate| readable::<Preferences>(candidate));
        Value::Table(known).try_into::<Preferences>().unwrap_or_default()
    }

    /// The file after a change of preferences: what is the same in both stays as it stands there.
    pub(super) fn changed(&self, from: &Preferences, to: &Preferences) -> Self {
        let mut changed = self.0.clone();
        write_changes(&mut changed, &table(from), &table(to));
        Self(changed)
    }

    /// Writes the file so that a crash leaves either the old or the new one.
    pub(super) fn write(&self, path: &Path) -> Result<(), PreferencesError> {
        let failed = |source| PreferencesError::Write { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let beside = path.with_extension("toml.new");
        let mut file = fs::File::create(&beside).map_err(failed)?;
        // A table of texts and switches: there is nothing in it that TOML cannot express.
        let text = toml::to_string(&self.0).unwrap_or_default();
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        fs::rename(&beside, path).map_err(failed)
    }
}

fn table(preferences: &impl Serialize) -> Table {
    Table::try_from(preferences).unwrap_or_default()
}

fn readable<T: DeserializeOwned>(candidate: &Table) -> bool {
    Value::Table(candidate.clone()).try_into::<T>().is_ok()
}

/// Takes over from `found` every value that is known and can be read. What cannot, such as a choice that only a newer version
/// has, stays as it comes.
fn overlay(known: &mut Table, found: &Table, readable: &dyn Fn(&Table) -> bool) {
    for (name, value) in found {
        match (known.get(name), value) {
            (Some(Value::Table(inner)), Value::Table(found)) => {
                let mut inner = inner.clone();
                let whole = known.clone();
                overlay(&mut inner, found, &|candidate| {
                    let mut whole = whole.clone();
                    whole.insert(name.clone(), Value::Table(candidate.clone()));
                    readable(&whole)
                });
                known.insert(name.clone(), Value::Table(inner));
            }
            (Some(before), value) => {
                let before = before.clone();
                known.insert(name.clone(), value.clone());
                if !readable(known) {
                    known.insert(name.clone(), before);
                }
            }
            (None, _) => {}
        }
    }
}

fn write_changes(file: &mut Table, from: &Table, to: &Table) {
    for (name, wanted) in to {
        match (from.get(name), wanted) {
            (Some(Value::Table(from)), Value::Table(wanted)) => {
                let mut inner = match file.get(name) {
                    Some(Value::Table(inner)) => inner.clone(),
                    _ => Table::new(),
                };
                write_changes(&mut inner, from, wanted);
                if !inner.is_empty() {
                    file.insert(name.clone(), Value::Table(inner));
                }
            }
            (before, wanted) if before == Some(wanted) => {}
            (_, wanted) => {
                file.insert(name.clone(), wanted.clone());
            }
        }
    }
}
