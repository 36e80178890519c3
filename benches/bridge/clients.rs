//! MQTT clients that are as cheap as can be, so that what is measured is not theirs.

use std::time::{Duration, Instant};

use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::support::in_time;

/// Messages that a client may have under way.
const UNDER_WAY: u16 = 200;

/// Publishes with QoS 1.
pub struct Source {
    client: AsyncClient,
    acknowledged: watch::Receiver<u64>,
    published: u64,
    task: JoinHandle<()>,
}

/// Subscribes with QoS 1.
pub struct Sink {
    arrivals: mpsc::UnboundedReceiver<Arrival>,
    task: JoinHandle<()>,
    _client: AsyncClient,
}

/// A message that has come.
pub struct Arrival {
    /// When.
    pub at: Instant,
    pub topic: String,
    pub payload: Vec<u8>,
}

impl Source {
    pub async fn connect(port: u16) -> Self {
        let (client, mut events) = AsyncClient::new(options(port, "source"), usize::from(UNDER_WAY));
        acknowledged(&mut events).await;
        let (tell, acknowledged) = watch::channel(0);
        let task = tokio::spawn(async move {
            while let Ok(event) = events.poll().await {
                if let Event::Incoming(Packet::PubAck(_)) = event {
                    tell.send_modify(|count| *count += 1);
                }
            }
        });
        Self { client, acknowledged, published: 0, task }
    }

    /// Hands a message over to the connection.
    pub async fn publish(&mut self, topic: &str, payload: String) {
        self.client.publish(topic, QoS::AtLeastOnce, false, payload).await.unwrap();
        self.published += 1;
    }

    /// Waits until the broker has all that was published.
    pub async fn settled(&mut self) {
        let all = self.published;
        in_time("the acknowledgements", async { drop(self.acknowledged.wait_for(|count| *count >= all).await) }).await;
    }
}

impl Sink {
    /// Returns when the broker has subscribed it to `filter`.
    pub async fn subscribe(port: u16, filter: &str) -> Self {
        let (client, mut events) = AsyncClient::new(options(port, "sink"), usize::from(UNDER_WAY));
        acknowledged(&mut events).await;
        client.subscribe(filter, QoS::AtLeastOnce).await.unwrap();
        while !matches!(events.poll().await.unwrap(), Event::Incoming(Packet::SubAck(_))) {}
        let (tell, arrivals) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            while let Ok(event) = events.poll().await {
                if let Event::Incoming(Packet::Publish(publish)) = event {
                    let (topic, payload) = (publish.topic, publish.payload.to_vec());
                    if tell.send(Arrival { at: Instant::now(), topic, payload }).is_err() {
                        return;
                    }
                }
            }
        });
        Self { arrivals, task, _client: client }
    }

    /// The next message.
    pub async fn next(&mut self) -> Arrival {
        in_time("the next message", self.arrivals.recv()).await.expect("the subscriber's connection holds")
    }

    /// All that have come by now and were not taken yet.
    pub fn take(&mut self) -> Vec<Arrival> {
        std::iter::from_fn(|| self.arrivals.try_recv().ok()).collect()
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Waits until messages below each of `prefixes` get from one broker to another.
pub async fn connected(from: u16, to: u16, prefixes: &[&str]) {
    let mut sink = Sink::subscribe(to, "#").await;
    let mut source = Source::connect(from).await;
    for prefix in prefixes {
        let topic = format!("{prefix}/hello");
        let arrived = |arrivals: Vec<Arrival>| arrivals.iter().any(|arrival| arrival.topic == topic);
        while !arrived(sink.take()) {
            source.publish(&topic, String::new()).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn options(port: u16, name: &str) -> MqttOptions {
    let mut options = MqttOptions::new(name, "127.0.0.1", port);
    options.set_inflight(UNDER_WAY).set_keep_alive(Duration::from_secs(30)).set_max_packet_size(1 << 20, 1 << 20);
    options
}

async fn acknowledged(events: &mut EventLoop) {
    while !matches!(events.poll().await.unwrap(), Event::Incoming(Packet::ConnAck(_))) {}
}
