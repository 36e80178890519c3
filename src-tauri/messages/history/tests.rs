#![allow(clippy::unwrap_used)]

use mqtt_twister_bridge::event::{Payload, Step};
use mqtt_twister_bridge::message::Properties;

use super::*;
use crate::messages::testing::{event, home, out};

const PLENTY: usize = 1 << 20;

fn topics(history: &mut History, filter: &Filter) -> Vec<String> {
    history.page(filter, None, 0, 100).entries.iter().map(|entry| entry.flow.topic.to_string()).collect()
}

#[test]
fn the_steps_of_a_message_are_one_entry_and_equal_messages_are_two() {
    let mut history = History::new(PLENTY);
    history.note(&home(), &out(1, Step::Queued, "a"));
    history.note(&home(), &out(2, Step::Queued, "a"));
    history.note(&home(), &MessageEvent { number: Some(7), ..out(1, Step::Posted, "a") });
    history.note(&home(), &out(1, Step::Posted, "a"));
    assert_eq!(history.len(), 2);
    let first = history.get(1).unwrap();
    assert_eq!(first.steps().map(|(step, _)| step).collect::<Vec<_>>(), [Step::Queued, Step::Posted]);
    assert_eq!((first.number, history.get(2).unwrap().step()), (Some(7), Step::Queued));
}

#[test]
fn bridges_and_directions_have_names_of_their_own() {
    let mut history = History::new(PLENTY);
    let back = MessageEvent { direction: Direction::In, ..out(1, Step::Received, "a") };
    history.note(&home(), &out(1, Step::Queued, "a"));
    history.note(&home(), &back);
    history.note(&"try/home".parse().unwrap(), &out(1, Step::Queued, "a"));
    assert_eq!(history.len(), 3);
}

#[test]
fn the_budget_is_kept_the_oldest_go_and_are_counted() {
    let mut history = History::new(20_000);
    for number in 0..1000 {
        history.note(&home(), &out(number, Step::Queued, "sensors/kitchen"));
        assert!(history.bytes() <= 20_000);
    }
    assert!(history.len() > 10 && history.forgotten() == 1000 - history.len() as u64);
    assert_eq!((history.newest(), history.get(1).is_none()), (1000, true));
    history.set_budget(0);
    assert_eq!((history.len(), history.bytes(), history.keys.len(), history.flows.len()), (0, 0, 0, 0));
    // What it knew of is gone from the filtered list and the tree as well.
    assert_eq!(history.page(&Filter::default(), None, 0, 10).total, 0);
    assert_eq!(history.tree().topics(), 0);
}

#[test]
fn a_page_is_newest_first_and_stays_where_it_was_while_more_comes() {
    let mut history = History::new(PLENTY);
    for number in 1..=5 {
        history.note(&home(), &out(number, Step::Queued, &format!("t/{number}")));
    }
    let all = Filter::default();
    assert_eq!(topics(&mut history, &all), ["t/5", "t/4", "t/3", "t/2", "t/1"]);
    history.note(&home(), &out(6, Step::Queued, "t/6"));
    let page = history.page(&all, Some(5), 1, 2);
    assert_eq!((page.total, page.newer), (5, 1));
    assert_eq!(page.entries.iter().map(|entry| entry.key).collect::<Vec<_>>(), [4, 3]);
    assert_eq!(history.page(&all, None, 0, 100).total, 6);
}

#[test]
fn what_is_looked_at_follows_what_happens() {
    let mut history = History::new(PLENTY);
    let waiting = Filter { steps: vec![Step::Queued], ..Filter::default() };
    history.note(&home(), &out(1, Step::Queued, "a"));
    history.note(&home(), &out(2, Step::Queued, "b"));
    assert_eq!(topics(&mut history, &waiting), ["b", "a"]);
    history.note(&home(), &out(1, Step::Posted, "a"));
    history.note(&home(), &out(3, Step::Queued, "c"));
    assert_eq!(topics(&mut history, &waiting), ["c", "b"]);
    let posted = Filter { steps: vec![Step::Posted], ..Filter::default() };
    assert_eq!(topics(&mut history, &posted), ["a"]);
    history.note(&home(), &out(3, Step::Posted, "c"));
    assert_eq!(topics(&mut history, &posted), ["c", "a"]);
}

#[test]
fn earlier_values_are_those_of_the_same_topic_and_receiver() {
    let mut history = History::new(PLENTY);
    history.note(&home(), &out(1, Step::Queued, "a"));
    history.note(&home(), &out(2, Step::Queued, "b"));
    history.note(&home(), &MessageEvent { peer: Some("bob".to_owned()), public: false, ..event(3, "a") });
    history.note(&home(), &out(4, Step::Queued, "a"));
    let entry = history.get(4).unwrap();
    assert_eq!(history.like(entry).map(|entry| entry.key).collect::<Vec<_>>(), [4, 1]);
    assert_eq!(history.all_like(history.get(1).unwrap()).count(), 2);
}

#[test]
fn a_topic_at_the_broker_is_what_a_message_goes_by() {
    let mut history = History::new(PLENTY);
    let sent = MessageEvent { local_topic: Some("doors/1".to_owned()), ..out(1, Step::Queued, "alice/doors/1") };
    history.note(&home(), &sent);
    assert_eq!(history.get(1).unwrap().flow.topic.as_str(), "doors/1");
}

#[test]
fn messages_of_one_flow_keep_once_what_they_have_in_common() {
    let mut history = History::new(PLENTY);
    history.note(&home(), &out(1, Step::Queued, "a/long/topic"));
    history.note(&home(), &out(2, Step::Queued, "a/long/topic"));
    history.note(&home(), &MessageEvent { peer: Some("bob".to_owned()), ..out(3, Step::Queued, "a/long/topic") });
    let flow = |key| &history.get(key).unwrap().flow;
    assert!(Arc::ptr_eq(flow(1), flow(2)) && !Arc::ptr_eq(flow(2), flow(3)));
    assert_eq!(history.flows.len(), 2);
}

#[test]
fn a_step_finds_its_message_among_many_that_came_and_went() {
    let mut history = History::new(100_000);
    for number in 0..3_000 {
        history.note(&home(), &out(number, Step::Queued, &format!("t/{}", number % 7)));
    }
    let kept = history.len();
    assert!(kept > 50 && history.keys.len() == kept && history.flows.len() == 7);
    history.set_budget(PLENTY);
    let oldest = u32::try_from(history.forgotten()).unwrap();
    for number in oldest + 5..3_000 {
        history.note(&home(), &out(number, Step::Posted, &format!("t/{}", number % 7)));
    }
    let posted = Filter { steps: vec![Step::Posted], ..Filter::default() };
    assert_eq!((history.len(), history.page(&posted, None, 0, 0).total), (kept, kept - 5));
}

#[test]
fn what_few_messages_have_is_kept_and_counted() {
    let mut history = History::new(PLENTY);
    let refused = MessageEvent { reason: Some("too large".to_owned()), ..out(1, Step::Refused, "a") };
    let properties = Properties { content_type: Some("application/json".to_owned()), ..Properties::default() };
    history.note(&home(), &out(1, Step::Queued, "a"));
    let plain = history.bytes();
    history.note(&home(), &refused);
    assert!(history.bytes() > plain);
    history.note(&home(), &MessageEvent { properties, path: vec!["carol".to_owned()], ..out(2, Step::Queued, "a") });
    let (first, second) = (history.get(1).unwrap(), history.get(2).unwrap());
    assert_eq!((first.reason(), first.step(), first.path().len()), (Some("too large"), Step::Refused, 0));
    assert_eq!(second.properties().unwrap().content_type.as_deref(), Some("application/json"));
    assert_eq!((second.path(), second.reason()), (["carol".to_owned()].as_slice(), None));
}

#[test]
fn a_message_of_120_bytes_takes_no_more_than_512_with_all_that_finds_it() {
    let mut history = History::new(32 << 20);
    for number in 0..10_000 {
        let payload = Payload::from([b'x'; 120].as_slice());
        let topic = format!("home/room{:03}/sensor", number % 200);
        for step in [Step::Queued, Step::Posted] {
            history.note(&home(), &MessageEvent { payload: payload.clone(), ..out(number, step, &topic) });
        }
    }
    let each = history.bytes() / history.len();
    assert!(history.len() == 10_000 && (120..=512).contains(&each), "{each} bytes");
}
