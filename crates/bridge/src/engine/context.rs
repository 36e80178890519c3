//! What the tasks of a bridge share.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use twister::{Client, PostNumber, RpcError};

use super::{Board, NodeTrouble};
use crate::clock::now_ms;
use crate::config::BridgeConfig;
use crate::event::{Direction, MessageEvent, PAYLOAD_PREVIEW_LEN, Part, ProblemCode, Step};
use crate::message::Message;
use crate::route::{PublishedTopics, Receiver};
use crate::store::{Store, StoreError};

/// Shortest time between two readings of the counters.
const COUNTER_PERIOD: Duration = Duration::from_millis(300);

/// Shared by the tasks; clones are the same.
#[derive(Clone)]
pub(crate) struct Context {
    pub config: Arc<BridgeConfig>,
    /// Names this bridge's messages.
    pub stream: String,
    pub client: Client,
    pub store: Store,
    pub board: Board,
    /// What peers want, as far as it is known.
    pub published: Arc<watch::Sender<PublishedTopics>>,
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
