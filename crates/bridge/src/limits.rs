//! How fast messages may come: budgets that fill up with time (token buckets).
//!
//! Nothing is refused for being too fast: a peer's posts are looked at later, and wait at the node meanwhile. Plain state
//! machines: `now` is handed in, on any clock that does not go back.

use std::collections::HashMap;
use std::time::Duration;

use twister::Username;

use crate::config::BridgeConfig;

/// How many minutes' worth of messages a peer can have at once.
const PEER_BURST_MINUTES: f64 = 10.0;

/// How many seconds' worth of messages the local broker can be given at once.
const DELIVERY_BURST_S: f64 = 1.0;

/// So many things as may be done; more with time.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    per_second: f64,
    most: f64,
    /// Below zero after more was done at once than there was left.
    left: f64,
    at: Duration,
}

/// How fast each followed account's messages may come in.
///
/// Before a post of an account is looked at, ask [`wait`](Self::wait). Afterwards tell by
/// [`handle_messages`](Self::handle_messages) how many messages in it were wanted or refused. A frame is taken whole, so an
/// account can be in debt for a while.
#[derive(Debug, Clone)]
pub struct PeerLimits {
    budgets: HashMap<Username, Budget>,
}

impl Budget {
    /// A full budget that grows by `per_second`, up to `most`, which is at least 1.
    pub fn new(per_second: f64, most: f64, now: Duration) -> Self {
        let most = most.max(1.0);
        Self { per_second, most, left: most, at: now }
    }

    /// For what the local broker of `config` is given.
    pub fn of_deliveries(config: &BridgeConfig, now: Duration) -> Self {
        let per_second = f64::from(config.limits.deliver_per_second);
        Self::new(per_second, per_second * DELIVERY_BURST_S, now)
    }

    /// Other settings: what was saved up stays, as far as there is room for it.
    pub fn handle_config(&mut self, config: &BridgeConfig, now: Duration) {
        let per_second = f64::from(config.limits.deliver_per_second);
        self.set_rate(per_second, per_second * DELIVERY_BURST_S, now);
    }

    /// How long to wait until the next thing may be done; zero if it may be done now.
    pub fn wait(&self, now: Duration) -> Duration {
        let missing = 1.0 - self.left_at(now);
        if missing <= 0.0 {
            return Duration::ZERO;
        }
        // Rounded up: whoever waits so long finds that the time has come.
        Duration::try_from_secs_f64(missing / self.per_second)
            .map_or(Duration::MAX, |wait| wait + Duration::from_micros(1))
    }

    /// So many things were done.
    pub fn handle_done(&mut self, count: usize, now: Duration) {
        self.left = self.left_at(now) - count as f64;
        self.at = self.at.max(now);
    }

    fn set_rate(&mut self, per_second: f64, most: f64, now: Duration) {
        if self.per_second == per_second {
            return;
        }
        self.left = self.left_at(now).min(most);
        self.at = self.at.max(now);
        (self.per_second, self.most) = (per_second, most.max(1.0));
    }

    fn left_at(&self, now: Duration) -> f64 {
        let gained = now.saturating_sub(self.at).as_secs_f64() * self.per_second;
        (self.left + gained).min(self.most)
    }
}

impl PeerLimits {
    /// Full budgets for the accounts that `config` follows.
    pub fn new(config: &BridgeConfig, now: Duration) -> Self {
        let budget = |peer: &Username| {
            let (per_second, most) = rate_of(config, peer);
            (peer.clone(), Budget::new(per_second, most, now))
        };
        Self { budgets: config.following.iter().map(budget).collect() }
    }

    /// Other settings: what was saved up or owed stays, for whoever is followed still.
    pub fn handle_config(&mut self, config: &BridgeConfig, now: Duration) {
        let mut before = std::mem::replace(self, Self::new(config, now)).budgets;
        for (peer, budget) in &mut self.budgets {
            if let Some(mut known) = before.remove(peer) {
                known.set_rate(budget.per_second, budget.most, now);
                *budget = known;
            }
        }
    }

    /// How long to wait until a post of `peer` may be looked at; zero if it may be looked at now.
    pub fn wait(&self, peer: &Username, now: Duration) -> Duration {
        self.budgets.get(peer).map_or(Duration::ZERO, |budget| budget.wait(now))
    }

    /// `count` messages of `peer` have come in or were refused.
    pub fn handle_messages(&mut self, peer: &Username, count: usize, now: Duration) {
        if let Some(budget) = self.budgets.get_mut(peer) {
            budget.handle_done(count, now);
        }
    }
}

/// How fast messages of `peer` may come in a second, and how many at once.
fn rate_of(config: &BridgeConfig, peer: &Username) -> (f64, f64) {
    let per_minute = f64::from(config.messages_per_minute(peer));
    (per_minute / 60.0, per_minute * PEER_BURST_MINUTES)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::parse_bridge;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    fn limits() -> PeerLimits {
        let config = serde_json::json!({
            "name": "home",
            "twister": {"url": "http://127.0.0.1:28332", "account": "mqtt_alice"},
            "broker": {"url": "127.0.0.1"},
            "following": ["mqtt_bob", "mqtt_carol"],
            "limits": {"messages_per_minute": 60},
            "peers": {"mqtt_carol": {"messages_per_minute": 120}},
        });
        PeerLimits::new(&parse_bridge(config).unwrap(), Duration::ZERO)
    }

    #[test]
    fn ten_minutes_worth_may_come_at_once_and_then_as_many_as_the_rate_allows() {
        let (mut limits, bob) = (limits(), "mqtt_bob".parse().unwrap());
        limits.handle_messages(&bob, 599, Duration::ZERO);
        assert_eq!(limits.wait(&bob, Duration::ZERO), Duration::ZERO);
        limits.handle_messages(&bob, 1, Duration::ZERO);
        let wait = limits.wait(&bob, Duration::ZERO);
        assert!((seconds(1.0)..seconds(1.001)).contains(&wait), "{wait:?}");
        assert_eq!(limits.wait(&bob, wait), Duration::ZERO);
    }

    #[test]
    fn a_frame_is_taken_whole_and_paid_for_later() {
        let (mut limits, bob) = (limits(), "mqtt_bob".parse().unwrap());
        limits.handle_messages(&bob, 660, Duration::ZERO);
        let wait = limits.wait(&bob, Duration::ZERO);
        assert!((seconds(61.0)..seconds(61.001)).contains(&wait), "{wait:?}");
    }

    #[test]
    fn one_accounts_haste_does_not_slow_another() {
        let (mut limits, bob, carol) = (limits(), "mqtt_bob".parse().unwrap(), "mqtt_carol".parse().unwrap());
        limits.handle_messages(&bob, 10_000, Duration::ZERO);
        limits.handle_messages(&carol, 1199, Duration::ZERO);
        assert_eq!(limits.wait(&carol, Duration::ZERO), Duration::ZERO);
        assert!(limits.wait(&bob, Duration::ZERO) > Duration::ZERO);
    }

    proptest! {
        #[test]
        fn no_more_is_done_than_the_burst_and_the_rate(pauses in proptest::collection::vec(0u64..3000, 1..200)) {
            let mut budget = Budget::new(2.0, 10.0, Duration::ZERO);
            let (mut now, mut done) = (Duration::ZERO, 0u32);
            for pause in pauses {
                now += Duration::from_millis(pause);
                if budget.wait(now).is_zero() {
                    budget.handle_done(1, now);
                    done += 1;
                }
                prop_assert!(f64::from(done) <= 10.0 + 2.0 * now.as_secs_f64() + 0.001);
            }
        }

        #[test]
        fn whoever_waits_as_long_as_told_may_go_on(count in 1usize..5000, per_second in 1u32..1000) {
            let mut budget = Budget::new(per_second.into(), 10.0, Duration::ZERO);
            budget.handle_done(count, Duration::ZERO);
            prop_assert_eq!(budget.wait(budget.wait(Duration::ZERO)), Duration::ZERO);
        }
    }
}
