//! One bridge in the app, running or not: starting it, stopping it, and passing on what it tells. Each has its own lock,
//! so that a slow or failing bridge holds up no other.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mqtt_twister_bridge::Bridge;
use mqtt_twister_bridge::config::BridgeConfig;
use mqtt_twister_bridge::event::{BridgeEvent, BridgeState, Phase};
use mqtt_twister_bridge::secrets::Secrets;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{MutexGuard as AsyncMutexGuard, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::error::CommandError;
use crate::messages::MessageRoom;
use crate::recent::{BridgeNews, Recent};
use crate::view::BridgeId;

/// How long news are gathered before they go to the window.
const GATHERING: Duration = Duration::from_millis(100);

/// What the app tells the window without being asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// Something happened in a bridge.
    News(Box<BridgeNews>),
    /// Bridges came, went or changed: the overview is to be read again.
    OverviewChanged,
}

/// Where notices go.
pub type Tell = Arc<dyn Fn(Notice) + Send + Sync>;

/// Where what bridges tell goes.
#[derive(Clone)]
pub struct Outlets {
    /// To the window.
    pub tell: Tell,
    /// To what is kept of the messages.
    pub messages: Arc<MessageRoom>,
}

/// A bridge of the app. Its settings never change: a changed bridge is a new one.
pub struct AppBridge {
    /// Its name in commands and events.
    pub id: BridgeId,
    /// What it is told to do.
    pub config: BridgeConfig,
    outlets: Outlets,
    shown: Mutex<Shown>,
    running: tokio::sync::Mutex<Option<Running>>,
}

/// What the window shows of a bridge.
#[derive(Debug, Clone)]
struct Shown {
    state: BridgeState,
    start_error: Option<CommandError>,
    recent: Recent,
}

struct Running {
    bridge: Bridge,
    /// Passes the engine's events on. Ends when the bridge is gone, or when it is told to leave; then others go on from
    /// where it was.
    reporter: JoinHandle<Receiver<BridgeEvent>>,
    leave: oneshot::Sender<()>,
}

/// Access to a bridge's engine. While it is held, the bridge neither starts nor stops.
pub struct Engine<'a>(AsyncMutexGuard<'a, Option<Running>>);

impl Engine<'_> {
    /// The running bridge; none if it does not run.
    pub fn bridge(&self) -> Option<&Bridge> {
        self.0.as_ref().map(|running| &running.bridge)
    }
}

impl AppBridge {
    /// A bridge that does not run.
    pub fn new(id: BridgeId, config: BridgeConfig, outlets: Outlets) -> Arc<Self> {
        let shown =
            Shown { state: BridgeState::stopped(config.name.clone()), start_error: None, recent: Recent::default() };
        Arc::new(Self { id, config, outlets, shown: Mutex::new(shown), running: tokio::sync::Mutex::new(None) })
    }

    /// The same bridge with changed settings. It remembers what it showed; it does not run.
    pub fn changed(&self, id: BridgeId, config: BridgeConfig) -> Arc<Self> {
        let next = Self::new(id, config, self.outlets.clone());
        next.shown().recent = self.recent();
        next.shown().state.counters = self.state().counters;
        next
    }

    /// Starts it, unless it runs. That a node or broker is away is no error: it shows in the state.
    ///
    /// # Errors
    /// What `secrets` gives, and what the engine says when it cannot even begin. The error also stays with the bridge,
    /// to be shown.
    pub async fn start(
        self: &Arc<Self>,
        data_dir: &Path,
        secrets: impl Future<Output = Result<Secrets, CommandError>>,
    ) -> Result<(), CommandError> {
        let mut running = self.running.lock().await;
        if running.is_some() {
            return Ok(());
        }
        let outcome = match secrets.await {
            Ok(secrets) => Bridge::start(self.config.clone(), secrets, data_dir).await.map_err(CommandError::from),
            Err(error) => Err(error),
        };
        let outcome = outcome.map(|bridge| {
            self.shown().state = bridge.state();
            let events = bridge.events();
            *running = Some(Running::new(self, bridge, events));
        });
        self.shown().start_error = outcome.as_ref().err().cloned();
        (self.outlets.tell)(Notice::OverviewChanged);
        outcome
    }

    /// Asks the running bridge something; none if it does not run. It is not stopped meanwhile.
    pub async fn ask<T>(&self, question: impl AsyncFnOnce(&Bridge) -> T) -> Option<T> {
        match &*self.running.lock().await {
            Some(running) => Some(question(&running.bridge).await),
            None => None,
        }
    }

    /// Stops it and waits until it is stopped. Whether it ran.
    pub async fn stop(&self) -> bool {
        let mut running = self.running.lock().await;
        let Some(Running { bridge, reporter, leave: _leave }) = running.take() else { return false };
        self.shown().state.phase = Phase::Stopping;
        (self.outlets.tell)(Notice::OverviewChanged);
        bridge.stop().await;
        // It ends by itself with the bridge; an error would mean that it panicked, and then there is nothing to wait for.
        let _ = reporter.await;
        let stopped = BridgeState::stopped(self.config.name.clone());
        let BridgeState { counters, quota, .. } = self.state();
        self.shown().state = BridgeState { counters, quota, ..stopped };
        (self.outlets.tell)(Notice::OverviewChanged);
        true
    }

    /// Its engine.
    pub async fn engine(&self) -> Engine<'_> {
        Engine(self.running.lock().await)
    }

    /// Hands the running bridge over to `next`, the same bridge with other rules, and has it go on by them, if `commit`
    /// succeeds. Whether it runs.
    ///
    /// # Errors
    /// What `commit` says; nothing has changed then. What the engine says: it goes on by the old rules then.
    pub async fn hand_over(
        &self,
        next: &Arc<Self>,
        commit: impl Future<Output = Result<(), CommandError>>,
    ) -> Result<bool, CommandError> {
        let (mut from, mut to) = (self.running.lock().await, next.running.lock().await);
        commit.await?;
        let Some(Running { bridge, reporter, leave }) = from.take() else { return Ok(false) };
        let outcome = bridge.reconfigure(next.config.clone()).await;
        // It may have ended by itself already.
        let _ = leave.send(());
        let events = reporter.await.unwrap_or_else(|_| bridge.events());
        *next.shown() = Shown { start_error: None, ..self.shown().clone() };
        *to = Some(Running::new(next, bridge, events));
        outcome?;
        Ok(true)
    }

    /// How it is now.
    pub fn state(&self) -> BridgeState {
        self.shown().state.clone()
    }

    /// Why it could not be started the last time.
    pub fn start_error(&self) -> Option<CommandError> {
        self.shown().start_error.clone()
    }

    /// What happened lately.
    pub fn recent(&self) -> Recent {
        self.shown().recent.clone()
    }

    fn note(&self, event: &BridgeEvent) {
        let mut shown = self.shown();
        shown.recent.note(event);
        match event {
            BridgeEvent::State(state) => shown.state = BridgeState::clone(state),
            BridgeEvent::Message(message) => self.outlets.messages.note(&self.id, message),
            BridgeEvent::Problem(_) => {}
        }
    }

    fn pass_on(&self, news: &mut BridgeNews) {
        let totals = self.shown().recent.totals;
        if let Some(notice) = news.take(totals) {
            (self.outlets.tell)(Notice::News(Box::new(notice)));
        }
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    fn new(shown: &Arc<AppBridge>, bridge: Bridge, events: Receiver<BridgeEvent>) -> Self {
        let (leave, left) = oneshot::channel();
        Self { bridge, reporter: tokio::spawn(report(Arc::clone(shown), events, left)), leave }
    }
}

/// Notes what the bridge tells, and passes it on a few times a second. Returns where it was when it was told to leave.
async fn report(
    bridge: Arc<AppBridge>,
    mut events: Receiver<BridgeEvent>,
    mut left: oneshot::Receiver<()>,
) -> Receiver<BridgeEvent> {
    let mut news = BridgeNews::none(bridge.id.clone());
    let mut tell_at: Option<Instant> = None;
    loop {
        let due = async {
            match tell_at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            event = events.recv() => match event {
                Ok(event) => {
                    bridge.note(&event);
                    news.add(event);
                }
                Err(RecvError::Lagged(missed)) => {
                    bridge.outlets.messages.miss(missed);
                    news.skip(missed);
                }
                Err(RecvError::Closed) => break,
            },
            Ok(()) = &mut left => break,
            () = due => {
                tell_at = None;
                bridge.pass_on(&mut news);
                continue;
            }
        }
        tell_at.get_or_insert_with(|| Instant::now() + GATHERING);
    }
    bridge.pass_on(&mut news);
    events
}
