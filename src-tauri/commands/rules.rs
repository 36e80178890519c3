//! Rules while they are written: what is wrong with them, and what they would do.

use tauri::State;

use super::Outcome;
use crate::app::App;
use crate::rules::{IncomingView, RehearsalInput, RehearsalView, ReplayView, RuleProblem, TopicView};
use crate::view::{BridgeId, BridgeInput};

/// Everything that is wrong with settings that are not saved yet, by field.
#[tauri::command]
#[specta::specta]
pub async fn check_rules(app: State<'_, App>, bridge: BridgeInput) -> Outcome<Vec<RuleProblem>> {
    Ok(app.check_rules(&bridge))
}

/// What settings that are not saved yet would do with a message of the local broker.
#[tauri::command]
#[specta::specta]
pub async fn rehearse(app: State<'_, App>, input: RehearsalInput) -> Outcome<RehearsalView> {
    app.rehearse(input).await
}

/// What settings that are not saved yet would do with a message of an account.
#[tauri::command]
#[specta::specta]
pub async fn rehearse_incoming(app: State<'_, App>, input: RehearsalInput) -> Outcome<IncomingView> {
    app.rehearse_incoming(&input)
}

/// What settings that are not saved yet would have made of the messages that the bridge has seen lately.
#[tauri::command]
#[specta::specta]
pub async fn replay(app: State<'_, App>, bridge: BridgeInput) -> Outcome<ReplayView> {
    app.replay(bridge).await
}

/// Topics at the local broker, to suggest for a rule. Takes a second or more.
#[tauri::command]
#[specta::specta]
pub async fn suggest_topics(app: State<'_, App>, id: BridgeId) -> Outcome<Vec<TopicView>> {
    app.suggest_topics(&id).await
}
