//! The desktop app's entry: everything is in the library, so that tests can reach it.

// A window needs no console beside it.
#![cfg_attr(all(not(debug_assertions), target_os = "windows"), windows_subsystem = "windows")]

use std::process::ExitCode;

fn main() -> ExitCode {
    mqtt_twister::run()
}
