//! The nodes that the app runs.

use mqtt_twister_daemon::{LogTail, NodeId};
use tauri::{AppHandle, State};
use tauri_plugin_dialog::DialogExt as _;
use tokio::sync::oneshot;

use super::Outcome;
use crate::app::App;
use crate::nodes::view::{InvitedTo, NewNode, OwnNode, OwnNodes};

/// The nodes that the app runs, or could, and how each is.
#[tauri::command]
#[specta::specta]
pub async fn own_nodes(app: State<'_, App>) -> Outcome<OwnNodes> {
    app.own_nodes().await
}

/// Makes a node for a network and starts it.
#[tauri::command]
#[specta::specta]
pub async fn add_node(app: State<'_, App>, node: NewNode) -> Outcome<OwnNode> {
    app.add_node(node).await
}

/// Starts a node.
#[tauri::command]
#[specta::specta]
pub async fn start_node(app: State<'_, App>, id: NodeId) -> Outcome<()> {
    app.nodes.start(&id).await
}

/// Stops a node; it writes down what it knows.
#[tauri::command]
#[specta::specta]
pub async fn stop_node(app: State<'_, App>, id: NodeId) -> Outcome<()> {
    app.nodes.stop(&id).await
}

/// Stops a node and removes all that it has, the keys in its wallet, too.
#[tauri::command]
#[specta::specta]
pub async fn leave_node(app: State<'_, App>, id: NodeId) -> Outcome<()> {
    app.leave_node(&id).await
}

/// The end of a node's log.
#[tauri::command]
#[specta::specta]
pub async fn node_log(app: State<'_, App>, id: NodeId) -> Outcome<LogTail> {
    app.nodes.log(&id).await
}

/// Gives a node another program; none means the one that is found.
#[tauri::command]
#[specta::specta]
pub async fn set_node_program(app: State<'_, App>, id: NodeId, program: Option<String>) -> Outcome<()> {
    app.set_node_program(&id, program)
}

/// Lets the person choose the program; none when they change their mind.
#[tauri::command]
#[specta::specta]
pub async fn choose_program(handle: AppHandle) -> Outcome<Option<String>> {
    let (chosen, choice) = oneshot::channel();
    // A person who is gone does not wait for the answer.
    handle.dialog().file().pick_file(move |path| drop(chosen.send(path)));
    let path = choice.await.ok().flatten();
    Ok(path.and_then(|path| path.into_path().ok()).map(|path| path.display().to_string()))
}

/// Which private network an invitation leads to.
#[tauri::command]
#[specta::specta]
pub async fn invited_to(app: State<'_, App>, text: String) -> Outcome<InvitedTo> {
    app.invited_to(&text)
}
