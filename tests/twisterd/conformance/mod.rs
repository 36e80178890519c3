//! Whether the nodes speak the RPC that the program was written for: the recorded exchanges, as far as they can be demanded
//! of any node, and the promises that the program builds on.

#[allow(dead_code, reason = "the sandbox's own tests need more of it")]
#[path = "../../../crates/sandbox/tests/support/http.rs"]
mod http;
mod likeness;
pub mod promises;
#[allow(dead_code, reason = "the sandbox's own tests need more of it")]
#[path = "../../../crates/sandbox/tests/conformance/recording.rs"]
mod recording;
pub mod replay;
mod scenario;
