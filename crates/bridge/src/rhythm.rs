//! When to look again at something that seldom changes: the longer it has been as it is, the later. What ends a long silence
//! may come a little late, and what goes on is looked at often.

use std::time::Duration;

/// Pauses between two looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rhythm {
    /// The shortest pause.
    pub shortest: Duration,
    /// The longest.
    pub longest: Duration,
    /// The pause between these two, as a part of how long things have been as they are.
    pub share: f64,
}

impl Rhythm {
    /// The pause until the next look, when things have been as they are for `unchanged`.
    pub(crate) fn pause(self, unchanged: Duration) -> Duration {
        unchanged.mul_f64(self.share).clamp(self.shortest, self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_long_been_the_same_is_looked_at_seldom_and_what_changes_often() {
        let ms = Duration::from_millis;
        let rhythm = Rhythm { shortest: ms(20), longest: ms(2000), share: 0.01 };
        let pauses = [0, 1000, 10_000, 60_000, 3_600_000].map(|unchanged| rhythm.pause(ms(unchanged)));
        assert_eq!(pauses, [20, 20, 100, 600, 2000].map(ms));
    }
}
