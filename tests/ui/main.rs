//! The real window, driven as a person would: by its buttons and fields.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod connect;
mod first_use;
mod flood;
mod keyboard;
mod messages;
#[allow(dead_code, reason = "no journey needs all of it")]
mod support;
