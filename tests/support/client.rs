//! An MQTT client that keeps everything it gets and can be waited for.

use std::time::{Duration, Instant};

use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::in_time;
use crate::patience;

/// Where bridges tell of themselves.
const STATES: &str = "mqtt-twister/";

/// A message as a subscriber got it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Message {
    pub topic: String,
    pub payload: Vec<u8>,
}

/// A connection with a persistent session: it comes back by itself when the broker does, and misses nothing.
pub struct Client {
    client: AsyncClient,
    seen: watch::Receiver<Seen>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Seen {
    messages: Vec<Message>,
    /// Those of them that the broker had kept.
    kept: Vec<Message>,
    /// What bridges tell of themselves, each at its own broker.
    states: Vec<Message>,
    subscribed: usize,
    published: usize,
    connected: bool,
}

impl Client {
    /// Connects as `name`.
    pub async fn connect(port: u16, name: &str) -> Self {
        Self::connect_with(MqttOptions::new(name, "127.0.0.1", port)).await
    }

    /// Connects as `name`, with a user name and password.
    pub async fn connect_as(port: u16, name: &str, user: &str, password: &str) -> Self {
        let mut options = MqttOptions::new(name, "127.0.0.1", port);
        options.set_credentials(user, password);
        Self::connect_with(options).await
    }

    /// Connects and subscribes to `filter`: what the tests call a person who watches.
    pub async fn watching(port: u16, filter: &str) -> Self {
        let watcher = Self::connect(port, "watcher").await;
        watcher.subscribe(filter).await;
        watcher
    }

    async fn connect_with(mut options: MqttOptions) -> Self {
        options.set_clean_session(false).set_keep_alive(Duration::from_secs(30));
        options.set_max_packet_size(1 << 20, 1 << 20);
        let (client, events) = AsyncClient::new(options, 16);
        let (tell, seen) = watch::channel(Seen::default());
        let connected = Self { client, seen, task: tokio::spawn(drive(events, tell)) };
        connected.until("the connection", |seen| seen.connected).await;
        connected
    }

    /// Subscribes with QoS 1; returns when the broker has said yes.
    pub async fn subscribe(&self, filter: &str) {
        let before = self.seen.borrow().subscribed;
        self.client.subscribe(filter, QoS::AtLeastOnce).await.unwrap();
        self.until("the subscription", |seen| seen.subscribed > before).await;
    }

    /// Publishes with QoS 1; returns when the broker has it.
    pub async fn publish(&self, topic: &str, payload: impl Into<Vec<u8>>) {
        self.publish_with(topic, payload, QoS::AtLeastOnce).await;
    }

    /// Leaves a retained message; returns when the broker has it.
    pub async fn retain(&self, topic: &str, payload: impl Into<Vec<u8>>) {
        let before = self.seen.borrow().published;
        self.client.publish(topic, QoS::AtLeastOnce, true, payload).await.unwrap();
        self.until("the acknowledgement", |seen| seen.published > before).await;
    }

    /// Publishes with QoS 1 or 2; returns when the broker has it.
    pub async fn publish_with(&self, topic: &str, payload: impl Into<Vec<u8>>, qos: QoS) {
        self.hand_over(topic, payload.into(), qos, false).await;
    }

    /// Publishes with QoS 1 what the broker is to keep; an empty payload clears it. Returns when the broker has it.
    pub async fn publish_retained(&self, topic: &str, payload: impl Into<Vec<u8>>) {
        self.hand_over(topic, payload.into(), QoS::AtLeastOnce, true).await;
    }

    async fn hand_over(&self, topic: &str, payload: Vec<u8>, qos: QoS, retain: bool) {
        let before = self.seen.borrow().published;
        self.client.publish(topic, qos, retain, payload).await.unwrap();
        self.until("the acknowledgement", |seen| seen.published > before).await;
    }

    /// Publishes with QoS 1, many under way at a time; returns when the broker has all of them.
    pub async fn publish_all(&self, topic: &str, payloads: impl ExactSizeIterator<Item = String>) {
        let goal = self.seen.borrow().published + payloads.len();
        for payload in payloads {
            self.client.publish(topic, QoS::AtLeastOnce, false, payload).await.unwrap();
        }
        self.until("all acknowledgements", |seen| seen.published >= goal).await;
    }

    /// Waits until `count` messages have come, and returns how many there were when.
    pub async fn progress_to(&self, count: usize) -> Vec<(Instant, usize)> {
        let mut seen = self.seen.clone();
        let mut progress = Vec::new();
        loop {
            let arrived = seen.borrow_and_update().messages.len();
            progress.push((Instant::now(), arrived));
            if arrived >= count {
                return progress;
            }
            in_time("the next message", seen.changed()).await.unwrap();
        }
    }

    /// Waits until the last that bridges told of themselves here is that one of them is `state`.
    pub async fn wait_for_state(&self, bridge: &str, state: &str) {
        let topic = format!("{STATES}{bridge}/state");
        let told = format!("\"state\":\"{state}\"");
        let fits = |last: &Message| last.topic == topic && String::from_utf8_lossy(&last.payload).contains(&told);
        self.until(&format!("the state {state}"), |seen| seen.states.last().is_some_and(fits)).await;
    }

    /// All that has come so far from people, in order.
    pub fn messages(&self) -> Vec<Message> {
        self.seen.borrow().messages.clone()
    }

    /// Those of them that the broker had kept.
    pub fn kept(&self) -> Vec<Message> {
        self.seen.borrow().kept.clone()
    }

    /// Waits until `count` messages have come and returns all of them.
    pub async fn wait_for(&self, count: usize) -> Vec<Message> {
        self.wait_until(&format!("message number {count}"), |messages| messages.len() >= count).await
    }

    /// Waits until what has come is enough.
    pub async fn wait_until(&self, what: &str, enough: impl Fn(&[Message]) -> bool) -> Vec<Message> {
        self.until(what, |seen| enough(&seen.messages)).await;
        self.messages()
    }

    /// Waits until what has come is enough, or until nothing more has come for a long while. Returns all that has come.
    pub async fn while_they_come(&self, enough: impl Fn(&[Message]) -> bool) -> Vec<Message> {
        let mut seen = self.seen.clone();
        loop {
            let before = seen.borrow().messages.len();
            if enough(&seen.borrow().messages) {
                return self.messages();
            }
            let more = seen.wait_for(|seen| seen.messages.len() > before);
            if tokio::time::timeout(patience(), more).await.is_err() {
                return self.messages();
            }
        }
    }

    async fn until(&self, what: &str, condition: impl Fn(&Seen) -> bool) {
        let mut seen = self.seen.clone();
        in_time(what, async { drop(seen.wait_for(|seen| condition(seen)).await.unwrap()) }).await;
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn drive(mut events: EventLoop, tell: watch::Sender<Seen>) {
    loop {
        match events.poll().await {
            Ok(event) => {
                tell.send_modify(|seen| note(seen, event));
            }
            Err(_) => {
                tell.send_modify(|seen| seen.connected = false);
                // The event loop connects anew with the next poll.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

fn note(seen: &mut Seen, event: Event) {
    match event {
        Event::Incoming(Packet::ConnAck(_)) => seen.connected = true,
        Event::Incoming(Packet::SubAck(_)) => seen.subscribed += 1,
        Event::Incoming(Packet::PubAck(_) | Packet::PubComp(_)) => seen.published += 1,
        Event::Incoming(Packet::Publish(publish)) => {
            let is_kept = publish.retain;
            let list = if publish.topic.starts_with(STATES) { &mut seen.states } else { &mut seen.messages };
            let message = Message { topic: publish.topic, payload: publish.payload.to_vec() };
            // The broker sends again what it has no acknowledgement for: that is no second message.
            if !publish.dup || !list.contains(&message) {
                list.push(message.clone());
            }
            if is_kept {
                seen.kept.push(message);
            }
        }
        _ => {}
    }
}

impl Message {
    /// What is expected of a message.
    pub fn new(topic: &str, payload: impl Into<Vec<u8>>) -> Self {
        Self { topic: topic.to_owned(), payload: payload.into() }
    }
}
