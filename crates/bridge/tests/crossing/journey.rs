//! What is told of a message on its way: every step, under one name, with all that a person may want to know of it.

use mqtt_twister_bridge::event::{BridgeEvent, Direction, MessageEvent, Signature, Step};
use mqtt_twister_bridge::message::{Message, Properties, Qos};
use mqtt_twister_bridge::publish::publish;
use mqtt_twister_bridge::secrets::Password;
use mqtt_twister_sandbox::Network;
use serde_json::json;
use tokio::sync::broadcast;
use tokio::time::timeout;

use crate::support::{LIMIT, Side, network};

async fn sides(network: &Network) -> (Side, Side) {
    let alice = json!({
        "following": ["mqtt_bob"],
        "publications": ["doors/#", "attic/#"],
        "forwards": [{"from": "doors/#", "type": "private", "to": ["mqtt_bob"], "add_prefix": "alice/"}, {"from": "doors/#"}],
    });
    let bob = json!({
        "following": ["mqtt_alice"],
        "subscriptions": [{"filter": "alice/#", "strip_prefix": "alice/"}],
    });
    (Side::new(network, 0, "mqtt_alice", alice).await, Side::new(network, 1, "mqtt_bob", bob).await)
}

/// The steps until `last`, of messages for or from `peer`.
async fn steps(events: &mut broadcast::Receiver<BridgeEvent>, peer: Option<&str>, last: Step) -> Vec<MessageEvent> {
    let mut steps: Vec<MessageEvent> = Vec::new();
    let all = async {
        while steps.last().is_none_or(|step| step.step != last) {
            match events.recv().await.unwrap() {
                BridgeEvent::Message(event) if event.peer.as_deref() == peer => steps.push(*event),
                _ => {}
            }
        }
    };
    timeout(LIMIT, all).await.expect("the last step is told in time");
    steps
}

fn message(topic: &str) -> Message {
    let properties = Properties {
        is_text: true,
        content_type: Some("text/plain".to_owned()),
        response_topic: Some("doors/answer".parse().unwrap()),
        correlation_data: Some(vec![1, 2]),
        expiry_s: Some(3600),
        user: vec![("room".to_owned(), "hall".to_owned())],
    };
    Message { retain: true, properties, ..Message::new(topic.parse().unwrap(), "open", Qos::AtLeastOnce) }
}

#[tokio::test]
async fn every_step_of_a_message_is_told_under_one_name_on_both_sides() {
    let network = network().await;
    let (alice, bob) = sides(&network).await;
    let (at_alice, at_bob) = (alice.start_ready().await, bob.start_ready().await);
    let (mut out, mut back) = (at_alice.events(), at_bob.events());
    publish(&alice.config.broker, &Password::default(), message("doors/1")).await.unwrap();

    let sent = steps(&mut out, Some("mqtt_bob"), Step::Acked).await;
    let kinds: Vec<Step> = sent.iter().map(|step| step.step).filter(|step| *step != Step::Seen).collect();
    assert_eq!(kinds, [Step::Queued, Step::Posted, Step::Acked]);
    for step in &sent {
        assert_eq!((&step.id, step.direction, step.account.as_str()), (&sent[0].id, Direction::Out, "mqtt_alice"));
        assert_eq!((step.topic.as_str(), step.payload.bytes()), ("alice/doors/1", b"open".as_slice()));
        assert_eq!((&step.properties.user, step.retain), (&message("a").properties.user, true));
        assert!(step.taken_ms.is_some_and(|taken| taken <= step.time_ms));
    }
    assert_eq!(sent[0].local_topic.as_deref(), Some("doors/1"));
    let posted = sent.iter().find(|step| step.step == Step::Posted).unwrap();
    assert_eq!((posted.number.is_some(), posted.signature), (true, Some(Signature::ReadBack)));

    let came = steps(&mut back, Some("mqtt_alice"), Step::Delivered).await;
    assert_eq!(came.iter().map(|step| step.step).collect::<Vec<_>>(), [Step::Received, Step::Delivered]);
    for step in &came {
        assert_eq!((&step.id, step.number), (&came[0].id, posted.number));
        assert_eq!((step.topic.as_str(), step.signature), ("doors/1", Some(Signature::Checked)));
        assert_eq!((step.path.as_slice(), step.properties.is_text), (["mqtt_alice".to_owned()].as_slice(), true));
    }
    let name = |id: &str| id.rsplit_once('/').unwrap().0.to_owned();
    assert_eq!(name(&sent[0].id), name(&came[0].id));
}

#[tokio::test]
async fn copies_of_a_message_have_names_of_their_own_and_one_that_goes_nowhere_is_told_too() {
    let network = network().await;
    let (alice, _bob) = sides(&network).await;
    let at_alice = alice.start_ready().await;
    let mut out = at_alice.events();
    alice.publish("attic/1", b"dark", Qos::AtLeastOnce).await;
    let taken = steps(&mut out, None, Step::Taken).await;
    assert_eq!((taken[0].topic.as_str(), taken[0].public), ("attic/1", false));
    alice.publish("doors/1", b"open", Qos::AtLeastOnce).await;
    let public = steps(&mut out, None, Step::Posted).await;
    assert!(public.iter().all(|step| step.public && step.id == public[0].id && step.id.ends_with('/')));
}
