//! v0 frames, the JSON of mosquitto-twister: one message a post, `{"topic": …, "payload": Base64, "qos": 0}`.
//!
//! The bridge adds one member, `id`, which mosquitto-twister ignores. It makes every text unique, because a node stores two
//! equal direct messages of one second only once, and it lets a bridge know a message again that was posted twice.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::message::{MessageId, Qos};
use crate::topic::{Topic, TopicError};

/// A message as a v0 frame carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Where it was published.
    pub topic: Topic,
    /// What was published.
    pub payload: Vec<u8>,
    /// The quality of service it was published with.
    pub qos: Qos,
    /// Which message of its sender it is; mosquitto-twister gives none.
    pub id: Option<MessageId>,
}

/// Why a text is not a frame that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The text is no frame at all: somebody wrote a post for people.
    #[error("the text is not an MQTT message")]
    NotAFrame,
    /// The topic is not valid.
    #[error(transparent)]
    Topic(#[from] TopicError),
    /// The payload is not Base64.
    #[error("its payload is not Base64")]
    Payload,
    /// The quality of service is not 0, 1 or 2.
    #[error("its quality of service is {0}; MQTT has 0, 1 and 2")]
    Qos(u8),
}

/// The members in mosquitto-twister's order.
#[derive(Serialize, Deserialize)]
struct Json {
    topic: String,
    payload: String,
    qos: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<MessageId>,
}

/// The text that carries `frame`.
pub fn encode(frame: &Frame) -> String {
    let json = Json {
        topic: frame.topic.to_string(),
        payload: STANDARD.encode(&frame.payload),
        qos: frame.qos.into(),
        id: frame.id.clone(),
    };
    // Three strings and a number: there is nothing in it that JSON cannot express.
    serde_json::to_string(&json).unwrap_or_default()
}

/// The message that `text` carries.
///
/// # Errors
/// [`FrameError::NotAFrame`] for texts that were not meant as one, the other errors for frames that are damaged.
pub fn decode(text: &str) -> Result<Frame, FrameError> {
    let json: Json = serde_json::from_str(text).map_err(|_| FrameError::NotAFrame)?;
    Ok(Frame {
        topic: Topic::try_from(json.topic)?,
        payload: STANDARD.decode(json.payload.as_bytes()).map_err(|_| FrameError::Payload)?,
        qos: Qos::try_from(json.qos).map_err(|_| FrameError::Qos(json.qos))?,
        id: json.id,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn frame(payload: &[u8]) -> Frame {
        let id = Some("q3Rz9aB1-17".parse().unwrap());
        Frame { topic: "doors/1".parse().unwrap(), payload: payload.to_vec(), qos: Qos::AtLeastOnce, id }
    }

    #[test]
    fn what_mosquitto_twister_sends_is_understood() {
        let decoded = decode(r#"{"topic": "doors/1", "payload": "ZW1wdHk=", "qos": 0}"#).unwrap();
        let expected =
            Frame { topic: "doors/1".parse().unwrap(), payload: b"empty".to_vec(), qos: Qos::AtMostOnce, id: None };
        assert_eq!(decoded, expected);
    }

    #[test]
    fn what_is_sent_has_the_members_that_mosquitto_twister_reads() {
        let text = encode(&frame(b"empty"));
        assert_eq!(text, r#"{"topic":"doors/1","payload":"ZW1wdHk=","qos":1,"id":"q3Rz9aB1-17"}"#);
    }

    #[test]
    fn every_payload_survives() {
        let every_byte: Vec<u8> = (0..=255).collect();
        for payload in [b"".as_slice(), &every_byte, "température ☃".as_bytes()] {
            assert_eq!(decode(&encode(&frame(payload))), Ok(frame(payload)));
        }
    }

    #[test]
    fn a_post_for_people_is_no_frame() {
        for text in ["hello world", "", "{}", "[1,2]", r#"{"topic":"a"}"#, "{\"topic\":1,\"payload\":\"\",\"qos\":0}"] {
            assert_eq!(decode(text), Err(FrameError::NotAFrame), "{text}");
        }
    }

    #[test]
    fn a_damaged_frame_is_refused_with_the_reason() {
        let text =
            |topic: &str, payload: &str, qos: u8| format!(r#"{{"topic":"{topic}","payload":"{payload}","qos":{qos}}}"#);
        assert!(matches!(decode(&text("a/#", "", 0)), Err(FrameError::Topic(TopicError::Wildcard(_)))));
        assert!(matches!(decode(&text("a\\u0000b", "", 0)), Err(FrameError::Topic(TopicError::Nul(_)))));
        assert!(matches!(decode(&text("", "", 0)), Err(FrameError::Topic(TopicError::Empty))));
        assert_eq!(decode(&text("a", "%%%", 0)), Err(FrameError::Payload));
        assert_eq!(decode(&text("a", "", 3)), Err(FrameError::Qos(3)));
    }
}
