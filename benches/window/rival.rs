//! What the app's window is measured against.

use std::path::{Path, PathBuf};

use crate::ui::support::{Machine, WITHOUT_GPU_VARIABLE, Window};

/// The smallest program with a window that Tauri makes: `benches/empty-window`. It lies beside the app when both are built.
pub const EMPTY_WINDOW: &str = "empty-window";

/// The app.
pub const APP: &str = env!("CARGO_BIN_EXE_mqtt-twister");

/// The app's name as a process.
pub const APP_NAME: &str = "mqtt-twister";

/// Where both lie.
pub fn programs() -> &'static Path {
    Path::new(APP).parent().expect("the app lies in a folder")
}

/// Opens an empty window, on a machine like the app's, drawn as Tauri draws one.
pub async fn open_empty_window() -> Window {
    empty_window().open().await
}

/// Opens an empty window that is drawn as the app is: without the graphics processor.
pub async fn open_empty_window_drawn_alike() -> Window {
    empty_window().variable(WITHOUT_GPU_VARIABLE, "1").open().await
}

fn empty_window() -> Machine {
    let program: PathBuf = programs().join(EMPTY_WINDOW).with_extension(std::env::consts::EXE_EXTENSION);
    assert!(
        program.exists(),
        "there is no {}: cargo build --release --package mqtt-twister-empty-window makes it",
        program.display()
    );
    Machine::new().program(program)
}
