//! Publishing to a bridge's local broker, and what the composer remembers of it.

use mqtt_twister_bridge::message::{Message, Properties, Qos};
use mqtt_twister_bridge::publish::publish as publish_message;
use tauri::State;

use super::Outcome;
use crate::app::App;
use crate::composer::{Remembered, SavedMessage};
use crate::error::CommandError;
use crate::payload;
use crate::view::{MessageInput, PropertiesInput};

/// Publishes a message to a bridge's local broker, as any client could. The composer remembers it.
#[tauri::command]
#[specta::specta]
pub async fn publish(app: State<'_, App>, message: MessageInput) -> Outcome<()> {
    let bridge = app.bridge(&message.bridge)?;
    let outgoing = outgoing(&message)?;
    let secrets = app.secrets(&bridge).await?;
    publish_message(&bridge.config.broker, &secrets.broker, outgoing).await?;
    if let Err(error) = app.composer.note(message) {
        // It is published all the same.
        tracing::warn!(%error, "the composer's history is not kept");
    }
    Ok(())
}

/// What was published and saved.
#[tauri::command]
#[specta::specta]
pub async fn composer(app: State<'_, App>) -> Outcome<Remembered> {
    Ok(app.composer.remembered())
}

/// Saves a message under a name.
#[tauri::command]
#[specta::specta]
pub async fn save_message(app: State<'_, App>, saved: SavedMessage) -> Outcome<Remembered> {
    app.composer.save(saved)?;
    Ok(app.composer.remembered())
}

/// Removes a saved message.
#[tauri::command]
#[specta::specta]
pub async fn remove_saved_message(app: State<'_, App>, name: String) -> Outcome<Remembered> {
    app.composer.remove(&name)?;
    Ok(app.composer.remembered())
}

/// Forgets the messages that were published.
#[tauri::command]
#[specta::specta]
pub async fn forget_published(app: State<'_, App>) -> Outcome<Remembered> {
    app.composer.forget_recent()?;
    Ok(app.composer.remembered())
}

/// The message that was typed in.
fn outgoing(input: &MessageInput) -> Outcome<Message> {
    let topic = input.topic.parse().map_err(|error| CommandError::field("topic", error))?;
    let payload = payload::bytes(&input.payload, input.format);
    let payload = payload.map_err(|error| CommandError::field("payload", error))?;
    let qos = Qos::try_from(input.qos).map_err(|error| CommandError::field("qos", error))?;
    let properties = properties(&input.properties)?;
    if properties.is_text && std::str::from_utf8(&payload).is_err() {
        let text = "the payload is no UTF-8 text: do not call it text, or change it";
        return Err(CommandError::field("properties.is_text", text));
    }
    Ok(Message { retain: input.retain, properties, ..Message::new(topic, payload, qos) })
}

fn properties(input: &PropertiesInput) -> Outcome<Properties> {
    let PropertiesInput { is_text, content_type, response_topic, correlation_data, correlation_format, .. } = input;
    let PropertiesInput { expiry_s, user, .. } = input;
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let response_topic = given(response_topic).map(|topic| topic.parse()).transpose();
    let correlation = given(correlation_data).map(|text| payload::bytes(&text, *correlation_format)).transpose();
    Ok(Properties {
        is_text: *is_text,
        content_type: given(content_type),
        response_topic: response_topic.map_err(|error| CommandError::field("properties.response_topic", error))?,
        correlation_data: correlation.map_err(|error| CommandError::field("properties.correlation_data", error))?,
        expiry_s: *expiry_s,
        user: user.clone(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::view::PayloadFormat;

    fn input() -> MessageInput {
        MessageInput {
            bridge: "home".parse().unwrap(),
            topic: "doors/1".to_owned(),
            payload: "b3Blbg==".to_owned(),
            format: PayloadFormat::Base64,
            qos: 2,
            retain: true,
            properties: PropertiesInput {
                is_text: true,
                content_type: "text/plain".to_owned(),
                response_topic: "doors/answer".to_owned(),
                correlation_data: "00ff".to_owned(),
                correlation_format: PayloadFormat::Hex,
                expiry_s: Some(60),
                user: vec![("room".to_owned(), "hall".to_owned())],
            },
        }
    }

    #[test]
    fn a_message_has_all_that_was_typed_in() {
        let message = outgoing(&input()).unwrap();
        assert_eq!(
            (message.payload.as_slice(), message.qos, message.retain),
            (b"open".as_slice(), Qos::ExactlyOnce, true)
        );
        let properties = message.properties;
        assert_eq!(properties.correlation_data, Some(vec![0, 255]));
        assert_eq!(properties.response_topic.unwrap().as_str(), "doors/answer");
        assert_eq!((properties.expiry_s, properties.content_type.as_deref()), (Some(60), Some("text/plain")));
        let none = MessageInput { properties: PropertiesInput::default(), ..input() };
        assert_eq!(outgoing(&none).unwrap().properties, Properties::default());
    }

    #[test]
    fn what_cannot_be_used_is_named_by_its_field() {
        let with = |properties| MessageInput { properties, ..input() };
        let good = input().properties;
        for (bad, field) in [
            (MessageInput { topic: "a/#".to_owned(), ..input() }, "topic"),
            (MessageInput { payload: "%".to_owned(), ..input() }, "payload"),
            (MessageInput { qos: 3, ..input() }, "qos"),
            (MessageInput { payload: "/w==".to_owned(), ..input() }, "properties.is_text"),
            (with(PropertiesInput { response_topic: "+".to_owned(), ..good.clone() }), "properties.response_topic"),
            (with(PropertiesInput { correlation_data: "0".to_owned(), ..good }), "properties.correlation_data"),
        ] {
            assert_eq!(outgoing(&bad).unwrap_err().field.as_deref(), Some(field));
        }
    }
}
