//! The clocks, read in one place.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Seconds since 1970.
pub(crate) fn now_s() -> u64 {
    now_ms() / 1000
}

/// The time, on both clocks. State machines are handed it; the wall clock may jump, the other never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Now {
    /// Milliseconds since 1970.
    pub wall_ms: u64,
    /// Since some instant of this run.
    pub mono: Duration,
}

impl Now {
    /// Now, by the clocks; `start` is the instant that this run counts from.
    pub(crate) fn since(start: tokio::time::Instant) -> Self {
        Self { wall_ms: now_ms(), mono: start.elapsed() }
    }

    /// Unix seconds.
    pub(crate) fn wall_s(self) -> u64 {
        self.wall_ms / 1000
    }
}
