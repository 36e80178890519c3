//! Bridges that run in this process: starting them, telling what they do, stopping them.

use std::fmt;
use std::path::Path;

use mqtt_twister_bridge::Bridge;
use mqtt_twister_bridge::config::{BridgeConfig, BridgeName};
use mqtt_twister_bridge::event::{BridgeEvent, BridgeState};
use mqtt_twister_bridge::secrets::Secrets;
use serde::Serialize;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::task::JoinSet;

use crate::error::CliError;
use crate::news::News;
use crate::output::Output;
use crate::shutdown::Shutdown;

/// The bridges that could start, and how many could not.
pub(crate) struct Bridges {
    running: Vec<Bridge>,
    failed: usize,
    tellers: JoinSet<()>,
}

/// How an event is shown to people; to programs every event is shown.
pub(crate) type Show = fn(&BridgeEvent) -> Option<String>;

/// Messages can cross on every bridge.
#[derive(Serialize)]
#[serde(tag = "type", rename = "ready")]
struct ReadyLine<'a> {
    bridges: Vec<&'a BridgeName>,
}

/// A bridge that could not start.
#[derive(Serialize)]
#[serde(tag = "type", rename = "not_started")]
struct NotStartedLine<'a> {
    bridge: &'a BridgeName,
    message: String,
}

impl fmt::Display for ReadyLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ready")
    }
}

impl fmt::Display for NotStartedLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: not started: {}", self.bridge, self.message)
    }
}

impl Bridges {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self { running: Vec::new(), failed: 0, tellers: JoinSet::new() }
    }

    /// Starts one more bridge and tells what it does. One that cannot start is told too; the others go on.
    pub(crate) async fn start(
        &mut self,
        config: BridgeConfig,
        secrets: Secrets,
        data_dir: &Path,
        output: &Output,
        show: Show,
    ) {
        let name = config.name.clone();
        match Bridge::start(config, secrets, data_dir).await {
            Ok(bridge) => {
                self.tellers.spawn(tell(bridge.events(), bridge.state(), output.clone(), show));
                self.running.push(bridge);
            }
            Err(error) => self.not_started(&name, error, output),
        }
    }

    /// Notes and tells that a bridge could not start.
    pub(crate) fn not_started(&mut self, bridge: &BridgeName, reason: impl fmt::Display, output: &Output) {
        self.failed += 1;
        output.warning(&NotStartedLine { bridge, message: reason.to_string() });
    }

    /// Tells once that messages can cross on every bridge and does `once_ready`, then waits until the person stops the
    /// program. Stops the bridges.
    ///
    /// # Errors
    /// [`CliError::NoneStarted`] at once; [`CliError::SomeNotStarted`] at the end; [`CliError::StoppedTwice`].
    pub(crate) async fn run_until(
        mut self,
        shutdown: &mut Shutdown,
        output: &Output,
        once_ready: impl Future<Output = ()>,
    ) -> Result<(), CliError> {
        let all = self.running.len() + self.failed;
        if self.running.is_empty() {
            return Err(CliError::NoneStarted);
        }
        let work = async {
            self.ready().await;
            output.line(&ReadyLine { bridges: self.running.iter().map(Bridge::name).collect() });
            once_ready.await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = work => {}
            () = shutdown.requested() => {}
        }
        let bridges: JoinSet<()> = self.running.drain(..).map(Bridge::stop).collect();
        let stopping = async {
            bridges.join_all().await;
            // Each ends by itself once its bridge is gone, after it has told everything.
            while self.tellers.join_next().await.is_some() {}
        };
        tokio::select! {
            () = stopping => {}
            () = shutdown.insisted() => return Err(CliError::StoppedTwice),
        }
        match self.failed {
            0 => Ok(()),
            failed => Err(CliError::SomeNotStarted { failed, all }),
        }
    }

    /// Returns when messages can cross on every bridge: never, if one of them could not start.
    async fn ready(&self) {
        if self.failed > 0 {
            std::future::pending::<()>().await;
        }
        for bridge in &self.running {
            if bridge.watch_state().wait_for(|state| state.ready).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Tells what one bridge does until it is gone: programs get every event, people what is news and what `show` picks.
async fn tell(mut events: broadcast::Receiver<BridgeEvent>, first: BridgeState, output: Output, show: Show) {
    let mut news = News::default();
    tell_event(BridgeEvent::State(Box::new(first)), &mut news, &output, show);
    loop {
        match events.recv().await {
            Ok(event) => tell_event(event, &mut news, &output, show),
            Err(RecvError::Lagged(missed)) => tracing::warn!(missed, "the output is too slow to tell every event"),
            Err(RecvError::Closed) => return,
        }
    }
}

fn tell_event(event: BridgeEvent, news: &mut News, output: &Output, show: Show) {
    if output.is_json() {
        return output.json(&event);
    }
    if let Some(line) = show(&event) {
        output.text(line);
    }
    let items = match event {
        BridgeEvent::State(state) => news.handle_state(&state),
        BridgeEvent::Problem(problem) => news.handle_problem(problem).into_iter().collect(),
        BridgeEvent::Message(_) => Vec::new(),
    };
    for item in items {
        output.text_warning(item);
    }
}
