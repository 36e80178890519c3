//! Which of a bridge's states and problems are news to a person. The engine tells a state whenever anything in it changes; a
//! person wants each problem once, and to hear when it is over.

use std::collections::HashMap;
use std::fmt;

use mqtt_twister_bridge::event::{BridgeState, Part, PartState, Problem, ProblemCode};

/// What has been told of one bridge so far.
#[derive(Debug, Default)]
pub(crate) struct News {
    down: HashMap<Part, ProblemCode>,
}

/// Something to tell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    /// It went wrong.
    Wrong(Problem),
    /// A part that was down works again.
    Well { bridge: String, part: Part },
}

impl News {
    /// What is new in a state.
    pub(crate) fn handle_state(&mut self, state: &BridgeState) -> Vec<Item> {
        let parts = [
            (Part::Broker, &state.broker),
            (Part::Node, &state.node),
            (Part::Account, &state.account),
            (Part::Network, &state.network),
        ];
        parts.into_iter().filter_map(|(part, now)| self.handle_part(state, part, now)).collect()
    }

    /// What is new in a problem: everything, unless it is the reason that a part is down, which has been told.
    pub(crate) fn handle_problem(&mut self, problem: Problem) -> Option<Item> {
        match self.down.get(&problem.part) {
            Some(code) if *code == problem.code => None,
            _ if is_lasting(problem.part) => {
                self.down.insert(problem.part, problem.code);
                Some(Item::Wrong(problem))
            }
            _ => Some(Item::Wrong(problem)),
        }
    }

    fn handle_part(&mut self, state: &BridgeState, part: Part, now: &PartState) -> Option<Item> {
        match now {
            PartState::Down { problem } => {
                let told = self.down.insert(part, problem.code);
                (told != Some(problem.code)).then(|| Item::Wrong(problem.clone()))
            }
            PartState::Up => self.down.remove(&part).map(|_| Item::Well { bridge: state.bridge.to_string(), part }),
            PartState::Idle | PartState::Connecting => None,
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong(problem) => write!(f, "{}: {}", problem.bridge, problem.message),
            Self::Well { bridge, part } => write!(f, "{bridge}: {} again", works(*part)),
        }
    }
}

/// Whether a part has a state of its own, in which a problem lasts until it is over.
fn is_lasting(part: Part) -> bool {
    match part {
        Part::Broker | Part::Node | Part::Account | Part::Network => true,
        Part::Storage | Part::Message => false,
    }
}

fn works(part: Part) -> &'static str {
    match part {
        Part::Broker => "the broker is connected",
        Part::Node => "the node answers",
        Part::Account => "the account can post",
        Part::Network => "the network is reached",
        Part::Storage => "the database can be written",
        Part::Message => "messages cross",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn problem(part: Part, code: ProblemCode) -> Problem {
        Problem { bridge: "alice".parse().unwrap(), part, code, message: "because".to_owned(), time_ms: 0 }
    }

    fn broker(state: PartState) -> BridgeState {
        BridgeState { broker: state, ..BridgeState::stopped("alice".parse().unwrap()) }
    }

    fn broker_down() -> BridgeState {
        broker(PartState::Down { problem: problem(Part::Broker, ProblemCode::BrokerUnreachable) })
    }

    #[test]
    fn a_part_that_stays_down_is_told_once() {
        let mut news = News::default();
        assert_eq!(news.handle_state(&broker_down()).len(), 1);
        assert_eq!(news.handle_state(&broker(PartState::Connecting)), []);
        assert_eq!(news.handle_state(&broker_down()), []);
        assert_eq!(news.handle_problem(problem(Part::Broker, ProblemCode::BrokerUnreachable)), None);
    }

    #[test]
    fn a_part_that_is_down_for_another_reason_is_told_again() {
        let mut news = News::default();
        news.handle_state(&broker_down());
        let refused = PartState::Down { problem: problem(Part::Broker, ProblemCode::BrokerCredentials) };
        assert_eq!(news.handle_state(&broker(refused)).len(), 1);
    }

    #[test]
    fn a_part_that_comes_back_is_told_and_one_that_came_up_at_once_is_not() {
        let mut news = News::default();
        assert_eq!(news.handle_state(&broker(PartState::Up)), []);
        news.handle_state(&broker_down());
        let told = news.handle_state(&broker(PartState::Up));
        assert_eq!(told, [Item::Well { bridge: "alice".to_owned(), part: Part::Broker }]);
    }

    #[test]
    fn every_refused_message_is_told() {
        let mut news = News::default();
        for _ in 0..2 {
            assert!(news.handle_problem(problem(Part::Message, ProblemCode::PayloadTooLarge)).is_some());
        }
    }
}
