//! What a bridge is made of: trying nodes and brokers, making accounts.

use mqtt_twister_bridge::check::{self, BrokerReport, CheckError, NodeReport};
use mqtt_twister_bridge::config::{BrokerConfig, BrokerUrl};
use mqtt_twister_bridge::secrets::SecretKind;
use tauri::State;
use twister::NodeUrl;

use super::{Outcome, node_url, password};
use crate::app::App;
use crate::error::CommandError;
use crate::view::{BrokerInput, BrokerSpeech, BuiltinBrokerView, NewAccount, NodeInput};

/// Tries a node: version, chain, connections, and the accounts in its wallet.
#[tauri::command]
#[specta::specta]
pub async fn check_node(app: State<'_, App>, node: NodeInput) -> Outcome<NodeReport> {
    let url = node_url(&node)?;
    let password = app.typed_password(&url, node.password, node.bridge.as_ref()).await?;
    Ok(check::check_node(&url, &node.user, &password).await?)
}

/// The fingerprint of the certificate that answers at a node's address, for the person to compare. Nothing is sent there.
#[tauri::command]
#[specta::specta]
pub async fn node_certificate(url: String) -> Outcome<String> {
    let url: NodeUrl = url.parse().map_err(|error| CommandError::field("twister.url", error))?;
    let fingerprint = twister::Client::certificate_at(&url).await.map_err(CheckError::from)?;
    Ok(fingerprint.to_string())
}

/// Makes an account in a node's wallet and asks the network to register it. The answer holds its secret key.
#[tauri::command]
#[specta::specta]
pub async fn create_account(app: State<'_, App>, node: NodeInput, name: String) -> Outcome<NewAccount> {
    let node = app.typed_node(node).await?;
    app.register(&node, &name).await
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
    let known = match broker.speech {
        Some(BrokerSpeech { protocol, ca_file, client_cert_file, client_key_file }) => {
            BrokerConfig { protocol, ca_file, client_cert_file, client_key_file, ..known }
        }
        None => known,
    };
    let config = BrokerConfig { url, user: broker.user, ..known };
    Ok(check::check_broker(&config, &password).await?)
}

/// Starts the broker inside the app and says where it listens.
#[tauri::command]
#[specta::specta]
pub async fn use_builtin_broker(app: State<'_, App>) -> Outcome<BuiltinBrokerView> {
    app.builtin_broker.start().await
}
