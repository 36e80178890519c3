//! The messages that cross: looking at them, exporting and recording them.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use tauri::{AppHandle, State};
use tauri_plugin_dialog::DialogExt as _;
use tokio::sync::oneshot;

use super::Outcome;
use crate::app::App;
use crate::error::{AppErrorCode, CommandError};
use crate::messages::{
    ExportFormat, Exported, HistoryState, MessageDetail, MessageKey, MessagePage, MessageQuery, MessageRoom,
    MessageSettings, RecordingState, RowRange, Series, TopicPage,
};
use crate::view::BridgeId;

/// A piece of the list of messages that the query lets through.
#[tauri::command]
#[specta::specta]
pub async fn messages(app: State<'_, App>, query: MessageQuery, range: RowRange) -> Outcome<MessagePage> {
    let filter = query.try_into()?;
    blocking(&app, move |room| Ok(room.page(&filter, range))).await
}

/// All that is known of a message; nothing if it went.
#[tauri::command]
#[specta::specta]
pub async fn message(app: State<'_, App>, key: MessageKey) -> Outcome<Option<MessageDetail>> {
    blocking(&app, move |room| Ok(room.detail(key))).await
}

/// The number at `pointer`, a JSON pointer or empty for the whole payload, in all messages of the same topic as `key`.
#[tauri::command]
#[specta::specta]
pub async fn message_series(app: State<'_, App>, key: MessageKey, pointer: String) -> Outcome<Series> {
    blocking(&app, move |room| Ok(room.series(key, &pointer))).await
}

/// Rows of the topic tree, with what is below the places in `open`.
#[tauri::command]
#[specta::specta]
pub async fn message_topics(
    app: State<'_, App>,
    bridge: Option<BridgeId>,
    open: HashSet<String>,
    range: RowRange,
) -> Outcome<TopicPage> {
    blocking(&app, move |room| Ok(room.topics(bridge.as_ref(), &open, range))).await
}

/// How much is kept for the window.
#[tauri::command]
#[specta::specta]
pub async fn message_history(app: State<'_, App>) -> Outcome<HistoryState> {
    Ok(app.messages.state())
}

/// Forgets what is kept for the window. What is recorded stays.
#[tauri::command]
#[specta::specta]
pub async fn clear_messages(app: State<'_, App>) -> Outcome<()> {
    blocking(&app, |room| {
        room.clear();
        Ok(())
    })
    .await
}

/// How much is kept and recorded at most.
#[tauri::command]
#[specta::specta]
pub async fn message_settings(app: State<'_, App>) -> Outcome<MessageSettings> {
    Ok(app.messages.settings())
}

/// Changes how much is kept and recorded at most.
#[tauri::command]
#[specta::specta]
pub async fn set_message_settings(app: State<'_, App>, settings: MessageSettings) -> Outcome<()> {
    blocking(&app, move |room| room.set_settings(settings)).await
}

/// How recording goes on.
#[tauri::command]
#[specta::specta]
pub async fn recording(app: State<'_, App>) -> Outcome<RecordingState> {
    Ok(app.messages.recording())
}

/// Starts recording.
#[tauri::command]
#[specta::specta]
pub async fn start_recording(app: State<'_, App>) -> Outcome<RecordingState> {
    blocking(&app, |room| room.start_recording().map(|()| room.recording())).await
}

/// Stops recording; everything is in the files when this returns.
#[tauri::command]
#[specta::specta]
pub async fn stop_recording(app: State<'_, App>) -> Outcome<RecordingState> {
    blocking(&app, |room| {
        room.stop_recording();
        Ok(room.recording())
    })
    .await
}

/// Writes the messages that the query lets through to a file that the person chooses; nothing if they choose none.
#[tauri::command]
#[specta::specta]
pub async fn export_messages(
    handle: AppHandle,
    app: State<'_, App>,
    query: MessageQuery,
    upto: Option<MessageKey>,
    format: ExportFormat,
) -> Outcome<Option<Exported>> {
    let filter = query.try_into()?;
    let Some(path) = chosen_file(&handle, format).await? else { return Ok(None) };
    blocking(&app, move |room| {
        let messages = room.export(&filter, upto, format, &path)?;
        Ok(Some(Exported { messages, path: path.display().to_string() }))
    })
    .await
}

/// The file that the person chooses in the system's own dialog: the window never names one.
async fn chosen_file(handle: &AppHandle, format: ExportFormat) -> Outcome<Option<PathBuf>> {
    let extension = format.extension();
    let (chosen_out, chosen) = oneshot::channel();
    let dialog = handle.dialog().file().add_filter(extension.to_uppercase(), &[extension]);
    dialog.set_file_name(format!("messages.{extension}")).save_file(move |path| drop(chosen_out.send(path)));
    // A dialog that goes without an answer was dismissed.
    let Some(path) = chosen.await.ok().flatten() else { return Ok(None) };
    let path = path.into_path().map_err(|error| CommandError::new(AppErrorCode::FileUnwritable, error.to_string()))?;
    Ok(Some(path))
}

/// Does something with the messages on a thread that may block.
async fn blocking<T, F>(app: &State<'_, App>, work: F) -> Outcome<T>
where
    T: Send + 'static,
    F: FnOnce(&MessageRoom) -> Outcome<T> + Send + 'static,
{
    let room = Arc::clone(&app.messages);
    let done = tokio::task::spawn_blocking(move || work(&room)).await;
    done.unwrap_or_else(|error| Err(CommandError::new(AppErrorCode::Interrupted, error.to_string())))
}
