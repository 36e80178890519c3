//! The desktop app: a window around the engine. It keeps settings, starts and stops bridges, and shows what they tell.
//!
//! Deliberately not here: anything about moving messages, which is `mqtt-twister-bridge`'s; anything about looks, which is
//! `ui/`'s. What crosses between Rust and the window is declared in [`view`], [`commands`] and [`events`], gathered in [`wire`], and the
//! TypeScript in `ui/src/lib/generated` is made from that.

pub mod app;
pub mod bridges;
pub mod builtin_broker;
pub mod commands;
pub mod error;
pub mod events;
pub mod passwords;
pub mod payload;
pub mod queue;
pub mod recent;
pub mod retained;
pub mod rules;
pub mod tryout;
pub mod view;
pub mod wire;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tauri::{AppHandle, Context, Manager, RunEvent};

use app::App;
use passwords::SystemKeyring;

/// The environment variable that names another folder for settings and data.
pub const DATA_DIR_VARIABLE: &str = "MQTT_TWISTER_DATA_DIR";

/// How long the app waits at its end for bridges to finish what they have begun.
const LONGEST_FAREWELL: Duration = Duration::from_secs(10);

/// Opens the window and runs until it is closed.
pub fn run() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn,mqtt_twister=info".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    let wire = wire::wire();
    let built = tauri::Builder::default()
        .invoke_handler(wire.invoke_handler())
        .setup(move |tauri| {
            wire.mount_events(tauri);
            let handle = tauri.handle().clone();
            let folder = data_dir(&handle)?;
            let tell = Arc::new(move |notice| events::emit(&handle, notice));
            tauri.manage(App::open(folder, Arc::new(SystemKeyring), tell));
            Ok(())
        })
        .build(context());
    let tauri = match built {
        Ok(tauri) => tauri,
        Err(error) => {
            tracing::error!(%error, "the window could not be opened");
            return ExitCode::FAILURE;
        }
    };
    let saying_farewell = AtomicBool::new(false);
    tauri.run(move |handle, event| {
        if let RunEvent::ExitRequested { api, .. } = event
            && !saying_farewell.swap(true, Ordering::Relaxed)
        {
            api.prevent_exit();
            say_farewell(handle.clone());
        }
    });
    ExitCode::SUCCESS
}

/// The built-in UI, the icons and what the window may do. Tauri's build script wrote this code.
#[allow(clippy::unwrap_used, clippy::expect_used)]
fn context() -> Context {
    tauri::tauri_build_context!()
}

/// Stops everything, then ends the app.
fn say_farewell(handle: AppHandle) {
    tauri::async_runtime::spawn(async move {
        let app = handle.state::<App>();
        if tokio::time::timeout(LONGEST_FAREWELL, app.close()).await.is_err() {
            tracing::warn!("a bridge did not stop in time; what it had queued is safe on disk");
        }
        handle.exit(0);
    });
}

fn data_dir(handle: &AppHandle) -> tauri::Result<PathBuf> {
    match std::env::var_os(DATA_DIR_VARIABLE) {
        Some(folder) => Ok(folder.into()),
        None => handle.path().app_data_dir(),
    }
}
