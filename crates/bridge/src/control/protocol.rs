//! What is asked and answered.

use serde::{Deserialize, Serialize};

use crate::event::BridgeState;
use crate::queue::{QueueAction, QueueChange, QueuePage, QueueSummary, RowId, Selection};

/// Longest request, in bytes. The longest that makes sense has a topic filter or some thousand ids.
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
}

/// What the bridge answers, in the order of the requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub(super) enum Reply {
    Status(Box<Status>),
    Page(QueuePage),
    Change(QueueChange),
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
