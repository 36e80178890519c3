//! What a broker keeps, as a newcomer finds it: read by a client of its own, which leaves nothing behind.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::timeout;

use super::connection::{ConnectionError, Progress};
use super::options::Login;
use super::packet::{Hello, Packet, Publish};
use super::properties;
use crate::message::Message;
use crate::retained::Kept;
use crate::topic::{Topic, TopicFilter};

/// A broker says nothing when it has told everything that it keeps: so long a silence is taken for it.
const SILENCE: Duration = Duration::from_secs(1);

/// Retained messages that are read at most.
const MOST: usize = 10_000;

const SUBSCRIBE: u16 = 1;

/// By what a bridge knows what it has left at the broker itself: that came from the network.
pub(crate) struct Own {
    /// The name under which the bridge marks what it leaves, where the broker keeps properties.
    pub client_id: String,
    /// The topics on which it has left something, where the broker does not.
    pub topics: HashSet<String>,
}

/// What the broker keeps on topics that `filters` match.
///
/// # Errors
/// The connection was not made or ended.
pub(crate) async fn retained(
    login: &mut Login,
    filters: &[TopicFilter],
    own: &Own,
) -> Result<Vec<Kept>, ConnectionError> {
    let (mut connection, _) = login.connect(&Hello::one_off()).await?;
    let filters = filters.iter().map(ToString::to_string).collect();
    connection.send(&Packet::Subscribe { packet: SUBSCRIBE, filters, id: None })?;
    let mut kept = Vec::new();
    while let Ok(progress) = timeout(SILENCE, connection.next(true)).await {
        match progress? {
            Progress::Packet(Packet::Publish(publish)) => {
                connection.acknowledge(&publish)?;
                kept.extend(message(publish, own));
                if kept.len() == MOST {
                    break;
                }
            }
            Progress::Packet(Packet::PubRel(packet)) => connection.send(&Packet::PubComp(packet))?,
            Progress::Packet(_) | Progress::Room => {}
        }
    }
    connection.leave().await;
    Ok(kept)
}

/// The message, if the broker keeps it.
fn message(publish: Publish, own: &Own) -> Option<Kept> {
    let topic = Topic::try_from(String::from_utf8(publish.topic.to_vec()).ok()?).ok()?;
    let properties::Read { properties, path, mark } = properties::read(&publish.properties);
    let marked = mark.is_some_and(|mark| mark == properties::mark(&own.client_id, topic.as_str(), &publish.payload));
    let is_own = marked || own.topics.contains(topic.as_str());
    let payload = publish.payload.to_vec();
    let message = Message { topic, payload, qos: publish.qos, retain: true, properties, path };
    publish.retain.then_some(Kept { message, own: is_own })
}
