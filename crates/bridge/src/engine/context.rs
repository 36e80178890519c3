//! What the tasks of a bridge share.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use twister::{Client, PostNumber, RpcError, Username};

use super::{Board, LiveConfig, Moved, NodeTrouble};
use crate::clock::Now;
use crate::event::{Part, ProblemCode, Step};
use crate::frame::v1::Stream;
use crate::outgoing::{Outcome, Outgoing};
use crate::route::PublishedTopics;
use crate::seen::Seen;
use crate::store::{SentMessage, Store, StoreError};

/// Shortest time between two readings of the counters.
const COUNTER_PERIOD: Duration = Duration::from_millis(300);

/// Shared by the tasks; clones are the same.
#[derive(Clone)]
pub(crate) struct Context {
    /// The settings, which change while the bridge runs.
    pub live: LiveConfig,
    /// The account that posts.
    pub account: Username,
    /// Names this bridge's messages.
    pub stream: Stream,
    pub client: Client,
    pub store: Store,
    pub board: Board,
    /// What was seen at the local broker lately.
    pub seen: Arc<Mutex<Seen>>,
    /// What peers want, as far as it is known.
    pub published: Arc<watch::Sender<PublishedTopics>>,
    /// The accounts that have announced to understand packed frames.
    pub packers: Arc<watch::Sender<HashSet<Username>>>,
    /// The sending half. It is locked for as long as a frame takes to make.
    pub sender: Arc<Mutex<Outgoing>>,
    /// When this run began.
    pub start: Instant,
    /// The account can be used through the node.
    pub prepared: Arc<watch::Sender<bool>>,
    /// The subscriptions stand in the account's profile.
    pub profile_out: Arc<watch::Sender<bool>>,
    /// The highest post number that the network accepts now.
    pub highest_allowed: Arc<watch::Sender<PostNumber>>,
    pub signals: Arc<Signals>,
    pub stop: CancellationToken,
}

/// Wake-up calls between tasks.
#[derive(Default)]
pub(crate) struct Signals {
    /// There is something new in the outbox, or an announcement to make.
    pub outbox: Notify,
    /// There is something new in the inbox.
    pub inbox: Notify,
    /// The node should be looked at now.
    pub steward: Notify,
    /// Something was counted.
    pub counted: Notify,
}

impl Context {
    /// What the bridge calls itself at the broker: the same at every start, so that the broker knows the session again.
    pub(crate) fn client_id(&self) -> String {
        format!("mqtt-twister-{}-{}", self.board.bridge(), self.stream)
    }

    /// What was seen at the local broker lately. Each change of it is complete, even if a task panics.
    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the account can be used; false if the bridge stops first.
    pub(crate) async fn prepared(&self) -> bool {
        let mut prepared = self.prepared.subscribe();
        tokio::select! {
            () = self.stop.cancelled() => false,
            outcome = prepared.wait_for(|prepared| *prepared) => outcome.is_ok(),
        }
    }

    /// Waits; false if the bridge stops first.
    pub(crate) async fn pause(&self, pause: Duration) -> bool {
        tokio::select! {
            () = self.stop.cancelled() => false,
            () = tokio::time::sleep(pause) => true,
        }
    }

    /// The node did not do what it should: says so, and has the steward look after it.
    pub(crate) fn node_trouble(&self, error: &RpcError) {
        let trouble = NodeTrouble::of(error);
        tracing::debug!(%error, "the node did not do what it should");
        self.board.down(trouble.part, trouble.code, trouble.message);
        self.prepared.send_replace(false);
        self.signals.steward.notify_one();
    }

    /// The database did not do what it should. Says so.
    pub(crate) fn store_trouble(&self, error: &StoreError) {
        if !matches!(error, StoreError::ShuttingDown) {
            self.board.report(Part::Storage, ProblemCode::StorageFailed, error.to_string());
        }
    }

    /// Has the sending half do something, on a thread that may block.
    pub(crate) async fn sending<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Outgoing, Now) -> Result<T, StoreError> + Send + 'static,
    {
        let (sender, now) = (Arc::clone(&self.sender), Now::since(self.start));
        // After a panic the database is as it was before the step, and the rest is made anew from it.
        let task =
            tokio::task::spawn_blocking(move || work(&mut sender.lock().unwrap_or_else(PoisonError::into_inner), now));
        task.await.map_err(|_| StoreError::ShuttingDown)?
    }

    /// Tells people what the sending half has done.
    pub(crate) fn tell_outcomes(&self, outcomes: Vec<Outcome>) {
        for outcome in &outcomes {
            match outcome {
                Outcome::Posted(sent, number) => self.tell(|| Moved::posted(self, sent, *number)),
                Outcome::Seen(sent) => self.tell(|| Moved::sent(self, Step::Seen, sent)),
                Outcome::Acked(sent) => self.tell(|| Moved::sent(self, Step::Acked, sent)),
                Outcome::Expired(sent) => self.tell(|| Moved::sent(self, Step::Expired, sent)),
                Outcome::Superseded(sent) => self.tell(|| Moved::sent(self, Step::Superseded, sent)),
                Outcome::TooLarge(sent) => {
                    let reason = self.report_too_large(sent);
                    self.tell(|| Moved::refused(self, sent, reason));
                }
            }
        }
        self.signals.counted.notify_one();
    }

    /// Reports a message that cannot be sent. Returns the reason.
    fn report_too_large(&self, SentMessage { receiver, message, .. }: &SentMessage) -> String {
        let reason = format!("it has {} bytes, which is more than can be sent", message.payload.len());
        let text = format!(
            "the message on {} for {receiver} was left out: {reason}. Send less at a time, or leave its topic out of the \
             forwards",
            message.topic
        );
        self.board.report(Part::Message, ProblemCode::PayloadTooLarge, text);
        reason
    }

    /// Tells people that a message moved one step, if somebody listens.
    pub(crate) fn tell<'a>(&self, moved: impl FnOnce() -> Moved<'a>) {
        self.board.moved(|| moved().event(self.board.bridge().clone()));
    }

    /// Keeps the counters on the board up to date.
    pub(crate) async fn drive_counters(self) {
        loop {
            match self.store.counters().await {
                Ok(counters) => self.board.set_counters(counters),
                Err(error) => self.store_trouble(&error),
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.signals.counted.notified() => {}
            }
            if !self.pause(COUNTER_PERIOD).await {
                return;
            }
        }
    }
}
