//! Publishing to a bridge's local broker.

use mqtt_twister_bridge::message::{Message, Qos};
use mqtt_twister_bridge::publish::publish as publish_message;
use tauri::State;

use super::Outcome;
use crate::app::App;
use crate::error::CommandError;
use crate::payload;
use crate::view::MessageInput;

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
