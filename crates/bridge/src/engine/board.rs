//! The notice board of a running bridge: its tasks write the state and what happened on it, the outside reads it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{broadcast, watch};

use crate::clock::now_ms;
use crate::config::BridgeName;
use crate::event::{
    BridgeEvent, BridgeState, Counters, MessageEvent, Part, PartState, Phase, Problem, ProblemCode, Quota,
};

/// Events that a slow listener may fall behind before it misses some.
const EVENT_BACKLOG: usize = 4096;

/// Shared by all tasks of a bridge; clones write on the same board.
#[derive(Clone)]
pub(crate) struct Board {
    bridge: BridgeName,
    state: Arc<Mutex<BridgeState>>,
    watched: Arc<watch::Sender<BridgeState>>,
    /// Everything that happens.
    events: broadcast::Sender<BridgeEvent>,
    /// The same without messages.
    news: broadcast::Sender<BridgeEvent>,
    /// How many messages no rule sends, in this run.
    unsent: Arc<AtomicU64>,
}

impl Board {
    pub(crate) fn new(bridge: BridgeName) -> Self {
        let mut state = BridgeState::stopped(bridge.clone());
        state.phase = Phase::Running;
        for part in [Part::Broker, Part::Node, Part::Account, Part::Network] {
            set_part(&mut state, part, PartState::Connecting);
        }
        let (watched, _) = watch::channel(state.clone());
        let (events, _) = broadcast::channel(EVENT_BACKLOG);
        let (news, _) = broadcast::channel(EVENT_BACKLOG);
        let unsent = Arc::default();
        Self { bridge, state: Arc::new(Mutex::new(state)), watched: Arc::new(watched), events, news, unsent }
    }

    pub(crate) fn state(&self) -> BridgeState {
        self.lock().clone()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<BridgeState> {
        self.watched.subscribe()
    }

    pub(crate) fn events(&self) -> broadcast::Receiver<BridgeEvent> {
        self.events.subscribe()
    }

    pub(crate) fn news(&self) -> broadcast::Receiver<BridgeEvent> {
        self.news.subscribe()
    }

    /// The part works.
    pub(crate) fn up(&self, part: Part) {
        self.change(|state| set_part(state, part, PartState::Up));
    }

    /// The part does not work. The same problem again is no news.
    pub(crate) fn down(&self, part: Part, code: ProblemCode, message: impl Into<String>) {
        let problem = self.problem(part, code, message);
        let mut news = false;
        self.change(|state| {
            news = !matches!(part_state(state, part), Some(PartState::Down { problem: old })
                if old.code == problem.code && old.message == problem.message);
            if news {
                set_part(state, part, PartState::Down { problem: problem.clone() });
            }
        });
        if news {
            self.send(BridgeEvent::Problem(problem));
        }
    }

    /// What hangs on a part that went down is not known to work either.
    pub(crate) fn unknown(&self, part: Part) {
        self.change(|state| set_part(state, part, PartState::Connecting));
    }

    /// Something went wrong that stops no part.
    pub(crate) fn report(&self, part: Part, code: ProblemCode, message: impl Into<String>) {
        self.send(BridgeEvent::Problem(self.problem(part, code, message)));
    }

    /// A message moved one step. `event` is made only if somebody listens: there are many, and each has the whole message.
    pub(crate) fn moved(&self, event: impl FnOnce() -> MessageEvent) {
        if self.events.receiver_count() > 0 {
            // Whoever listened may have gone meanwhile.
            let _ = self.events.send(BridgeEvent::Message(Box::new(event())));
        }
    }

    /// A number for a message that no rule sends, and that has none of its own.
    pub(crate) fn next_unsent(&self) -> u64 {
        self.unsent.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn set_quota(&self, quota: Quota) {
        self.change(|state| state.quota = Some(quota));
    }

    pub(crate) fn set_counters(&self, counters: Counters) {
        self.change(|state| state.counters = counters);
    }

    pub(crate) fn set_phase(&self, phase: Phase) {
        self.change(|state| {
            state.phase = phase;
            if phase == Phase::Stopped {
                for part in [Part::Broker, Part::Node, Part::Account, Part::Network] {
                    set_part(state, part, PartState::Idle);
                }
            }
        });
    }

    pub(crate) fn bridge(&self) -> &BridgeName {
        &self.bridge
    }

    fn problem(&self, part: Part, code: ProblemCode, message: impl Into<String>) -> Problem {
        Problem { bridge: self.bridge.clone(), part, code, message: message.into(), time_ms: now_ms() }
    }

    /// Changes the state and tells the outside if that made a difference.
    fn change(&self, change: impl FnOnce(&mut BridgeState)) {
        let mut state = self.lock();
        let before = state.clone();
        change(&mut state);
        state.ready = state.phase == Phase::Running
            && [&state.broker, &state.node, &state.account, &state.network].iter().all(|part| **part == PartState::Up);
        if *state != before {
            self.watched.send_replace(state.clone());
            self.send(BridgeEvent::State(Box::new(state.clone())));
        }
    }

    /// Tells everybody, also those who want no messages.
    fn send(&self, event: BridgeEvent) {
        // Nobody listening is no error.
        let _ = self.news.send(event.clone());
        let _ = self.events.send(event);
    }

    fn lock(&self) -> MutexGuard<'_, BridgeState> {
        // Each change is complete before the lock is given back, even if the task that made it panics later.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BridgeState {
    /// The state of a bridge that does not run.
    pub fn stopped(bridge: BridgeName) -> Self {
        Self {
            bridge,
            phase: Phase::Stopped,
            ready: false,
            broker: PartState::Idle,
            node: PartState::Idle,
            account: PartState::Idle,
            network: PartState::Idle,
            quota: None,
            counters: Counters::default(),
        }
    }
}

fn part_state(state: &BridgeState, part: Part) -> Option<&PartState> {
    match part {
        Part::Broker => Some(&state.broker),
        Part::Node => Some(&state.node),
        Part::Account => Some(&state.account),
        Part::Network => Some(&state.network),
        Part::Storage | Part::Message => None,
    }
}

fn set_part(state: &mut BridgeState, part: Part, to: PartState) {
    match part {
        Part::Broker => state.broker = to,
        Part::Node => state.node = to,
        Part::Account => state.account = to,
        Part::Network => state.network = to,
        // These two have no lasting state: they are reported as they happen.
        Part::Storage | Part::Message => {}
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use twister::PostNumber;

    use super::super::Moved;
    use super::*;
    use crate::event::Step;
    use crate::message::{Message, Qos};
    use crate::store::InboxRow;

    #[test]
    fn a_bridge_is_ready_when_every_part_is_up() {
        let board = Board::new("home".parse().unwrap());
        for part in [Part::Broker, Part::Node, Part::Account] {
            board.up(part);
            assert!(!board.state().ready);
        }
        board.up(Part::Network);
        assert!(board.state().ready);
        board.down(Part::Node, ProblemCode::NodeUnreachable, "gone");
        assert!(!board.state().ready);
    }

    #[test]
    fn news_are_all_that_happens_but_messages() {
        let board = Board::new("home".parse().unwrap());
        let (mut events, mut news) = (board.events(), board.news());
        board.up(Part::Node);
        board.moved(moved);
        board.report(Part::Storage, ProblemCode::StorageFailed, "full");
        let told = |of: &mut broadcast::Receiver<BridgeEvent>| -> Vec<_> {
            let kind = |event| match event {
                BridgeEvent::State(_) => "state",
                BridgeEvent::Problem(_) => "problem",
                BridgeEvent::Message(_) => "message",
            };
            std::iter::from_fn(|| of.try_recv().ok()).map(kind).collect()
        };
        assert_eq!(told(&mut events), ["state", "message", "problem"]);
        assert_eq!(told(&mut news), ["state", "problem"]);
    }

    #[test]
    fn messages_are_told_of_only_while_somebody_listens_to_them() {
        let board = Board::new("home".parse().unwrap());
        let _news = board.news();
        let made = || {
            let mut made = false;
            board.moved(|| {
                made = true;
                moved()
            });
            made
        };
        assert!(!made());
        let events = board.events();
        assert!(made());
        drop(events);
        assert!(!made());
    }

    /// A message that has come.
    fn moved() -> MessageEvent {
        let row = InboxRow {
            id: 1,
            sender: "mqtt_alice".parse().unwrap(),
            number: PostNumber(7),
            public: true,
            message_id: None,
            message: Message::new("doors/1".parse().unwrap(), "open", Qos::AtLeastOnce),
            expires_ms: None,
        };
        Moved::received(Step::Received, &row).event("home".parse().unwrap())
    }

    #[test]
    fn a_problem_that_lasts_is_told_once() {
        let board = Board::new("home".parse().unwrap());
        let mut events = board.events();
        board.down(Part::Node, ProblemCode::NodeUnreachable, "gone");
        board.down(Part::Node, ProblemCode::NodeUnreachable, "gone");
        let mut problems = 0;
        while let Ok(event) = events.try_recv() {
            problems += usize::from(matches!(event, BridgeEvent::Problem(_)));
        }
        assert_eq!(problems, 1);
    }
}
