//! What must hold whatever others send: for texts that come as frames, configurations, replies of a node, and compressed
//! bytes. Each check takes any input, and panics where something does not hold.
//!
//! The targets hand a fuzzer's inputs to these checks. The packages' own tests (`hostile.rs`) include the same files, so that
//! what is checked here is checked, in small, by every test run.

pub mod client;
pub mod config;
pub mod damage;
pub mod frame;
pub mod rpc;
pub mod squeeze;

/// The HTTP status that an input's digit stands for: one of those that twisterd answers with.
pub fn status(digit: u8) -> u16 {
    [200, 500, 404, 400, 401, 403][usize::from(digit.wrapping_sub(b'0')) % 6]
}
