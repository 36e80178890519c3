//! The handle of a running bridge.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use twister::{Client, Credentials, PostNumber, RpcError};

use crate::config::{BridgeConfig, BridgeName, RuleError, TlsFileError};
use crate::engine::{self, Board, Context};
use crate::event::{BridgeEvent, BridgeState, Phase};
use crate::mqtt::Login;
use crate::secrets::Secrets;
use crate::store::{Store, StoreError};

/// How long a stopping bridge may take to finish what it has begun.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// A running bridge. Dropping it stops it without waiting.
pub struct Bridge {
    name: BridgeName,
    board: Board,
    stop: CancellationToken,
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
    /// Opens the bridge's database in `data_dir/<bridge name>/` and starts its tasks.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub async fn start(config: BridgeConfig, secrets: Secrets, data_dir: &Path) -> Result<Self, StartError> {
        config.check()?;
        let login = Login::new(&config.broker, secrets.broker)?;
        let name = config.name.clone();
        let folder = data_dir.join(name.as_str());
        let opened = tokio::task::spawn_blocking(move || Store::open(&folder)).await;
        let store = opened.map_err(|_| StoreError::ShuttingDown)??;
        let credentials = Credentials::new(config.twister.user.as_str(), secrets.node.reveal());
        let client = Client::new(&config.twister.url, &credentials)?;
        let board = Board::new(name.clone());
        let stop = CancellationToken::new();
        let context = Context {
            config: Arc::new(config),
            stream: store.identity().await?.stream,
            client,
            published: Arc::new(watch::Sender::new(store.published_topics().await?)),
            store,
            board: board.clone(),
            prepared: Arc::new(watch::Sender::new(false)),
            profile_out: Arc::new(watch::Sender::new(false)),
            highest_allowed: Arc::new(watch::Sender::new(PostNumber(0))),
            signals: Arc::default(),
            stop: stop.clone(),
        };
        let tasks = engine::spawn(context, login).await?;
        Ok(Self { name, board, stop, tasks })
    }

    /// What the bridge is called.
    pub fn name(&self) -> &BridgeName {
        &self.name
    }

    /// The state now.
    pub fn state(&self) -> BridgeState {
        self.board.state()
    }

    /// The state, to wait for changes of it.
    pub fn watch_state(&self) -> watch::Receiver<BridgeState> {
        self.board.watch()
    }

    /// What happens from now on. A listener that is slow misses events, not the bridge.
    pub fn events(&self) -> broadcast::Receiver<BridgeEvent> {
        self.board.events()
    }

    /// Finishes what it has begun and closes the database. What waits goes on at the next start.
    pub async fn stop(mut self) {
        self.board.set_phase(Phase::Stopping);
        self.stop.cancel();
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_TIMEOUT, ended).await.is_err() {
            tracing::warn!(bridge = %self.name, "a task did not end in time; what it had begun is found at the next start");
            self.tasks.shutdown().await;
        }
        self.board.set_phase(Phase::Stopped);
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
