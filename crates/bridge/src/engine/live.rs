//! The settings of a running bridge, which change while it runs: every task reads the newest, and wakes when there are
//! newer ones. What a bridge stands on (its name, node, account and broker) stays as it was at the start.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::Context;
use crate::config::{BridgeConfig, RuleError};
use crate::event::PartState;
use crate::topic::TopicFilter;

/// How long new settings wait for the broker's word that it has subscribed the bridge.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(3);

/// Why a running bridge cannot take new settings. It goes on with those that it has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReconfigureError {
    /// The settings break a rule.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The name, the node, the account or the broker is another one.
    #[error("another name, node, account or broker takes effect when the bridge is started again: stop and start it")]
    NeedsRestart,
}

/// The newest settings; clones share them.
#[derive(Clone)]
pub(crate) struct LiveConfig {
    config: Arc<watch::Sender<Arc<BridgeConfig>>>,
    publications: Arc<watch::Sender<Vec<TopicFilter>>>,
    subscribed: Arc<watch::Sender<Vec<TopicFilter>>>,
}

impl LiveConfig {
    pub(crate) fn new(config: BridgeConfig) -> Self {
        Self {
            publications: Arc::new(watch::Sender::new(config.publications.clone())),
            config: Arc::new(watch::Sender::new(Arc::new(config))),
            subscribed: Arc::default(),
        }
    }

    /// The settings now.
    pub(crate) fn now(&self) -> Arc<BridgeConfig> {
        Arc::clone(&self.config.borrow())
    }

    /// The settings, to wait for newer ones.
    pub(crate) fn watch(&self) -> watch::Receiver<Arc<BridgeConfig>> {
        self.config.subscribe()
    }

    /// What is subscribed to at the local broker, to wait for changes of it.
    pub(crate) fn publications(&self) -> watch::Receiver<Vec<TopicFilter>> {
        self.publications.subscribe()
    }

    /// What the local broker has last been subscribed to, to be told there.
    pub(crate) fn subscribed(&self) -> Arc<watch::Sender<Vec<TopicFilter>>> {
        Arc::clone(&self.subscribed)
    }

    /// The rules change before the subscriptions do: what a new subscription brings meets the rules that it was made for.
    fn replace(&self, config: BridgeConfig) {
        let publications = config.publications.clone();
        self.config.send_replace(Arc::new(config));
        self.publications.send_if_modified(|old| std::mem::replace(old, publications.clone()) != publications);
    }
}

impl Context {
    /// The settings now.
    pub(crate) fn config(&self) -> Arc<BridgeConfig> {
        self.live.now()
    }

    /// Goes on with other settings. Returns when the broker, if it is there, has been subscribed to what they mean.
    pub(crate) async fn reconfigure(&self, config: BridgeConfig) -> Result<(), ReconfigureError> {
        config.check()?;
        let before = self.config();
        if before.needs_restart(&config) {
            return Err(ReconfigureError::NeedsRestart);
        }
        let wants_else = before.wanted() != config.wanted();
        self.live.replace(config);
        if wants_else {
            self.profile_out.send_replace(false);
        }
        // Who is followed, who gets something, and how fast it may come in.
        self.signals.steward.notify_one();
        self.signals.outbox.notify_one();
        self.signals.inbox.notify_one();
        if self.board.state().broker == PartState::Up {
            let mut subscribed = self.live.subscribed.subscribe();
            let settled = subscribed.wait_for(|filters| *filters == self.config().publications);
            // A broker that does not answer is somebody else's to tell of.
            let _ = tokio::time::timeout(SUBSCRIBE_TIMEOUT, settled).await;
        }
        Ok(())
    }
}
