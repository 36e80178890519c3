//! What clients can rely on, shown with rumqttc's clients of both protocol versions and, where a client has to stop halfway
//! through an exchange, with packets written by hand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod delivery;
mod lifecycle;
mod sessions;
mod support;
mod wire;
