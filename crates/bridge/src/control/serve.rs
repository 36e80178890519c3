//! The bridge's side of the door.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::task::JoinSet;

use super::Listener;
use super::protocol::{LONGEST_REQUEST, Reply, Request, Status};
use crate::engine::Context;
use crate::store::StoreError;

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
            Ok(request) => answer(&context, request).await,
            Err(error) => Reply::Refused {
                message: format!(
                    "the bridge, version {}, does not know the request: {error}",
                    env!("CARGO_PKG_VERSION")
                ),
            },
        };
        let Ok(mut text) = serde_json::to_vec(&reply) else { return };
        text.push(b'\n');
        if writer.write_all(&text).await.is_err() || writer.flush().await.is_err() {
            return;
        }
    }
}

async fn answer(context: &Context, request: Request) -> Reply {
    let reply = match request {
        Request::Status => status(context).await.map(|status| Reply::Status(Box::new(status))),
        Request::Page { selection, after, limit } => context.queue_page(selection, after, limit).await.map(Reply::Page),
        Request::Change { action, selection } => context.change_queue(action, selection).await.map(Reply::Change),
    };
    reply.unwrap_or_else(|error| Reply::Refused { message: error.to_string() })
}

async fn status(context: &Context) -> Result<Status, StoreError> {
    let mut state = context.board.state();
    // The board's counters may be a moment old; beside the queue they have to be those of now.
    state.counters = context.store.counters().await?;
    Ok(Status { state, queue: context.queue().await? })
}
