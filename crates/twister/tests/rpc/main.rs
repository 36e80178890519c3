//! The client against a scripted HTTP server: every recorded exchange with two real nodes, and everything that is no node.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod carry;
mod failures;
mod hostile;
mod limits;
mod raw;
mod replay;
mod support;
mod tls;
