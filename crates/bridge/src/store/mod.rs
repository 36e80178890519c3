//! The bridge's memory: an SQLite database in the bridge's own folder. What is committed here survives a kill at any
//! instant; a broker's message is acknowledged, and a post looked at is forgotten, only after the commit.
//!
//! Deliberately not here: decisions. Each call is one transaction that writes down what somebody decided.

pub(crate) mod awaited;
mod broker_session;
mod frames;
pub(crate) mod inbox;
pub(crate) mod ledger;
mod outbox;
pub(crate) mod peers;
mod people;
pub(crate) mod quarantine;
mod queue;
mod quota;
mod retained;
mod schema;
pub(crate) mod streams;
pub(crate) mod unfinished;

pub(crate) use broker_session::{BrokerSession, Digest, InFlight, Published, Subscribed};
pub use frames::{FrameRow, NewFrame, SentMessage};
pub use inbox::InboxRow;
pub use ledger::Count;
pub(crate) use ledger::KnownProfile;
pub use outbox::{OutboxRow, Queue, Replaced, Taken, Written};
pub use peers::PeerRecord;
pub use quarantine::Quarantined;
pub(crate) use queue::Changed;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

/// A row's key in the outbox or the inbox; rows are handled in its order.
pub type RowId = i64;

/// The database's file in the bridge's folder.
const DATABASE: &str = "bridge.sqlite";

/// The open database. Clones share it.
#[derive(Clone)]
pub struct Store {
    connection: Arc<Mutex<Connection>>,
    /// Held as long as the database is open, so that no second process opens it. None for one in memory.
    _lock: Option<Arc<File>>,
    /// How many transactions will still be committed; none for as many as come.
    #[cfg(test)]
    budget: Arc<Mutex<Option<u32>>>,
}

/// Why the database does not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has it open.
    #[error(
        "{} is in use: this bridge already runs in another window or process. Stop it there first", path.display()
    )]
    InUse {
        /// The bridge's folder.
        path: PathBuf,
    },
    /// The folder or the lock file cannot be made.
    #[error("cannot use the folder {}: {source}", path.display())]
    Folder {
        /// The bridge's folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A newer version of the program has written it.
    #[error(
        "the database of this bridge was written by a newer version of the program (schema {found}, this one knows \
         {known}). Update the program"
    )]
    Newer {
        /// Schema version in the file.
        found: u32,
        /// The newest that is known here.
        known: u32,
    },
    /// SQLite refused: a full disk, a damaged file.
    #[error("the bridge's database cannot be used: {0}. Nothing was acknowledged; free some space or check the disk")]
    Database(#[from] rusqlite::Error),
    /// The program is shutting down.
    #[error("the program is shutting down")]
    ShuttingDown,
}

impl Store {
    /// Opens the database in `folder`, makes it if there is none, and brings its schema up to date. Blocks.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::Folder`], [`StoreError::Newer`], or what SQLite says.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let trouble = |source| StoreError::Folder { path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(trouble)?;
        // What waits is nobody else's to read.
        #[cfg(unix)]
        fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).map_err(trouble)?;
        let lock = File::create(folder.join("lock")).map_err(trouble)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => StoreError::InUse { path: folder.to_owned() },
            TryLockError::Error(source) => trouble(source),
        })?;
        let mut connection = Connection::open(folder.join(DATABASE))?;
        schema::prepare(&mut connection)?;
        Ok(Self::with(connection, Some(Arc::new(lock))))
    }

    /// Whether there is a database in `folder`.
    pub(crate) fn exists(folder: &Path) -> bool {
        folder.join(DATABASE).exists()
    }

    fn with(connection: Connection, lock: Option<Arc<File>>) -> Self {
        Self {
            connection: Arc::new(Mutex::new(connection)),
            _lock: lock,
            #[cfg(test)]
            budget: Arc::default(),
        }
    }

    /// Runs one transaction; it is rolled back if `work` fails. Blocks: tasks call [`Store::transaction`].
    pub(crate) fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T>,
    {
        // A panic while the lock was held rolled its transaction back: the connection is as good as before.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction()?;
        let value = work(&transaction)?;
        #[cfg(test)]
        self.spend()?;
        transaction.commit()?;
        Ok(value)
    }

    /// Runs one transaction on a thread that may block. It is rolled back if `work` fails.
    async fn transaction<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        let store = self.clone();
        let task = tokio::task::spawn_blocking(move || store.run(work));
        task.await.map_err(|_| StoreError::ShuttingDown)?
    }
}

/// A value in the database that this program cannot have written.
fn broken(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}

#[cfg(test)]
impl Store {
    /// A database that ends with its last clone.
    #[allow(clippy::unwrap_used)]
    pub(crate) fn in_memory() -> Self {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::prepare(&mut connection).unwrap();
        Self::with(connection, None)
    }

    /// From now on only so many transactions are committed, as if the disk were full or the program killed then; none for
    /// as many as come.
    pub(crate) fn set_budget(&self, budget: Option<u32>) {
        *self.budget.lock().unwrap_or_else(PoisonError::into_inner) = budget;
    }

    fn spend(&self) -> Result<(), StoreError> {
        match &mut *self.budget.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(0) => Err(rusqlite::Error::QueryReturnedNoRows.into()),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_database_in_use_is_not_opened_twice() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        assert!(matches!(Store::open(folder.path()), Err(StoreError::InUse { .. })));
        drop(store);
        assert!(Store::open(folder.path()).is_ok());
    }

    #[test]
    fn a_database_of_a_newer_version_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        drop(Store::open(folder.path()).unwrap());
        let connection = Connection::open(folder.path().join(DATABASE)).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(Store::open(folder.path()), Err(StoreError::Newer { found: 99, .. })));
    }
}
