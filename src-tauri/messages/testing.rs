//! Messages for the tests of this folder.

use mqtt_twister_bridge::event::{Direction, MessageEvent, Payload, Step};
use mqtt_twister_bridge::message::Properties;

use crate::view::BridgeId;

/// A bridge.
pub(crate) fn home() -> BridgeId {
    "home".parse().unwrap()
}

/// A public message of quality of service 0 that is queued.
pub(crate) fn event(number: u32, topic: &str) -> MessageEvent {
    MessageEvent {
        bridge: "home".parse().unwrap(),
        id: format!("q3Rz9aB1-{number}/"),
        direction: Direction::Out,
        step: Step::Queued,
        account: "alice".to_owned(),
        peer: None,
        public: true,
        topic: topic.to_owned(),
        local_topic: None,
        payload: Payload::from(b"on".as_slice()),
        qos: 0,
        retain: false,
        properties: Properties::default(),
        path: Vec::new(),
        number: None,
        signature: None,
        taken_ms: Some(1_700_000_000_000),
        reason: None,
        time_ms: 1_700_000_000_005,
    }
}

/// The same at another step.
pub(crate) fn out(number: u32, step: Step, topic: &str) -> MessageEvent {
    MessageEvent { step, ..event(number, topic) }
}
