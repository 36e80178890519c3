//! The handle of a running bridge.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use twister::{Client, Credentials, PostNumber, RpcError, Username};

use crate::config::{BridgeConfig, BridgeName, RuleError, TlsFileError};
use crate::control;
use crate::engine::{self, Board, Context, LiveConfig, ReconfigureError, RetainedError};
use crate::event::{BridgeEvent, BridgeState, Phase};
use crate::mqtt::Login;
use crate::node::Node;
use crate::outgoing::Outgoing;
use crate::people::Person;
use crate::queue::{QueueAction, QueueChange, QueuePage, QueueSummary, QueueTotals, RowId, Selection};
use crate::quota::QuotaHistory;
use crate::rehearse::Timed;
use crate::retained::RetainedRow;
use crate::route::{PublishedTopics, Receiver};
use crate::secrets::Secrets;
use crate::seen::SeenTopic;
use crate::store::{Quarantined, Store, StoreError};
use crate::topic::Topic;

/// How long a stopping bridge may take to finish what it has begun.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// A running bridge. Dropping it stops it without waiting.
pub struct Bridge {
    name: BridgeName,
    context: Context,
    login: Login,
    tasks: JoinSet<()>,
}

/// Why a bridge cannot start. Trouble in the network is no reason: it shows in the state and passes.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration breaks a rule.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The bridge's database cannot be opened; [`StoreError::InUse`] if the bridge runs already.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file that the broker's settings name cannot be used.
    #[error(transparent)]
    Files(#[from] TlsFileError),
    /// The connection to the node cannot be set up.
    #[error(transparent)]
    Node(#[from] RpcError),
}

impl Bridge {
    /// Where the bridge of this name keeps its database, and where it can be asked while it runs.
    pub fn folder(data_dir: &Path, name: &BridgeName) -> PathBuf {
        data_dir.join(name.as_str())
    }

    /// Opens the bridge's database in its [`folder`](Self::folder) and starts its tasks.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub async fn start(config: BridgeConfig, secrets: Secrets, data_dir: &Path) -> Result<Self, StartError> {
        config.check()?;
        let login = Login::new(&config.broker, secrets.broker)?;
        let name = config.name.clone();
        let folder = Self::folder(data_dir, &name);
        let opening = folder.clone();
        let opened = tokio::task::spawn_blocking(move || Store::open(&opening)).await;
        let store = opened.map_err(|_| StoreError::ShuttingDown)??;
        let listener = control::Listener::bind(&folder);
        let credentials = Credentials::new(config.twister.user.as_str(), secrets.node.reveal());
        let client = Client::new(&config.twister.url, &credentials)?;
        let stream = store.identity().await?.stream;
        let context = Context {
            packers: Arc::new(watch::Sender::new(store.packers().await?)),
            sender: Arc::new(Mutex::new(Outgoing::new(store.clone(), config.twister.account.clone(), stream))),
            start: Instant::now(),
            stream,
            client,
            published: Arc::new(watch::Sender::new(store.published_topics().await?)),
            store,
            board: Board::new(name.clone()),
            prepared: Arc::new(watch::Sender::new(false)),
            profile_out: Arc::new(watch::Sender::new(false)),
            highest_allowed: Arc::new(watch::Sender::new(PostNumber(0))),
            account: config.twister.account.clone(),
            live: LiveConfig::new(config),
            seen: Arc::default(),
            signals: Arc::default(),
            stop: CancellationToken::new(),
        };
        let mut tasks = engine::spawn(context.clone(), login.clone()).await?;
        match listener {
            Ok(listener) => drop(tasks.spawn(control::serve(context.clone(), listener))),
            // Messages cross all the same.
            Err(error) => tracing::warn!(
                bridge = %name, %error, "the bridge cannot be asked for its status or queue while it runs"
            ),
        }
        Ok(Self { name, context, login, tasks })
    }

    /// What the bridge is called.
    pub fn name(&self) -> &BridgeName {
        &self.name
    }

    /// What it is told to do.
    pub fn config(&self) -> Arc<BridgeConfig> {
        self.context.config()
    }

    /// Goes on with other rules, limits and accounts to follow, without a pause: what waits stays, and what comes from now on
    /// goes by the new rules. Returns when the broker, if it is there, has been subscribed to what they mean.
    ///
    /// # Errors
    /// [`ReconfigureError`]; it goes on as before then.
    pub async fn reconfigure(&self, config: BridgeConfig) -> Result<(), ReconfigureError> {
        self.context.reconfigure(config).await
    }

    /// The state now.
    pub fn state(&self) -> BridgeState {
        self.context.board.state()
    }

    /// The state, to wait for changes of it.
    pub fn watch_state(&self) -> watch::Receiver<BridgeState> {
        self.context.board.watch()
    }

    /// What the accounts that the bridge knows want, as far as they have published it; to wait for changes of it.
    pub fn watch_published(&self) -> watch::Receiver<PublishedTopics> {
        self.context.published.subscribe()
    }

    /// The accounts that have announced to understand packed frames.
    pub fn packers(&self) -> HashSet<Username> {
        self.context.packers.borrow().clone()
    }

    /// The topics that were seen at the local broker since the start, those seen last first.
    pub fn seen_topics(&self) -> Vec<SeenTopic> {
        self.context.seen().topics()
    }

    /// The last messages that came from the local broker, to try rules out on.
    pub fn seen_messages(&self) -> Vec<Timed> {
        self.context.seen().messages()
    }

    /// What happens from now on. A listener that is slow misses events, not the bridge.
    pub fn events(&self) -> broadcast::Receiver<BridgeEvent> {
        self.context.board.events()
    }

    /// The same without messages, which cost something while anybody listens to them.
    pub fn news(&self) -> broadcast::Receiver<BridgeEvent> {
        self.context.board.news()
    }

    /// The last messages that were refused, the newest first, at most `limit`.
    ///
    /// # Errors
    /// What the database says.
    pub async fn quarantine(&self, limit: usize) -> Result<Vec<Quarantined>, StoreError> {
        self.context.store.quarantine(limit).await
    }

    /// Throws away what is in the quarantine.
    ///
    /// # Errors
    /// What the database says.
    pub async fn clear_quarantine(&self) -> Result<(), StoreError> {
        self.context.store.clear_quarantine().await
    }

    /// The retained messages that concern the bridge, here and there. Takes a second or more: a broker does not say when it has
    /// told all that it keeps.
    ///
    /// # Errors
    /// [`RetainedError`].
    pub async fn retained(&self) -> Result<Vec<RetainedRow>, RetainedError> {
        self.context.retained(self.login.clone()).await
    }

    /// Clears what the local broker keeps on these topics, and with it what others were given of it.
    ///
    /// # Errors
    /// [`RetainedError`]; some may be cleared then.
    pub async fn clear_retained(&self, topics: Vec<Topic>) -> Result<(), RetainedError> {
        self.context.clear_here(self.login.clone(), topics).await
    }

    /// Clears what receivers were given on these topics, as they were sent, where nothing is kept here any more.
    ///
    /// # Errors
    /// [`RetainedError`]; nothing is cleared then.
    pub async fn clear_retained_there(&self, given: Vec<(Receiver, Topic)>) -> Result<(), RetainedError> {
        self.context.clear_there(given).await
    }

    /// What waits to go out, for each receiver.
    ///
    /// # Errors
    /// What the database says.
    pub async fn queue(&self) -> Result<Vec<QueueSummary>, StoreError> {
        self.context.queue().await
    }

    /// The selected messages that wait after entry `after` (0 for the first), at most `limit` of them and
    /// [`MOST_ENTRIES`](crate::queue::MOST_ENTRIES).
    ///
    /// # Errors
    /// What the database says.
    pub async fn queue_page(&self, selection: Selection, after: RowId, limit: usize) -> Result<QueuePage, StoreError> {
        self.context.queue_page(selection, after, limit).await
    }

    /// How many messages a selection means, by how far they are.
    ///
    /// # Errors
    /// What the database says.
    pub async fn count_queue(&self, selection: Selection) -> Result<QueueTotals, StoreError> {
        self.context.count_queue(selection).await
    }

    /// Does something with the selected messages that wait.
    ///
    /// # Errors
    /// What the database says; nothing is changed then.
    pub async fn change_queue(&self, action: QueueAction, selection: Selection) -> Result<QueueChange, StoreError> {
        self.context.change_queue(action, selection).await
    }

    /// What is known of each account that it follows or sends to, in the order of their names.
    ///
    /// # Errors
    /// What the database says. A node that is away is none: then less is known.
    pub async fn people(&self) -> Result<Vec<Person>, StoreError> {
        self.context.people().await
    }

    /// The account's posts over time, and how long they will last.
    ///
    /// # Errors
    /// What the database says.
    pub async fn quota_history(&self) -> Result<QuotaHistory, StoreError> {
        self.context.quota_history().await
    }

    /// Its node, to be asked directly. It shares the bridge's connections.
    pub fn node(&self) -> Node {
        Node::of(self.context.client.clone())
    }

    /// Finishes what it has begun and closes the database. What waits goes on at the next start.
    pub async fn stop(mut self) {
        self.context.board.set_phase(Phase::Stopping);
        self.context.stop.cancel();
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_TIMEOUT, ended).await.is_err() {
            tracing::warn!(bridge = %self.name, "a task did not end in time; what it had begun is found at the next start");
            self.tasks.shutdown().await;
        }
        self.context.board.set_phase(Phase::Stopped);
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.context.stop.cancel();
    }
}
