//! Bridges at work: a sandbox network, a broker each, and messages that cross.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod carry;
mod faults;
mod footing;
mod journey;
mod live;
mod messages;
mod retained;
mod support;
mod wishes;
