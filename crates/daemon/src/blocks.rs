//! Whether a node is to make blocks. On a private network nobody does unless somebody is made to, each block takes a core
//! for seconds, and each makes the chain longer for good: after block 2016 one takes about ten minutes of a core. So they are
//! made while somebody waits for one, and not otherwise.
//!
//! A plain state machine: what a look found and the time go in, the decision comes out. Asking and telling the node is the
//! keeper's.

use crate::settings::{BlockPolicy, NetworkKind};
use crate::status::{BlockMaker, BlockMaking, BlockReason};

/// With fewer posts than this left, an account waits for blocks.
const FEW_POSTS: u32 = 10;

/// With so many posts left it waits no more. Each block brings two.
const ENOUGH_POSTS: u32 = 40;

/// The first node renews the chain when its newest block is so old, in seconds. At 24 hours nodes pause their swarms.
const STALE_S: u64 = 22 * 3600;

/// The others do an hour later: by then the first one has or is away.
const STALE_FOR_OTHERS_S: u64 = 23 * 3600;

/// How long the others leave it to the first node, in seconds. At the lowest difficulty a block takes three.
const COURTESY_S: u64 = 60;

/// A reason that so many own blocks did not do away with is not done away with by blocks: a registration that no block takes in.
const MOST_BLOCKS_IN_VAIN: u32 = 20;

/// What was given up is tried again after this time, in seconds.
const PAUSE_AFTER_VAIN_S: u64 = 600;

/// What a look at the node found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sight {
    /// When, in seconds since 1970.
    pub now_s: u64,
    /// Height of the newest block.
    pub height: u32,
    /// When that was made, in seconds since 1970.
    pub newest_block_s: u64,
    /// Whether the node is behind others. What it makes then would be thrown away.
    pub is_behind: bool,
    /// Nodes that it is connected to.
    pub peers: u32,
    /// Whether registrations wait, from any node of the network.
    pub has_registrations: bool,
    /// The fewest posts that an account of the wallet has left; none without accounts.
    pub fewest_posts: Option<u32>,
}

/// The decision, and what it depends on.
#[derive(Debug, Clone)]
pub(crate) struct BlockDuty {
    policy: BlockPolicy,
    making: bool,
    wait: Option<Wait>,
    /// Until when no blocks are made, after many in vain.
    paused_until_s: u64,
    height: u32,
}

/// Somebody waits.
#[derive(Debug, Clone, Copy)]
struct Wait {
    reason: BlockReason,
    since_s: u64,
    /// When a block came last, or the waiting began.
    last_block_s: u64,
    /// Blocks that this node made since.
    made: u32,
}

impl BlockDuty {
    pub(crate) fn new(policy: BlockPolicy) -> Self {
        Self { policy, making: false, wait: None, paused_until_s: 0, height: 0 }
    }

    /// Takes in a look, and says how it is to be from now on.
    pub(crate) fn handle_look(&mut self, sight: &Sight) -> BlockMaking {
        let new_blocks = sight.height.saturating_sub(self.height);
        self.height = sight.height;
        let reason = self.reason(sight);
        self.wait = reason.map(|reason| match self.wait {
            Some(wait) if wait.reason == reason => Wait {
                last_block_s: if new_blocks > 0 { sight.now_s } else { wait.last_block_s },
                made: wait.made + if self.making { new_blocks } else { 0 },
                ..wait
            },
            _ => Wait { reason, since_s: sight.now_s, last_block_s: sight.now_s, made: 0 },
        });
        if reason == Some(BlockReason::Registration) && self.wait.is_some_and(|wait| wait.made >= MOST_BLOCKS_IN_VAIN) {
            self.paused_until_s = sight.now_s + PAUSE_AFTER_VAIN_S;
            self.wait = self.wait.map(|wait| Wait { made: 0, ..wait });
        }
        self.making = !sight.is_behind && self.is_called_for(sight);
        self.view(sight.now_s)
    }

    /// How it is while a node of this network does not run, or need not be looked at for it.
    pub(crate) fn at_rest(network: &NetworkKind) -> BlockMaking {
        let maker = if *network == NetworkKind::Public { BlockMaker::Network } else { BlockMaker::NotNeeded };
        BlockMaking { making: false, reason: None, maker }
    }

    /// The most pressing thing that somebody waits for.
    fn reason(&self, sight: &Sight) -> Option<BlockReason> {
        let was = |reason: BlockReason| self.wait.is_some_and(|wait| wait.reason == reason);
        let scarce = if was(BlockReason::Quota) { ENOUGH_POSTS } else { FEW_POSTS };
        let stale_s = match self.policy {
            BlockPolicy::WhenNobodyElseDoes => STALE_FOR_OTHERS_S,
            _ => STALE_S,
        };
        if sight.has_registrations {
            Some(BlockReason::Registration)
        } else if sight.fewest_posts.is_some_and(|posts| posts < scarce) {
            Some(BlockReason::Quota)
        } else if sight.now_s.saturating_sub(sight.newest_block_s) > stale_s {
            Some(BlockReason::Freshness)
        } else {
            None
        }
    }

    fn is_called_for(&self, sight: &Sight) -> bool {
        let Some(wait) = self.wait.filter(|_| sight.now_s >= self.paused_until_s) else {
            return false;
        };
        match self.policy {
            BlockPolicy::Never => false,
            BlockPolicy::WhenNeeded => true,
            // What it made on its own would be another chain, and the longer of the two would undo what is in the other.
            BlockPolicy::WhenNobodyElseDoes if sight.peers == 0 => false,
            // Nobody was in time before, so nobody is expected to be now.
            BlockPolicy::WhenNobodyElseDoes if wait.reason == BlockReason::Freshness => true,
            BlockPolicy::WhenNobodyElseDoes => {
                self.making || sight.now_s.saturating_sub(wait.last_block_s) >= COURTESY_S
            }
        }
    }

    fn view(&self, now_s: u64) -> BlockMaking {
        let maker = match self.wait {
            _ if self.making => BlockMaker::ThisNode,
            None => BlockMaker::NotNeeded,
            // As long as this node leaves it to others, or blocks come, others are expected.
            Some(wait) if now_s.saturating_sub(wait.last_block_s.max(wait.since_s)) <= COURTESY_S => BlockMaker::Others,
            Some(_) => BlockMaker::Nobody,
        };
        BlockMaking { making: self.making, reason: self.wait.map(|wait| wait.reason), maker }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_S: u64 = 1_800_000_000;

    fn sight(after_s: u64, height: u32) -> Sight {
        Sight {
            now_s: NOW_S + after_s,
            height,
            newest_block_s: NOW_S,
            is_behind: false,
            peers: 1,
            has_registrations: false,
            fewest_posts: Some(21),
        }
    }

    fn registering(after_s: u64, height: u32) -> Sight {
        Sight { has_registrations: true, ..sight(after_s, height) }
    }

    fn shown(making: bool, reason: Option<BlockReason>, maker: BlockMaker) -> BlockMaking {
        BlockMaking { making, reason, maker }
    }

    const REGISTRATION: Option<BlockReason> = Some(BlockReason::Registration);

    #[test]
    fn nobody_makes_blocks_while_nobody_waits() {
        for policy in [BlockPolicy::WhenNeeded, BlockPolicy::WhenNobodyElseDoes, BlockPolicy::Never] {
            let mut duty = BlockDuty::new(policy);
            assert_eq!(duty.handle_look(&sight(0, 5)), shown(false, None, BlockMaker::NotNeeded), "{policy:?}");
        }
    }

    #[test]
    fn the_first_node_makes_blocks_until_the_registration_is_in_one() {
        let mut duty = BlockDuty::new(BlockPolicy::WhenNeeded);
        duty.handle_look(&sight(0, 5));
        assert_eq!(duty.handle_look(&registering(1, 5)), shown(true, REGISTRATION, BlockMaker::ThisNode));
        assert_eq!(duty.handle_look(&registering(2, 5)), shown(true, REGISTRATION, BlockMaker::ThisNode));
        assert_eq!(duty.handle_look(&sight(4, 6)), shown(false, None, BlockMaker::NotNeeded));
    }

    #[test]
    fn others_stand_in_when_the_first_node_is_away() {
        let mut duty = BlockDuty::new(BlockPolicy::WhenNobodyElseDoes);
        duty.handle_look(&sight(0, 5));
        assert_eq!(duty.handle_look(&registering(1, 5)), shown(false, REGISTRATION, BlockMaker::Others));
        assert_eq!(duty.handle_look(&registering(60, 5)), shown(false, REGISTRATION, BlockMaker::Others));
        assert_eq!(duty.handle_look(&registering(61, 5)), shown(true, REGISTRATION, BlockMaker::ThisNode));
        assert_eq!(duty.handle_look(&registering(65, 6)), shown(true, REGISTRATION, BlockMaker::ThisNode));
        assert_eq!(duty.handle_look(&sight(66, 7)), shown(false, None, BlockMaker::NotNeeded));
    }

    #[test]
    fn as_long_as_blocks_come_it_is_left_to_whoever_makes_them() {
        let mut duty = BlockDuty::new(BlockPolicy::WhenNobodyElseDoes);
        for step in 0..10 {
            let making = duty.handle_look(&registering(u64::from(step) * 50, 5 + step));
            assert_eq!(making, shown(false, REGISTRATION, BlockMaker::Others));
        }
    }

    #[test]
    fn an_account_with_few_posts_gets_some_to_go_on_with() {
        let mut duty = BlockDuty::new(BlockPolicy::WhenNeeded);
        let with = |posts: u32| Sight { fewest_posts: Some(posts), ..sight(1, 5) };
        assert_eq!(duty.handle_look(&with(10)).reason, None);
        assert_eq!(duty.handle_look(&with(9)), shown(true, Some(BlockReason::Quota), BlockMaker::ThisNode));
        assert!(duty.handle_look(&with(39)).making, "a few at a time would not be worth it");
        assert!(!duty.handle_look(&with(40)).making);
        assert!(!duty.handle_look(&with(39)).making);
    }

    #[test]
    fn the_chain_is_renewed_before_it_is_a_day_old() {
        let mut first = BlockDuty::new(BlockPolicy::WhenNeeded);
        let mut other = BlockDuty::new(BlockPolicy::WhenNobodyElseDoes);
        let hours = |hours: u64| sight(hours * 3600 + 1, 5);
        assert!(!first.handle_look(&hours(21)).making);
        assert_eq!(first.handle_look(&hours(22)), shown(true, Some(BlockReason::Freshness), BlockMaker::ThisNode));
        assert!(!other.handle_look(&hours(22)).making);
        assert!(other.handle_look(&hours(23)).making);
        let renewed = Sight { newest_block_s: NOW_S + 22 * 3600, height: 6, ..hours(22) };
        assert!(!first.handle_look(&renewed).making);
    }

    #[test]
    fn a_node_that_is_behind_makes_none() {
        let mut duty = BlockDuty::new(BlockPolicy::WhenNeeded);
        let behind = Sight { is_behind: true, ..registering(1, 5) };
        assert!(!duty.handle_look(&behind).making);
        assert!(duty.handle_look(&registering(2, 400)).making);
    }

    #[test]
    fn a_node_that_joined_makes_none_while_it_is_cut_off_from_the_others() {
        let mut duty = BlockDuty::new(BlockPolicy::WhenNobodyElseDoes);
        let cut_off = |after_s: u64| Sight { peers: 0, ..registering(after_s, 5) };
        duty.handle_look(&cut_off(0));
        assert_eq!(duty.handle_look(&cut_off(100)), shown(false, REGISTRATION, BlockMaker::Nobody));
        assert!(duty.handle_look(&registering(101, 5)).making);
        let mut first = BlockDuty::new(BlockPolicy::WhenNeeded);
        assert!(first.handle_look(&cut_off(0)).making, "somebody has to begin");
    }

    #[test]
    fn a_person_is_told_when_somebody_waits_and_nobody_makes_blocks() {
        let mut duty = BlockDuty::new(BlockPolicy::Never);
        assert_eq!(duty.handle_look(&registering(0, 5)).maker, BlockMaker::Others);
        assert_eq!(duty.handle_look(&registering(60, 5)).maker, BlockMaker::Others);
        assert_eq!(duty.handle_look(&registering(61, 5)).maker, BlockMaker::Nobody);
        assert_eq!(duty.handle_look(&registering(62, 6)).maker, BlockMaker::Others);
    }

    #[test]
    fn a_registration_that_no_block_takes_in_does_not_keep_a_core_busy() {
        let mut duty = BlockDuty::new(BlockPolicy::WhenNeeded);
        duty.handle_look(&registering(0, 0));
        let making = (1..=20).map(|height| duty.handle_look(&registering(u64::from(height), height)).making);
        assert_eq!(making.filter(|making| *making).count(), 19);
        assert!(!duty.handle_look(&registering(619, 20)).making);
        assert!(duty.handle_look(&registering(620, 20)).making);
    }
}
