//! Publishes one message to a broker as any client would: what the composer does.

use rumqttc::Outgoing;
use rumqttc::v5::AsyncClient;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{ConnectionError, Event, StateError};

use crate::check::{CheckError, within_limit};
use crate::config::BrokerConfig;
use crate::message::{Message, Qos};
use crate::mqtt::{Login, one_off, to_rumqttc};
use crate::secrets::Password;

/// Publishes `message` and returns when the broker has taken it over.
///
/// # Errors
/// Why the broker did not take it.
pub async fn publish(broker: &BrokerConfig, password: &Password, message: Message) -> Result<(), CheckError> {
    let login = Login { url: broker.url.clone(), user: broker.user.clone(), password: password.clone() };
    let (client, mut eventloop) = AsyncClient::new(one_off(&login), 10);
    let qos = message.qos;
    let taken_over = async {
        loop {
            match eventloop.poll().await? {
                Event::Incoming(Packet::ConnAck(_)) => {
                    let payload = message.payload.clone();
                    let request = client.try_publish(message.topic.as_str(), to_rumqttc(qos), message.retain, payload);
                    request.map_err(|_| ConnectionError::MqttState(StateError::InvalidState))?;
                }
                Event::Outgoing(Outgoing::Publish(_)) if qos == Qos::AtMostOnce => return Ok(()),
                Event::Incoming(Packet::PubAck(_) | Packet::PubComp(_)) => return Ok(()),
                _ => {}
            }
        }
    };
    within_limit(&broker.url, taken_over).await?;
    let _ = client.try_disconnect();
    let _ = tokio::time::timeout(std::time::Duration::from_millis(200), eventloop.poll()).await;
    Ok(())
}
