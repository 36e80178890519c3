//! What time it is in the network: the system's clock, or one that a test turns by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where posts, blocks and DHT entries take their time from.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The system's clock.
    #[default]
    System,
    /// A clock that only moves when told to.
    Manual(ManualClock),
}

impl Clock {
    /// Unix time in seconds.
    pub fn now(&self) -> i64 {
        match self {
            Self::System => {
                let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX)
            }
            Self::Manual(clock) => clock.now(),
        }
    }
}

/// A clock that only moves when told to. Clones show and turn the same clock.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that stands at `now`, in Unix seconds.
    pub fn new(now: i64) -> Self {
        Self(Arc::new(AtomicI64::new(now)))
    }

    /// Unix time in seconds.
    pub fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Moves the clock on by `seconds`.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

/// When blocks are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BlockTime {
    /// Only by [`Network::mine`](crate::Network::mine) and `setgenerate`.
    #[default]
    Manual,
    /// One after each such time, by the system's clock.
    Every(Duration),
}
