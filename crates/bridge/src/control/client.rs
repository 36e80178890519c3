//! The other side of the door.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use super::protocol::{Reply, Request, Status};
use super::socket;
use crate::config::BridgeConfig;
use crate::event::MessageEvent;
use crate::queue::{QueueAction, QueueChange, QueuePage, RowId, Selection};
use crate::topic::TopicFilter;

/// How long an answer may take: the bridge may have a hundred thousand messages to look at.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection to a running bridge.
pub struct Client {
    socket: PathBuf,
    stream: BufReader<socket::ClientStream>,
}

/// A running bridge that tells of messages as they move.
pub struct Watching {
    client: Client,
    /// What has come of the next line.
    line: Vec<u8>,
}

/// What a bridge that is watched tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// A message moved one step.
    Moved(Box<MessageEvent>),
    /// So many events came faster than they were read.
    Missed(u64),
}

/// Why a running bridge did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The connection cannot be made or used.
    #[error(
        "the running bridge cannot be asked through {}: {source}. Ask as the user who runs it",
        socket.display()
    )]
    Unreachable {
        /// The bridge's socket.
        socket: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The bridge hung up before it answered.
    #[error("the bridge stopped before it answered: see whether it still runs, and ask again")]
    Ended,
    /// No answer came.
    #[error("the bridge did not answer within {} s: it may be busy, so ask again", PATIENCE.as_secs())]
    Silent,
    /// What came is no answer.
    #[error(
        "the bridge's answer cannot be understood ({0}): it was started by another version of the program. Restart it"
    )]
    Foreign(#[source] serde_json::Error),
    /// The bridge says why it did not do it.
    #[error("the bridge could not do it: {0}")]
    Refused(String),
}

impl Client {
    /// Connects to the bridge whose folder this is; none if it does not run, or is just starting or stopping.
    ///
    /// # Errors
    /// [`ControlError::Unreachable`] if it runs, but not for this user.
    pub async fn connect(folder: &Path) -> Result<Option<Self>, ControlError> {
        let socket = socket::name(folder);
        match socket::connect(&socket).await {
            Ok(stream) => Ok(Some(Self { socket, stream: BufReader::new(stream) })),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
                Ok(None)
            }
            Err(source) => Err(ControlError::Unreachable { socket, source }),
        }
    }

    /// How the bridge is, and what waits.
    ///
    /// # Errors
    /// [`ControlError`].
    pub async fn status(&mut self) -> Result<Status, ControlError> {
        match self.ask(&Request::Status).await? {
            Reply::Status(status) => Ok(*status),
            other => Err(unexpected(other)),
        }
    }

    /// The selected messages that wait after entry `after` (0 for the first), at most `limit` of them; the bridge may have
    /// a lower limit.
    ///
    /// # Errors
    /// [`ControlError`].
    pub async fn page(&mut self, selection: &Selection, after: RowId, limit: usize) -> Result<QueuePage, ControlError> {
        match self.ask(&Request::Page { selection: selection.clone(), after, limit }).await? {
            Reply::Page(page) => Ok(page),
            other => Err(unexpected(other)),
        }
    }

    /// Does something with the selected messages that wait.
    ///
    /// # Errors
    /// [`ControlError`]; after [`ControlError::Ended`] and [`ControlError::Silent`] it may have been done all the same.
    pub async fn change(&mut self, action: QueueAction, selection: &Selection) -> Result<QueueChange, ControlError> {
        match self.ask(&Request::Change { action, selection: selection.clone() }).await? {
            Reply::Change(change) => Ok(change),
            other => Err(unexpected(other)),
        }
    }

    /// Has the bridge go on with other rules, limits and accounts to follow, as [`Bridge::reconfigure`](crate::Bridge::reconfigure)
    /// does.
    ///
    /// # Errors
    /// [`ControlError`]; [`ControlError::Refused`] if it goes on as before.
    pub async fn reconfigure(&mut self, config: &BridgeConfig) -> Result<(), ControlError> {
        match self.ask(&Request::Reconfigure { config: Box::new(config.clone()) }).await? {
            Reply::Reconfigured => Ok(()),
            other => Err(unexpected(other)),
        }
    }

    /// From now on tells of messages that move, on topics that the filter matches; with what is in them only if `payloads` asks
    /// for it.
    ///
    /// # Errors
    /// [`ControlError`].
    pub async fn watch(mut self, topic: Option<TopicFilter>, payloads: bool) -> Result<Watching, ControlError> {
        match self.ask(&Request::Watch { topic, payloads }).await? {
            Reply::Watching => Ok(Watching { client: self, line: Vec::new() }),
            other => Err(unexpected(other)),
        }
    }

    async fn ask(&mut self, request: &Request) -> Result<Reply, ControlError> {
        match tokio::time::timeout(PATIENCE, self.exchange(request)).await {
            Ok(Ok(line)) if line.is_empty() => Err(ControlError::Ended),
            Ok(Ok(line)) => serde_json::from_str(&line).map_err(ControlError::Foreign),
            Ok(Err(error)) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => {
                Err(ControlError::Ended)
            }
            Ok(Err(source)) => Err(ControlError::Unreachable { socket: self.socket.clone(), source }),
            Err(_) => Err(ControlError::Silent),
        }
    }

    /// Sends a request and returns the line that comes back; an empty one if none does.
    async fn exchange(&mut self, request: &Request) -> io::Result<String> {
        let mut text = serde_json::to_vec(request)?;
        text.push(b'\n');
        self.stream.write_all(&text).await?;
        self.stream.flush().await?;
        let mut line = String::new();
        self.stream.read_line(&mut line).await?;
        Ok(line)
    }
}

impl Watching {
    /// What is told next; none when the bridge has stopped. Cancel safe.
    ///
    /// # Errors
    /// [`ControlError::Unreachable`] and [`ControlError::Foreign`].
    pub async fn next(&mut self) -> Result<Option<Told>, ControlError> {
        let Client { socket, stream } = &mut self.client;
        match stream.read_until(b'\n', &mut self.line).await {
            Ok(_) if !self.line.ends_with(b"\n") => Ok(None),
            Ok(_) => {
                let reply = serde_json::from_slice(&std::mem::take(&mut self.line)).map_err(ControlError::Foreign)?;
                match reply {
                    Reply::Moved(event) => Ok(Some(Told::Moved(event))),
                    Reply::Missed { events } => Ok(Some(Told::Missed(events))),
                    other => Err(unexpected(other)),
                }
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => {
                Ok(None)
            }
            Err(source) => Err(ControlError::Unreachable { socket: socket.clone(), source }),
        }
    }
}

/// An answer to another question, or a refusal.
fn unexpected(reply: Reply) -> ControlError {
    match reply {
        Reply::Refused { message } => ControlError::Refused(message),
        _ => ControlError::Refused("it answered another question".to_owned()),
    }
}
