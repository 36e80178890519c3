//! What the tray icon says: the true state of all bridges in one picture and a few lines.

use mqtt_twister_bridge::event::{BridgeState, PartState, Phase};

use crate::notifying::needs_somebody;
use crate::texts::Language;
use crate::view::BridgeId;

/// What the tray shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TrayModel {
    pub(super) picture: Picture,
    /// How things are, in words.
    pub(super) state: String,
    /// One line a bridge: what pressing it does.
    pub(super) bridges: Vec<Line>,
    pub(super) open: String,
    pub(super) quit: String,
}

/// The three pictures. They differ in shape, not in colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Picture {
    /// Messages cross on every bridge that runs.
    Running,
    /// A bridge that ought to run waits, or needs somebody.
    Trouble,
    /// None runs.
    Stopped,
}

/// A bridge in the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) id: BridgeId,
    /// Whether pressing it stops the bridge.
    pub(super) stops: bool,
    pub(super) text: String,
}

impl TrayModel {
    /// Of each bridge: its name, how it is, and whether it could not be started the last time.
    pub(super) fn of(bridges: &[(BridgeId, BridgeState, bool)], language: Language) -> Self {
        let (picture, state) = state_of(bridges);
        let lines = bridges.iter().map(|(id, state, _)| {
            let stops = state.phase != Phase::Stopped;
            let key = if stops { "stop" } else { "start" };
            Line { id: id.clone(), stops, text: language.text(key, &[("name", &id.to_string())]) }
        });
        Self {
            picture,
            state: language.text(state, &[]),
            bridges: lines.collect(),
            open: language.text("open", &[]),
            quit: language.text("quit", &[]),
        }
    }
}

fn state_of(bridges: &[(BridgeId, BridgeState, bool)]) -> (Picture, &'static str) {
    let running = || bridges.iter().map(|(_, state, _)| state).filter(|state| state.phase == Phase::Running);
    if bridges.iter().any(|(_, state, failed)| *failed && state.phase == Phase::Stopped) || running().any(calls) {
        (Picture::Trouble, "tray_trouble")
    } else if running().any(|state| !state.ready) {
        (Picture::Trouble, "tray_waiting")
    } else if running().next().is_some() {
        (Picture::Running, "tray_running")
    } else if bridges.is_empty() {
        (Picture::Stopped, "tray_none")
    } else {
        (Picture::Stopped, "tray_stopped")
    }
}

/// Whether a running bridge has a problem that it cannot mend by itself.
fn calls(state: &BridgeState) -> bool {
    [&state.node, &state.broker, &state.account, &state.network]
        .iter()
        .any(|part| matches!(part, PartState::Down { problem } if needs_somebody(problem.code)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use mqtt_twister_bridge::event::{Part, Problem, ProblemCode};

    use super::*;

    fn bridge(name: &str, phase: Phase, ready: bool) -> (BridgeId, BridgeState, bool) {
        let id: BridgeId = name.parse().unwrap();
        let stopped = BridgeState::stopped(id.name.clone());
        (id, BridgeState { phase, ready, ..stopped }, false)
    }

    fn with_node_down(name: &str, code: ProblemCode) -> (BridgeId, BridgeState, bool) {
        let (id, state, failed) = bridge(name, Phase::Running, false);
        let bridge = name.parse().unwrap();
        let problem = Problem { bridge, part: Part::Node, code, message: String::new(), time_ms: 1 };
        (id, BridgeState { node: PartState::Down { problem }, ..state }, failed)
    }

    fn shown(bridges: &[(BridgeId, BridgeState, bool)]) -> (Picture, String) {
        let TrayModel { picture, state, .. } = TrayModel::of(bridges, Language::English);
        (picture, state)
    }

    #[test]
    fn the_picture_is_that_of_the_bridge_that_is_worst_off() {
        let (up, stopped) = (bridge("up", Phase::Running, true), bridge("stopped", Phase::Stopped, false));
        assert_eq!(shown(&[]), (Picture::Stopped, "No bridge yet".to_owned()));
        assert_eq!(shown(std::slice::from_ref(&stopped)), (Picture::Stopped, "All bridges are stopped".to_owned()));
        assert_eq!(shown(&[up.clone(), stopped.clone()]), (Picture::Running, "Messages cross".to_owned()));
        let waiting = with_node_down("waiting", ProblemCode::NodeUnreachable);
        assert_eq!(shown(&[up.clone(), waiting.clone()]), (Picture::Trouble, "Waiting for a connection".to_owned()));
        let refused = with_node_down("refused", ProblemCode::NodeCredentials);
        assert_eq!(shown(&[up, waiting, refused]), (Picture::Trouble, "Something needs you".to_owned()));
        let failed = (stopped.0, stopped.1, true);
        assert_eq!(shown(&[failed]), (Picture::Trouble, "Something needs you".to_owned()));
    }

    #[test]
    fn each_bridge_has_a_line_that_does_what_is_left_to_do() {
        let bridges = [bridge("up", Phase::Running, true), bridge("try/alice", Phase::Stopped, false)];
        let lines = TrayModel::of(&bridges, Language::German).bridges;
        assert_eq!(lines[0].text, "up anhalten");
        assert_eq!(lines[1].text, "try/alice starten");
        assert_eq!((lines[0].stops, lines[1].stops), (true, false));
    }
}
