//! The bridge's side of the door.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;

use super::Listener;
use super::protocol::{LONGEST_REQUEST, Reply, Request, Status};
use crate::config::BridgeConfig;
use crate::engine::Context;
use crate::event::{BridgeEvent, MessageEvent};
use crate::store::StoreError;
use crate::topic::TopicFilter;

/// Clients that are talked to at the same time.
const MOST_CLIENTS: usize = 16;

/// How long a client may be silent before it is shown out.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// Pause after a client could not be let in.
const PAUSE: Duration = Duration::from_secs(1);

/// Answers clients until the bridge stops.
pub(crate) async fn serve(context: Context, mut listener: Listener) {
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            () = context.stop.cancelled() => return,
            Some(_) = clients.join_next() => {}
            accepted = listener.accept(), if clients.len() < MOST_CLIENTS => match accepted {
                Ok(stream) => drop(clients.spawn(answer_all(context.clone(), stream))),
                Err(error) => {
                    tracing::debug!(%error, "a client of the control socket could not be let in");
                    if !context.pause(PAUSE).await {
                        return;
                    }
                }
            }
        }
    }
}

/// Answers one client until it goes, is silent for too long, or says something too long.
async fn answer_all(context: Context, stream: impl AsyncRead + AsyncWrite) {
    let (reader, mut writer) = tokio::io::split(stream);
    let mut reader = BufReader::new(reader.take(LONGEST_REQUEST));
    let mut line = Vec::new();
    loop {
        line.clear();
        reader.get_mut().set_limit(LONGEST_REQUEST);
        let read = tokio::time::timeout(LONGEST_SILENCE, reader.read_until(b'\n', &mut line));
        if !matches!(read.await, Ok(Ok(_)) if line.ends_with(b"\n")) {
            return;
        }
        let reply = match serde_json::from_slice(&line) {
            Ok(Request::Status) => status(&context).await.map(|status| Reply::Status(Box::new(status))),
            Ok(Request::Page { selection, after, limit }) => {
                context.queue_page(selection, after, limit).await.map(Reply::Page)
            }
            Ok(Request::Change { action, selection }) => {
                context.change_queue(action, selection).await.map(Reply::Change)
            }
            Ok(Request::Reconfigure { config }) => Ok(reconfigure(&context, *config).await),
            Ok(Request::Watch { topic, payloads }) => {
                let watch = Watch { events: context.board.events(), topic, payloads };
                return tell_all(&context, watch, reader, writer).await;
            }
            Err(error) => {
                let version = env!("CARGO_PKG_VERSION");
                let message = format!("the bridge, version {version}, does not know the request: {error}");
                Ok(Reply::Refused { message })
            }
        };
        let reply = reply.unwrap_or_else(|error| Reply::Refused { message: error.to_string() });
        if !send(&mut writer, &reply).await {
            return;
        }
    }
}

/// Sends a line; false if nobody takes it.
async fn send(writer: &mut (impl AsyncWrite + Unpin), reply: &Reply) -> bool {
    let Ok(mut text) = serde_json::to_vec(reply) else { return false };
    text.push(b'\n');
    writer.write_all(&text).await.is_ok() && writer.flush().await.is_ok()
}

/// What a client wants to be told of.
struct Watch {
    events: broadcast::Receiver<BridgeEvent>,
    topic: Option<TopicFilter>,
    payloads: bool,
}

impl Watch {
    /// The next line for the client.
    async fn next(&mut self) -> Option<Reply> {
        loop {
            match self.events.recv().await {
                Ok(BridgeEvent::Message(event)) if self.is_wanted(&event) => {
                    return Some(Reply::Moved(match self.payloads {
                        true => event,
                        false => Box::new(event.without_content()),
                    }));
                }
                Ok(_) => {}
                Err(RecvError::Lagged(events)) => return Some(Reply::Missed { events }),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn is_wanted(&self, event: &MessageEvent) -> bool {
        let Some(filter) = &self.topic else { return true };
        let matches = |topic: &str| topic.parse().is_ok_and(|topic| filter.matches(&topic));
        matches(&event.topic) || event.local_topic.as_deref().is_some_and(matches)
    }
}

/// Tells one client of messages until it goes, says anything more, or the bridge stops.
async fn tell_all(
    context: &Context,
    mut watch: Watch,
    mut reader: impl AsyncRead + Unpin,
    mut writer: impl AsyncWrite + Unpin,
) {
    if !send(&mut writer, &Reply::Watching).await {
        return;
    }
    let mut anything = [0; 1];
    loop {
        tokio::select! {
            () = context.stop.cancelled() => return,
            _ = reader.read(&mut anything) => return,
            reply = watch.next() => match reply {
                Some(reply) if send(&mut writer, &reply).await => {}
                _ => return,
            }
        }
    }
}

async fn reconfigure(context: &Context, config: BridgeConfig) -> Reply {
    match context.reconfigure(config).await {
        Ok(()) => Reply::Reconfigured,
        Err(error) => Reply::Refused { message: error.to_string() },
    }
}

async fn status(context: &Context) -> Result<Status, StoreError> {
    let mut state = context.board.state();
    // The board's counters may be a moment old; beside the queue they have to be those of now.
    state.counters = context.store.counters().await?;
    Ok(Status { state, queue: context.queue().await? })
}
