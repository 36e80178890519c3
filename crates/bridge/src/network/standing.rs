//! Whether a bridge can work on a node: its chain up to date, the clocks right, others in reach. The one place for these
//! rules: what a bridge waits for and what a person is told of are both decided here.
//!
//! Deliberately not here: the account and the swarms. Posts that swarms do not carry travel by the DHT.

use twister::sync::{BEHIND_BLOCKS, OLDEST_BLOCK_S};

use super::findings::{Finding, Severity};
use super::{ChainPeer, NodeFacts};
use crate::event::ProblemCode;

/// In the public network a block is expected every ten minutes; after so long without one something is amiss, in seconds. In a
/// network of one's own they are made when somebody waits for one.
const QUIET_CHAIN_S: u64 = 2 * 3600;

/// Blocks and DHT entries from further in the future are refused, in seconds. Source: twister-core.
const FUTURE_S: u64 = 2 * 3600;

/// A clock that differs more from those of others is wrong, in seconds.
const CLOCK_TOLERANCE_S: i64 = 600;

/// A node makes up for a clock that differs less than this, in seconds. Source: twister-core.
const MOST_CORRECTED_S: i64 = 70 * 60;

/// How long a node with peers may take to find the first node of the DHT, in seconds: it announces itself every quarter of an
/// hour.
const DHT_PATIENCE_S: u64 = 15 * 60;

/// What a node says of the chain, the time, and those around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Height of its newest block.
    pub height: u32,
    /// When that was made, in seconds since 1970 by its maker's clock.
    pub newest_block_s: u64,
    /// Whether its chain is another one than the public network's.
    pub is_own_chain: bool,
    /// Height of the chain of each node that it is connected to, as of when they were connected; none if that has not said.
    pub peers: Vec<Option<u32>>,
    /// Nodes of the DHT that it knows.
    pub dht_nodes: u32,
    /// How far its peers' clocks are ahead of its own in the middle, in seconds.
    pub clock_offset_s: i64,
    /// Whether it says that its clock is too wrong to be made up for.
    pub clock_warning: bool,
}

/// Why a bridge is not ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hindrance {
    /// What is wrong.
    pub finding: Finding,
    /// Whether posts have to wait, too: the node has paused its swarms, or others would refuse them.
    pub stops_posts: bool,
}

impl Standing {
    /// Height of the chain that the node should have: what half of its peers knew of, or what it has itself. One peer of many
    /// that claims more cannot make it wait.
    pub fn highest_known(&self) -> u32 {
        let mut heights: Vec<u32> = self.peers.iter().copied().flatten().collect();
        heights.sort_unstable();
        heights.get(heights.len() / 2).map_or(self.height, |middle| self.height.max(*middle))
    }

    /// Age of its newest block at `now_s`, in seconds since 1970.
    pub fn age_s(&self, now_s: u64) -> u64 {
        now_s.saturating_sub(self.newest_block_s)
    }
}

impl From<&NodeFacts> for Standing {
    fn from(facts: &NodeFacts) -> Self {
        Self {
            height: facts.height,
            newest_block_s: facts.newest_block_s,
            is_own_chain: facts.is_own_chain,
            peers: facts.peers.iter().map(|ChainPeer { height, .. }| *height).collect(),
            dht_nodes: facts.dht_nodes,
            clock_offset_s: facts.clock_offset_s,
            clock_warning: facts.clock_warning,
        }
    }
}

/// What keeps a bridge from being ready on a node at `now_s`, in seconds since 1970, if the node has had peers and known nobody
/// in the DHT for `dht_empty_s` seconds.
pub fn hindrance(standing: &Standing, now_s: u64, dht_empty_s: u64) -> Option<Hindrance> {
    let is_fault = |finding: &Finding| finding.severity == Severity::Fault;
    let finding = of_clocks(standing, now_s)
        .filter(is_fault)
        .or_else(|| of_chain(standing, now_s).filter(is_fault))
        .or_else(|| of_peers(standing, now_s).filter(is_fault))
        .or_else(|| of_dht(standing).filter(|_| dht_empty_s >= DHT_PATIENCE_S))?;
    let stops_posts = matches!(finding.code, ProblemCode::ClockWrong | ProblemCode::NodeSyncing)
        || standing.age_s(now_s) > OLDEST_BLOCK_S;
    Some(Hindrance { finding: Finding { severity: Severity::Fault, ..finding }, stops_posts })
}

pub(super) fn of_clocks(standing: &Standing, now_s: u64) -> Option<Finding> {
    let ahead = standing.newest_block_s.saturating_sub(now_s);
    if ahead > FUTURE_S {
        return Some(Finding::new(ProblemCode::ClockWrong, Severity::Fault, "").of(ahead));
    }
    let offset = standing.clock_offset_s;
    let severity = match standing.clock_warning || offset.abs() >= MOST_CORRECTED_S {
        true => Severity::Fault,
        false if offset.abs() > CLOCK_TOLERANCE_S => Severity::Warning,
        false => return None,
    };
    // A node that warns does not say by how much.
    let offset = if standing.clock_warning && offset == 0 { MOST_CORRECTED_S } else { offset };
    Some(Finding::new(ProblemCode::ClockWrong, severity, "").of(offset))
}

/// Of a node that has nobody to get blocks from, only that is said.
pub(super) fn of_chain(standing: &Standing, now_s: u64) -> Option<Finding> {
    let behind = standing.highest_known().saturating_sub(standing.height);
    if behind >= BEHIND_BLOCKS {
        return Some(Finding::new(ProblemCode::NodeSyncing, Severity::Fault, "").of(behind));
    }
    let age_s = standing.age_s(now_s);
    let severity = match age_s {
        _ if standing.peers.is_empty() => return None,
        0..=QUIET_CHAIN_S => return None,
        _ if age_s > OLDEST_BLOCK_S => Severity::Fault,
        _ if standing.is_own_chain => return None,
        _ => Severity::Warning,
    };
    Some(Finding::new(ProblemCode::ChainStands, severity, "").of(age_s))
}

/// Whoever is alone in a network of their own may be its first, or the only one awake; in the public network, or with an old
/// chain, they are cut off.
pub(super) fn of_peers(standing: &Standing, now_s: u64) -> Option<Finding> {
    let is_at_home = standing.is_own_chain && standing.age_s(now_s) <= OLDEST_BLOCK_S;
    let severity = if is_at_home { Severity::Warning } else { Severity::Fault };
    standing.peers.is_empty().then(|| Finding::new(ProblemCode::NoPeers, severity, ""))
}

/// A node without peers has nobody to find the DHT by.
pub(super) fn of_dht(standing: &Standing) -> Option<Finding> {
    let is_empty = standing.dht_nodes == 0 && !standing.peers.is_empty();
    is_empty.then(|| Finding::new(ProblemCode::DhtEmpty, Severity::Warning, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_S: u64 = 1_800_000_000;
    const DAY_S: u64 = 86_400;

    fn healthy() -> Standing {
        Standing {
            height: 1000,
            newest_block_s: NOW_S - 300,
            is_own_chain: false,
            peers: vec![Some(1000), Some(990), None],
            dht_nodes: 20,
            clock_offset_s: 1,
            clock_warning: false,
        }
    }

    /// What hinders, its figure, and whether posts wait too.
    fn hinders(change: impl FnOnce(&mut Standing)) -> Option<(ProblemCode, i64, bool)> {
        let mut standing = healthy();
        change(&mut standing);
        let found = hindrance(&standing, NOW_S, 0)?;
        Some((found.finding.code, found.finding.amount, found.stops_posts))
    }

    #[test]
    fn nothing_hinders_on_a_healthy_node() {
        assert_eq!(hinders(|_| {}), None);
    }

    #[test]
    fn a_chain_that_is_behind_those_of_its_peers_hinders_however_new_its_newest_block() {
        let behind = |blocks: u32| hinders(|standing| standing.peers = vec![Some(1000 + blocks); 3]);
        assert_eq!(behind(2), None, "a block or two are on their way");
        assert_eq!(behind(3), Some((ProblemCode::NodeSyncing, 3, true)));
        assert_eq!(behind(400), Some((ProblemCode::NodeSyncing, 400, true)));
    }

    #[test]
    fn one_peer_of_many_that_claims_a_higher_chain_cannot_make_a_bridge_wait() {
        assert_eq!(hinders(|standing| standing.peers = vec![Some(1000), Some(1000), Some(u32::MAX)]), None);
        let most = hinders(|standing| standing.peers = vec![Some(1000), Some(1100), Some(1100)]);
        assert_eq!(most, Some((ProblemCode::NodeSyncing, 100, true)));
    }

    #[test]
    fn a_newest_block_older_than_a_day_hinders_in_every_network() {
        let old = |age_s: u64, is_own_chain: bool| {
            hinders(|standing| {
                standing.newest_block_s = NOW_S - age_s;
                standing.is_own_chain = is_own_chain;
            })
        };
        for own in [false, true] {
            assert_eq!(old(DAY_S, own), None);
            assert_eq!(old(DAY_S + 1, own), Some((ProblemCode::ChainStands, 86_401, true)));
        }
    }

    #[test]
    fn a_clock_hinders_when_the_node_cannot_make_up_for_it() {
        assert_eq!(hinders(|standing| standing.clock_offset_s = -4000), None);
        let far = hinders(|standing| standing.clock_offset_s = -4200);
        assert_eq!(far, Some((ProblemCode::ClockWrong, -4200, true)));
        let warned = hinders(|standing| {
            standing.clock_offset_s = 0;
            standing.clock_warning = true;
        });
        assert_eq!(warned, Some((ProblemCode::ClockWrong, 4200, true)));
    }

    #[test]
    fn a_block_of_the_future_says_that_a_clock_is_wrong() {
        assert_eq!(hinders(|standing| standing.newest_block_s = NOW_S + 7200), None);
        let future = hinders(|standing| standing.newest_block_s = NOW_S + 7201);
        assert_eq!(future, Some((ProblemCode::ClockWrong, 7201, true)));
    }

    #[test]
    fn being_alone_hinders_in_the_public_network_or_with_an_old_chain() {
        let alone = |is_own_chain: bool, age_s: u64| {
            hinders(|standing| {
                standing.peers.clear();
                standing.dht_nodes = 0;
                standing.is_own_chain = is_own_chain;
                standing.newest_block_s = NOW_S - age_s;
            })
        };
        assert_eq!(alone(true, 300), None);
        assert_eq!(alone(false, 300), Some((ProblemCode::NoPeers, 0, false)), "posts wait at the node");
        assert_eq!(alone(false, 2 * DAY_S), Some((ProblemCode::NoPeers, 0, true)));
        assert_eq!(alone(true, 2 * DAY_S), Some((ProblemCode::NoPeers, 0, true)));
    }

    #[test]
    fn an_empty_dht_hinders_a_node_that_has_had_peers_for_a_quarter_of_an_hour() {
        let mut standing = Standing { dht_nodes: 0, ..healthy() };
        assert_eq!(hindrance(&standing, NOW_S, 899), None);
        let found = hindrance(&standing, NOW_S, 900).map(|found| (found.finding.code, found.stops_posts));
        assert_eq!(found, Some((ProblemCode::DhtEmpty, false)), "what swarms carry still arrives");
        standing.peers.clear();
        standing.is_own_chain = true;
        assert_eq!(hindrance(&standing, NOW_S, 900), None, "a private network of one");
    }
}
