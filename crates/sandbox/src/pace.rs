//! How fast a node takes posts. A real one takes time for each, and only so many a second.

use std::time::{Duration, Instant};

/// How fast a node takes posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostPace {
    /// How long a post takes until it is stored and answered.
    pub each: Duration,
    /// How many it takes in a second at most.
    pub a_second: u32,
}

impl PostPace {
    /// What was measured at real nodes on one host.
    pub const MEASURED: Self = Self { each: Duration::from_millis(8), a_second: 90 };
}

/// Lets posts wait for their turn.
#[derive(Debug, Default)]
pub(crate) struct Turnstile {
    pace: Option<PostPace>,
    /// When the next post may begin.
    free_at: Option<Instant>,
}

impl Turnstile {
    /// Sets the pace; none for as fast as the machine can.
    pub(crate) fn set_pace(&mut self, pace: Option<PostPace>) {
        self.pace = pace;
    }

    /// Takes in a call of `method`. Returns how long it has to wait before it is carried out.
    pub(crate) fn handle_call(&mut self, method: &str, now: Instant) -> Duration {
        let Some(pace) = self.pace.filter(|_| POSTING.contains(&method)) else { return Duration::ZERO };
        let begin = self.free_at.map_or(now, |free_at| free_at.max(now));
        self.free_at = Some(begin + Duration::from_secs(1) / pace.a_second.max(1));
        begin + pace.each - now
    }
}

/// Methods that make posts of a node's own accounts.
const POSTING: [&str; 3] = ["newpostmsg", "newpostcustom", "newdirectmsg"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_takes_its_time_and_the_next_one_waits_for_its_turn() {
        let mut turnstile = Turnstile::default();
        let (ms, now) = (Duration::from_millis, Instant::now());
        assert_eq!(turnstile.handle_call("newpostmsg", now), Duration::ZERO);
        turnstile.set_pace(Some(PostPace { each: ms(8), a_second: 50 }));
        assert_eq!(turnstile.handle_call("newdirectmsg", now), ms(8));
        assert_eq!(turnstile.handle_call("newpostcustom", now), ms(28));
        assert_eq!(turnstile.handle_call("newpostmsg", now + ms(30)), ms(18));
        assert_eq!(turnstile.handle_call("newpostmsg", now + ms(200)), ms(8));
        assert_eq!(turnstile.handle_call("getposts", now + ms(200)), Duration::ZERO);
    }
}
