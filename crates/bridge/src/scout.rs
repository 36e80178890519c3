//! Looks around at a broker: on which topics there is something, as far as it is told in a moment. Leaves nothing behind.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::check::{BROKER_TIMEOUT, CheckError, within};
use crate::config::BrokerConfig;
use crate::mqtt::{ConnectionError, Hello, Login, Packet, Progress};
use crate::secrets::Password;
use crate::topic::{Topic, TopicFilter};

/// Topics that are noted at most.
pub const MOST_TOPICS: usize = 5000;

const SUBSCRIBE: u16 = 1;

/// The topics on which the broker keeps something, or on which something is published within `listening`. Topics that never
/// cross are not among them.
///
/// # Errors
/// Why the broker cannot be used.
pub async fn topics(
    broker: &BrokerConfig,
    password: &Password,
    listening: Duration,
) -> Result<BTreeSet<Topic>, CheckError> {
    let mut login = Login::new(broker, password.clone())?;
    let work = async {
        let mut topics = BTreeSet::new();
        let (mut connection, _) = login.connect(&Hello::one_off()).await?;
        connection.send(&Packet::Subscribe {
            packet: SUBSCRIBE,
            filters: vec![TopicFilter::all().to_string()],
            id: None,
        })?;
        let listen = async {
            while topics.len() < MOST_TOPICS {
                match connection.next(true).await? {
                    Progress::Packet(Packet::Publish(publish)) => {
                        connection.acknowledge(&publish)?;
                        let topic = String::from_utf8(publish.topic.to_vec()).ok();
                        let topic = topic.and_then(|topic| Topic::try_from(topic).ok());
                        topics.extend(topic.filter(|topic| !topic.is_local()));
                    }
                    Progress::Packet(Packet::PubRel(packet)) => connection.send(&Packet::PubComp(packet))?,
                    Progress::Packet(_) | Progress::Room => {}
                }
            }
            Ok::<(), ConnectionError>(())
        };
        // Time is up, as it should be, or there is enough.
        if let Ok(outcome) = tokio::time::timeout(listening, listen).await {
            outcome?;
        }
        connection.leave().await;
        Ok(topics)
    };
    within(BROKER_TIMEOUT + listening, &broker.url, work).await
}
