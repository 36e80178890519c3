//! Changing a configuration that a person wrote: lists get longer or shorter, and comments, order and blank lines stay. A
//! running bridge is told.

use std::fs;
use std::path::{Path, PathBuf};

use mqtt_twister_bridge::Bridge;
use mqtt_twister_bridge::config::{BridgeConfig, BridgeName, ConfigError, ConfigFile};
use mqtt_twister_bridge::control::{Client, ControlError};
use serde::Serialize;
use toml_edit::{Array, DocumentMut, Item, Table, Value};

use crate::config;
use crate::error::CliError;

/// A configuration that is being changed, and the bridge that the changes are for.
pub(crate) struct Edit {
    path: PathBuf,
    document: DocumentMut,
    /// The bridge as it is in the file.
    config: BridgeConfig,
}

/// Why a configuration cannot be changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EditError {
    /// A file of the other format.
    #[error(
        "it is a file of mosquitto-twister, which has other fields: write a TOML file (docs/configuration.md) and use that"
    )]
    MosquittoTwister,
    /// The file is valid, but not written in the form that can be changed here.
    #[error("its bridges are not written as [[bridge]] tables with lists in them: change it by hand")]
    OtherForm,
    /// With the change it would not be valid any more.
    #[error("with the change it would not be valid: {0}")]
    NotValid(#[source] ConfigError),
    /// The file cannot be read or written.
    #[error(transparent)]
    File(ConfigError),
}

/// Whether a running bridge knows of a change.
#[derive(Debug, Serialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub(crate) enum Effect {
    /// It goes on with it.
    AtOnce,
    /// It does not run.
    NextStart,
    /// It runs, and does not take it.
    NotTaken {
        /// Why.
        reason: String,
    },
}

impl Edit {
    /// Reads a configuration, to change the bridge `wanted`, or its only one.
    pub(crate) fn open(path: &Path, wanted: Option<&BridgeName>) -> Result<Self, CliError> {
        let refused = |source| CliError::Edit { path: path.to_owned(), source };
        let unreadable = |source| ConfigError::Read { path: path.to_owned(), source };
        let text = fs::read_to_string(path).map_err(unreadable).map_err(|error| refused(EditError::File(error)))?;
        if text.trim_start().starts_with('{') {
            return Err(refused(EditError::MosquittoTwister));
        }
        let invalid = |source| CliError::Config { path: path.to_owned(), source };
        let loaded = ConfigFile::parse(&text).map_err(invalid)?;
        let config = config::only(loaded.bridges, path, wanted)?.config;
        // What was parsed before is parsed again.
        let document = text.parse().map_err(|_| refused(EditError::OtherForm))?;
        Ok(Self { path: path.to_owned(), document, config })
    }

    /// The bridge as it is in the file.
    pub(crate) fn config(&self) -> &BridgeConfig {
        &self.config
    }

    /// Adds to the end of a list of the bridge.
    pub(crate) fn push(&mut self, list: &str, value: Value) -> Result<(), CliError> {
        let array = self.table().and_then(|table| list_of(table, list));
        array.map(|array| push(array, value)).ok_or_else(|| self.refused(EditError::OtherForm))
    }

    /// Takes out of a list of the bridge what is meant.
    pub(crate) fn remove(&mut self, list: &str, is_meant: impl Fn(&Value) -> bool) -> Result<(), CliError> {
        let array = self.table().and_then(|table| list_of(table, list));
        array.map(|array| remove(array, is_meant)).ok_or_else(|| self.refused(EditError::OtherForm))
    }

    /// Checks and writes the file; the old one stays if it would not be valid. Returns the bridge's new settings.
    pub(crate) fn save(self) -> Result<BridgeConfig, CliError> {
        let text = self.document.to_string();
        let parsed = ConfigFile::parse_toml(&text).map_err(|error| self.refused(EditError::NotValid(error)))?;
        let changed = parsed.bridges.into_iter().find(|bridge| bridge.name == self.config.name);
        let changed = changed.ok_or_else(|| self.refused(EditError::OtherForm))?;
        ConfigFile::save_text(&self.path, &text).map_err(|error| self.refused(EditError::File(error)))?;
        Ok(changed)
    }

    fn refused(&self, source: EditError) -> CliError {
        CliError::Edit { path: self.path.clone(), source }
    }

    fn table(&mut self) -> Option<&mut Table> {
        let name = self.config.name.as_str();
        let tables = self.document.get_mut("bridge")?.as_array_of_tables_mut()?;
        tables.iter_mut().find(|table| table.get("name").and_then(Item::as_str) == Some(name))
    }
}

/// Has the bridge go on with its new settings, if it runs.
pub(crate) async fn take_effect(config: &BridgeConfig, data_dir: &Path) -> Effect {
    let told = async {
        match Client::connect(&Bridge::folder(data_dir, &config.name)).await? {
            Some(mut client) => client.reconfigure(config).await.map(|()| Effect::AtOnce),
            None => Ok(Effect::NextStart),
        }
    };
    told.await.unwrap_or_else(|error: ControlError| Effect::NotTaken { reason: error.to_string() })
}

impl Effect {
    /// The end of a sentence about the change.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::AtOnce => "; the running bridge does so from now on".to_owned(),
            Self::NextStart => "; it takes effect when the bridge is started".to_owned(),
            Self::NotTaken { reason } => format!("; the running bridge does not know of it yet: {reason}"),
        }
    }
}

/// The list, which is made if it is not there.
fn list_of<'a>(table: &'a mut Table, list: &str) -> Option<&'a mut Array> {
    table.entry(list).or_insert_with(|| toml_edit::value(Array::new())).as_array_mut()
}

/// Adds a value as a person would: on a line of its own if the others have one each. What was written behind the last value
/// stays behind it.
fn push(array: &mut Array, value: Value) {
    let prefix = |value: &Value| value.decor().prefix().and_then(|prefix| prefix.as_str()).map(str::to_owned);
    let last = array.len().checked_sub(1).and_then(|last| array.get_mut(last));
    let Some((last, indent)) = last.and_then(|last| {
        let prefix = prefix(last)?;
        let indent = prefix.rfind('\n').map(|start| prefix[start..].to_owned())?;
        Some((last, indent))
    }) else {
        return array.push(value);
    };
    let suffix = last.decor().suffix().and_then(|suffix| suffix.as_str()).unwrap_or_default().to_owned();
    last.decor_mut().set_suffix("");
    let trailing = array.trailing().as_str().unwrap_or_default().to_owned();
    let behind = format!("{suffix}{trailing}");
    let (own_suffix, own_trailing) = if array.trailing_comma() { ("", "\n") } else { ("\n", "") };
    array.push_formatted(value.decorated(format!("{}{indent}", behind.trim_end()), own_suffix));
    array.set_trailing(own_trailing);
}

fn remove(array: &mut Array, is_meant: impl Fn(&Value) -> bool) {
    array.retain(|value| !is_meant(value));
    let first = array.get_mut(0).map(Value::decor_mut);
    // What is first in a line needs no space before it.
    if let Some(first) = first.filter(|first| first.prefix().and_then(|prefix| prefix.as_str()) == Some(" ")) {
        first.set_prefix("");
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    const REST: &str = "[bridge.twister] # mine\nurl = \"http://127.0.0.1:28332\"\naccount = \"alice\"\n\n[bridge.broker]\n\
                        url = \"127.0.0.1\" # the broker\n";

    /// What becomes of a file with these lists.
    fn changed(lists: &str, change: impl FnOnce(&mut Edit)) -> String {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("config.toml");
        let head = "# my bridges\n[[bridge]]\nname = \"home\"\n";
        fs::write(&path, format!("{head}{lists}{REST}")).unwrap();
        let mut edit = Edit::open(&path, None).unwrap();
        change(&mut edit);
        edit.save().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let text = text.strip_prefix(head).unwrap().strip_suffix(REST).unwrap();
        text.to_owned()
    }

    fn follow(lists: &str) -> String {
        changed(lists, |edit| edit.push("following", "carol".into()).unwrap())
    }

    #[test]
    fn a_list_in_a_line_gets_longer_and_the_rest_stays() {
        assert_eq!(follow("following = [\"bob\"] # people\n\n"), "following = [\"bob\", \"carol\"] # people\n\n");
        assert_eq!(follow("following = []\n"), "following = [\"carol\"]\n");
    }

    #[test]
    fn a_list_that_is_not_there_is_made() {
        assert_eq!(follow(""), "following = [\"carol\"]\n");
    }

    #[test]
    fn a_value_gets_a_line_of_its_own_where_the_others_have_one_and_comments_stay_with_theirs() {
        let lists = "following = [\n    # the neighbours\n    \"bob\", # next door\n]\n";
        let longer = "following = [\n    # the neighbours\n    \"bob\", # next door\n    \"carol\",\n]\n";
        assert_eq!(follow(lists), longer);
        let lists = "following = [\n    \"bob\" # next door\n]\n";
        assert_eq!(follow(lists), "following = [\n    \"bob\", # next door\n    \"carol\"\n]\n");
    }

    #[test]
    fn what_is_taken_out_takes_nothing_else_with_it() {
        let unfollow = |lists: &str| {
            changed(lists, |edit| {
                edit.remove("following", |value| value.as_str() == Some("bob")).unwrap();
            })
        };
        assert_eq!(unfollow("following = [\"bob\", \"carol\"] # people\n"), "following = [\"carol\"] # people\n");
        assert_eq!(unfollow("following = [\"bob\"]\n"), "following = []\n");
    }

    #[test]
    fn a_change_that_would_not_be_valid_is_not_written() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("config.toml");
        let text = format!("[[bridge]]\nname = \"home\"\nfollowing = [\"bob\"]\npeers = {{ bob = {{}} }}\n{REST}");
        fs::write(&path, &text).unwrap();
        let mut edit = Edit::open(&path, None).unwrap();
        edit.remove("following", |_| true).unwrap();
        assert!(matches!(edit.save(), Err(CliError::Edit { source: EditError::NotValid(_), .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}
