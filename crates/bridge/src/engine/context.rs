//! What the tasks of a bridge share.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use twister::{Client, PostNumber, RpcError, Username};

use super::{Board, LiveConfig, NodeTrouble};
use crate::clock::{Now, now_ms};
use crate::event::{Direction, MessageEvent, PAYLOAD_PREVIEW_LEN, Part, ProblemCode, Step};
use crate::frame::v1::Stream;
use crate::message::Message;
use crate::outgoing::{Outcome, Outgoing};
use crate::route::{PublishedTopics, Receiver};
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
        for outcome in outcomes {
            let (step, SentMessage { receiver, message }, number) = match outcome {
                Outcome::Posted(sent, number) => (Step::Posted, sent, number),
                Outcome::Seen(sent) => (Step::Seen, sent, None),
                Outcome::Acked(sent) => (Step::Acked, sent, None),
                Outcome::TooLarge(receiver, message) => {
                    self.tell_too_large(&receiver, &message);
                    continue;
                }
            };
            self.tell_moved(Direction::Out, step, Moved::to(&receiver, &message, number));
        }
        self.signals.counted.notify_one();
    }

    /// A message that cannot be sent.
    fn tell_too_large(&self, receiver: &Receiver, message: &Message) {
        let text = format!(
            "the message on {} for {receiver} has {} bytes, which is more than can be sent, so it was left out. Send less \
             at a time, or leave its topic out of the forwards",
            message.topic,
            message.payload.len()
        );
        self.board.report(Part::Message, ProblemCode::PayloadTooLarge, text);
        self.tell_moved(Direction::Out, Step::Refused, Moved::to(receiver, message, None));
    }

    /// Tells people that a message moved one step.
    pub(crate) fn tell_moved(&self, direction: Direction, step: Step, moved: Moved<'_>) {
        let Moved { peer, public, message, number } = moved;
        let shown = &message.payload[..message.payload.len().min(PAYLOAD_PREVIEW_LEN)];
        self.board.moved(MessageEvent {
            bridge: self.board.bridge().clone(),
            direction,
            step,
            peer,
            public,
            topic: message.topic.to_string(),
            payload_base64: STANDARD.encode(shown),
            payload_len: u32::try_from(message.payload.len()).unwrap_or(u32::MAX),
            qos: message.qos.into(),
            number: number.map(|number| number.0),
            time_ms: now_ms(),
        });
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

/// A message that moved.
pub(crate) struct Moved<'a> {
    pub peer: Option<String>,
    pub public: bool,
    pub message: &'a Message,
    pub number: Option<PostNumber>,
}

impl<'a> Moved<'a> {
    /// A message on its way to `receiver`.
    pub(crate) fn to(receiver: &Receiver, message: &'a Message, number: Option<PostNumber>) -> Self {
        match receiver {
            Receiver::Everybody => Self { peer: None, public: true, message, number },
            Receiver::Account(name) => Self { peer: Some(name.to_string()), public: false, message, number },
        }
    }
}
