//! The retained message that tells the local broker's clients how the bridge is. It stays at this broker: topics below
//! `mqtt-twister/` never cross.

use serde::Serialize;

use super::packet::Will;
use crate::config::BridgeName;
use crate::event::{BridgeState, PartState};
use crate::pack::Pace;

/// Where a bridge tells its state.
pub(crate) fn topic(bridge: &BridgeName) -> String {
    format!("{}{bridge}/state", crate::topic::OWN_PREFIX)
}

/// What the broker says in the bridge's place when it is gone.
pub(crate) fn last_will(bridge: &BridgeName) -> Will {
    Will { topic: topic(bridge), payload: offline().into_bytes() }
}

/// The payload while the bridge is connected.
pub(crate) fn online(state: &BridgeState) -> String {
    let parts = [&state.broker, &state.node, &state.account, &state.network];
    let problem = parts.into_iter().find_map(|part| match part {
        PartState::Down { problem } => Some(problem.message.as_str()),
        _ => None,
    });
    payload(&Payload {
        state: if state.ready { "ready" } else { "not_ready" },
        node: word(&state.node),
        account: word(&state.account),
        network: word(&state.network),
        posts: state.quota.map_or("unknown", |quota| pace(quota.pace)),
        problem,
    })
}

/// The payload while it is not.
pub(crate) fn offline() -> String {
    payload(&Payload {
        state: "offline",
        node: "unknown",
        account: "unknown",
        network: "unknown",
        posts: "unknown",
        problem: None,
    })
}

#[derive(Serialize)]
struct Payload<'a> {
    state: &'a str,
    node: &'a str,
    account: &'a str,
    network: &'a str,
    posts: &'a str,
    problem: Option<&'a str>,
}

fn payload(payload: &Payload<'_>) -> String {
    // Strings only: there is nothing in it that JSON cannot express.
    serde_json::to_string(payload).unwrap_or_default()
}

fn pace(pace: Pace) -> &'static str {
    match pace {
        Pace::Plenty => "plenty",
        Pace::Scarce => "scarce",
        Pace::Out => "out",
    }
}

fn word(part: &PartState) -> &'static str {
    match part {
        PartState::Idle => "idle",
        PartState::Connecting => "connecting",
        PartState::Up => "up",
        PartState::Down { .. } => "down",
    }
}
