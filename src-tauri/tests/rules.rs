//! Rules, queue and retained messages, as the window uses them: with "Try it", whose two bridges have brokers and a network.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use mqtt_twister::app::App;
use mqtt_twister::bridges::Notice;
use mqtt_twister::error::{AppErrorCode, CommandError, ErrorCode};
use mqtt_twister::passwords::SystemKeyring;
use mqtt_twister::queue::{QueuePart, QueueReceiver, QueueSelection, QueueStage};
use mqtt_twister::retained::RetainedView;
use mqtt_twister::rules::{HeldBackReason, IncomingView, RehearsalInput, RuleProblemCode};
use mqtt_twister::view::{BridgeId, BridgeInput, Effect, PayloadFormat};
use mqtt_twister_bridge::event::Phase;
use mqtt_twister_bridge::message::{Message, Qos};
use mqtt_twister_bridge::publish::publish;
use mqtt_twister_bridge::queue::QueueAction;
use mqtt_twister_bridge::secrets::Password;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(30);

struct World {
    app: App,
    notices: mpsc::UnboundedReceiver<Notice>,
    _folder: TempDir,
}

impl World {
    /// "Try it" with both bridges stopped. Whatever is asked of the keyring is not there, and is not needed.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (sender, notices) = mpsc::unbounded_channel();
        let tell = Arc::new(move |notice| drop(sender.send(notice)));
        let app = App::open(folder.path().to_owned(), Arc::new(SystemKeyring), tell);
        app.tryout.open().await.unwrap();
        Self { app, notices, _folder: folder }
    }

    /// The same with both bridges running and ready.
    async fn running() -> Self {
        let mut world = Self::new().await;
        for id in [alice(), bob()] {
            world.app.start(&id).await.unwrap();
            world.until(async |app| app.bridge(&id).unwrap().state().ready).await;
        }
        world
    }

    /// Waits until it is so, looking again whenever something has happened.
    async fn until(&mut self, so: impl AsyncFn(&App) -> bool) {
        let reached = async {
            while !so(&self.app).await {
                // Something may change that nobody tells of; looking again costs little.
                let _ = timeout(Duration::from_millis(50), self.notices.recv()).await;
            }
        };
        timeout(LIMIT, reached).await.expect("it is so in time");
    }

    /// The settings of a bridge with some fields changed.
    fn input(&self, id: &BridgeId, fields: Value) -> BridgeInput {
        let mut config = serde_json::to_value(&self.app.bridge(id).unwrap().config).unwrap();
        config.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        BridgeInput { replaces: Some(id.clone()), config, node_password: None, broker_password: None }
    }

    fn message(&self, fields: Value, topic: &str) -> RehearsalInput {
        RehearsalInput {
            bridge: self.input(&alice(), fields),
            from: None,
            topic: topic.to_owned(),
            payload: "open".to_owned(),
            format: PayloadFormat::Text,
            qos: 1,
            retain: true,
        }
    }

    async fn publish(&self, id: &BridgeId, topic: &str, retain: bool) {
        let broker = self.app.bridge(id).unwrap().config.broker.clone();
        let message = Message { retain, ..Message::new(topic.parse().unwrap(), topic, Qos::AtLeastOnce) };
        publish(&broker, &Password::default(), message).await.unwrap();
    }
}

fn alice() -> BridgeId {
    BridgeId::tryout("alice".parse().unwrap())
}

fn bob() -> BridgeId {
    BridgeId::tryout("bob".parse().unwrap())
}

fn everything() -> QueueSelection {
    QueueSelection { ids: Vec::new(), receiver: None, topic: None }
}

fn code(error: &CommandError) -> ErrorCode {
    error.code
}

#[tokio::test]
async fn rules_are_applied_to_a_running_bridge_without_a_pause() {
    let mut world = World::running().await;
    let account = world.app.bridge(&bob()).unwrap().config.twister.account.to_string();
    let rules = json!({
        "publications": ["windows/#"],
        "forwards": [{"from": "windows/#", "type": "private", "to": [account]}],
    });
    let saved = world.app.save(world.input(&alice(), rules)).await.unwrap();
    assert_eq!(saved.effect, Effect::Live);
    let saved = world.app.save(world.input(&bob(), json!({"subscriptions": ["windows/#"]}))).await.unwrap();
    assert_eq!(saved.effect, Effect::Live);
    assert_eq!(world.app.bridge(&alice()).unwrap().state().phase, Phase::Running);
    // Until alice hears that bob wants it now, nothing is sent.
    let input = world.message(json!({}), "windows/1");
    let heard = async |app: &App| app.rehearse(input.clone()).await.unwrap().sent.iter().any(|sent| !sent.uncertain);
    world.until(heard).await;
    let before = world.app.bridge(&bob()).unwrap().state().counters.delivered;
    world.publish(&alice(), "windows/1", false).await;
    world.until(async |app| app.bridge(&bob()).unwrap().state().counters.delivered > before).await;
    world.app.stop(&alice()).await.unwrap();
    assert_eq!(world.app.bridge(&alice()).unwrap().state().phase, Phase::Stopped);
    let saved = world.app.save(world.input(&alice(), json!({"forwards": []}))).await.unwrap();
    assert_eq!(saved.effect, Effect::AtStart);
    world.app.close().await;
}

#[tokio::test]
async fn try_it_keeps_its_broker_and_node() {
    let world = World::new().await;
    let mut input = world.input(&alice(), json!({}));
    input.config["broker"]["url"] = json!("mqtt://127.0.0.1:9");
    let error = world.app.save(input).await.unwrap_err();
    assert_eq!(code(&error), ErrorCode::App(AppErrorCode::InvalidSettings));
    world.app.close().await;
}

#[tokio::test]
async fn rules_are_checked_and_rehearsed_before_they_are_saved() {
    let world = World::new().await;
    let rules = json!({
        "publications": ["doors/#"],
        "forwards": [{"from": "doors/#", "add_prefix": "alice/"}, {"from": "doors/1"}, {"from": "x", "type": "private"}],
    });
    let problems = world.app.check_rules(&world.input(&alice(), rules.clone()));
    assert_eq!(problems.len(), 1);
    assert_eq!((problems[0].field.as_str(), problems[0].code), ("forwards[2].to", RuleProblemCode::PrivateToNobody));
    let error = world.app.rehearse(world.message(rules.clone(), "doors/1")).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("forwards[2].to"));

    let rules =
        json!({"publications": rules["publications"], "forwards": [rules["forwards"][0], rules["forwards"][1]]});
    let rehearsal = world.app.rehearse(world.message(rules.clone(), "doors/1")).await.unwrap();
    assert!(rehearsal.heard);
    let sent = &rehearsal.sent[0];
    assert_eq!((sent.forward, sent.topic.as_str(), sent.receiver.as_deref()), (0, "alice/doors/1", None));
    assert!(sent.posts == Some(1) && sent.bytes.is_some_and(|bytes| bytes > 100) && sent.retain);
    assert_eq!((rehearsal.held_back[0].reason, rehearsal.held_back[0].by), (HeldBackReason::Earlier, Some(0)));
    assert!(!world.app.rehearse(world.message(rules, "windows/1")).await.unwrap().heard);
    world.app.close().await;
}

#[tokio::test]
async fn a_message_that_would_come_in_is_rehearsed() {
    let world = World::new().await;
    let account = world.app.bridge(&bob()).unwrap().config.twister.account.to_string();
    let rules = json!({"subscriptions": ["a", {"filter": "doors/#", "add_prefix": "bob/", "max_qos": 0}]});
    let verdict = |from: &str, topic: &str| {
        let input = RehearsalInput { from: Some(from.to_owned()), ..world.message(rules.clone(), topic) };
        world.app.rehearse_incoming(&input).unwrap()
    };
    let wanted = IncomingView::Wanted { subscription: 1, topic: "bob/doors/1".to_owned(), qos: 0, retain: true };
    assert_eq!(verdict(&account, "doors/1"), wanted);
    assert_eq!(verdict(&account, "windows/1"), IncomingView::Unwanted);
    assert!(matches!(verdict("stranger", "doors/1"), IncomingView::Refused { .. }));
    world.app.close().await;
}

#[tokio::test]
async fn what_the_bridge_has_seen_is_suggested_and_replayed() {
    let mut world = World::running().await;
    let rules = json!({"publications": ["#"], "forwards": []});
    world.app.save(world.input(&alice(), rules)).await.unwrap();
    for topic in ["doors/1", "doors/1", "lamps/1"] {
        world.publish(&alice(), topic, false).await;
    }
    let seen = async |app: &App| app.suggest_topics(&alice()).await.unwrap();
    world.until(async |app| seen(app).await.iter().map(|topic| topic.messages).sum::<u64>() == 3).await;
    let topics = seen(&world.app).await;
    assert_eq!((topics[1].topic.as_str(), topics[1].messages), ("doors/1", 2));
    let replay = world.app.replay(world.input(&alice(), json!({"forwards": [{"from": "doors/#"}]}))).await.unwrap();
    assert_eq!((replay.messages, replay.unsent, replay.rules[0].copies), (3, 1, 2));
    world.app.close().await;
}

#[tokio::test]
async fn the_queue_is_held_and_released_whether_the_bridge_runs_or_not() {
    let mut world = World::running().await;
    let rules = json!({
        "publications": ["doors/#"],
        "forwards": [{"from": "doors/#", "max_wait_ms": 86_400_000, "type": "private", "to": ["mqtt_nobody"]}],
    });
    world.app.save(world.input(&alice(), rules)).await.unwrap();
    for topic in ["doors/1", "doors/2", "doors/3"] {
        world.publish(&alice(), topic, false).await;
    }
    let waiting = async |app: &App, id: &BridgeId| app.count_queue(id, everything()).await.unwrap();
    world.until(async |app| waiting(app, &alice()).await.waiting == 3).await;
    let summary = world.app.queue(&alice()).await.unwrap().remove(0);
    assert_eq!((summary.receiver.as_deref(), summary.counts.waiting), (Some("mqtt_nobody"), 3));
    let receiver = Some(QueueReceiver { account: Some("mqtt_nobody".to_owned()) });
    let doors =
        |topic: &str| QueueSelection { receiver: receiver.clone(), topic: Some(topic.to_owned()), ..everything() };
    let change = world.app.change_queue(&alice(), QueueAction::Hold, doors("doors/1")).await.unwrap();
    assert_eq!((change.changed, change.too_late), (1, 0));

    world.app.stop(&alice()).await.unwrap();
    let counts = waiting(&world.app, &alice()).await;
    assert_eq!((counts.waiting, counts.held), (2, 1));
    world.app.change_queue(&alice(), QueueAction::Release, everything()).await.unwrap();
    world.app.change_queue(&alice(), QueueAction::Drop, doors("doors/2")).await.unwrap();
    let part = QueuePart { selection: everything(), after: 0, limit: 1 };
    let page = world.app.queue_page(&alice(), part).await.unwrap();
    assert!(page.more);
    assert_eq!((page.entries[0].topic.as_str(), page.entries[0].stage), ("doors/1", QueueStage::Waiting));
    let part = QueuePart { selection: everything(), after: page.entries[0].id, limit: 10 };
    let page = world.app.queue_page(&alice(), part).await.unwrap();
    assert_eq!((page.more, page.entries[0].topic.as_str()), (false, "doors/3"));
    world.app.close().await;
}

#[tokio::test]
async fn retained_messages_are_seen_here_and_there_and_cleared_at_both_ends() {
    let mut world = World::running().await;
    let account = world.app.bridge(&bob()).unwrap().config.twister.account.to_string();
    let rules = json!({
        "publications": ["doors/#"],
        "forwards": [{"from": "doors/#", "type": "private", "to": [account]}],
    });
    world.app.save(world.input(&alice(), rules)).await.unwrap();
    world
        .app
        .save(world.input(&bob(), json!({"subscriptions": ["doors/#"], "forwards": [], "publications": []})))
        .await
        .unwrap();
    world.publish(&alice(), "doors/7", true).await;
    let rows = async |app: &App, id: &BridgeId| -> Vec<RetainedView> {
        let rows = app.retained(id).await.unwrap();
        rows.into_iter().filter(|row| row.topic.as_deref() == Some("doors/7")).collect()
    };
    let settled = |row: &RetainedView| row.there.iter().all(|there| there.same && there.coming.is_none());
    world.until(async |app| rows(app, &alice()).await.iter().any(|row| !row.there.is_empty() && settled(row))).await;
    let at_bobs = rows(&world.app, &bob()).await.remove(0);
    assert!(at_bobs.came_in && at_bobs.there.is_empty());

    world.app.clear_retained(&alice(), vec!["doors/7".to_owned()], Vec::new()).await.unwrap();
    world.until(async |app| rows(app, &bob()).await.is_empty()).await;
    world.app.stop(&alice()).await.unwrap();
    let error = world.app.retained(&alice()).await.unwrap_err();
    assert_eq!(code(&error), ErrorCode::App(AppErrorCode::NotRunning));
    world.app.close().await;
}
