//! People: whom a bridge follows and sends to, what of theirs was refused, and inviting them.

use mqtt_twister_bridge::invitation::Approval;
use mqtt_twister_bridge::people::Person;
use tauri::{AppHandle, State};
use tauri_plugin_dialog::DialogExt as _;
use tokio::sync::oneshot;

use super::{Outcome, blocking};
use crate::app::App;
use crate::error::{AppErrorCode, CommandError};
use crate::files;
use crate::opened::{EXTENSION, Opened, OpenedInvitation};
use crate::people::{AcceptedInvitation, InvitationInput, MadeInvitation, ReadInvitation, RefusedMessage};
use crate::view::BridgeId;

/// Names that a search shows at most.
const MOST_NAMES: u32 = 20;

/// What is known of each account that a running bridge follows or sends to.
#[tauri::command]
#[specta::specta]
pub async fn people(app: State<'_, App>, id: BridgeId) -> Outcome<Vec<Person>> {
    app.people(&id).await
}

/// Registered names that begin with `prefix`, as a bridge's node knows them.
#[tauri::command]
#[specta::specta]
pub async fn search_names(app: State<'_, App>, id: BridgeId, prefix: String) -> Outcome<Vec<String>> {
    let (_, node) = app.node_of(&id).await?;
    Ok(node.names_starting_with(&prefix, MOST_NAMES).await?)
}

/// What a running bridge has refused, the newest first.
#[tauri::command]
#[specta::specta]
pub async fn quarantine(app: State<'_, App>, id: BridgeId) -> Outcome<Vec<RefusedMessage>> {
    app.quarantine(&id).await
}

/// Throws away what a running bridge has refused.
#[tauri::command]
#[specta::specta]
pub async fn clear_quarantine(app: State<'_, App>, id: BridgeId) -> Outcome<()> {
    app.clear_quarantine(&id).await
}

/// Makes an invitation from the account of a bridge.
#[tauri::command]
#[specta::specta]
pub async fn make_invitation(
    app: State<'_, App>,
    id: BridgeId,
    invitation: InvitationInput,
) -> Outcome<MadeInvitation> {
    app.make_invitation(&id, invitation).await
}

/// Reads an invitation for a bridge. Nothing else is done.
#[tauri::command]
#[specta::specta]
pub async fn read_invitation(app: State<'_, App>, id: BridgeId, text: String) -> Outcome<ReadInvitation> {
    app.read_invitation(&id, &text).await
}

/// Adds what the person approves of in an invitation to a bridge, and makes the answer.
#[tauri::command]
#[specta::specta]
pub async fn accept_invitation(
    app: State<'_, App>,
    id: BridgeId,
    text: String,
    approval: Approval,
) -> Outcome<AcceptedInvitation> {
    app.accept_invitation(&id, &text, approval).await
}

/// The invitation that was opened last, a file or a link; each is given out once.
#[tauri::command]
#[specta::specta]
pub async fn opened_invitation(app: State<'_, App>, opened: State<'_, Opened>) -> Outcome<Option<OpenedInvitation>> {
    opened.give().map(|text| app.opened_invitation(text?)).transpose()
}

/// Writes an invitation into a file that the person chooses in the system's own dialog. Where it is; none when they change their mind.
#[tauri::command]
#[specta::specta]
pub async fn save_invitation(handle: AppHandle, text: String) -> Outcome<Option<String>> {
    let (chosen, choice) = oneshot::channel();
    let dialog = handle.dialog().file().add_filter(EXTENSION, &[EXTENSION]);
    // A person who is gone does not wait for the answer.
    dialog.set_file_name(format!("mqtt-twister.{EXTENSION}")).save_file(move |path| drop(chosen.send(path)));
    let Some(path) = choice.await.ok().flatten().and_then(|path| path.into_path().ok()) else { return Ok(None) };
    let shown = path.display().to_string();
    blocking(&handle, move |_| files::write(&path, text.as_bytes()))
        .await?
        .map_err(|error| CommandError::new(AppErrorCode::FileUnwritable, format!("cannot write {shown}: {error}")))?;
    Ok(Some(shown))
}
