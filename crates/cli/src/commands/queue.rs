//! `queue`: lists what waits to go out; holds, releases, drops or retries it.

use std::fmt;

use mqtt_twister_bridge::config::{BridgeConfig, BridgeName};
use mqtt_twister_bridge::queue::{
    EntryState, QueueAction, QueueChange, QueueEntry, QueuePage, QueueSummary, Selection, Span,
};
use serde::Serialize;

use super::status::{Waiting, messages, now_ms};
use crate::args::{QueueArgs, QueueCommand};
use crate::config;
use crate::data_dir;
use crate::error::CliError;
use crate::output::{Output, shown};
use crate::reach::{Reached, reach};

/// One line of the report.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    /// What waits for a receiver.
    Receiver {
        bridge: &'a BridgeName,
        #[serde(flatten)]
        summary: &'a QueueSummary,
        /// The time to which the words refer.
        #[serde(skip)]
        now_ms: u64,
    },
    /// A message that waits.
    Message {
        bridge: &'a BridgeName,
        #[serde(flatten)]
        entry: &'a QueueEntry,
        #[serde(skip)]
        now_ms: u64,
    },
    /// The list's end.
    Listed { bridge: &'a BridgeName, running: bool, messages: usize, more: bool },
    /// Something was done.
    Changed {
        bridge: &'a BridgeName,
        running: bool,
        action: QueueAction,
        #[serde(flatten)]
        change: QueueChange,
    },
}

pub(crate) async fn run(args: QueueArgs, output: &Output) -> Result<(), CliError> {
    let bridges = config::bridges(&args.config, args.bridge.as_ref())?;
    if bridges.len() > 1 && !args.ids.is_empty() {
        return Err(CliError::WhoseId);
    }
    let data_dir = data_dir::or_default(args.data_dir)?;
    let selection = Selection { ids: args.ids, receiver: args.to, topic: args.topic };
    let action = match args.command {
        QueueCommand::List => None,
        QueueCommand::Hold => Some(QueueAction::Hold),
        QueueCommand::Release => Some(QueueAction::Release),
        QueueCommand::Drop => Some(QueueAction::Drop),
        QueueCommand::Retry => Some(QueueAction::Retry),
    };
    if action == Some(QueueAction::Drop) && selection == Selection::default() && !args.all {
        return Err(CliError::DropsAll);
    }
    for BridgeConfig { name: bridge, .. } in &bridges {
        let mut reached = reach(bridge, &data_dir).await?;
        match action {
            None => list(bridge, &mut reached, &selection, args.limit as usize, output).await?,
            Some(action) => {
                let change = reached.change(action, &selection).await?;
                output.line(&Line::Changed { bridge, running: reached.is_running(), action, change });
            }
        }
    }
    Ok(())
}

/// Shows what waits: a line a receiver, then a line a message.
async fn list(
    bridge: &BridgeName,
    reached: &mut Reached,
    selection: &Selection,
    limit: usize,
    output: &Output,
) -> Result<(), CliError> {
    let (running, status, now_ms) = (reached.is_running(), reached.status().await?, now_ms());
    let is_running = if running { "running" } else { "not running" };
    output.text(format_args!("{bridge}: {is_running}"));
    let is_meant = |summary: &&QueueSummary| selection.receiver.as_ref().is_none_or(|only| *only == summary.receiver);
    for summary in status.queue.iter().filter(is_meant) {
        output.line(&Line::Receiver { bridge, summary, now_ms });
    }
    let (mut after, mut listed) = (0, 0);
    let more = loop {
        let QueuePage { entries, more } = reached.page(selection, after, limit - listed).await?;
        if listed == 0 && !entries.is_empty() {
            output.text(columns(["id", "state", "tries", "qos", "bytes", "taken", "expires", "to", "topic"]));
        }
        for entry in &entries {
            output.line(&Line::Message { bridge, entry, now_ms });
        }
        listed += entries.len();
        after = entries.last().map_or(after, |entry| entry.id);
        if !more || entries.is_empty() || listed >= limit {
            break more;
        }
    };
    output.line(&Line::Listed { bridge, running, messages: listed, more });
    Ok(())
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Receiver { summary, now_ms, .. } => {
                write!(f, "  {}", Waiting { summary, now_ms: *now_ms })?;
                summary.delays.iter().try_for_each(|delay| write!(f, "\n    {}", delay.message))
            }
            Self::Message { entry, now_ms, .. } => write_entry(f, entry, *now_ms),
            Self::Listed { messages: 0, .. } => f.write_str("  nothing to list"),
            Self::Listed { messages: listed, more: true, .. } => {
                write!(f, "  and more: the first {listed} are listed; --limit lists more, --to and --topic pick")
            }
            Self::Listed { messages: listed, .. } => write!(f, "  {} listed", messages(*listed as u64)),
            Self::Changed { bridge, running, action, change } => {
                write!(f, "{bridge}: {}", done(*action, change, *running))?;
                match change.too_late {
                    0 => Ok(()),
                    n => write!(f, "; {} in frames already, which go as they are", messages(n)),
                }
            }
        }
    }
}

/// What was done, in words.
fn done(action: QueueAction, change: &QueueChange, running: bool) -> String {
    let changed = messages(change.changed);
    match action {
        QueueAction::Hold => format!("{changed} held"),
        QueueAction::Release => format!("{changed} released"),
        QueueAction::Drop => format!("{changed} dropped"),
        QueueAction::Retry => {
            let when = if running { "now" } else { "when the bridge runs" };
            let posts = if change.posts == 1 { "1 post".to_owned() } else { format!("{} posts", change.posts) };
            format!("{changed} in {posts} posted again {when}")
        }
    }
}

fn write_entry(f: &mut fmt::Formatter<'_>, entry: &QueueEntry, now_ms: u64) -> fmt::Result {
    let QueueEntry { id, receiver, topic, bytes, qos, retain, taken_ms, expires_ms, state, tries } = entry;
    let state = match state {
        EntryState::Waiting => "waiting".to_owned(),
        EntryState::Held => "held".to_owned(),
        EntryState::Packed => "packed".to_owned(),
        EntryState::Posted { number } => format!("posted {number}"),
        EntryState::Seen { number } => format!("seen {number}"),
    };
    let taken = format!("{} ago", Span(now_ms.saturating_sub(*taken_ms)));
    let expires = expires_ms.map_or("never".to_owned(), |at| format!("in {}", Span(at.saturating_sub(now_ms))));
    let qos = format!("{qos}{}", if *retain { " retained" } else { "" });
    let (id, tries, bytes) = (id.to_string(), tries.to_string(), bytes.to_string());
    let (receiver, topic) = (receiver.to_string(), shown(topic.as_str()));
    f.write_str(&columns([&id, &state, &tries, &qos, &bytes, &taken, &expires, &receiver, &topic]))
}

fn columns([id, state, tries, qos, bytes, taken, expires, to, topic]: [&str; 9]) -> String {
    format!("  {id:>6}  {state:<12}  {tries:>5}  {qos:<10}  {bytes:>6}  {taken:<15}  {expires:<14}  {to:<16}  {topic}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use mqtt_twister_bridge::route::Receiver;

    use super::*;

    #[test]
    fn the_columns_of_messages_stand_below_their_names() {
        let head = columns(["id", "state", "tries", "qos", "bytes", "taken", "expires", "to", "topic"]);
        let entry = QueueEntry {
            id: 17,
            receiver: Receiver::Everybody,
            topic: "doors/1\u{1b}[2J".parse().unwrap(),
            bytes: 5,
            qos: 1,
            retain: true,
            taken_ms: 0,
            expires_ms: Some(7_200_000),
            state: EntryState::Posted { number: 1234 },
            tries: 2,
        };
        let line = Line::Message { bridge: &"home".parse().unwrap(), entry: &entry, now_ms: 3_600_000 }.to_string();
        for (name, value) in [("state", "posted 1234"), ("taken", "60 minutes ago"), ("to", "everybody")] {
            let column = if name == "to" { head.find(" to ").unwrap() + 1 } else { head.find(name).unwrap() };
            assert!(line[column..].starts_with(value), "{line}");
        }
        assert!(line.ends_with("doors/1\\u{1b}[2J"), "{line}");
    }
}
