//! Frames: MQTT messages as the text of a post or a direct message.

pub mod v0;
