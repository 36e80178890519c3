//! What the window shows of the recent past, and how it gets there without drowning: a bounded memory for a window that
//! opens late, and a batch that turns a stream of events into a few notices a second.

use std::collections::VecDeque;

use mqtt_twister_bridge::event::{BridgeEvent, BridgeState, MessageEvent, Problem};
use serde::{Deserialize, Serialize};

use crate::view::BridgeId;

/// How many message steps, and how many problems, are kept for each bridge.
pub const KEPT: usize = 500;

/// Most message steps in one notice; what is above it is counted, not sent. The history has them all.
const MOST_IN_A_NOTICE: usize = 10;

/// The last messages and problems of a bridge, oldest first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, specta::Type)]
pub struct Recent {
    /// The last message steps.
    pub messages: VecDeque<MessageEvent>,
    /// The last problems.
    pub problems: VecDeque<Problem>,
    /// How many there were so far.
    pub totals: Totals,
}

/// How many message steps and problems a bridge told of since the app began. A window that asked for [`Recent`] knows by
/// it which of the following [`BridgeNews`] it has already seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, specta::Type)]
pub struct Totals {
    /// Message steps.
    #[specta(type = specta_typescript::Number)]
    pub messages: u64,
    /// Problems.
    #[specta(type = specta_typescript::Number)]
    pub problems: u64,
}

impl Recent {
    /// Takes note of an event; the oldest of its kind goes when there are too many.
    pub fn note(&mut self, event: &BridgeEvent) {
        match event {
            BridgeEvent::State(_) => {}
            BridgeEvent::Message(message) => {
                self.totals.messages += 1;
                push_bounded(&mut self.messages, shown(message));
            }
            BridgeEvent::Problem(problem) => {
                self.totals.problems += 1;
                push_bounded(&mut self.problems, problem.clone());
            }
        }
    }
}

/// What happened in a bridge since the last notice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, specta::Type)]
pub struct BridgeNews {
    /// Which bridge.
    pub id: BridgeId,
    /// Its newest state, if it changed.
    pub state: Option<BridgeState>,
    /// Message steps, oldest first.
    pub messages: VecDeque<MessageEvent>,
    /// Problems, oldest first.
    pub problems: VecDeque<Problem>,
    /// Message steps that were left out because too many came at once. The counters include them.
    pub skipped: u32,
    /// How many message steps and problems there were so far, with the ones in this notice.
    pub totals: Totals,
}

impl BridgeNews {
    /// No news of a bridge yet.
    pub fn none(id: BridgeId) -> Self {
        Self {
            id,
            state: None,
            messages: VecDeque::new(),
            problems: VecDeque::new(),
            skipped: 0,
            totals: Totals::default(),
        }
    }

    /// Adds an event. Of states only the newest counts; of messages and problems the newest stay.
    pub fn add(&mut self, event: BridgeEvent) {
        match event {
            BridgeEvent::State(state) => self.state = Some(*state),
            BridgeEvent::Message(message) => {
                self.messages.push_back(shown(&message));
                if self.messages.len() > MOST_IN_A_NOTICE {
                    self.messages.pop_front();
                    self.skip(1);
                }
            }
            BridgeEvent::Problem(problem) => push_bounded(&mut self.problems, problem),
        }
    }

    /// Counts events that were never seen.
    pub fn skip(&mut self, count: u64) {
        self.skipped = self.skipped.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
    }

    /// The news so far, if there is any; the next ones start empty. `totals` is how many there were by now.
    pub fn take(&mut self, totals: Totals) -> Option<Self> {
        let fresh = Self::none(self.id.clone());
        match *self == fresh {
            true => None,
            false => Some(Self { totals, ..std::mem::replace(self, fresh) }),
        }
    }
}

/// A step as it is shown: a window gets no more of a payload than is serialized of it.
fn shown(message: &MessageEvent) -> MessageEvent {
    MessageEvent { payload: message.payload.preview(), ..message.clone() }
}

fn push_bounded<T>(list: &mut VecDeque<T>, item: T) {
    list.push_back(item);
    if list.len() > KEPT {
        list.pop_front();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use mqtt_twister_bridge::event::{Direction, Payload, Step};
    use mqtt_twister_bridge::message::Properties;

    use super::*;

    fn message(number: u32) -> BridgeEvent {
        BridgeEvent::Message(Box::new(MessageEvent {
            bridge: "home".parse().unwrap(),
            direction: Direction::Out,
            step: Step::Posted,
            peer: None,
            public: true,
            topic: "a".to_owned(),
            payload: Payload::default(),
            qos: 0,
            number: Some(number),
            time_ms: 0,
            id: format!("q3Rz9aB1-{number}/"),
            account: "mqtt_alice".to_owned(),
            local_topic: None,
            retain: false,
            properties: Properties::default(),
            path: Vec::new(),
            signature: None,
            taken_ms: None,
            reason: None,
        }))
    }

    fn state() -> BridgeEvent {
        BridgeEvent::State(Box::new(BridgeState::stopped("home".parse().unwrap())))
    }

    fn numbers(messages: &VecDeque<MessageEvent>) -> (Option<u32>, Option<u32>) {
        (messages.front().and_then(|m| m.number), messages.back().and_then(|m| m.number))
    }

    #[test]
    fn the_oldest_messages_are_forgotten_first() {
        let mut recent = Recent::default();
        for number in 0..600 {
            recent.note(&message(number));
        }
        assert_eq!(recent.messages.len(), KEPT);
        assert_eq!(numbers(&recent.messages), (Some(100), Some(599)));
        assert_eq!(recent.totals.messages, 600);
    }

    #[test]
    fn a_notice_keeps_the_newest_messages_and_counts_the_rest() {
        let mut news = BridgeNews::none("home".parse().unwrap());
        for number in 0..250 {
            news.add(message(number));
        }
        news.skip(7);
        let totals = Totals { messages: 250, problems: 0 };
        let notice = news.take(totals).unwrap();
        assert_eq!(notice.totals, totals);
        assert_eq!(notice.skipped, 247);
        assert_eq!(numbers(&notice.messages), (Some(240), Some(249)));
        assert_eq!(news.take(Totals::default()), None);
    }

    #[test]
    fn of_several_states_the_newest_is_told() {
        let mut news = BridgeNews::none("home".parse().unwrap());
        news.add(state());
        news.add(state());
        assert!(news.take(Totals::default()).unwrap().state.is_some());
        assert_eq!(news.take(Totals::default()), None);
    }
}
