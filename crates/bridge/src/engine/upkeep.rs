//! Keeps the database from growing without end.

use std::time::Duration;

use super::Context;
use crate::clock::now_ms;

/// Time between two cleanings.
const PERIOD: Duration = Duration::from_secs(3600);

/// How long the id of a message is remembered, in milliseconds: 30 days. A message is posted again minutes after its first
/// time, or days after, when its sender's node was away.
const REMEMBERED_MS: u64 = 30 * 24 * 3600 * 1000;

pub(super) async fn drive(context: Context) {
    loop {
        let now = now_ms();
        if let Err(error) = context.store.forget_old(now.saturating_sub(REMEMBERED_MS), now).await {
            context.store_trouble(&error);
        }
        if !context.pause(PERIOD).await {
            return;
        }
    }
}
