#![allow(clippy::unwrap_used)]

use mqtt_twister_bridge::event::{MessageEvent, Part, Quota};

use super::*;

fn id() -> BridgeId {
    "home".parse().unwrap()
}

fn problem(part: Part, code: ProblemCode) -> Problem {
    let message = "What happened, and what to do.".to_owned();
    Problem { bridge: "home".parse().unwrap(), part, code, message, time_ms: 1 }
}

fn running() -> BridgeState {
    BridgeState { phase: Phase::Running, node: PartState::Up, ..BridgeState::stopped("home".parse().unwrap()) }
}

fn down(part: Part, code: ProblemCode) -> PartState {
    PartState::Down { problem: problem(part, code) }
}

fn received(peer: &str) -> MessageEvent {
    MessageEvent {
        direction: Direction::In,
        step: Step::Received,
        peer: Some(peer.to_owned()),
        ..serde_json::from_value(serde_json::json!({
            "bridge": "home", "id": "1", "direction": "in", "step": "received", "account": "bob", "public": true,
            "topic": "doors/1", "payload_base64": "", "payload_len": 0, "qos": 1, "retain": false, "path": [],
            "properties": { "user": [] }, "time_ms": 1,
        }))
        .unwrap()
    }
}

/// A notifier, a clock, and what it tells.
struct World {
    notifier: Notifier,
    wanted: NotificationPreferences,
    now: Instant,
}

impl World {
    fn new() -> Self {
        Self { notifier: Notifier::default(), wanted: NotificationPreferences::default(), now: Instant::now() }
    }

    fn news(&mut self, news: BridgeNews) -> Vec<String> {
        let notes = self.notifier.handle_news(&news, &self.wanted, Language::English, self.now);
        notes.into_iter().map(|note| note.title).collect()
    }

    fn state(&mut self, state: BridgeState) -> Vec<String> {
        self.news(BridgeNews { state: Some(state), ..BridgeNews::none(id()) })
    }

    fn problem(&mut self, code: ProblemCode) -> Vec<String> {
        self.news(BridgeNews { problems: [problem(Part::Node, code)].into(), ..BridgeNews::none(id()) })
    }

    fn message(&mut self, peer: &str) -> Vec<String> {
        self.news(BridgeNews { messages: [received(peer)].into(), ..BridgeNews::none(id()) })
    }
}

#[test]
fn a_node_that_goes_and_comes_back_is_told_twice() {
    let mut world = World::new();
    assert_eq!(world.state(running()), [] as [&str; 0]);
    let lost = BridgeState { node: down(Part::Node, ProblemCode::NodeUnreachable), ..running() };
    assert_eq!(world.state(lost.clone()), ["home: The Twister node does not answer"]);
    assert_eq!(world.state(lost), [] as [&str; 0]);
    assert_eq!(world.state(running()), ["home: the Twister node is back"]);
}

#[test]
fn a_node_that_was_never_there_is_not_lost() {
    let mut world = World::new();
    let away = BridgeState { node: down(Part::Node, ProblemCode::NodeUnreachable), ..running() };
    assert_eq!(world.state(away), [] as [&str; 0]);
    assert_eq!(world.state(running()), [] as [&str; 0]);
}

#[test]
fn a_broker_that_comes_and_goes_all_the_time_is_told_once_in_a_while() {
    let mut world = World::new();
    let mut told = 0;
    for _ in 0..20 {
        let up = BridgeState { broker: PartState::Up, ..running() };
        told += world.state(up).len();
        let lost = BridgeState { broker: down(Part::Broker, ProblemCode::BrokerUnreachable), ..running() };
        told += world.state(lost).len();
        world.now += Duration::from_secs(1);
    }
    assert_eq!(told, 2);
}

#[test]
fn what_needs_somebody_is_told_and_what_mends_itself_is_not() {
    let mut world = World::new();
    assert_eq!(world.problem(ProblemCode::NodeCredentials), ["home: The node refuses the login"]);
    assert_eq!(world.problem(ProblemCode::NodeCredentials), [] as [&str; 0]);
    assert_eq!(world.problem(ProblemCode::NodeTimeout), [] as [&str; 0]);
    world.now += QUIET;
    assert_eq!(world.problem(ProblemCode::NodeCredentials).len(), 1);
}

#[test]
fn the_first_message_of_an_account_is_told_once_even_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    for told in [vec!["bob has sent a first message"], vec![]] {
        let mut world = World { notifier: Notifier::new(Met::open(folder.path())), ..World::new() };
        assert_eq!(world.message("bob"), told);
    }
}

#[test]
fn a_crowd_of_new_accounts_is_not_a_crowd_of_notes() {
    let mut world = World::new();
    let told: usize = (0..50).map(|number| world.message(&format!("peer{number}")).len()).sum();
    assert_eq!(told, BURST);
}

#[test]
fn few_posts_left_and_a_registration_are_told_when_they_come_about() {
    let mut world = World::new();
    let waiting = BridgeState { account: down(Part::Account, ProblemCode::AccountNotRegistered), ..running() };
    assert_eq!(world.state(waiting), [] as [&str; 0]);
    let quota = Quota { next_number: 90, highest_allowed: 100, left: 10, pace: Pace::Scarce, more_at_ms: 1 };
    let registered = BridgeState { account: PartState::Up, quota: Some(quota), ..running() };
    assert_eq!(world.state(registered.clone()), ["home: the account is registered", "home: few posts left"]);
    assert_eq!(world.state(registered), [] as [&str; 0]);
}

#[test]
fn what_a_person_does_not_want_to_hear_is_not_told() {
    let mut world = World::new();
    world.wanted = NotificationPreferences {
        problems: false,
        connection: false,
        new_peer: false,
        quota: false,
        registration: false,
    };
    world.state(running());
    let lost = BridgeState { node: down(Part::Node, ProblemCode::NodeUnreachable), ..running() };
    assert_eq!(world.state(lost), [] as [&str; 0]);
    assert_eq!(world.problem(ProblemCode::NodeCredentials), [] as [&str; 0]);
    assert_eq!(world.message("bob"), [] as [&str; 0]);
}

#[test]
fn nothing_is_told_of_the_sandbox() {
    let mut world = World::new();
    let news = BridgeNews { messages: [received("bob")].into(), ..BridgeNews::none("try/alice".parse().unwrap()) };
    assert_eq!(world.news(news), [] as [&str; 0]);
}
