//! Accounts: registering them, their keys, their profiles, and the posts that they have left.

use mqtt_twister_bridge::node::Profile;
use mqtt_twister_bridge::quota::QuotaHistory;
use tauri::State;

use super::Outcome;
use crate::account::{KeyInput, ProfileChanges, RegistrationView, SecretKey, account_name};
use crate::app::App;
use crate::view::{BridgeId, NodeInput};

/// How far an account's registration is.
#[tauri::command]
#[specta::specta]
pub async fn registration(app: State<'_, App>, node: NodeInput, name: String) -> Outcome<RegistrationView> {
    let node = app.typed_node(node).await?;
    app.registration(&node, &name).await
}

/// The secret key of an account in a node's wallet, for a backup.
#[tauri::command]
#[specta::specta]
pub async fn secret_key(app: State<'_, App>, node: NodeInput, name: String) -> Outcome<SecretKey> {
    let key = app.typed_node(node).await?.secret_key(&account_name(&name)?).await?;
    Ok(SecretKey { secret: key.reveal().to_owned() })
}

/// Puts the key of a registered account into a node's wallet.
#[tauri::command]
#[specta::specta]
pub async fn import_key(app: State<'_, App>, node: NodeInput, input: KeyInput) -> Outcome<()> {
    let key = app.given(input.key);
    Ok(app.typed_node(node).await?.import_key(&account_name(&input.name)?, &key).await?)
}

/// The profile of an account.
#[tauri::command]
#[specta::specta]
pub async fn profile(app: State<'_, App>, node: NodeInput, name: String) -> Outcome<Profile> {
    Ok(app.typed_node(node).await?.profile(&account_name(&name)?).await?)
}

/// Changes some fields of the profile of an account; the others stay as they are.
#[tauri::command]
#[specta::specta]
pub async fn change_profile(
    app: State<'_, App>,
    node: NodeInput,
    name: String,
    changes: ProfileChanges,
) -> Outcome<()> {
    Ok(app.typed_node(node).await?.change_profile(&account_name(&name)?, &changes).await?)
}

/// The posts of a bridge's account over time, and how long they will last.
#[tauri::command]
#[specta::specta]
pub async fn quota(app: State<'_, App>, id: BridgeId) -> Outcome<QuotaHistory> {
    app.quota(&id).await
}
