//! The receiving half on a database in memory.

#![allow(clippy::unwrap_used, clippy::panic)]

mod lossy;
mod pieces;
mod turns;

use std::time::Duration;

use super::*;
use crate::config::{CatchUp, parse_bridge};
use crate::frame::v1::{Content, Entry, Frame, FrameHead, Notes};
use crate::message::{Message, MessageId, Properties, Qos};
use crate::store::PeerRecord;

/// When the tests take place, in seconds since 1970.
const NOW_S: u64 = 1_736_500_000;

/// Bob's bridge, with a clock, a broker that takes what it is given, and the number of Alice's next post.
struct Bob {
    store: Store,
    incoming: Incoming,
    mono: Duration,
    next_post: u32,
}

impl Bob {
    fn new() -> Self {
        let store = Store::in_memory();
        let incoming = Incoming::new(store.clone(), config()).unwrap();
        Self { store, incoming, mono: Duration::ZERO, next_post: 100 }
    }

    /// The bridge is stopped and started again.
    fn restart(&mut self) {
        self.incoming = Incoming::new(self.store.clone(), config()).unwrap();
    }

    fn now(&self) -> Now {
        Now { wall_ms: NOW_S * 1000 + u64::try_from(self.mono.as_millis()).unwrap(), mono: self.mono }
    }

    /// Alice posts these texts, and they are found together.
    fn find(&mut self, texts: Vec<String>, public: bool) -> News {
        let mut found = Vec::new();
        for text in texts {
            found.push(Found { number: PostNumber(self.next_post), content: FoundContent::Text { text, public } });
            self.next_post += 1;
        }
        let now = self.now();
        self.incoming.handle_posts(&alice(), found, now).unwrap()
    }

    fn find_frames(&mut self, frames: &[&Frame]) -> News {
        let texts = frames.iter().map(|frame| v1::encode(frame).unwrap()).collect();
        self.find(texts, false)
    }

    /// Frames that are larger than a post could be, so that it takes fewer of them to fill a room.
    fn find_unpacked(&mut self, frame: Frame) -> News {
        let (now, number) = (self.now(), PostNumber(self.next_post));
        self.next_post += 1;
        let content = ReadContent::V1(Box::new(frame), String::new(), false);
        self.incoming.step(now, |step| step.take_posts(&alice(), vec![Read { number, content }])).unwrap()
    }

    fn find_public_frames(&mut self, frames: &[&Frame]) -> News {
        let texts = frames.iter().map(|frame| v1::encode(frame).unwrap()).collect();
        self.find(texts, true)
    }

    /// Time passes, and what is due by then is taken in.
    fn wait(&mut self, time: Duration) -> News {
        self.mono += time;
        let mut all = News::default();
        while self.incoming.poll_timeout().is_some_and(|at| at <= self.mono) {
            let now = self.now();
            let News { rows, receipts, refused } = self.incoming.poll(now).unwrap();
            all.rows.extend(rows);
            all.receipts.extend(receipts);
            all.refused.extend(refused);
        }
        all
    }

    /// The broker takes these rows over.
    fn deliver(&mut self, rows: &[InboxRow]) {
        let rows: Vec<RowId> = rows.iter().map(|row| row.id).collect();
        let now = self.now();
        self.incoming.handle_delivered(&rows, now).unwrap();
    }

    /// What Alice is to hear, as (arrived, delivered).
    fn receipt(&self) -> Option<(v1::Coverage, v1::Coverage)> {
        let mut receipts = self.store.run(|tx| streams::receipts_due(tx, &alice())).unwrap();
        assert!(receipts.len() < 2);
        receipts.pop().map(|receipt| (receipt.arrived, receipt.delivered))
    }

    /// Alice is told what she is to hear.
    fn tell(&self) {
        let told = |tx: &Transaction<'_>| streams::note_told(tx, &alice(), &streams::receipts_due(tx, &alice())?);
        self.store.run(told).unwrap();
    }

    fn counters(&self) -> crate::event::Counters {
        self.store.counters_now().unwrap()
    }
}

fn alice() -> Username {
    "mqtt_alice".parse().unwrap()
}

fn config() -> Arc<BridgeConfig> {
    let config = serde_json::json!({
        "name": "bob",
        "twister": {"url": "http://127.0.0.1:28332", "account": "mqtt_bob"},
        "broker": {"url": "127.0.0.1"},
        "following": ["mqtt_alice"],
        "subscriptions": ["doors/#", "pictures/#"],
    });
    Arc::new(parse_bridge(config).unwrap())
}

fn stream() -> Stream {
    "q3Rz9aB1".parse().unwrap()
}

/// A frame with these messages, which asks for receipts and waits for frames from `unsettled` on.
fn asking(number: u64, unsettled: u64, entries: Vec<Entry>) -> Frame {
    let notes = Notes { receipts: Vec::new(), unsettled: Some(unsettled) };
    Frame { notes, ..plain(number, entries) }
}

/// A frame with these messages.
fn plain(number: u64, entries: Vec<Entry>) -> Frame {
    let head = FrameHead { stream: stream(), number, time_s: NOW_S };
    Frame { head, notes: Notes::default(), entries }
}

/// A message on `doors/1` whose payload is its number.
fn entry(number: u64) -> Entry {
    Entry {
        number,
        taken_s: NOW_S,
        topic: "doors/1".parse().unwrap(),
        qos: Qos::AtLeastOnce,
        retain: false,
        path: Vec::new(),
        properties: Properties::default(),
        content: Content::Whole(number.to_string().into_bytes()),
    }
}

fn payloads(news: &News) -> Vec<String> {
    news.rows.iter().map(|row| String::from_utf8(row.message.payload.clone()).unwrap()).collect()
}

#[test]
fn a_message_gets_in_with_all_that_belongs_to_it() {
    let mut bob = Bob::new();
    let mut message = entry(17);
    message.retain = true;
    message.qos = Qos::ExactlyOnce;
    message.path = vec!["mqtt_carol".parse().unwrap()];
    message.properties.content_type = Some("text/plain".to_owned());
    let row = bob.find_frames(&[&asking(1, 1, vec![message])]).rows.pop().unwrap();
    let Message { qos, retain, properties, path, .. } = &row.message;
    assert_eq!((*qos, *retain, properties.content_type.as_deref()), (Qos::ExactlyOnce, true, Some("text/plain")));
    assert_eq!(*path, ["mqtt_carol".parse().unwrap(), alice()]);
    assert_eq!(bob.store.run(|tx| inbox::rows_after(tx, 0, 10)).unwrap(), [row]);
}

#[test]
fn a_message_gets_in_once_in_whatever_frames_it_comes() {
    let mut bob = Bob::new();
    let v0 = |number| {
        let (topic, payload, qos) = ("doors/1".parse().unwrap(), b"old".to_vec(), Qos::AtLeastOnce);
        v0::encode(&v0::Frame { topic, payload, qos, id: Some(MessageId::new(stream().as_str(), number)) })
    };
    assert_eq!(bob.find(vec![v0(1), v0(1), v0(2)], false).rows.len(), 2);
    assert_eq!(payloads(&bob.find_frames(&[&asking(1, 1, vec![entry(2), entry(3)])])), ["3"]);
    assert_eq!(payloads(&bob.find_public_frames(&[&plain(1, vec![entry(3), entry(4)])])), ["4"]);
    assert!(bob.find(vec![v0(4)], true).rows.is_empty());
}

#[test]
fn a_post_is_looked_at_once() {
    let mut bob = Bob::new();
    let found = |text: &str| {
        let content = FoundContent::Text { text: text.to_owned(), public: true };
        vec![Found { number: PostNumber(7), content }]
    };
    let text = r#"{"topic":"doors/1","payload":"","qos":1}"#;
    let now = bob.now();
    assert_eq!(bob.incoming.handle_posts(&alice(), found(text), now).unwrap().rows.len(), 1);
    assert!(bob.incoming.handle_posts(&alice(), found(text), now).unwrap().rows.is_empty());
    assert_eq!(
        bob.find(vec![text.to_owned()], true).rows.len(),
        1,
        "another post with the same text is another message"
    );
}

#[test]
fn what_people_write_to_each_other_is_left_alone() {
    let mut bob = Bob::new();
    let future = vec!["~ma tomorrow".to_owned()];
    assert_eq!(bob.find(future, true).refused.len(), 1, "a frame of a version to come is not for people");
    assert_eq!(bob.find(vec!["good morning".to_owned(), "{}".to_owned()], false), News::default());
}

#[tokio::test]
async fn what_is_refused_can_be_looked_at_and_the_rest_goes_on() {
    let mut bob = Bob::new();
    let mut local = entry(1);
    local.topic = "$SYS/load".parse().unwrap();
    let text = v1::encode(&asking(1, 1, vec![local, entry(2)])).unwrap();
    let damaged = text[..text.len() - 1].to_owned();
    let news = bob.find(vec![damaged.clone(), text], false);
    assert_eq!(payloads(&news), ["2"]);
    assert_eq!(news.refused.len(), 2);
    let kept = bob.store.quarantine(10).await.unwrap();
    let summary: Vec<_> = kept.iter().map(|kept| (kept.code.as_str(), kept.topic.as_deref(), kept.number)).collect();
    assert_eq!(summary, [("local_topic", Some("$SYS/load"), 101), ("damaged", None, 100)]);
    assert_eq!(kept[1].payload, damaged.into_bytes());
    assert_eq!(bob.counters().refused, 2);
}

#[test]
fn what_was_not_subscribed_is_counted_and_needs_nothing_more() {
    let mut bob = Bob::new();
    let mut other = entry(1);
    other.topic = "fridges/1".parse().unwrap();
    assert_eq!(bob.find_frames(&[&asking(1, 1, vec![other])]), News::default());
    assert_eq!(bob.counters().unwanted, 1);
    assert_eq!(bob.receipt().unwrap().1.highest, 1, "its author need not wait for it");
}

#[test]
fn wish_10_a_message_that_expired_on_its_way_does_not_arrive_late() {
    let mut bob = Bob::new();
    let with_expiry = |number, age_s, expiry_s| {
        let mut entry = entry(number);
        entry.taken_s = NOW_S - age_s;
        entry.properties.expiry_s = Some(expiry_s);
        entry
    };
    let mut ahead = with_expiry(4, 0, 60);
    ahead.taken_s = NOW_S + 1000;
    let entries = vec![with_expiry(1, 61, 60), with_expiry(2, 60, 60), with_expiry(3, 59, 60), ahead];
    let news = bob.find_frames(&[&asking(1, 1, entries)]);
    let expiries: Vec<_> = news.rows.iter().map(|row| row.expires_ms.unwrap() / 1000).collect();
    assert_eq!((payloads(&news), expiries), (vec!["3".to_owned(), "4".to_owned()], vec![NOW_S + 1, NOW_S + 60]));
    assert_eq!(bob.counters().expired, 2);
    bob.deliver(&news.rows);
    assert_eq!(bob.receipt().unwrap().1.highest, 1);
}

#[tokio::test]
async fn of_what_was_posted_before_only_the_retained_messages_come_in_if_so_wanted() {
    let mut bob = Bob::new();
    let record = PeerRecord { first_contact_s: NOW_S, begins_at: PostNumber(0) };
    bob.store.meet(&alice(), record).await.unwrap();
    bob.store.set_old(&alice(), PostNumber(102), CatchUp::Retained).await.unwrap();
    let retained = |number| Entry { retain: true, ..entry(number) };
    let news = bob.find_frames(&[&asking(3, 1, vec![entry(5)]), &asking(1, 1, vec![entry(1), retained(2)])]);
    assert_eq!(payloads(&news), ["2"]);
    assert_eq!(payloads(&bob.find_frames(&[&asking(2, 1, vec![entry(3), retained(4)])])), ["3", "4"]);
    assert_eq!(bob.counters().unwanted, 2, "a held frame is as old as the post that brought it");
    bob.deliver(&bob.store.run(|tx| inbox::rows_after(tx, 0, 10)).unwrap());
    assert_eq!(bob.receipt().unwrap().1, v1::Coverage { highest: 3, gaps: Vec::new() }, "nobody waits for the rest");
    bob.store.set_old(&alice(), PostNumber(104), CatchUp::FromNowOn).await.unwrap();
    assert!(bob.find_frames(&[&asking(4, 4, vec![retained(6)])]).rows.is_empty());
    assert_eq!(payloads(&bob.find_frames(&[&asking(5, 4, vec![entry(7)])])), ["7"]);
}

#[test]
fn receipts_for_this_bridge_are_handed_out_and_those_for_others_are_not() {
    let mut bob = Bob::new();
    let own = bob.store.run(ledger::identity).unwrap().stream;
    let covered = v1::Coverage { highest: 3, gaps: Vec::new() };
    let receipt = |stream| Receipt { stream, arrived: covered.clone(), delivered: covered.clone() };
    let mut frame = plain(1, Vec::new());
    frame.notes.receipts = vec![receipt(own), receipt(stream())];
    assert_eq!(bob.find_frames(&[&frame]).receipts, [(alice(), vec![receipt(own)])]);
    assert!(bob.find_public_frames(&[&frame]).receipts.is_empty(), "nobody sends receipts in public");
    assert_eq!(bob.receipt(), None, "a frame with nothing but receipts is not answered");
}
