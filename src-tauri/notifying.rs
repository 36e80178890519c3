//! Which of the things that happen in bridges a person is told of while they do not look, and in which words. A plain state
//! machine: it takes news and the time, and gives notes; showing them is the shell's.
//!
//! Deliberately not here: whether the window is looked at, and the desktop's own means of showing a note.

mod met;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use mqtt_twister_bridge::event::{BridgeState, Direction, PartState, Phase, Problem, ProblemCode, Step};
use mqtt_twister_bridge::pack::Pace;

pub use met::Met;

use crate::preferences::NotificationPreferences;
use crate::recent::BridgeNews;
use crate::texts::Language;
use crate::view::BridgeId;

/// The same thing is told again after so long, not sooner: a broker that comes and goes is told once.
const QUIET: Duration = Duration::from_secs(10 * 60);

/// At most so many notes in [`BURST_TIME`], whatever happens.
const BURST: usize = 5;

/// See [`BURST`].
const BURST_TIME: Duration = Duration::from_secs(60);

/// What a person is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The heading.
    pub title: String,
    /// One or two sentences.
    pub body: String,
}

/// Which things are told: by bridge and kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Kind {
    Problem(ProblemCode),
    NodeLost,
    NodeBack,
    BrokerLost,
    BrokerBack,
    NewPeer(String),
    Quota,
    Registered,
}

/// Turns news into notes.
#[derive(Default)]
pub struct Notifier {
    bridges: HashMap<BridgeId, Seen>,
    told: HashMap<(BridgeId, Kind), Instant>,
    lately: Vec<Instant>,
    met: Met,
}

/// What was last seen of a bridge.
#[derive(Default)]
struct Seen {
    node: Reach,
    broker: Reach,
    unregistered: bool,
    scarce: bool,
}

/// How a part was before: only what worked can be lost, only what was lost comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Reach {
    #[default]
    Unknown,
    Up,
    Lost,
}

impl Notifier {
    /// One that knows the accounts that messages came from before.
    pub fn new(met: Met) -> Self {
        Self { met, ..Self::default() }
    }

    /// What is to be told of these news. "Try it" is looked at by whoever uses it, so nothing is told of it.
    pub fn handle_news(
        &mut self,
        news: &BridgeNews,
        wanted: &NotificationPreferences,
        language: Language,
        now: Instant,
    ) -> Vec<Note> {
        if news.id.tryout {
            return Vec::new();
        }
        let mut happened = Vec::new();
        if let Some(state) = &news.state {
            self.handle_state(&news.id, state, wanted, language, &mut happened);
        }
        for problem in news.problems.iter().filter(|problem| wanted.problems && needs_somebody(problem.code)) {
            happened.push((Kind::Problem(problem.code), problem_note(problem, language)));
        }
        for message in &news.messages {
            if let (Direction::In, Step::Received, Some(peer)) = (message.direction, message.step, &message.peer)
                && self.met.meet(news.id.name.as_str(), peer)
                && wanted.new_peer
            {
                let values =
                    [("peer", peer.as_str()), ("topic", message.topic.as_str()), ("bridge", news.id.name.as_str())];
                let note = note(language, "new_peer", "new_peer_why", &values);
                happened.push((Kind::NewPeer(peer.clone()), note));
            }
        }
        happened.into_iter().filter_map(|(kind, note)| self.is_due(&news.id, kind, now).then_some(note)).collect()
    }

    fn handle_state(
        &mut self,
        id: &BridgeId,
        state: &BridgeState,
        wanted: &NotificationPreferences,
        language: Language,
        happened: &mut Vec<(Kind, Note)>,
    ) {
        let seen = self.bridges.entry(id.clone()).or_default();
        if state.phase != Phase::Running {
            *seen = Seen::default();
            return;
        }
        let bridge = [("bridge", id.name.as_str())];
        for (part, reach, lost, back, back_text) in [
            (&state.node, &mut seen.node, Kind::NodeLost, Kind::NodeBack, "node_back"),
            (&state.broker, &mut seen.broker, Kind::BrokerLost, Kind::BrokerBack, "broker_back"),
        ] {
            match reach.turn(part) {
                Some(Turn::Lost(problem)) if wanted.connection => {
                    happened.push((lost, problem_note(&problem, language)));
                }
                Some(Turn::Back) if wanted.connection => {
                    happened.push((back, note(language, back_text, "back_why", &bridge)));
                }
                _ => {}
            }
        }
        let unregistered = matches!(
            &state.account,
            PartState::Down { problem } if problem.code == ProblemCode::AccountNotRegistered
        );
        if seen.unregistered && state.account == PartState::Up && wanted.registration {
            happened.push((Kind::Registered, note(language, "registered", "registered_why", &bridge)));
        }
        seen.unregistered = unregistered || (seen.unregistered && state.account != PartState::Up);
        let scarce = state.quota.is_some_and(|quota| quota.pace != Pace::Plenty);
        if scarce && !seen.scarce && wanted.quota {
            let count = state.quota.map_or(0, |quota| quota.left).to_string();
            let values = [("count", count.as_str()), ("bridge", id.name.as_str())];
            happened.push((Kind::Quota, note(language, "quota", "quota_why", &values)));
        }
        seen.scarce = scarce;
    }

    /// Whether a thing is to be told now, and if so takes note of it.
    fn is_due(&mut self, id: &BridgeId, kind: Kind, now: Instant) -> bool {
        self.told.retain(|_, told| now.saturating_duration_since(*told) < QUIET);
        self.lately.retain(|told| now.saturating_duration_since(*told) < BURST_TIME);
        let thing = (id.clone(), kind);
        if self.told.contains_key(&thing) || self.lately.len() >= BURST {
            return false;
        }
        self.told.insert(thing, now);
        self.lately.push(now);
        true
    }
}

enum Turn {
    Lost(Problem),
    Back,
}

impl Reach {
    fn turn(&mut self, part: &PartState) -> Option<Turn> {
        match (*self, part) {
            (Self::Lost, PartState::Up) => {
                *self = Self::Up;
                Some(Turn::Back)
            }
            (_, PartState::Up) => {
                *self = Self::Up;
                None
            }
            (Self::Up, PartState::Down { problem }) => {
                *self = Self::Lost;
                Some(Turn::Lost(problem.clone()))
            }
            _ => None,
        }
    }
}

/// Whether a problem stays until somebody does something. What comes and goes by itself is told as lost and back, or not at all.
pub(crate) fn needs_somebody(code: ProblemCode) -> bool {
    matches!(
        code,
        ProblemCode::BrokerCredentials
            | ProblemCode::BrokerCertificate
            | ProblemCode::BrokerClientCertificate
            | ProblemCode::BrokerFiles
            | ProblemCode::NodeCredentials
            | ProblemCode::NotANode
            | ProblemCode::AccountNotInWallet
            | ProblemCode::StorageFailed
            | ProblemCode::QuotaExhausted
    )
}

fn problem_note(problem: &Problem, language: Language) -> Note {
    let heading = language.heading(code(problem.code).as_str());
    let values = [("bridge", problem.bridge.as_str()), ("heading", heading.as_str())];
    Note { title: language.text("problem", &values), body: problem.message.clone() }
}

fn note(language: Language, title: &str, body: &str, values: &[(&str, &str)]) -> Note {
    Note { title: language.text(title, values), body: language.text(body, values) }
}

/// The code as the window and the catalogue have it.
fn code(code: ProblemCode) -> String {
    match serde_json::to_value(code) {
        Ok(serde_json::Value::String(code)) => code,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
