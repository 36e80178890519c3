//! Publishes one message to a broker as any client would: what the composer does.

use crate::check::{CheckError, within_limit};
use crate::config::BrokerConfig;
use crate::event::ProblemCode;
use crate::message::{Message, Qos};
use crate::mqtt::{Connection, ConnectionError, Hello, Login, Packet, Progress, Publish};
use crate::secrets::Password;

/// The packet identifier of the only message.
const PACKET: u16 = 1;

/// Publishes `message` and returns when the broker has taken it over.
///
/// # Errors
/// Why the broker did not take it.
pub async fn publish(broker: &BrokerConfig, password: &Password, message: Message) -> Result<(), CheckError> {
    let mut login = Login::new(broker, password.clone())?;
    let work = async {
        let (mut connection, _) = login.connect(&Hello::one_off()).await?;
        let packet = if message.qos == Qos::AtMostOnce { 0 } else { PACKET };
        connection.send(&Packet::Publish(Publish::new(&message, packet, message.properties.expiry_s)))?;
        let refused = hand_over(&mut connection, message.qos).await?;
        connection.leave().await;
        Ok(refused)
    };
    match within_limit(&broker.url, work).await? {
        None => Ok(()),
        Some(reason) => Err(CheckError {
            code: ProblemCode::BrokerRefused,
            message: format!(
                "the broker at {} refuses the message on {} ({reason}); its access rules may not allow it",
                broker.url, message.topic
            ),
        }),
    }
}

/// Publishes messages with quality of service 1, one after the other, and returns when the broker has taken all of them over,
/// or why it does not want one.
pub(crate) async fn publish_all(login: &mut Login, messages: &[Message]) -> Result<(), ConnectionError> {
    let (mut connection, _) = login.connect(&Hello::one_off()).await?;
    for message in messages {
        connection.send(&Packet::Publish(Publish::new(message, PACKET, None)))?;
        if let Some(reason) = hand_over(&mut connection, Qos::AtLeastOnce).await? {
            tracing::warn!(topic = %message.topic, %reason, "the broker refuses to clear a retained message");
        }
    }
    connection.leave().await;
    Ok(())
}

/// Waits until the broker has taken over what was sent; returns why it does not want it.
async fn hand_over(connection: &mut Connection, qos: Qos) -> Result<Option<String>, ConnectionError> {
    if qos == Qos::AtMostOnce {
        return Ok(None);
    }
    loop {
        match connection.next(true).await? {
            Progress::Packet(Packet::PubAck(ack)) => return Ok(ack.refused),
            Progress::Packet(Packet::PubRec(ack)) if ack.refused.is_some() => return Ok(ack.refused),
            Progress::Packet(Packet::PubRec(_)) => connection.send(&Packet::PubRel(PACKET))?,
            Progress::Packet(Packet::PubComp(_)) => return Ok(None),
            Progress::Packet(_) | Progress::Room => {}
        }
    }
}
