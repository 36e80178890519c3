//! What the window can ask for. Each command unpacks, calls one function, and converts the error.

use mqtt_twister_bridge::check::{self, BrokerReport, NodeReport};
use mqtt_twister_bridge::config::{BrokerConfig, BrokerUrl};
use mqtt_twister_bridge::message::{Message, Qos};
use mqtt_twister_bridge::publish::publish as publish_message;
use mqtt_twister_bridge::secrets::{Password, SecretKind};
use tauri::State;
use twister::{NodeUrl, Username};

use crate::app::App;
use crate::error::CommandError;
use crate::payload;
use crate::recent::Recent;
use crate::view::{
    BridgeId, BridgeInput, BrokerInput, BuiltinBrokerView, MessageInput, NewAccount, NodeInput, Overview, Saved,
    SecretInput,
};

type Outcome<T> = Result<T, CommandError>;

/// Everything that the window needs to draw itself.
#[tauri::command]
#[specta::specta]
pub async fn overview(app: State<'_, App>) -> Outcome<Overview> {
    Ok(app.overview().await)
}

/// Tries a node: version, chain, connections, and the accounts in its wallet.
#[tauri::command]
#[specta::specta]
pub async fn check_node(app: State<'_, App>, node: NodeInput) -> Outcome<NodeReport> {
    let url = node_url(&node)?;
    let password = password(&app, node.password, node.bridge, SecretKind::Node).await?;
    Ok(check::check_node(&url, &node.user, &password).await?)
}

/// Makes an account in a node's wallet and asks the network to register it. The answer holds its secret key.
#[tauri::command]
#[specta::specta]
pub async fn create_account(app: State<'_, App>, node: NodeInput, name: String) -> Outcome<NewAccount> {
    let url = node_url(&node)?;
    let name: Username = name.parse().map_err(|error| CommandError::field("twister.account", error))?;
    let password = password(&app, node.password, node.bridge, SecretKind::Node).await?;
    let secret = check::create_account(&url, &node.user, &password, &name).await?;
    Ok(NewAccount { name: name.to_string(), secret: secret.reveal().to_owned() })
}

/// Tries a broker.
#[tauri::command]
#[specta::specta]
pub async fn check_broker(app: State<'_, App>, broker: BrokerInput) -> Outcome<BrokerReport> {
    let url: BrokerUrl = broker.url.parse().map_err(|error| CommandError::field("broker.url", error))?;
    // What no form shows is as it is in the settings.
    let known = match &broker.bridge {
        Some(id) => app.bridge(id)?.config.broker.clone(),
        None => BrokerConfig::new(url.clone()),
    };
    let password = password(&app, broker.password, broker.bridge, SecretKind::Broker).await?;
    let config = BrokerConfig { url, user: broker.user, ..known };
    Ok(check::check_broker(&config, &password).await?)
}

/// Starts the broker inside the app and says where it listens.
#[tauri::command]
#[specta::specta]
pub async fn use_builtin_broker(app: State<'_, App>) -> Outcome<BuiltinBrokerView> {
    app.builtin_broker.start().await
}

/// Adds a bridge or changes one; a changed one that ran runs again.
#[tauri::command]
#[specta::specta]
pub async fn save_bridge(app: State<'_, App>, bridge: BridgeInput) -> Outcome<Saved> {
    app.save(bridge).await
}

/// What would be valid to save and is probably not meant, in words.
#[tauri::command]
#[specta::specta]
pub async fn warnings(app: State<'_, App>, bridge: BridgeInput) -> Outcome<Vec<String>> {
    app.warnings(bridge)
}

/// Stops a bridge and removes it with its passwords and what it had queued.
#[tauri::command]
#[specta::specta]
pub async fn remove_bridge(app: State<'_, App>, id: BridgeId) -> Outcome<()> {
    app.remove(&id).await
}

/// Starts a bridge.
#[tauri::command]
#[specta::specta]
pub async fn start_bridge(app: State<'_, App>, id: BridgeId) -> Outcome<()> {
    app.start(&id).await
}

/// Stops a bridge; it finishes what it has begun.
#[tauri::command]
#[specta::specta]
pub async fn stop_bridge(app: State<'_, App>, id: BridgeId) -> Outcome<()> {
    app.stop(&id).await
}

/// Publishes a message to a bridge's local broker, as any client could.
#[tauri::command]
#[specta::specta]
pub async fn publish(app: State<'_, App>, message: MessageInput) -> Outcome<()> {
    let bridge = app.bridge(&message.bridge)?;
    let topic = message.topic.parse().map_err(|error| CommandError::field("topic", error))?;
    let payload = payload::bytes(&message.payload, message.format);
    let payload = payload.map_err(|error| CommandError::field("payload", error))?;
    let qos = Qos::try_from(message.qos).map_err(|error| CommandError::field("qos", error))?;
    let outgoing = Message { retain: message.retain, ..Message::new(topic, payload, qos) };
    let secrets = app.secrets(&bridge).await?;
    Ok(publish_message(&bridge.config.broker, &secrets.broker, outgoing).await?)
}

/// What happened in a bridge lately.
#[tauri::command]
#[specta::specta]
pub async fn recent(app: State<'_, App>, id: BridgeId) -> Outcome<Recent> {
    Ok(app.bridge(&id)?.recent())
}

/// Opens "Try it": the sandbox network and its brokers run when this returns.
#[tauri::command]
#[specta::specta]
pub async fn open_tryout(app: State<'_, App>) -> Outcome<()> {
    app.tryout.open().await
}

/// Closes "Try it"; its network stays on disk.
#[tauri::command]
#[specta::specta]
pub async fn close_tryout(app: State<'_, App>) -> Outcome<()> {
    app.tryout.close().await;
    Ok(())
}

/// Closes "Try it" and removes what it kept on disk.
#[tauri::command]
#[specta::specta]
pub async fn remove_tryout(app: State<'_, App>) -> Outcome<()> {
    app.tryout.remove().await
}

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
        (Some(given), _) => Ok(Password::new(given.0)),
        (None, Some(bridge)) => Ok(app.passwords.find(&bridge.name, kind).await?.unwrap_or_default()),
        (None, None) => Ok(Password::default()),
    }
}
