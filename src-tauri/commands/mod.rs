//! What the window can ask for, one module for each part of the window. Each command unpacks, calls one function, and converts
//! the error.

pub mod account;
pub mod bridges;
pub mod connecting;
pub mod desktop;
pub mod first_run;
pub mod messages;
pub mod network;
pub mod nodes;
pub mod people;
pub mod publishing;
pub mod queue;
pub mod retained;
pub mod rules;
pub mod transfer;
pub mod tryout;

use mqtt_twister_bridge::secrets::{Password, SecretKind};
use tauri::AppHandle;
use twister::NodeUrl;

use crate::app::App;
use crate::error::{AppErrorCode, CommandError};
use crate::view::{BridgeId, NodeInput, SecretInput};

type Outcome<T> = Result<T, CommandError>;

fn node_url(node: &NodeInput) -> Outcome<NodeUrl> {
    node.url.parse().map_err(|error| CommandError::field("twister.url", error))
}

/// The password that was typed in, else the one that is known for the bridge, else none.
async fn password(
    app: &App,
    given: Option<SecretInput>,
    bridge: Option<BridgeId>,
    kind: SecretKind,
) -> Outcome<Password> {
    match (given, bridge) {
        (Some(given), _) => Ok(app.given(given)),
        (None, Some(bridge)) => Ok(app.passwords.find(&bridge.name, kind).await?.unwrap_or_default()),
        (None, None) => Ok(Password::default()),
    }
}

/// Does what blocks, such as writing files, where it holds up nothing else.
async fn blocking<T: Send + 'static>(
    handle: &AppHandle,
    work: impl FnOnce(&AppHandle) -> T + Send + 'static,
) -> Outcome<T> {
    let handle = handle.clone();
    let done = tauri::async_runtime::spawn_blocking(move || work(&handle)).await;
    done.map_err(|error| CommandError::new(AppErrorCode::PreferencesFailed, error.to_string()))
}
