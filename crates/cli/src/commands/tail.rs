//! `tail`: messages of running bridges, as they move.

use std::fmt;

use mqtt_twister_bridge::Bridge;
use mqtt_twister_bridge::config::BridgeName;
use mqtt_twister_bridge::control::{Client, ControlError, Told, Watching};
use mqtt_twister_bridge::event::MessageEvent;
use serde::Serialize;
use tokio::sync::mpsc;

use crate::args::TailArgs;
use crate::config;
use crate::data_dir;
use crate::error::CliError;
use crate::message_line::MessageLine;
use crate::output::Output;
use crate::shutdown::Shutdown;

/// Lines that wait to be shown.
const BACKLOG: usize = 64;

/// What there is to tell.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line {
    /// Messages of this bridge are shown from now on.
    Watching { bridge: BridgeName },
    /// A message moved one step.
    Message(Box<MessageEvent>),
    /// So many events came faster than they could be told.
    Missed { bridge: BridgeName, events: u64 },
    /// The bridge has stopped.
    Stopped { bridge: BridgeName },
}

pub(crate) async fn run(args: TailArgs, output: &Output) -> Result<(), CliError> {
    let mut shutdown = Shutdown::listen().map_err(CliError::Runtime)?;
    let bridges = config::bridges(&args.config, args.bridge.as_ref())?;
    let data_dir = data_dir::or_default(args.data_dir)?;
    let (tell, mut lines) = mpsc::channel(BACKLOG);
    let mut running = 0;
    for bridge in bridges.into_iter().map(|bridge| bridge.name) {
        let trouble = |source| CliError::Control { bridge: bridge.clone(), source };
        let Some(client) = Client::connect(&Bridge::folder(&data_dir, &bridge)).await.map_err(trouble)? else {
            continue;
        };
        let watching = client.watch(args.topic.clone(), args.payloads).await.map_err(trouble)?;
        running += 1;
        output.json(&Line::Watching { bridge: bridge.clone() });
        tokio::spawn(follow(bridge, watching, tell.clone()));
    }
    drop(tell);
    if running == 0 {
        return Err(CliError::NoneRuns);
    }
    loop {
        tokio::select! {
            line = lines.recv() => match line {
                Some(Ok(line)) => show(&line, output),
                Some(Err((bridge, source))) => return Err(CliError::Control { bridge, source }),
                // All have stopped.
                None => return Ok(()),
            },
            () = shutdown.requested() => return Ok(()),
        }
    }
}

/// Passes on what one bridge tells until it stops.
async fn follow(
    bridge: BridgeName,
    mut watching: Watching,
    tell: mpsc::Sender<Result<Line, (BridgeName, ControlError)>>,
) {
    loop {
        let (line, is_last) = match watching.next().await {
            Ok(Some(Told::Moved(event))) => (Ok(Line::Message(event)), false),
            Ok(Some(Told::Missed(events))) => (Ok(Line::Missed { bridge: bridge.clone(), events }), false),
            Ok(None) => (Ok(Line::Stopped { bridge: bridge.clone() }), true),
            Err(error) => (Err((bridge.clone(), error)), true),
        };
        if tell.send(line).await.is_err() || is_last {
            return;
        }
    }
}

/// Messages are the answer; the rest is about them.
fn show(line: &Line, output: &Output) {
    match line {
        Line::Message(_) => output.line(line),
        _ => output.warning(line),
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Watching { bridge } => write!(f, "{bridge}: watching"),
            Self::Message(event) => MessageLine(event).fmt(f),
            Self::Missed { bridge, events } => write!(f, "{bridge}: {events} events came too fast to be shown"),
            Self::Stopped { bridge } => write!(f, "{bridge}: stopped"),
        }
    }
}
