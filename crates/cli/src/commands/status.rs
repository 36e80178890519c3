//! `status`: how the bridges of a configuration are, and what waits.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use mqtt_twister_bridge::config::BridgeName;
use mqtt_twister_bridge::control::Status;
use mqtt_twister_bridge::event::{BridgeState, Counters, PartState, Phase, Quota};
use mqtt_twister_bridge::pack::Pace;
use mqtt_twister_bridge::queue::{QueueSummary, Span};
use serde::Serialize;

use crate::args::StatusArgs;
use crate::config;
use crate::data_dir;
use crate::error::CliError;
use crate::output::Output;
use crate::reach::reach;

/// How a bridge is.
#[derive(Serialize)]
#[serde(tag = "type", rename = "status")]
struct StatusLine {
    bridge: BridgeName,
    running: bool,
    #[serde(flatten)]
    status: Status,
    /// The time to which the words refer.
    #[serde(skip)]
    now_ms: u64,
}

/// How much waits for a receiver, in words.
pub(super) struct Waiting<'a> {
    pub(super) summary: &'a QueueSummary,
    pub(super) now_ms: u64,
}

pub(crate) async fn run(args: StatusArgs, output: &Output) -> Result<(), CliError> {
    let bridges = config::bridges(&args.config, None)?;
    let data_dir = data_dir::or_default(args.data_dir)?;
    for bridge in bridges.into_iter().map(|bridge| bridge.name) {
        let mut reached = reach(&bridge, &data_dir).await?;
        let status = reached.status().await?;
        output.line(&StatusLine { bridge, running: reached.is_running(), status, now_ms: now_ms() });
    }
    Ok(())
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Display for StatusLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bridge, running, status: Status { state, queue }, now_ms } = self;
        match (running, state.phase, state.ready) {
            (false, ..) => write!(f, "{bridge}: not running")?,
            (true, Phase::Running, true) => write!(f, "{bridge}: running, messages can cross")?,
            (true, Phase::Running, false) => write!(f, "{bridge}: running, but messages cannot cross now")?,
            (true, Phase::Stopping | Phase::Stopped, _) => write!(f, "{bridge}: stopping")?,
        }
        if *running {
            write_parts(f, state)?;
        }
        if let Some(quota) = &state.quota {
            write!(f, "\n  posts    {}", posts(quota, *now_ms))?;
        }
        write!(f, "\n  crossed  {}", crossed(&state.counters))?;
        if let Some(left_out) = left_out(&state.counters) {
            write!(f, "\n  left out {left_out}")?;
        }
        if state.counters.waiting_in > 0 {
            write!(f, "\n  coming   {} wait for the local broker", messages(state.counters.waiting_in))?;
        }
        if queue.is_empty() {
            f.write_str("\n  queue    nothing waits")?;
        }
        for (index, summary) in queue.iter().enumerate() {
            let label = if index == 0 { "queue" } else { "" };
            write!(f, "\n  {label:<8} {}", Waiting { summary, now_ms: *now_ms })?;
            for delay in &summary.delays {
                write!(f, "\n             {}", delay.message)?;
            }
        }
        Ok(())
    }
}

fn write_parts(f: &mut fmt::Formatter<'_>, state: &BridgeState) -> fmt::Result {
    let parts =
        [("broker", &state.broker), ("node", &state.node), ("account", &state.account), ("network", &state.network)];
    for (name, part) in parts {
        match part {
            PartState::Up => write!(f, "\n  {name:<8} up")?,
            PartState::Connecting => write!(f, "\n  {name:<8} not reached yet")?,
            PartState::Idle => write!(f, "\n  {name:<8} not in use")?,
            PartState::Down { problem } => write!(f, "\n  {name:<8} down: {}", problem.message)?,
        }
    }
    Ok(())
}

fn posts(quota: &Quota, now_ms: u64) -> String {
    let pace = match quota.pace {
        Pace::Plenty => "plenty: what is urgent leaves at once",
        Pace::Scarce => "scarce: messages wait to share a post, as long as their rules let them",
        Pace::Out => "none: nothing leaves until there are more",
    };
    let more = Span(quota.more_at_ms.saturating_sub(now_ms).max(60_000));
    format!("{} left, {pace}; more in about {more}", quota.left)
}

fn crossed(counters: &Counters) -> String {
    let Counters { taken, posted, acked, received, delivered, .. } = counters;
    format!(
        "out: {taken} taken, in {posted} posts, {acked} acknowledged by receivers; in: {received} received, \
         {delivered} delivered"
    )
}

/// What did not cross, if anything.
fn left_out(counters: &Counters) -> Option<String> {
    let Counters { refused, unwanted, expired, superseded, dropped, .. } = *counters;
    let counts = [
        (refused, "refused"),
        (unwanted, "not subscribed"),
        (expired, "expired"),
        (superseded, "replaced by newer values"),
        (dropped, "dropped by you"),
    ];
    let words: Vec<String> =
        counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// So many messages.
pub(super) fn messages(count: u64) -> String {
    if count == 1 { "1 message".to_owned() } else { format!("{count} messages") }
}

impl fmt::Display for Waiting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { summary: QueueSummary { receiver, totals, .. }, now_ms } = self;
        let states = [
            (totals.waiting, "waiting"),
            (totals.held, "held"),
            (totals.packed, "packed"),
            (totals.posted, "posted"),
            (totals.seen, "seen"),
        ];
        let states: Vec<String> = states
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, state)| format!("{count} {state}"))
            .collect();
        let receiver = receiver.to_string();
        write!(f, "{receiver:<16}  {} of {} bytes: {}", messages(totals.messages()), totals.bytes, states.join(", "))?;
        if let Some(oldest_ms) = totals.oldest_ms {
            write!(f, "; the oldest taken {} ago", Span(now_ms.saturating_sub(oldest_ms)))?;
        }
        if let Some(expiry_ms) = totals.next_expiry_ms {
            let first = Span(expiry_ms.saturating_sub(*now_ms));
            match totals.expiring {
                1 => write!(f, "; 1 expires in {first}")?,
                n => write!(f, "; {n} expire, the first in {first}")?,
            }
        }
        Ok(())
    }
}
