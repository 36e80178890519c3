//! A broker from start to stop.

use std::convert::Infallible;
use std::fmt;
use std::future::pending;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mqtt5::MqttError;
use mqtt5::broker::config::{BrokerConfig, StorageBackend, StorageConfig};
use mqtt5::broker::{DynamicStorage, MqttBroker};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tracing::{info, warn};

use crate::login::Login;
use crate::{BrokerError, BrokerOptions};

/// The largest MQTT packet taken from a client, in bytes. The protocol allows 256 MiB, which one client could use to fill
/// the memory of the program around the broker.
const MAX_PACKET: usize = 16 * 1024 * 1024;

/// How much is kept for one absent client before the oldest messages give way: enough for a day of one message a second.
const MAX_QUEUED_MESSAGES: usize = 100_000;

/// The same limit in bytes.
const MAX_QUEUED_BYTES: usize = 256 * 1024 * 1024;

/// An answer to "write it all" as quick as this means that all was written already. Waiting for a write to time out takes seconds.
const NOTHING_TO_WRITE: Duration = Duration::from_millis(100);

/// A running MQTT broker. It runs on the tokio runtime that it was started on, and stops when this value is dropped;
/// only [`stop`](Self::stop) also waits until it has stopped.
///
/// What clients can rely on: QoS 0, 1 and 2, retained messages, sessions that outlive a connection (MQTT 3.1.1 and 5), no-local and
/// the other MQTT 5 subscription options, message properties and expiry. For an absent client up to 100 000 messages (256 MiB) wait.
pub struct Broker {
    addr: SocketAddr,
    /// Dropping it is the word to stop, so a broker stops whichever way it goes.
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), MqttError>>,
}

impl Broker {
    /// Starts a broker. When this returns, clients can connect.
    ///
    /// # Errors
    /// Says why it cannot run with these options: see [`BrokerError`]. Nothing is left running then.
    pub async fn start(options: BrokerOptions) -> Result<Self, BrokerError> {
        options.check()?;
        probe_address(options.listen).await?;
        if let Some(dir) = &options.data_dir {
            probe_data_dir(dir).await?;
        }

        let engine = MqttBroker::with_config(engine_config(&options)).await.map_err(BrokerError::from_start)?;
        let engine = engine.with_auth_provider(Arc::new(Login::new(options.credentials)));
        let addr = engine.local_addr().unwrap_or(options.listen);
        let mut ready = engine.ready_receiver();
        let (stop, told_to_stop) = oneshot::channel();
        let broker = Self { addr, stop, serving: tokio::spawn(serve(engine, told_to_stop)) };

        if ready.wait_for(|ready| *ready).await.is_err() {
            // The engine is gone before it was ready, so this does not wait.
            return Err(match broker.serving.await {
                Ok(Ok(())) => BrokerError::from_start("it stopped at once"),
                Ok(Err(engine)) => BrokerError::from_start(engine),
                Err(panicked) => BrokerError::from_start(panicked),
            });
        }
        info!(%addr, "broker started");
        Ok(broker)
    }

    /// Where clients connect. The port is the real one, also when port 0 was asked for.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Disconnects all clients, writes what is to be kept, and frees port and data folder. Takes milliseconds; a few seconds if a
    /// client does not let go of its connection, or if thousands of messages came in faster than the disk takes them.
    /// It goes on to the end also when the caller stops waiting.
    pub async fn stop(self) {
        let Self { addr, stop, serving } = self;
        drop(stop);
        match serving.await {
            Ok(Ok(())) => info!(%addr, "broker stopped"),
            Ok(Err(error)) => warn!(%addr, %error, "broker stopped with an error"),
            Err(error) => warn!(%addr, %error, "broker stopped with an error"),
        }
    }
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broker").field("addr", &self.addr).finish_non_exhaustive()
    }
}

/// Runs the engine until it is told to stop, and returns when all that is to be kept is on disk.
async fn serve(mut engine: MqttBroker, told_to_stop: oneshot::Receiver<()>) -> Result<(), MqttError> {
    let shutdown = engine.shutdown_handle();
    let mut ready = engine.ready_receiver();
    let pass_on = async {
        // Before it is ready the engine would not hear it.
        let _ = ready.wait_for(|ready| *ready).await;
        let _ = told_to_stop.await;
        shutdown.shutdown();
        pending::<Infallible>().await
    };
    let outcome = tokio::select! {
        outcome = engine.run() => outcome,
        never = pass_on => match never {},
    };
    if let Some(storage) = engine.storage() {
        write_out(&storage).await?;
    }
    outcome
}

/// Waits until the engine's queues are on disk. The engine does that by itself when it is told to stop, but gives up after a
/// few seconds, without saying so, and before its last connections hand back what their clients had not acknowledged.
async fn write_out(storage: &DynamicStorage) -> Result<(), MqttError> {
    loop {
        let asked = Instant::now();
        storage.shutdown().await?;
        if asked.elapsed() < NOTHING_TO_WRITE {
            return Ok(());
        }
    }
}

fn engine_config(options: &BrokerOptions) -> BrokerConfig {
    let storage = match &options.data_dir {
        Some(dir) => StorageConfig::new().with_backend(StorageBackend::File).with_base_dir(dir.clone()),
        None => StorageConfig::new().with_backend(StorageBackend::Memory),
    };
    BrokerConfig::new()
        .with_bind_address(options.listen)
        .with_max_packet_size(MAX_PACKET)
        // They would be written to disk every few seconds, for statistics that nobody here reads.
        .with_sys_topics_enabled(false)
        .with_storage(
            storage
                .with_max_queued_messages_per_client(MAX_QUEUED_MESSAGES)
                .with_max_queued_bytes_per_client(MAX_QUEUED_BYTES),
        )
}

/// Listens for a moment, since the engine says only in prose why it cannot.
async fn probe_address(addr: SocketAddr) -> Result<(), BrokerError> {
    TcpListener::bind(addr).await.map(drop).map_err(|source| BrokerError::from_listen(addr, source))
}

/// Makes the folder and writes a file in it, for the same reason.
async fn probe_data_dir(dir: &Path) -> Result<(), BrokerError> {
    let attempt = async {
        tokio::fs::create_dir_all(dir).await?;
        let probe = dir.join(".writable");
        tokio::fs::write(&probe, []).await?;
        tokio::fs::remove_file(&probe).await
    };
    attempt.await.map_err(|source| BrokerError::DataDir { path: dir.to_path_buf(), source })
}
