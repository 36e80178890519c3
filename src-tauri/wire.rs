//! The list of what crosses between Rust and the window.

use tauri::Wry;
use tauri_specta::{Builder, collect_commands, collect_events};

use crate::commands::{bridges, connecting, publishing, tryout};
use crate::events;

/// The commands and events that the window knows, and their types.
pub fn wire() -> Builder<Wry> {
    Builder::new()
        .commands(collect_commands![
            bridges::overview,
            connecting::check_node,
            connecting::create_account,
            connecting::check_broker,
            connecting::use_builtin_broker,
            bridges::save_bridge,
            bridges::warnings,
            bridges::remove_bridge,
            bridges::start_bridge,
            bridges::stop_bridge,
            publishing::publish,
            bridges::recent,
            tryout::open_tryout,
            tryout::close_tryout,
            tryout::remove_tryout,
        ])
        .events(collect_events![events::BridgeNewsEvent, events::OverviewChangedEvent])
}
