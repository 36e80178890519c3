//! The smallest Tauri program, a window of the app's size with nothing in it: what a window costs before the app does anything. The
//! benchmark of the window measures the app against it.

use std::process::ExitCode;

use tauri::Context;

fn main() -> ExitCode {
    match tauri::Builder::default().run(context()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the window could not be opened: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The page and the window's size. Tauri's build script wrote this code.
#[allow(clippy::unwrap_used, clippy::expect_used)]
fn context() -> Context {
    tauri::tauri_build_context!()
}
