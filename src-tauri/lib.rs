//! The desktop app: a window around the engine. It keeps settings, starts and stops bridges, and shows what they tell.
//!
//! Deliberately not here: anything about moving messages, which is `mqtt-twister-bridge`'s; anything about looks, which is
//! `ui/`'s. What crosses between Rust and the window is declared in [`view`], [`commands`] and [`events`], gathered in [`wire`], and the
//! TypeScript in `ui/src/lib/generated` is made from that.

pub mod account;
pub mod app;
pub mod bridges;
pub mod builtin_broker;
pub mod commands;
pub mod composer;
pub mod desktop;
pub mod error;
pub mod events;
mod files;
pub mod log;
pub mod messages;
pub mod network;
pub mod nodes;
pub mod notifying;
pub mod opened;
pub mod passwords;
pub mod payload;
pub mod people;
pub mod preferences;
pub mod probing;
pub mod queue;
pub mod recent;
pub mod redaction;
pub mod report;
pub mod resume;
pub mod retained;
pub mod rules;
pub mod texts;
pub mod transfer;
pub mod tryout;
pub mod view;
pub mod wire;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tauri::{AppHandle, Context, Manager, RunEvent};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use app::App;
use bridges::Notice;
use desktop::Desktop;
use log::Log;
use notifying::Met;
use opened::Opened;
use passwords::SystemKeyring;
use preferences::PreferencesRoom;

/// The environment variable that names another folder for settings and data.
pub const DATA_DIR_VARIABLE: &str = "MQTT_TWISTER_DATA_DIR";

/// How long the app waits at its end for bridges and nodes to finish what they have begun.
const LONGEST_FAREWELL: Duration = Duration::from_secs(60);

/// Opens the window and runs until the app is quit. A second start shows the first one's window and ends.
pub fn run() -> ExitCode {
    let log = Log::default();
    keep_log(log.clone());
    // Before there is a second thread: they share the environment.
    #[cfg(target_os = "linux")]
    desktop::draw_without_gpu();
    let arguments: Vec<String> = std::env::args_os().skip(1).map(|one| one.to_string_lossy().into_owned()).collect();
    let wire = wire::wire();
    let built = tauri::Builder::default()
        // The first plugin: a second start must end before anything else of it begins.
        .plugin(tauri_plugin_single_instance::init(|handle, arguments, folder| {
            open_again(handle, arguments.get(1..).unwrap_or_default(), Path::new(&folder));
        }))
        .plugin(tauri_plugin_autostart::Builder::new().arg(desktop::HIDDEN).build())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_notification::init())
        .manage(Opened::default())
        .invoke_handler(wire.invoke_handler())
        .on_window_event(desktop::handle_window_event)
        .setup(move |tauri| {
            wire.mount_events(tauri);
            open_app(tauri.handle(), log, &arguments)?;
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
    tauri.run(move |handle, event| match event {
        RunEvent::ExitRequested { api, .. } if !saying_farewell.swap(true, Ordering::Relaxed) => {
            api.prevent_exit();
            say_farewell(handle.clone());
        }
        #[cfg(target_os = "macos")]
        RunEvent::Reopen { .. } => desktop::show(handle),
        #[cfg(target_os = "macos")]
        RunEvent::Opened { urls } => {
            let links: Vec<String> = urls.iter().map(ToString::to_string).collect();
            open_again(handle, &links, Path::new("/"));
        }
        _ => {}
    });
    ExitCode::SUCCESS
}

/// Writes the log to standard error, as `RUST_LOG` says, and keeps its last lines for the window.
fn keep_log(log: Log) {
    let to_stderr = EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn,mqtt_twister=info".into());
    let kept = EnvFilter::new("warn,mqtt_twister=debug,mqtt_twister_bridge=debug,twister=debug");
    tracing_subscriber::registry()
        .with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_filter(to_stderr))
        .with(log.with_filter(kept))
        .init();
}

/// Opens settings and bridges, then what the desktop shows of them, and an invitation if the start names one.
fn open_app(handle: &AppHandle, log: Log, arguments: &[String]) -> tauri::Result<()> {
    let folder = data_dir(handle)?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), folder = %folder.display(), "the app starts");
    if let Err(error) = files::keep_private(&folder) {
        tracing::warn!(%error, "others on this machine may be able to look into the app's folder");
    }
    let preferences = PreferencesRoom::open(&folder);
    if let Some(problem) = preferences.problem() {
        tracing::warn!("{problem}");
    }
    let resumes = preferences.current().window.resume_bridges;
    handle.manage(log);
    handle.manage(preferences);
    handle.manage(Desktop::new(Met::open(&folder)));
    let teller = handle.clone();
    let tell = Arc::new(move |notice: Notice| {
        desktop::take(&teller, &notice);
        events::emit(&teller, notice);
    });
    handle.manage(App::open(folder, Arc::new(SystemKeyring), tell));
    let invited = handle.state::<Opened>().take(arguments, &std::env::current_dir().unwrap_or_default());
    desktop::begin(handle, arguments.iter().any(|argument| argument == desktop::HIDDEN));
    if invited {
        desktop::show(handle);
    }
    let handle = handle.clone();
    tauri::async_runtime::spawn(async move {
        let app = handle.state::<App>();
        app.nodes.resume().await;
        if resumes {
            app.resume().await;
        }
    });
    Ok(())
}

/// Shows the window, and the invitation if there is one among what was opened.
fn open_again(handle: &AppHandle, arguments: &[String], folder: &Path) {
    desktop::show(handle);
    if handle.state::<Opened>().take(arguments, folder) {
        events::tell_of_invitation(handle);
    }
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
            tracing::warn!("a bridge or a node did not stop in time; what a bridge had queued is safe on disk");
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
