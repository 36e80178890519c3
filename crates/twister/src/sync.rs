//! How far a node has caught up with the chain, and how long it will take. Plain arithmetic on heights: asking for them is
//! [`Client`](crate::Client)'s.

use serde::{Deserialize, Serialize};

/// A node whose newest block is older than this takes itself for out of date and pauses its swarms, in seconds. Source:
/// twister-core, measured.
pub const OLDEST_BLOCK_S: u64 = 24 * 3600;

/// So many blocks behind is behind, and not just a block on its way.
pub const BEHIND_BLOCKS: u32 = 3;

/// The pace is told from looks that are at least so far apart, in milliseconds.
const SHORTEST_SPAN_MS: u64 = 5000;

/// A node that catches up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct SyncProgress {
    /// Height of the node's newest block.
    pub height: u32,
    /// Height of the newest block that others know of.
    pub of: u32,
    /// Time that it will take at the pace of the last minutes, in seconds; none while that cannot be said.
    #[cfg_attr(feature = "specta", specta(type = Option<specta_typescript::Number>))]
    pub left_s: Option<u64>,
}

/// The progress of a node, from its heights at several looks (time in milliseconds, height), the oldest first, and the height
/// that others know of. None if it has caught up, or was never looked at.
pub fn sync_progress(looks: &[(u64, u32)], highest: u32) -> Option<SyncProgress> {
    let (now_ms, height) = looks.last().copied()?;
    let behind = u64::from(highest.checked_sub(height).filter(|behind| *behind > 0)?);
    let pace = looks.first().and_then(|(since_ms, from)| {
        let span_ms = now_ms.checked_sub(*since_ms).filter(|span| *span >= SHORTEST_SPAN_MS)?;
        let gained = height.checked_sub(*from).filter(|gained| *gained > 0)?;
        Some((span_ms, u64::from(gained)))
    });
    let left_s = pace.map(|(span_ms, gained)| behind.saturating_mul(span_ms) / gained / 1000);
    Some(SyncProgress { height, of: highest, left_s })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_from_the_pace_so_far() {
        let progress = sync_progress(&[(0, 1000), (30_000, 1500), (60_000, 2000)], 12_000);
        assert_eq!(progress, Some(SyncProgress { height: 2000, of: 12_000, left_s: Some(600) }));
    }

    #[test]
    fn nothing_is_said_of_the_time_after_one_look_or_without_progress() {
        let left = |looks: &[(u64, u32)]| sync_progress(looks, 500).and_then(|progress| progress.left_s);
        assert_eq!(left(&[(0, 100)]), None);
        assert_eq!(left(&[(0, 100), (1000, 110)]), None);
        assert_eq!(left(&[(0, 100), (60_000, 100)]), None);
        assert_eq!(left(&[(60_000, 100), (0, 200)]), None, "the clock was set back");
    }

    #[test]
    fn a_node_that_has_caught_up_makes_no_progress() {
        assert_eq!(sync_progress(&[(0, 100), (60_000, 500)], 500), None);
        assert_eq!(sync_progress(&[], 500), None);
    }
}
