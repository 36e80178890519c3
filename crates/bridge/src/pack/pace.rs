//! How freely posts may be used, by how many are left.

use serde::{Deserialize, Serialize};

/// How freely posts may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum Pace {
    /// A message alone on a quiet bridge leaves at once.
    Plenty,
    /// Every message waits as long as it may, so that more share a post.
    Scarce,
    /// Nothing leaves.
    Out,
}

/// With fewer posts left than this an account is frugal with them. It gains about twelve in an hour.
const SCARCE_BELOW: u32 = 50;

impl Pace {
    /// The pace with so many posts left.
    pub fn of(left: u32) -> Self {
        match left {
            0 => Self::Out,
            _ if left < SCARCE_BELOW => Self::Scarce,
            _ => Self::Plenty,
        }
    }
}
