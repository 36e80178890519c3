//! The real window, driven as a person would: by its buttons and fields.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod connect;
mod desktop;
mod first_use;
#[allow(clippy::print_stdout, reason = "a benchmark prints what it has measured")]
mod flood;
mod keyboard;
mod messages;
mod network;
mod nodes;
mod pages;
mod people;
mod rules;
mod screenshots;
#[allow(dead_code, reason = "no journey needs all of it")]
mod support;
