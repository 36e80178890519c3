//! Where the program's words go: lines of text, or one JSON object a line.

use std::fmt::Display;
use std::io::Write as _;

use serde::Serialize;
use tracing_subscriber::filter::Directive;

use crate::error::CliError;

/// The name under which what a person would be told stands in a log of JSON.
const TOLD: &str = "mqtt-twister";

/// The program's standard output and standard error. A reader that has gone away does not stop the bridges, so errors in
/// writing are ignored.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    json: bool,
    /// Standard error is a log of JSON.
    json_log: bool,
}

/// The last line before an exit code other than 0.
#[derive(Serialize)]
#[serde(tag = "type", rename = "error")]
struct FailureLine {
    message: String,
    exit_code: u8,
}

impl Output {
    /// Text, or JSON for programs to read; the same for standard error.
    pub(crate) fn new(json: bool, json_log: bool) -> Self {
        Self { json, json_log }
    }

    /// Whether the reader is a program.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Something to tell.
    pub(crate) fn line(&self, line: &(impl Serialize + Display)) {
        match self.json {
            true => self.json(line),
            false => self.text(line),
        }
    }

    /// Something wrong to tell: words go to standard error, JSON where all JSON goes.
    pub(crate) fn warning(&self, line: &(impl Serialize + Display)) {
        match self.json {
            true => self.json(line),
            false => self.text_warning(line),
        }
    }

    /// A line for programs only.
    pub(crate) fn json(&self, line: &impl Serialize) {
        if let (true, Ok(text)) = (self.json, serde_json::to_string(line)) {
            print(text);
        }
    }

    /// A line for people only.
    pub(crate) fn text(&self, line: impl Display) {
        if !self.json {
            print(line);
        }
    }

    /// Something wrong to tell people only.
    pub(crate) fn text_warning(&self, line: impl Display) {
        match (self.json, self.json_log) {
            (true, _) => {}
            (false, true) => tracing::warn!(target: TOLD, "{line}"),
            (false, false) => eprint(line),
        }
    }

    /// Why the program ends: always in words on standard error, for programs also as JSON.
    pub(crate) fn failure(&self, error: &CliError) {
        match self.json_log {
            true => tracing::error!(target: TOLD, "{error}"),
            false => eprint(format_args!("mqtt-twister-cli: {error}")),
        }
        self.json(&FailureLine { message: error.to_string(), exit_code: error.exit_code() });
    }
}

/// What has to be let through for a person to be told in a log of JSON.
pub(crate) fn always_logged() -> Option<Directive> {
    format!("{TOLD}=info").parse().ok()
}

/// A text of somebody else's without what would change the terminal.
pub(crate) fn shown(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

fn print(line: impl Display) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

fn eprint(line: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
