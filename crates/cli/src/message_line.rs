//! A message on its way, in a line for people.

use std::fmt;

use mqtt_twister_bridge::event::{Direction, MessageEvent, Step};

use crate::output::shown;

/// Longest piece of a payload that a line shows, in characters.
const SHOWN_PAYLOAD: usize = 60;

/// A message on its way, for people.
pub(crate) struct MessageLine<'a>(pub(crate) &'a MessageEvent);

impl fmt::Display for MessageLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MessageEvent { bridge, direction, step, peer, public, topic, .. } = self.0;
        let topic = shown(topic);
        let step = match step {
            Step::Taken => "taken, and for nobody",
            Step::Queued => "taken from the broker",
            Step::Posted => "posted",
            Step::Seen => "arrived at the peer",
            Step::Acked => "taken by its broker",
            Step::Received => "received",
            Step::Delivered => "given to the broker",
            Step::Refused => "refused",
            Step::Expired => "expired",
            Step::Superseded => "superseded",
            Step::Dropped => "dropped",
        };
        let way = match (direction, peer) {
            (Direction::Out, None) if *public => "for everybody".to_owned(),
            (Direction::Out, None) => "no rule sends it".to_owned(),
            (Direction::Out, Some(peer)) => format!("for {peer} only"),
            (Direction::In, Some(peer)) if *public => format!("from {peer}, public"),
            (Direction::In, Some(peer)) => format!("from {peer}, private"),
            (Direction::In, None) => "from the network".to_owned(),
        };
        write!(f, "{:>5}  {step:<21}  {topic}  {}  ({way})", bridge.as_str(), payload(self.0))
    }
}

/// The payload as text if it is text, else its length.
fn payload(message: &MessageEvent) -> String {
    let bytes = message.payload.bytes();
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.is_empty() && !text.chars().any(char::is_control) => {
            let cut: String = text.chars().take(SHOWN_PAYLOAD).collect();
            if cut.len() < text.len() { format!("{cut}…") } else { cut }
        }
        _ => format!("[{} bytes]", message.payload.len()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use mqtt_twister_bridge::event::Signature;
    use mqtt_twister_bridge::message::Properties;

    use super::*;

    fn message(payload: &[u8]) -> MessageEvent {
        MessageEvent {
            bridge: "bob".parse().unwrap(),
            direction: Direction::In,
            step: Step::Delivered,
            peer: Some("mqtt_alice".to_owned()),
            public: false,
            topic: "doors/1".to_owned(),
            payload: payload.into(),
            qos: 1,
            number: Some(7),
            time_ms: 0,
            id: "q3Rz9aB1-17/mqtt_alice".to_owned(),
            account: "mqtt_alice".to_owned(),
            local_topic: None,
            retain: false,
            properties: Properties::default(),
            path: vec!["mqtt_alice".to_owned()],
            signature: Some(Signature::Checked),
            taken_ms: None,
            reason: None,
        }
    }

    #[test]
    fn a_message_is_shown_in_a_line() {
        let line = MessageLine(&message(b"open")).to_string();
        assert_eq!(line, "  bob  given to the broker    doors/1  open  (from mqtt_alice, private)");
    }

    #[test]
    fn a_payload_that_is_no_text_is_shown_by_its_length() {
        assert_eq!(payload(&message(&[0, 255])), "[2 bytes]");
        assert_eq!(payload(&message(b"a\nb")), "[3 bytes]");
        assert_eq!(payload(&message(b"")), "[0 bytes]");
        assert_eq!(payload(&message("ü".repeat(61).as_bytes())), format!("{}…", "ü".repeat(60)));
    }
}
