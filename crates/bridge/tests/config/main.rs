//! What a configuration file may say, and how a person learns what is wrong with one.
#![allow(clippy::unwrap_used, clippy::panic)]

mod documentation;
mod mosquitto_twister;
mod rules;
mod toml;
