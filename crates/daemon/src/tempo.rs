//! How long things may take.

use std::time::Duration;

/// The patience that is had with a node. The default is right for real ones; tests have less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tempo {
    /// Between two looks at a node that is expected to change.
    pub look: Duration,
    /// Between two looks at one that just runs. twisterd writes a line into its log for many of them.
    pub calm_look: Duration,
    /// Between two looks into its wallet, which say what its accounts wait for.
    pub wallet: Duration,
    /// What one answer may take. A node that catches up is busy.
    pub answer: Duration,
    /// Within this time a twisterd has taken possession of its folder; what has not is none.
    pub possession: Duration,
    /// A node that neither answers nor writes to its log for so long is hung.
    pub silence: Duration,
    /// After being asked to end. It writes down what it has; on a slow disk that takes its time.
    pub farewell: Duration,
    /// After SIGTERM, before it is killed.
    pub term: Duration,
    /// The pause before the first new start; it doubles with each failure.
    pub first_pause: Duration,
    /// No pause is longer.
    pub longest_pause: Duration,
    /// A node that ran for so long has proved itself: its next crash is the first again.
    pub proof: Duration,
}

impl Default for Tempo {
    fn default() -> Self {
        Self {
            look: Duration::from_secs(1),
            calm_look: Duration::from_secs(5),
            wallet: Duration::from_secs(30),
            answer: Duration::from_secs(20),
            possession: Duration::from_secs(20),
            silence: Duration::from_secs(300),
            farewell: Duration::from_secs(60),
            term: Duration::from_secs(20),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(300),
            proof: Duration::from_secs(600),
        }
    }
}

impl Tempo {
    /// For stand-ins that answer at once: everything happens within a second or two.
    pub fn quick() -> Self {
        Self {
            look: Duration::from_millis(50),
            calm_look: Duration::from_millis(50),
            wallet: Duration::from_millis(100),
            answer: Duration::from_secs(5),
            first_pause: Duration::from_millis(50),
            longest_pause: Duration::from_millis(400),
            ..Self::default()
        }
    }

    /// The pause after `failures` failures in a row.
    pub(crate) fn pause(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1);
        self.first_pause.saturating_mul(2_u32.saturating_pow(doublings)).min(self.longest_pause)
    }
}
