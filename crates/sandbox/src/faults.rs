//! Faults of a node, on demand: of its RPC, and of what it has of the network.

use std::collections::BTreeMap;
use std::time::Duration;

/// What is wrong with a node's RPC.
#[derive(Debug, Default)]
pub(crate) struct RpcFaults {
    slow: BTreeMap<String, Duration>,
    dropped: BTreeMap<String, u32>,
}

impl RpcFaults {
    /// Makes `method` take so much longer; zero makes it well.
    pub(crate) fn slow_down(&mut self, method: &str, delay: Duration) {
        if delay.is_zero() {
            self.slow.remove(method);
        } else {
            self.slow.insert(method.to_owned(), delay);
        }
    }

    pub(crate) fn delay(&self, method: &str) -> Duration {
        self.slow.get(method).copied().unwrap_or_default()
    }

    /// Lets the next `count` calls of `method` be carried out, but not answered.
    pub(crate) fn drop_replies(&mut self, method: &str, count: u32) {
        self.dropped.insert(method.to_owned(), count);
    }

    /// Whether this call's reply is to be dropped.
    pub(crate) fn takes_reply(&mut self, method: &str) -> bool {
        match self.dropped.get_mut(method) {
            Some(count @ 1..) => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }
}

/// What is wrong with a node's place in the network. The node takes posts as ever.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct NetworkFaults {
    /// Height at which the node's copy of the chain ends.
    pub(crate) chain_ends_at: Option<u32>,
    /// It has no connection to others, of whatever kind.
    pub(crate) is_cut_off: bool,
    /// It reaches nobody in the DHT.
    pub(crate) has_lost_dht: bool,
    /// How far it takes the clocks of its peers to be ahead of its own, in seconds.
    pub(crate) clock_offset_s: i64,
}

impl NetworkFaults {
    pub(crate) fn reaches_dht(self) -> bool {
        !self.is_cut_off && !self.has_lost_dht
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_replies_are_dropped_as_asked_for() {
        let mut faults = RpcFaults::default();
        faults.drop_replies("newpostmsg", 2);
        let dropped = [(); 4].map(|()| faults.takes_reply("newpostmsg"));
        assert_eq!(dropped, [true, true, false, false]);
        assert!(!faults.takes_reply("getinfo"));
    }

    #[test]
    fn a_slow_method_is_made_well_by_zero() {
        let mut faults = RpcFaults::default();
        faults.slow_down("getposts", Duration::from_secs(1));
        assert_eq!((faults.delay("getposts"), faults.delay("getinfo")), (Duration::from_secs(1), Duration::ZERO));
        faults.slow_down("getposts", Duration::ZERO);
        assert_eq!(faults.delay("getposts"), Duration::ZERO);
    }
}
