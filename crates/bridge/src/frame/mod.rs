//! Frames: MQTT messages as the text of a post or a direct message.

pub mod v0;
pub mod v1;
