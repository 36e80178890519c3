//! Whether the node is fit to be worked on, look by look, and what to tell a person if it is not. The rules are
//! [`hindrance`]'s.

use tokio::time::Instant;

use super::NodeTrouble;
use crate::event::{Part, ProblemCode};
use crate::network::{Finding, Standing, hindrance};
use crate::node::Ground;
use crate::queue::Span;

/// What is remembered from look to look.
#[derive(Debug, Default)]
pub(super) struct Footing {
    /// Since when the node has had peers and known nobody in the DHT.
    dht_empty_since: Option<Instant>,
    /// The node was alone, and that has been told.
    was_alone: bool,
}

/// Why the bridge is not ready.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Weakness {
    pub trouble: NodeTrouble,
    /// Posts wait, too.
    pub stops_posts: bool,
}

impl Footing {
    /// What is wrong at `now_s`, in seconds since 1970; `now` counts how long it has been so.
    pub(super) fn look(&mut self, ground: &Ground, now_s: u64, now: Instant) -> Option<Weakness> {
        let standing = ground.standing();
        let is_dht_empty = standing.dht_nodes == 0 && !standing.peers.is_empty();
        let since = self.dht_empty_since.filter(|_| is_dht_empty).or(is_dht_empty.then_some(now));
        self.dht_empty_since = since;
        let dht_empty_s = since.map_or(0, |since| now.duration_since(since).as_secs());
        let found = hindrance(&standing, now_s, dht_empty_s)?;
        let message = sentence(&found.finding, &standing, now_s, ground.info.ext_port2);
        let trouble = NodeTrouble { part: Part::Network, code: found.finding.code, message };
        Some(Weakness { trouble, stops_posts: found.stops_posts })
    }

    /// What to tell, once, of a node that is alone, where that is nothing that hinders.
    pub(super) fn news_of_being_alone(&mut self, ground: &Ground) -> Option<&'static str> {
        let is_alone = ground.peers.is_empty();
        let was_alone = std::mem::replace(&mut self.was_alone, is_alone);
        (is_alone && !was_alone && ground.is_own_chain).then_some(
            "the node is alone in its private network: what is posted goes on to others when they connect. If some of them \
             run, check the -connect addresses of the nodes",
        )
    }
}

/// What happened, why, and what to do.
fn sentence(finding: &Finding, standing: &Standing, now_s: u64, dht_port: u16) -> String {
    let age = Span(standing.age_s(now_s) * 1000);
    let Standing { height, .. } = standing;
    match finding.code {
        ProblemCode::NodeSyncing => {
            let highest = standing.highest_known();
            format!(
                "the node has block {height} of {highest}: it is still catching up with the chain, and does not know newer \
                 accounts and posts. Leave it running; the bridge begins by itself when it is there"
            )
        }
        ProblemCode::ChainStands => format!(
            "the newest block ({height}) is {age} old, and the node's peers know of none newer: nodes pause their swarms \
             after a day without one. In a private network have one node make blocks (setgenerate true 1); in the public \
             one wait, and check that this machine's clock is right"
        ),
        ProblemCode::ClockWrong => {
            let by = Span(finding.amount.unsigned_abs() * 1000);
            format!(
                "a clock is wrong by {by} or more: this machine's, the node's, or that of whoever made the newest block. \
                 Others refuse posts and profiles with wrong times. Set the clocks of both machines by the internet (NTP), \
                 then restart twisterd"
            )
        }
        ProblemCode::NoPeers => format!(
            "the node has no connection to other nodes, so nothing travels further than to it; its newest block ({height}) \
             is {age} old. Check its internet connection, or in a private network its -connect addresses"
        ),
        _ => format!(
            "the node knows nobody in the DHT although it has peers: profiles and subscriptions are found there, and posts \
             that swarms do not carry. Let UDP through the firewall on port {dht_port}"
        ),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    const NOW_S: u64 = 1_800_000_000;

    /// A node in a network of one's own, whose peers are at these heights.
    fn ground(heights: &[u32], dht_nodes: u32) -> Ground {
        let info = json!({"version": 94_000, "protocolversion": 70_003, "blocks": 100, "connections": heights.len(),
            "dht_nodes": dht_nodes, "ext_port2": 29_333});
        let newest = json!({"hash": "", "height": 100, "confirmations": 1, "time": NOW_S - 60});
        let peers = heights.iter().map(|height| json!({"addr": "10.0.0.1:28333", "startingheight": height}));
        Ground {
            info: serde_json::from_value(info).unwrap(),
            latency: Duration::ZERO,
            newest: serde_json::from_value(newest).unwrap(),
            peers: peers.map(|peer| serde_json::from_value(peer).unwrap()).collect(),
            is_own_chain: true,
        }
    }

    fn code(weakness: Option<Weakness>) -> Option<(ProblemCode, bool)> {
        weakness.map(|weakness| (weakness.trouble.code, weakness.stops_posts))
    }

    #[test]
    fn a_dht_without_nodes_is_given_a_quarter_of_an_hour_which_begins_anew_whenever_there_was_one() {
        let (start, mut footing) = (Instant::now(), Footing::default());
        let mut look = |minute: u64, dht_nodes: u32| {
            let now = start + Duration::from_secs(60 * minute);
            code(footing.look(&ground(&[100], dht_nodes), NOW_S, now))
        };
        assert_eq!(look(0, 0), None);
        assert_eq!(look(14, 1), None);
        assert_eq!(look(15, 0), None);
        assert_eq!(look(29, 0), None);
        assert_eq!(look(30, 0), Some((ProblemCode::DhtEmpty, false)));
        assert_eq!(look(31, 1), None);
    }

    #[test]
    fn a_node_that_is_behind_says_how_far_it_is() {
        let weakness = Footing::default().look(&ground(&[400], 1), NOW_S, Instant::now()).unwrap();
        assert_eq!((weakness.trouble.code, weakness.stops_posts), (ProblemCode::NodeSyncing, true));
        assert!(weakness.trouble.message.contains("block 100 of 400"), "{}", weakness.trouble.message);
    }

    #[test]
    fn being_alone_is_told_once_each_time() {
        let mut footing = Footing::default();
        let mut told = |heights: &[u32]| footing.news_of_being_alone(&ground(heights, 0)).is_some();
        assert_eq!([told(&[]), told(&[]), told(&[100]), told(&[])], [true, false, false, true]);
    }
}
