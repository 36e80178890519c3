//! Who else carries messages from one broker to another, run beside the bridge on the same machine.

pub mod mosquitto_twister;
