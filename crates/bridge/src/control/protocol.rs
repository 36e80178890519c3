//! What is asked and answered.

use serde::{Deserialize, Serialize};

use crate::config::BridgeConfig;
use crate::event::{BridgeState, MessageEvent};
use crate::queue::{QueueAction, QueueChange, QueuePage, QueueSummary, RowId, Selection};
use crate::topic::TopicFilter;

/// Longest request, in bytes. The longest that makes sense has some thousand ids or rules.
pub(super) const LONGEST_REQUEST: u64 = 1024 * 1024;

/// What a client may ask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub(super) enum Request {
    /// How the bridge is, and what waits.
    Status,
    /// Messages that wait, after the one with this id.
    Page { selection: Selection, after: RowId, limit: usize },
    /// Do this with these messages.
    Change { action: QueueAction, selection: Selection },
    /// Go on with these settings.
    Reconfigure { config: Box<BridgeConfig> },
    /// Tell of messages that move, on topics that the filter matches, until the client hangs up. Nothing else can be asked on
    /// this connection any more.
    Watch { topic: Option<TopicFilter>, payloads: bool },
}

/// What the bridge answers, in the order of the requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub(super) enum Reply {
    Status(Box<Status>),
    Page(QueuePage),
    Change(QueueChange),
    /// It goes on with the settings.
    Reconfigured,
    /// From now on it tells of messages.
    Watching,
    /// A message moved one step.
    Moved(Box<MessageEvent>),
    /// So many events came too fast to be told.
    Missed {
        events: u64,
    },
    /// It was not done, for this reason.
    Refused {
        message: String,
    },
}

/// How a bridge is, and what waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// How it is.
    pub state: BridgeState,
    /// What waits for each receiver.
    pub queue: Vec<QueueSummary>,
}
