//! `follow`: lets messages of more accounts in, or of fewer.

use std::fmt;

use mqtt_twister_bridge::config::BridgeName;
use serde::Serialize;
use twister::Username;

use crate::args::FollowArgs;
use crate::data_dir;
use crate::edit::{self, Edit, Effect};
use crate::error::CliError;
use crate::output::Output;

/// The list that is changed.
const LIST: &str = "following";

/// What was changed.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line {
    /// These are followed, and were not before.
    Followed {
        bridge: BridgeName,
        accounts: Vec<Username>,
        #[serde(flatten)]
        effect: Effect,
    },
    /// These are not followed any more.
    Unfollowed {
        bridge: BridgeName,
        accounts: Vec<Username>,
        #[serde(flatten)]
        effect: Effect,
    },
    /// It was so before.
    Unchanged { bridge: BridgeName },
}

pub(crate) async fn run(args: FollowArgs, output: &Output) -> Result<(), CliError> {
    let FollowArgs { change, accounts } = args;
    let data_dir = data_dir::or_default(change.data_dir)?;
    let mut edit = Edit::open(&change.config, change.bridge.as_ref())?;
    let bridge = edit.config().name.clone();
    let mut changed: Vec<Username> = Vec::new();
    for account in accounts {
        if edit.config().following.contains(&account) == change.remove && !changed.contains(&account) {
            match change.remove {
                true => edit.remove(LIST, |value| value.as_str() == Some(account.as_str()))?,
                false => edit.push(LIST, account.as_str().into())?,
            }
            changed.push(account);
        }
    }
    if changed.is_empty() {
        output.line(&Line::Unchanged { bridge });
        return Ok(());
    }
    let effect = edit::take_effect(&edit.save()?, &data_dir).await;
    output.line(&match change.remove {
        true => Line::Unfollowed { bridge, accounts: changed, effect },
        false => Line::Followed { bridge, accounts: changed, effect },
    });
    Ok(())
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |accounts: &[Username]| accounts.iter().map(Username::as_str).collect::<Vec<_>>().join(", ");
        match self {
            Self::Followed { bridge, accounts, effect } => {
                write!(f, "{bridge} follows {}{}", names(accounts), effect.words())
            }
            Self::Unfollowed { bridge, accounts, effect } => {
                write!(f, "{bridge} does not follow {} any more{}", names(accounts), effect.words())
            }
            Self::Unchanged { bridge } => write!(f, "{bridge}: nothing to change, it is so already"),
        }
    }
}
