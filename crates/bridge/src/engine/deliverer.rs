//! Delivers what came in to the local broker. A row leaves the inbox when the broker has taken its message over.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc;

use super::Context;
use super::context::Moved;
use crate::event::{Direction, Part, PartState, ProblemCode, Step};
use crate::mqtt::{Command, Delivery};
use crate::store::{Count, InboxRow, RowId, StoreError};

/// Messages that are under way to the broker at most.
const WINDOW: usize = 32;

/// How long a stopping bridge waits for the broker to take over what is under way; what it has not by then is delivered
/// again at the next start.
const LAST_WAIT: Duration = Duration::from_secs(3);

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
}

pub(super) async fn drive(
    context: Context,
    mut deliveries: mpsc::UnboundedReceiver<Delivery>,
    commands: mpsc::UnboundedSender<Command>,
) {
    let mut deliverer = Deliverer { context, commands, cursor: 0, under_way: BTreeMap::new(), generation: 0 };
    let mut batch = Vec::new();
    loop {
        if let Err(error) = deliverer.fill_window().await {
            deliverer.context.store_trouble(&error);
            if !deliverer.context.pause(STORE_RETRY).await {
                return;
            }
            continue;
        }
        tokio::select! {
            () = deliverer.context.stop.cancelled() => {
                let _ = tokio::time::timeout(LAST_WAIT, deliverer.finish(&mut deliveries)).await;
                return;
            }
            () = deliverer.context.signals.inbox.notified() => {}
            count = deliveries.recv_many(&mut batch, WINDOW) => match count {
                0 => return,
                _ => deliverer.handle_deliveries(std::mem::take(&mut batch)).await,
            },
        }
    }
}

impl Deliverer {
    async fn fill_window(&mut self) -> Result<(), StoreError> {
        let room = WINDOW.saturating_sub(self.under_way.len());
        if room == 0 {
            return Ok(());
        }
        for row in self.context.store.inbox(self.cursor, room).await? {
            self.cursor = row.id;
            let deliver = Command::Deliver { generation: self.generation, row: row.id, message: row.message.clone() };
            // The session is gone only when the bridge stops; the row stays.
            let _ = self.commands.send(deliver);
            self.under_way.insert(row.id, row);
        }
        Ok(())
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
                        self.tell(&row, Step::Delivered);
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
        if let Err(error) = self.context.store.confirm_delivered(done).await {
            self.context.store_trouble(&error);
        }
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
        self.tell(row, Step::Refused);
        if let Err(error) = self.context.store.drop_refused(row.id).await {
            self.context.store_trouble(&error);
        }
        if let Err(error) = self.context.store.count(Count::Refused, 1).await {
            self.context.store_trouble(&error);
        }
    }

    fn tell(&self, row: &InboxRow, step: Step) {
        let moved = Moved {
            peer: Some(row.sender.to_string()),
            public: row.public,
            message: &row.message,
            number: Some(row.number),
        };
        self.context.tell_moved(Direction::In, step, moved);
    }
}
