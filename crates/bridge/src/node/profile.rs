//! An account's profile, shown and edited field by field. What is not edited stays as it is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use twister::Username;

use super::Node;
use crate::check::CheckError;
use crate::event::ProblemCode;
use crate::profile::{self, Found};

/// The fields that belong to bridges, and that nobody else edits.
const OF_BRIDGES: &[&str] = &["mqtt_topics", "mqtt_frames"];

/// Most that a profile may hold, in bytes of JSON: nodes drop larger entries of the DHT without a word.
const LARGEST_PROFILE: usize = 7000;

/// An account's profile.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Profile {
    /// Whether the network has one.
    pub found: bool,
    /// Its fields, in their order.
    pub fields: Vec<ProfileField>,
}

/// A field of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ProfileField {
    /// Its name, as `fullname`, `bio`, `location` or `url`.
    pub name: String,
    /// Its value: a text as it is, anything else as JSON.
    pub value: String,
    /// Whether it is a text that its owner may edit here.
    pub editable: bool,
}

impl Node {
    /// The profile of an account. Takes up to 15 seconds if the network has none.
    ///
    /// # Errors
    /// What the node says, and [`ProblemCode::ProfileUnreadable`].
    pub async fn profile(&self, account: &Username) -> Result<Profile, CheckError> {
        match profile::read(&self.client, account, None).await? {
            Found::Profile(found) => {
                let fields = found.fields.into_iter().map(|(name, value)| field(name, value)).collect();
                Ok(Profile { found: true, fields })
            }
            Found::Nothing => Ok(Profile::default()),
            Found::Unreadable => Err(unreadable(account)),
        }
    }

    /// Changes some fields of the profile of an account in the wallet: none removes a field. The others stay as they are.
    ///
    /// # Errors
    /// [`ProblemCode::ProfileUnreadable`] if what is there cannot be merged with, or what was written is not to be found
    /// there; [`ProblemCode::ProfileRefused`] for a field that is not the person's, or too much text; what the node says.
    pub async fn change_profile(
        &self,
        account: &Username,
        changes: &BTreeMap<String, Option<String>>,
    ) -> Result<(), CheckError> {
        if let Some(name) = changes.keys().find(|name| OF_BRIDGES.contains(&name.as_str())) {
            let text =
                format!("the field {name} belongs to the bridges of {account}: change their subscriptions instead");
            return Err(CheckError { code: ProblemCode::ProfileRefused, message: text });
        }
        let found = profile::read(&self.client, account, None).await?;
        let mut merged = found.into_merged().ok_or_else(|| unreadable(account))?;
        for (name, value) in changes {
            match value {
                Some(value) => drop(merged.fields.insert(name.clone(), Value::from(value.as_str()))),
                None => drop(merged.fields.shift_remove(name)),
            }
        }
        let size = serde_json::to_string(&merged.fields).map_or(usize::MAX, |text| text.len());
        if size > LARGEST_PROFILE {
            let text = format!(
                "the profile would have {size} bytes, and the network keeps at most {LARGEST_PROFILE}: shorten a field"
            );
            return Err(CheckError { code: ProblemCode::ProfileRefused, message: text });
        }
        merged.seq += 1;
        let changed: Vec<&str> = changes.keys().map(String::as_str).collect();
        if profile::write(&self.client, account, &merged, &changed).await? {
            return Ok(());
        }
        let text = "the profile was written but is not to be found in the network as it was written: the node may have no \
                    others to keep it, or another program of this account wrote at the same time. Look at it again in a \
                    minute";
        Err(CheckError { code: ProblemCode::ProfileUnreadable, message: text.to_owned() })
    }
}

fn field(name: String, value: Value) -> ProfileField {
    let is_text = value.is_string();
    let editable = is_text && !OF_BRIDGES.contains(&name.as_str());
    let value = match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    ProfileField { name, value, editable }
}

fn unreadable(account: &Username) -> CheckError {
    let text = format!(
        "the profile of {account} is not a list of fields, so nothing is added to it: save the profile once in a Twister client"
    );
    CheckError { code: ProblemCode::ProfileUnreadable, message: text }
}
