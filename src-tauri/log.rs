//! The app's own log, as far as the window shows it: the last lines, in memory. A line is made where something happens in
//! Rust; nothing in it is a password or a key, and none of it is written to disk.

use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// How many lines are kept.
pub const KEPT: usize = 2_000;

/// The most characters of a line.
const LONGEST: usize = 2_000;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct LogLine {
    /// Counts the lines since the app began.
    pub number: u32,
    /// When, in milliseconds since 1970.
    #[specta(type = specta_typescript::Number)]
    pub time_ms: u64,
    /// How much it matters.
    pub level: LogLevel,
    /// Which part of the program says it.
    pub target: String,
    /// What it says, with its values.
    pub text: String,
}

/// How much a line matters, the most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something is not as it should be, and the app goes on.
    Warn,
    /// Something that a person may want to know.
    Info,
    /// What happens inside.
    Debug,
}

/// The last lines of the app's log. Copies share the lines.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Lines>>);

#[derive(Default)]
struct Lines {
    kept: VecDeque<LogLine>,
    made: u32,
}

impl Log {
    /// The lines after number `after` that matter as much as `least` or more, oldest first. `None` means all.
    pub fn lines(&self, after: Option<u32>, least: LogLevel) -> Vec<LogLine> {
        let wanted = |line: &&LogLine| after.is_none_or(|after| line.number > after) && line.level <= least;
        self.locked().kept.iter().filter(wanted).cloned().collect()
    }

    fn add(&self, level: LogLevel, target: &str, mut text: String) {
        if let Some((cut, _)) = text.char_indices().nth(LONGEST) {
            text.truncate(cut);
            text.push('…');
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let time_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let mut lines = self.locked();
        lines.made = lines.made.saturating_add(1);
        let line = LogLine { number: lines.made, time_ms, level, target: target.to_owned(), text };
        lines.kept.push_back(line);
        if lines.kept.len() > KEPT {
            lines.kept.pop_front();
        }
    }

    fn locked(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let mut said = Said::default();
        event.record(&mut said);
        self.add(LogLevel::of(*metadata.level()), metadata.target(), said.message + &said.values);
    }
}

impl LogLevel {
    fn of(level: Level) -> Self {
        match level {
            Level::ERROR => Self::Error,
            Level::WARN => Self::Warn,
            Level::INFO => Self::Info,
            _ => Self::Debug,
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "ERROR",
            Self::Warn => "WARN",
            Self::Info => "INFO",
            Self::Debug => "DEBUG",
        })
    }
}

/// What an event says: its message first, then its values.
#[derive(Default)]
struct Said {
    message: String,
    values: String,
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing into a text does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.values, " {name}={value:?}"),
        };
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}

#[cfg(test)]
mod tests {
    use tracing::subscriber::with_default;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    fn log_of(work: impl FnOnce()) -> Log {
        let log = Log::default();
        with_default(tracing_subscriber::registry().with(log.clone()), work);
        log
    }

    #[test]
    fn a_line_has_its_message_and_its_values() {
        let log = log_of(|| tracing::warn!(bridge = %"home", tries = 3, "the broker is away"));
        let lines = log.lines(None, LogLevel::Debug);
        assert_eq!(lines[0].text, "the broker is away bridge=home tries=3");
        assert_eq!((lines[0].level, lines[0].number), (LogLevel::Warn, 1));
    }

    #[test]
    fn lines_can_be_had_from_a_number_on_and_from_a_level_up() {
        let log = log_of(|| {
            tracing::error!("one");
            tracing::debug!("two");
            tracing::info!("three");
        });
        let texts =
            |after, least| -> Vec<String> { log.lines(after, least).into_iter().map(|line| line.text).collect() };
        assert_eq!(texts(None, LogLevel::Info), ["one", "three"]);
        assert_eq!(texts(Some(1), LogLevel::Debug), ["two", "three"]);
        assert_eq!(texts(Some(3), LogLevel::Debug), [] as [&str; 0]);
    }

    #[test]
    fn the_oldest_lines_go_and_long_ones_are_cut() {
        let log = log_of(|| {
            for number in 0..=KEPT {
                tracing::info!(number, "line");
            }
            tracing::info!("{}", "é".repeat(LONGEST * 2));
        });
        let lines = log.lines(None, LogLevel::Debug);
        assert_eq!(lines.len(), KEPT);
        assert_eq!(lines[0].text, "line number=2");
        assert_eq!(lines[KEPT - 1].text.chars().count(), LONGEST + 1);
    }
}
