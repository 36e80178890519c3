//! Bridges that run in this process: starting them, telling what they do, stopping them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mqtt_twister_bridge::Bridge;
use mqtt_twister_bridge::config::{BridgeConfig, BridgeName};
use mqtt_twister_bridge::event::{BridgeEvent, BridgeState};
use mqtt_twister_bridge::secrets::Secrets;
use serde::Serialize;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::error::CliError;
use crate::news::News;
use crate::output::Output;
use crate::shutdown::Shutdown;

/// The bridges that could start, and the names of those that could not.
pub(crate) struct Bridges {
    pub(crate) running: Vec<Running>,
    failed: BTreeSet<BridgeName>,
    states: States,
    tellers: JoinSet<()>,
}

/// A bridge, and what it was started with.
pub(crate) struct Running {
    pub(crate) bridge: Bridge,
    pub(crate) secrets: Secrets,
}

/// How the bridges are, for whoever wants to look at any time: none for one that could not start. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct States(Arc<Mutex<BTreeMap<BridgeName, Option<watch::Receiver<BridgeState>>>>>);

/// How an event is shown to people beside what is news anyway; to programs every event is shown.
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
        Self { running: Vec::new(), failed: BTreeSet::new(), states: States::default(), tellers: JoinSet::new() }
    }

    /// How they are.
    pub(crate) fn states(&self) -> States {
        self.states.clone()
    }

    /// Starts one more bridge and tells what it does; true if it runs. One that cannot start is told too; the others go on.
    pub(crate) async fn start(
        &mut self,
        config: BridgeConfig,
        secrets: Secrets,
        data_dir: &Path,
        output: &Output,
        show: Option<Show>,
    ) -> bool {
        let name = config.name.clone();
        match Bridge::start(config, secrets.clone(), data_dir).await {
            Ok(bridge) => {
                let of_messages = output.is_json() || show.is_some();
                let events = if of_messages { bridge.events() } else { bridge.news() };
                self.tellers.spawn(tell(events, bridge.state(), output.clone(), show));
                self.states.lock().insert(name.clone(), Some(bridge.watch_state()));
                self.failed.remove(&name);
                self.running.push(Running { bridge, secrets });
                true
            }
            Err(error) => {
                self.not_started(&name, error, output);
                false
            }
        }
    }

    /// Notes and tells that a bridge could not start.
    pub(crate) fn not_started(&mut self, bridge: &BridgeName, reason: impl fmt::Display, output: &Output) {
        self.failed.insert(bridge.clone());
        self.states.lock().insert(bridge.clone(), None);
        output.warning(&NotStartedLine { bridge, message: reason.to_string() });
    }

    /// Stops one bridge and forgets it.
    pub(crate) async fn remove(&mut self, bridge: &BridgeName) {
        if let Some(index) = self.running.iter().position(|running| running.bridge.name() == bridge) {
            self.running.remove(index).bridge.stop().await;
        }
        self.forget(bridge);
    }

    /// Those that were not started and that `is_wanted` no more.
    pub(crate) fn forget_failed(&mut self, is_wanted: impl Fn(&BridgeName) -> bool) {
        let gone: Vec<BridgeName> = self.failed.iter().filter(|name| !is_wanted(name)).cloned().collect();
        gone.iter().for_each(|name| self.forget(name));
    }

    fn forget(&mut self, bridge: &BridgeName) {
        self.failed.remove(bridge);
        self.states.lock().remove(bridge);
    }

    /// Whether any could start.
    ///
    /// # Errors
    /// [`CliError::NoneStarted`].
    pub(crate) fn check_started(&self) -> Result<(), CliError> {
        if self.running.is_empty() { Err(CliError::NoneStarted) } else { Ok(()) }
    }

    /// Tells once that messages can cross on every bridge and does `once_ready`, then waits until the person stops the
    /// program. Stops the bridges.
    ///
    /// # Errors
    /// [`CliError::NoneStarted`] at once; those of [`stop`](Self::stop).
    pub(crate) async fn run_until(
        self,
        shutdown: &mut Shutdown,
        output: &Output,
        once_ready: impl Future<Output = ()>,
    ) -> Result<(), CliError> {
        self.check_started()?;
        let work = async {
            self.ready().await;
            self.tell_ready(output);
            once_ready.await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = work => {}
            () = shutdown.requested() => {}
        }
        self.stop(shutdown).await
    }

    /// Stops the bridges. A second signal meanwhile ends it at once.
    ///
    /// # Errors
    /// [`CliError::SomeNotStarted`] at the end; [`CliError::StoppedTwice`].
    pub(crate) async fn stop(mut self, shutdown: &mut Shutdown) -> Result<(), CliError> {
        let all = self.running.len() + self.failed.len();
        let bridges: JoinSet<()> = self.running.drain(..).map(|running| running.bridge.stop()).collect();
        let stopping = async {
            bridges.join_all().await;
            // Each ends by itself once its bridge is gone, after it has told everything.
            while self.tellers.join_next().await.is_some() {}
        };
        tokio::select! {
            () = stopping => {}
            () = shutdown.insisted() => return Err(CliError::StoppedTwice),
        }
        match self.failed.len() {
            0 => Ok(()),
            failed => Err(CliError::SomeNotStarted { failed, all }),
        }
    }

    /// Returns when messages can cross on every bridge: never, if one of them could not start.
    pub(crate) async fn ready(&self) {
        if !self.failed.is_empty() {
            std::future::pending::<()>().await;
        }
        for Running { bridge, .. } in &self.running {
            if bridge.watch_state().wait_for(|state| state.ready).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Tells that messages can cross on every bridge.
    pub(crate) fn tell_ready(&self, output: &Output) {
        output.line(&ReadyLine { bridges: self.running.iter().map(|running| running.bridge.name()).collect() });
    }
}

impl States {
    /// How each bridge is now; none of one that could not start.
    pub(crate) fn now(&self) -> Vec<(BridgeName, Option<BridgeState>)> {
        let state = |(name, state): (&BridgeName, &Option<watch::Receiver<BridgeState>>)| {
            (name.clone(), state.as_ref().map(|state| state.borrow().clone()))
        };
        self.lock().iter().map(state).collect()
    }

    /// Each change is complete before the lock is given back.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<BridgeName, Option<watch::Receiver<BridgeState>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells what one bridge does until it is gone: programs get every event, people what is news and what `show` picks.
async fn tell(mut events: broadcast::Receiver<BridgeEvent>, first: BridgeState, output: Output, show: Option<Show>) {
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

fn tell_event(event: BridgeEvent, news: &mut News, output: &Output, show: Option<Show>) {
    if output.is_json() {
        return output.json(&event);
    }
    if let Some(line) = show.and_then(|show| show(&event)) {
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
