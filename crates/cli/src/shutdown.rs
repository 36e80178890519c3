//! The wish to stop, SIGINT and SIGTERM, and the wish to have the configuration read again, SIGHUP.

use std::io;
use std::time::{Duration, Instant};

/// A second signal that comes sooner is the first one again: what stops a whole process group often sends it to the group
/// and to the process.
const ECHO: Duration = Duration::from_secs(1);

/// Listens from its creation on, so that a signal at any time after it is not missed.
#[derive(Debug)]
pub(crate) struct Shutdown {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

/// What SIGHUP means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Read the configuration again.
    Reload,
    /// The terminal in which the program was started is gone, and with it the person who could stop it.
    Stop,
}

/// Listens for SIGHUP from its creation on. Systems that have no such signal never send it.
#[derive(Debug)]
pub(crate) struct Hangup {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
    /// Whether it was started in a terminal.
    #[cfg(unix)]
    at_terminal: bool,
}

#[cfg(unix)]
impl Hangup {
    /// Starts to listen.
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { signal: signal(SignalKind::hangup())?, at_terminal: has_terminal() })
    }

    /// Returns with the next signal. Cancel safe.
    pub(crate) async fn requested(&mut self) -> Wish {
        match self.signal.recv().await {
            Some(()) if self.at_terminal && !has_terminal() => Wish::Stop,
            Some(()) => Wish::Reload,
            None => std::future::pending().await,
        }
    }
}

/// Whether the process has a terminal that is still there.
#[cfg(unix)]
fn has_terminal() -> bool {
    std::fs::File::open("/dev/tty").is_ok()
}

#[cfg(not(unix))]
impl Hangup {
    /// Starts to listen.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Never returns.
    pub(crate) async fn requested(&mut self) -> Wish {
        std::future::pending().await
    }
}

#[cfg(unix)]
impl Shutdown {
    /// Starts to listen.
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Returns with the next signal. Cancel safe.
    pub(crate) async fn requested(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Shutdown {
    /// Starts to listen.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Returns with the next Ctrl-C. Cancel safe.
    pub(crate) async fn requested(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Shutdown {
    /// Returns when a person insists: with a signal that is no echo of the one that came before this call.
    pub(crate) async fn insisted(&mut self) {
        let first = Instant::now();
        loop {
            self.requested().await;
            if first.elapsed() > ECHO {
                return;
            }
        }
    }
}
