//! Delivers what came in to the local broker. A row leaves the inbox when the broker has taken its message over.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc;

use super::{Context, Moved};
use crate::clock::now_ms;
use crate::event::{Part, PartState, ProblemCode, Step};
use crate::limits::Budget;
use crate::message::Message;
use crate::mqtt::{Command, Delivery};
use crate::store::{InboxRow, RowId, StoreError};

/// Messages that are under way to the broker at most. A broker takes some 20 at a time; the others have their turn without
/// the database being asked.
const WINDOW: usize = 256;

/// Bytes of payload that are under way, but for the messages that are read with the one that reaches it.
const WINDOW_BYTES: usize = 1024 * 1024;

/// Messages that are read at a time. Each may have 256 KiB.
const BATCH: usize = 32;

/// How long those that were taken over wait for the next ones to share a transaction with.
const GATHER: Duration = Duration::from_millis(10);

/// How long a stopping bridge waits for the broker to take over what is under way; what it has not by then is delivered
/// again at the next start.
const LAST_WAIT: Duration = Duration::from_secs(3);

/// Messages that are paced leave a few at a time, this far apart.
const PACE: Duration = Duration::from_millis(50);

/// Pause after the database did not do what it should.
const STORE_RETRY: Duration = Duration::from_secs(1);

struct Deliverer {
    context: Context,
    commands: mpsc::UnboundedSender<Command>,
    /// Rows up to this one are under way or done.
    cursor: RowId,
    under_way: BTreeMap<RowId, InboxRow>,
    /// How often the broker has forgotten the session.
    generation: u64,
    /// How fast the broker may be given messages.
    budget: Budget,
}

pub(super) async fn drive(
    context: Context,
    mut deliveries: mpsc::UnboundedReceiver<Delivery>,
    commands: mpsc::UnboundedSender<Command>,
) {
    let budget = Budget::of_deliveries(&context.config(), context.start.elapsed());
    let mut deliverer = Deliverer { context, commands, cursor: 0, under_way: BTreeMap::new(), generation: 0, budget };
    let mut batch = Vec::new();
    loop {
        let wait = match deliverer.fill_window().await {
            Ok(wait) => wait,
            Err(error) => {
                deliverer.context.store_trouble(&error);
                if !deliverer.context.pause(STORE_RETRY).await {
                    return;
                }
                continue;
            }
        };
        tokio::select! {
            () = deliverer.context.stop.cancelled() => {
                let _ = tokio::time::timeout(LAST_WAIT, deliverer.finish(&mut deliveries)).await;
                return;
            }
            () = deliverer.context.signals.inbox.notified(), if wait.is_zero() => {}
            () = tokio::time::sleep(wait), if !wait.is_zero() => {}
            count = deliveries.recv_many(&mut batch, WINDOW) => {
                if count == 0 {
                    return;
                }
                if deliverer.under_way.len() > count {
                    tokio::time::sleep(GATHER).await;
                    batch.extend(std::iter::from_fn(|| deliveries.try_recv().ok()));
                }
                deliverer.handle_deliveries(std::mem::take(&mut batch)).await;
            }
        }
    }
}

impl Deliverer {
    /// Hands over what may be under way. Returns how long to wait before there may be more; zero for as long as nothing
    /// happens.
    async fn fill_window(&mut self) -> Result<Duration, StoreError> {
        let now = self.context.start.elapsed();
        self.budget.handle_config(&self.context.config(), now);
        let mut wait = self.budget.wait(now);
        let mut bytes: usize = self.under_way.values().map(|row| row.message.payload.len()).sum();
        let mut more = true;
        while more && wait.is_zero() && bytes < WINDOW_BYTES && self.under_way.len() + BATCH <= WINDOW {
            let rows = self.context.store.inbox(self.cursor, BATCH).await?;
            more = rows.len() == BATCH;
            bytes += rows.iter().map(|row| row.message.payload.len()).sum::<usize>();
            wait = self.hand_over(rows).await?;
        }
        Ok(wait)
    }

    /// Hands these over, as many as may be under way now. Returns how long to wait for the others.
    async fn hand_over(&mut self, rows: Vec<InboxRow>) -> Result<Duration, StoreError> {
        let (mut wait, mut expired) = (Duration::ZERO, Vec::new());
        for row in rows {
            let now = self.context.start.elapsed();
            wait = self.budget.wait(now);
            if !wait.is_zero() {
                wait = wait.max(PACE);
                break;
            }
            self.cursor = row.id;
            let Some(message) = message_now(&row, now_ms()) else {
                self.context.tell(|| Moved::received(Step::Expired, &row));
                expired.push(row.id);
                continue;
            };
            self.budget.handle_done(1, now);
            // The session is gone only when the bridge stops; the row stays.
            let _ = self.commands.send(Command::Deliver { generation: self.generation, row: row.id, message });
            self.under_way.insert(row.id, row);
        }
        if !expired.is_empty() {
            self.context.store.drop_expired(expired, now_ms()).await?;
            self.context.signals.counted.notify_one();
            // There may be others behind them.
            self.context.signals.inbox.notify_one();
        }
        Ok(wait)
    }

    /// Waits until the broker, if it is there, has taken over what is under way.
    async fn finish(&mut self, deliveries: &mut mpsc::UnboundedReceiver<Delivery>) {
        let mut batch = Vec::new();
        let reached = self.context.board.state().broker == PartState::Up;
        while reached && !self.under_way.is_empty() && deliveries.recv_many(&mut batch, WINDOW).await > 0 {
            self.handle_deliveries(std::mem::take(&mut batch)).await;
        }
    }

    async fn handle_deliveries(&mut self, deliveries: Vec<Delivery>) {
        let mut done = Vec::new();
        for delivery in deliveries {
            match delivery {
                Delivery::Done(row) => {
                    if let Some(row) = self.under_way.remove(&row) {
                        self.context.tell(|| Moved::received(Step::Delivered, &row));
                        done.push(row.id);
                    }
                }
                Delivery::Refused(row, reason) => {
                    if let Some(row) = self.under_way.remove(&row) {
                        self.handle_refused(&row, &reason).await;
                    }
                }
                Delivery::StartOver => {
                    self.generation += 1;
                    self.cursor = 0;
                    self.under_way.clear();
                    // What is done already must be out of the inbox before it is read again.
                    self.confirm(std::mem::take(&mut done)).await;
                }
            }
        }
        self.confirm(done).await;
    }

    async fn confirm(&self, done: Vec<RowId>) {
        if done.is_empty() {
            return;
        }
        // A row that cannot be deleted now is delivered again after a restart: more than once, but not lost.
        if let Err(error) = self.context.store.confirm_delivered(done, now_ms()).await {
            self.context.store_trouble(&error);
        }
        // Their senders may want to hear of it.
        self.context.signals.outbox.notify_one();
        self.context.signals.counted.notify_one();
    }

    /// The broker refuses this message for good: trying again would hold up those behind it for ever.
    async fn handle_refused(&self, row: &InboxRow, reason: &str) {
        let text = format!(
            "the local broker refuses the message of {} on {} ({reason}); it was dropped. Allow the topic in the \
             broker's access rules, or remove it from the subscriptions",
            row.sender, row.message.topic
        );
        self.context.board.report(Part::Message, ProblemCode::MessageRefused, text);
        let reason = format!("the local broker refuses it: {reason}");
        self.context.tell(|| Moved::received(Step::Refused, row).because(reason.clone()));
        let kept = self.context.config().limits.quarantine;
        if let Err(error) = self.context.store.drop_refused(row.clone(), reason, kept, now_ms()).await {
            self.context.store_trouble(&error);
        }
    }
}

/// The message of a row as it is now: what it has waited is taken off its expiry. None if it is worth nothing any more.
fn message_now(row: &InboxRow, now_ms: u64) -> Option<Message> {
    let mut message = row.message.clone();
    if let Some(expires_ms) = row.expires_ms {
        let left_s = expires_ms.checked_sub(now_ms)?.div_ceil(1000);
        if left_s == 0 {
            return None;
        }
        let expiry_s = message.properties.expiry_s.unwrap_or(u32::MAX);
        message.properties.expiry_s = Some(u32::try_from(left_s).unwrap_or(u32::MAX).min(expiry_s));
    }
    Some(message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use twister::PostNumber;

    use super::*;
    use crate::message::Qos;

    #[test]
    fn wish_10_an_old_message_is_delivered_with_what_is_left_of_its_expiry_and_not_at_all_after_it() {
        let mut message = Message::new("doors/1".parse().unwrap(), "open", Qos::AtLeastOnce);
        message.properties.expiry_s = Some(60);
        let sender = "mqtt_alice".parse().unwrap();
        let row = InboxRow {
            id: 1,
            sender,
            number: PostNumber(7),
            public: true,
            message_id: None,
            message,
            expires_ms: Some(100_000),
        };
        let left = |now_ms| message_now(&row, now_ms).map(|message| message.properties.expiry_s.unwrap());
        assert_eq!(
            [10_000, 40_000, 40_500, 99_999, 100_000, 200_000].map(left),
            [Some(60), Some(60), Some(60), Some(1), None, None]
        );
    }
}
