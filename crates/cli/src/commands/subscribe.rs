//! `subscribe`: asks the network for more topics, or for fewer.

use std::fmt;

use mqtt_twister_bridge::config::{BridgeName, Subscription};
use mqtt_twister_bridge::topic::TopicFilter;
use serde::Serialize;
use toml_edit::{Array, InlineTable, Value};
use twister::Username;

use crate::args::SubscribeArgs;
use crate::data_dir;
use crate::edit::{self, Edit, Effect};
use crate::error::CliError;
use crate::output::Output;

/// The list that is changed.
const LIST: &str = "subscriptions";

/// What was changed.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line {
    /// These are wanted, and were not before.
    Subscribed {
        bridge: BridgeName,
        filters: Vec<TopicFilter>,
        follows_nobody: bool,
        #[serde(flatten)]
        effect: Effect,
    },
    /// These are not wanted any more.
    Unsubscribed {
        bridge: BridgeName,
        filters: Vec<TopicFilter>,
        #[serde(flatten)]
        effect: Effect,
    },
    /// It was so before.
    Unchanged { bridge: BridgeName },
}

pub(crate) async fn run(args: SubscribeArgs, output: &Output) -> Result<(), CliError> {
    let SubscribeArgs { change, filters, from } = args;
    let data_dir = data_dir::or_default(change.data_dir)?;
    let mut edit = Edit::open(&change.config, change.bridge.as_ref())?;
    let bridge = edit.config().name.clone();
    let mut changed: Vec<TopicFilter> = Vec::new();
    for filter in filters {
        let is_same = |rule: &Subscription| rule.filter == filter && (change.remove || rule.from == from);
        if edit.config().subscriptions.iter().any(is_same) == change.remove && !changed.contains(&filter) {
            match change.remove {
                true => edit.remove(LIST, |value| filter_of(value) == Some(filter.as_str()))?,
                false => edit.push(LIST, rule(&filter, &from))?,
            }
            changed.push(filter);
        }
    }
    if changed.is_empty() {
        output.line(&Line::Unchanged { bridge });
        return Ok(());
    }
    let config = edit.save()?;
    let effect = edit::take_effect(&config, &data_dir).await;
    output.line(&match change.remove {
        true => Line::Unsubscribed { bridge, filters: changed, effect },
        false => {
            let follows_nobody = config.following.is_empty();
            Line::Subscribed { bridge, filters: changed, follows_nobody, effect }
        }
    });
    Ok(())
}

/// A subscription as it is written: a filter, or a table that says whose messages are meant.
fn rule(filter: &TopicFilter, from: &[Username]) -> Value {
    if from.is_empty() {
        return filter.as_str().into();
    }
    let mut table = InlineTable::new();
    table.insert("filter", filter.as_str().into());
    table.insert("from", Value::Array(from.iter().map(Username::as_str).collect::<Array>()));
    table.into()
}

/// The filter of a subscription, in whichever way it is written.
fn filter_of(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.as_inline_table()?.get("filter")?.as_str())
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |filters: &[TopicFilter]| filters.iter().map(TopicFilter::as_str).collect::<Vec<_>>().join(", ");
        match self {
            Self::Subscribed { bridge, filters, follows_nobody, effect } => {
                write!(f, "{bridge} subscribes to {}{}", list(filters), effect.words())?;
                match follows_nobody {
                    true => f.write_str(". It follows nobody yet, so nothing comes in: see `follow`"),
                    false => Ok(()),
                }
            }
            Self::Unsubscribed { bridge, filters, effect } => {
                write!(f, "{bridge} does not subscribe to {} any more{}", list(filters), effect.words())
            }
            Self::Unchanged { bridge } => write!(f, "{bridge}: nothing to change, it is so already"),
        }
    }
}
