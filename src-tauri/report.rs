//! What a person can hand to somebody who helps: versions, settings, states and the log's last lines, without secrets and names.

use std::fmt::Write as _;

use mqtt_twister_bridge::config::ConfigFile;
use mqtt_twister_bridge::event::{BridgeState, PartState};

use crate::app::App;
use crate::log::{Log, LogLevel};
use crate::preferences::PreferencesRoom;
use crate::redaction::Redaction;

/// How many lines of the log a report has.
const LINES: usize = 300;

/// What the report says of the program's surroundings.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The version of the web view that shows the window.
    pub webview: String,
    /// Whether the desktop has a tray that shows the app's icon.
    pub tray: bool,
    /// The person's home folder.
    pub home: Option<String>,
}

/// Writes the report.
pub fn report(app: &App, preferences: &PreferencesRoom, log: &Log, surroundings: &Surroundings) -> String {
    let bridges = app.bridges();
    let redaction = Redaction::of(
        bridges.iter().filter(|bridge| !bridge.id.tryout).map(|bridge| &bridge.config),
        surroundings.home.clone(),
    );
    let mut text = String::new();
    // Writing into a text does not fail.
    let _ = write_head(&mut text, preferences, surroundings);
    for bridge in &bridges {
        let _ = writeln!(text, "\n## Bridge {}\n", bridge.id);
        let _ = write_state(&mut text, &bridge.state());
        if let Some(error) = bridge.start_error() {
            let _ = writeln!(text, "could not be started: {}", error.message);
        }
        if !bridge.id.tryout {
            let _ = writeln!(text, "\n{}", ConfigFile { bridges: vec![bridge.config.clone()] }.to_toml().trim_end());
        }
    }
    let _ = writeln!(text, "\n## Log\n");
    let lines = log.lines(None, LogLevel::Debug);
    for line in lines.iter().skip(lines.len().saturating_sub(LINES)) {
        let _ = writeln!(text, "{} {} {}: {}", line.time_ms, line.level, line.target, line.text);
    }
    redaction.apply(&text)
}

fn write_head(text: &mut String, preferences: &PreferencesRoom, surroundings: &Surroundings) -> std::fmt::Result {
    writeln!(text, "mqtt-twister {}", env!("CARGO_PKG_VERSION"))?;
    writeln!(text, "system: {} {}", std::env::consts::OS, std::env::consts::ARCH)?;
    writeln!(text, "Tauri {}, web view {}", tauri::VERSION, surroundings.webview)?;
    writeln!(text, "tray: {}", if surroundings.tray { "there" } else { "none" })?;
    if let Some(problem) = preferences.problem() {
        writeln!(text, "preferences: {problem}")?;
    }
    writeln!(text, "preferences: {}", serde_json::to_string(&preferences.current()).unwrap_or_default())
}

fn write_state(text: &mut String, state: &BridgeState) -> std::fmt::Result {
    writeln!(text, "{:?}, {}", state.phase, if state.ready { "ready" } else { "not ready" })?;
    let parts =
        [("node", &state.node), ("account", &state.account), ("network", &state.network), ("broker", &state.broker)];
    for (name, part) in parts {
        match part {
            PartState::Down { problem } => writeln!(text, "{name}: down, {:?}: {}", problem.code, problem.message)?,
            part => writeln!(text, "{name}: {part:?}")?,
        }
    }
    if let Some(quota) = &state.quota {
        writeln!(text, "posts left: {} ({:?})", quota.left, quota.pace)?;
    }
    writeln!(text, "{:?}", state.counters)
}
