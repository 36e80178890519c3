//! The real window, driven as a person would: by its buttons and fields.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod connect;
mod desktop;
mod first_use;
mod keyboard;
mod network;
mod pages;
mod people;
mod screenshots;
#[allow(dead_code, reason = "no journey needs all of it")]
mod support;
