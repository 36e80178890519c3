//! The list of what crosses between Rust and the window.

use tauri::Wry;
use tauri_specta::{Builder, collect_commands, collect_events};

use crate::commands::{
    bridges, connecting, desktop, first_run, messages, publishing, queue, retained, rules, transfer, tryout,
};
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
            publishing::composer,
            publishing::save_message,
            publishing::remove_saved_message,
            publishing::forget_published,
            messages::messages,
            messages::message,
            messages::message_series,
            messages::message_topics,
            messages::message_history,
            messages::clear_messages,
            messages::message_settings,
            messages::set_message_settings,
            messages::recording,
            messages::start_recording,
            messages::stop_recording,
            messages::export_messages,
            bridges::recent,
            rules::check_rules,
            rules::rehearse,
            rules::rehearse_incoming,
            rules::replay,
            rules::suggest_topics,
            queue::queue,
            queue::queue_page,
            queue::count_queue,
            queue::change_queue,
            retained::retained,
            retained::clear_retained,
            tryout::open_tryout,
            tryout::close_tryout,
            tryout::remove_tryout,
            desktop::preferences,
            desktop::save_preferences,
            desktop::log_lines,
            desktop::report,
            desktop::about,
            transfer::export_path,
            transfer::choose_export_path,
            transfer::export_settings,
            transfer::preview_import,
            transfer::import_settings,
            first_run::find_local,
            first_run::read_node_file,
        ])
        .events(collect_events![events::BridgeNewsEvent, events::OverviewChangedEvent])
}
