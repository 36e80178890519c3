//! Pauses between attempts.

use std::time::Duration;

/// A pause that doubles with each failed attempt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    /// Pause after the first failure.
    pub first: Duration,
    /// No pause is longer.
    pub longest: Duration,
}

impl Backoff {
    /// The pause after `attempt` failures, with up to a quarter more at random so that bridges do not come all at once.
    pub(crate) fn pause(self, attempt: u32) -> Duration {
        let doubled = self.doubled(attempt);
        doubled + doubled.mul_f64(rand::random_range(0.0..0.25))
    }

    /// The pause after `attempt` failures, always the same.
    pub(crate) fn doubled(self, attempt: u32) -> Duration {
        self.first.saturating_mul(2_u32.saturating_pow(attempt)).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_the_longest() {
        let backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(10) };
        for (attempt, low) in [(0, 1), (1, 2), (3, 8), (4, 10), (40, 10)] {
            let pause = backoff.pause(attempt);
            assert!(
                pause >= Duration::from_secs(low) && pause <= Duration::from_secs(low).mul_f64(1.25),
                "{attempt}: {pause:?}"
            );
        }
    }
}
