//! A bridge of a configuration, wherever it runs: one in another process is asked, of one that does not run the database is
//! opened.

use std::path::Path;
use std::time::{Duration, Instant};

use mqtt_twister_bridge::config::BridgeName;
use mqtt_twister_bridge::control::{Client, Status};
use mqtt_twister_bridge::event::BridgeState;
use mqtt_twister_bridge::queue::{QueueAction, QueueChange, QueuePage, RowId, Selection, StoppedQueue};
use mqtt_twister_bridge::{Bridge, StoreError};

use crate::error::CliError;

/// How long a bridge that is starting or stopping is waited for, and the pause between two looks.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(50);

/// A bridge to ask.
pub(crate) struct Reached {
    bridge: BridgeName,
    place: Place,
}

enum Place {
    Running(Box<Client>),
    Stopped(StoppedQueue),
    /// It has never run: nothing waits.
    Nowhere,
}

/// Finds out where a bridge is.
pub(crate) async fn reach(bridge: &BridgeName, data_dir: &Path) -> Result<Reached, CliError> {
    let folder = Bridge::folder(data_dir, bridge);
    let begun = Instant::now();
    let place = loop {
        let client = Client::connect(&folder).await;
        let client = client.map_err(|source| CliError::Control { bridge: bridge.clone(), source })?;
        if let Some(client) = client {
            break Place::Running(Box::new(client));
        }
        match StoppedQueue::open(&folder) {
            Ok(Some(queue)) => break Place::Stopped(queue),
            Ok(None) => break Place::Nowhere,
            Err(StoreError::InUse { .. }) if begun.elapsed() < PATIENCE => tokio::time::sleep(PAUSE).await,
            Err(StoreError::InUse { .. }) => return Err(CliError::NotAnswering { bridge: bridge.clone(), folder }),
            Err(source) => return Err(CliError::Store { bridge: bridge.clone(), source }),
        }
    };
    Ok(Reached { bridge: bridge.clone(), place })
}

impl Reached {
    /// Whether it runs.
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.place, Place::Running(_))
    }

    /// How it is, and what waits.
    pub(crate) async fn status(&mut self) -> Result<Status, CliError> {
        let mut state = BridgeState::stopped(self.bridge.clone());
        let queue = match &mut self.place {
            Place::Running(client) => {
                let status = client.status().await;
                return status.map_err(|source| CliError::Control { bridge: self.bridge.clone(), source });
            }
            Place::Stopped(stopped) => {
                let trouble = |source| CliError::Store { bridge: self.bridge.clone(), source };
                state.counters = stopped.counters().map_err(trouble)?;
                stopped.summaries().map_err(trouble)?
            }
            Place::Nowhere => Vec::new(),
        };
        Ok(Status { state, queue })
    }

    /// The selected messages after entry `after`, at most `limit` of them and perhaps fewer.
    pub(crate) async fn page(
        &mut self,
        selection: &Selection,
        after: RowId,
        limit: usize,
    ) -> Result<QueuePage, CliError> {
        let bridge = || self.bridge.clone();
        match &mut self.place {
            Place::Running(client) => {
                let page = client.page(selection, after, limit).await;
                page.map_err(|source| CliError::Control { bridge: bridge(), source })
            }
            Place::Stopped(stopped) => {
                let page = stopped.page(selection, after, limit);
                page.map_err(|source| CliError::Store { bridge: bridge(), source })
            }
            Place::Nowhere => Ok(QueuePage::default()),
        }
    }

    /// Does something with the selected messages.
    pub(crate) async fn change(&mut self, action: QueueAction, selection: &Selection) -> Result<QueueChange, CliError> {
        let bridge = || self.bridge.clone();
        match &mut self.place {
            Place::Running(client) => {
                let change = client.change(action, selection).await;
                change.map_err(|source| CliError::Control { bridge: bridge(), source })
            }
            Place::Stopped(stopped) => {
                let change = stopped.change(action, selection);
                change.map_err(|source| CliError::Store { bridge: bridge(), source })
            }
            Place::Nowhere => Ok(QueueChange::default()),
        }
    }
}
