//! The people that a bridge has to do with: one entry for each account that it follows or sends to.

use serde::{Deserialize, Serialize};

use crate::topic::TopicFilter;

/// An account that the bridge follows or sends to, as far as anything is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Person {
    /// Its name.
    pub name: String,
    /// Whether its messages may come in.
    pub followed: bool,
    /// Whether a private forward names it.
    pub addressed: bool,
    /// Whether it is in the chain; none while the node has not said, and of one that is not followed.
    pub registered: Option<bool>,
    /// The topics that it wants, as its profile says; none if the profile was not found yet.
    pub wants: Option<Vec<TopicFilter>>,
    /// Whether it understands packed frames, many messages a post. The original mosquitto-twister does not.
    pub packs: bool,
    /// When it was first followed, in seconds since 1970.
    #[cfg_attr(feature = "specta", specta(type = Option<specta_typescript::Number>))]
    pub since_s: Option<u64>,
    /// When something of it last arrived, a message or a receipt, in milliseconds since 1970; none if nothing did lately.
    #[cfg_attr(feature = "specta", specta(type = Option<specta_typescript::Number>))]
    pub last_seen_ms: Option<u64>,
    /// Posts of it that the node knows of and the bridge has not looked at; none while the node does not answer.
    pub posts_behind: Option<u32>,
    /// Messages that wait to go out to it.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub waiting_out: u64,
    /// When the oldest message that has not arrived was taken, in milliseconds since 1970.
    #[cfg_attr(feature = "specta", specta(type = Option<specta_typescript::Number>))]
    pub oldest_out_ms: Option<u64>,
    /// Messages that are out, and that it has not said to have.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub unheard: u64,
    /// Messages of it that wait for the local broker.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub waiting_in: u64,
    /// Messages of it in the quarantine.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub quarantined: u64,
}
