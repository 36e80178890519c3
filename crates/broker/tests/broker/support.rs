//! A client for both protocol versions that connects once, waits for what it is told to wait for, and can vanish.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

use mqtt_twister_broker::{Broker, BrokerOptions};
use rumqttc::v5::mqttbytes::v5 as packets5;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

pub use Protocol::{V4, V5};
pub use rumqttc::v5::mqttbytes::v5::{Filter, PublishProperties};

/// Far more than anything here takes, so that only a message that never comes runs into it.
const PATIENCE: Duration = Duration::from_secs(10);

/// rumqttc hangs up on packets over 10 KiB unless told otherwise.
const LARGEST_PACKET: u32 = 4 * 1024 * 1024;

pub async fn in_time<T>(what: impl Debug, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain for {what:?}"))
}

pub fn any_port() -> BrokerOptions {
    BrokerOptions::on(([127, 0, 0, 1], 0))
}

pub async fn start() -> Broker {
    Broker::start(any_port()).await.unwrap()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    V4,
    V5,
}

/// How a client connects. MQTT 3.1.1's clean session and MQTT 5's clean start with no expiry are one thing here.
#[derive(Clone)]
pub struct Connect {
    protocol: Protocol,
    id: String,
    login: Option<(&'static str, &'static str)>,
    authentication_method: Option<&'static str>,
    keeps_session: bool,
    manual_acks: bool,
}

impl Connect {
    pub fn new(protocol: Protocol, id: &str) -> Self {
        Self {
            protocol,
            id: id.into(),
            login: None,
            authentication_method: None,
            keeps_session: false,
            manual_acks: false,
        }
    }

    pub fn login(self, user: &'static str, password: &'static str) -> Self {
        Self { login: Some((user, password)), ..self }
    }

    pub fn authentication_method(self, method: &'static str) -> Self {
        Self { authentication_method: Some(method), ..self }
    }

    pub fn keeping_session(self) -> Self {
        Self { keeps_session: true, ..self }
    }

    pub fn manual_acks(self) -> Self {
        Self { manual_acks: true, ..self }
    }
}

#[derive(Debug, Clone)]
pub struct Message {
    pub topic: String,
    pub payload: Vec<u8>,
    pub qos: u8,
    pub retain: bool,
    pub dup: bool,
    pub properties: Option<PublishProperties>,
    received: Received,
}

impl Message {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.payload).unwrap()
    }
}

#[derive(Debug, Clone)]
enum Received {
    V4(rumqttc::Publish),
    V5(packets5::Publish),
}

#[derive(Debug)]
enum Event {
    Connected {
        session_present: bool,
    },
    Subscribed,
    Unsubscribed,
    /// The broker has taken over a message this client published.
    Taken,
    Message(Box<Message>),
    /// This client's own packet of this kind is on its way.
    Sent(&'static str),
    Closed(String),
}

pub struct Client {
    api: Api,
    events: UnboundedReceiver<Event>,
    inbox: VecDeque<Message>,
    polling: JoinHandle<()>,
    pub session_present: bool,
}

enum Api {
    V4(rumqttc::AsyncClient),
    V5(rumqttc::v5::AsyncClient),
}

impl Client {
    pub async fn connect(broker: &Broker, connect: Connect) -> Self {
        Self::try_connect(broker, connect).await.unwrap_or_else(|refusal| panic!("not let in: {refusal}"))
    }

    /// The error is the client's own wording of the broker's refusal.
    pub async fn try_connect(broker: &Broker, connect: Connect) -> Result<Self, String> {
        let (events_in, events) = unbounded_channel();
        let (api, polling) = match connect.protocol {
            V4 => connect_v4(broker, connect, events_in),
            V5 => connect_v5(broker, connect, events_in),
        };
        let mut client = Self { api, events, inbox: VecDeque::new(), polling, session_present: false };
        match in_time("an answer to CONNECT", client.events.recv()).await {
            Some(Event::Connected { session_present }) => {
                client.session_present = session_present;
                Ok(client)
            }
            Some(Event::Closed(refusal)) => Err(refusal),
            other => panic!("{other:?} instead of an answer to CONNECT"),
        }
    }

    pub async fn subscribe(&mut self, filter: &str, qos: u8) {
        match &self.api {
            Api::V4(api) => api.subscribe(filter, qos_v4(qos)).await.unwrap(),
            Api::V5(api) => api.subscribe(filter, qos_v5(qos)).await.unwrap(),
        }
        self.wait("SUBACK", |event| matches!(event, Event::Subscribed)).await;
    }

    pub async fn subscribe_no_local(&mut self, filter: &str, qos: u8) {
        let mut filter = Filter::new(filter, qos_v5(qos));
        filter.nolocal = true;
        self.subscribe_with(filter).await;
    }

    pub async fn subscribe_with(&mut self, filter: Filter) {
        self.v5().subscribe_many([filter]).await.unwrap();
        self.wait("SUBACK", |event| matches!(event, Event::Subscribed)).await;
    }

    /// Returns when the broker has taken the message over; with QoS 0, when it is handed to the client.
    pub async fn publish(&mut self, topic: &str, qos: u8, payload: impl AsRef<[u8]>) {
        self.publish_as(topic, qos, false, payload, None).await;
    }

    pub async fn publish_retained(&mut self, topic: &str, qos: u8, payload: impl AsRef<[u8]>) {
        self.publish_as(topic, qos, true, payload, None).await;
    }

    pub async fn publish_as(
        &mut self,
        topic: &str,
        qos: u8,
        retain: bool,
        payload: impl AsRef<[u8]>,
        properties: Option<PublishProperties>,
    ) {
        let payload = payload.as_ref().to_vec();
        match &self.api {
            Api::V4(api) => api.publish(topic, qos_v4(qos), retain, payload).await.unwrap(),
            Api::V5(api) => {
                let properties = properties.unwrap_or_default();
                api.publish_with_properties(topic, qos_v5(qos), retain, payload, properties).await.unwrap();
            }
        }
        if qos > 0 {
            self.wait("PUBACK or PUBCOMP", |event| matches!(event, Event::Taken)).await;
        }
    }

    /// The next message, whenever it came.
    pub async fn message(&mut self) -> Message {
        if let Some(message) = self.inbox.pop_front() {
            return message;
        }
        match self.wait("a message", |event| matches!(event, Event::Message(_))).await {
            Event::Message(message) => *message,
            _ => unreachable!(),
        }
    }

    pub async fn texts(&mut self, count: usize) -> Vec<String> {
        let mut texts = Vec::new();
        for _ in 0..count {
            texts.push(self.message().await.text().to_owned());
        }
        texts
    }

    /// Acknowledges a message of a client with manual acks, and returns when that is complete on this side.
    pub async fn ack(&mut self, message: &Message) {
        match (&self.api, &message.received) {
            (Api::V4(api), Received::V4(publish)) => api.ack(publish).await.unwrap(),
            (Api::V5(api), Received::V5(publish)) => api.ack(publish).await.unwrap(),
            _ => unreachable!(),
        }
        let last = if message.qos == 2 { "PUBCOMP" } else { "PUBACK" };
        self.wait(last, |event| matches!(event, Event::Sent(packet) if *packet == last)).await;
    }

    /// Returns when the broker has worked through everything that this client sent so far.
    pub async fn settle(&mut self) {
        match &self.api {
            Api::V4(api) => api.unsubscribe("nothing").await.unwrap(),
            Api::V5(api) => api.unsubscribe("nothing").await.unwrap(),
        }
        self.wait("UNSUBACK", |event| matches!(event, Event::Unsubscribed)).await;
    }

    /// The connection ends without a goodbye, as when a cable is pulled.
    ///
    /// Call [`settle`](Self::settle) before, where QoS 2 was acknowledged and the client returns: rumqttc 0.25 keeps no trace of an
    /// exchange that the end of a connection cuts in half, and hangs up when the broker goes on with it as it must.
    pub async fn vanish(self) {
        self.polling.abort();
        let _ = self.polling.await;
    }

    /// The client says goodbye.
    pub async fn disconnect(mut self) {
        match &self.api {
            Api::V4(api) => api.disconnect().await.unwrap(),
            Api::V5(api) => api.disconnect().await.unwrap(),
        }
        self.wait("DISCONNECT", |event| matches!(event, Event::Sent("DISCONNECT"))).await;
        self.vanish().await;
    }

    pub async fn closed_by_broker(&mut self) {
        loop {
            match in_time("the end of the connection", self.events.recv()).await {
                Some(Event::Closed(_)) | None => return,
                Some(_) => {}
            }
        }
    }

    pub fn v5(&self) -> &rumqttc::v5::AsyncClient {
        match &self.api {
            Api::V5(api) => api,
            Api::V4(_) => panic!("this client speaks MQTT 3.1.1"),
        }
    }

    async fn wait(&mut self, what: &str, wanted: impl Fn(&Event) -> bool) -> Event {
        loop {
            match in_time(what, self.events.recv()).await {
                Some(event) if wanted(&event) => return event,
                Some(Event::Message(message)) => self.inbox.push_back(*message),
                Some(Event::Closed(reason)) => panic!("the connection ended before {what}: {reason}"),
                Some(_) => {}
                None => panic!("the connection ended before {what}"),
            }
        }
    }
}

fn qos_v4(qos: u8) -> rumqttc::QoS {
    rumqttc::qos(qos).unwrap()
}

fn qos_v5(qos: u8) -> rumqttc::v5::mqttbytes::QoS {
    rumqttc::v5::mqttbytes::qos(qos).unwrap()
}

fn connect_v4(broker: &Broker, connect: Connect, events: UnboundedSender<Event>) -> (Api, JoinHandle<()>) {
    use rumqttc::{Event as Happened, Outgoing, Packet};

    let mut options = rumqttc::MqttOptions::new(connect.id, broker.addr().ip().to_string(), broker.addr().port());
    options
        .set_clean_session(!connect.keeps_session)
        .set_max_packet_size(LARGEST_PACKET as usize, LARGEST_PACKET as usize)
        .set_manual_acks(connect.manual_acks);
    if let Some((user, password)) = connect.login {
        options.set_credentials(user, password);
    }
    let (api, mut connection) = rumqttc::AsyncClient::new(options, 100);
    connection.network_options.set_tcp_nodelay(true);
    let polling = tokio::spawn(async move {
        loop {
            let event = match connection.poll().await {
                Ok(Happened::Incoming(Packet::ConnAck(ack))) => {
                    Event::Connected { session_present: ack.session_present }
                }
                Ok(Happened::Incoming(Packet::SubAck(_))) => Event::Subscribed,
                Ok(Happened::Incoming(Packet::UnsubAck(_))) => Event::Unsubscribed,
                Ok(Happened::Incoming(Packet::PubAck(_) | Packet::PubComp(_))) => Event::Taken,
                Ok(Happened::Incoming(Packet::Publish(publish))) => Event::Message(Box::new(Message {
                    topic: publish.topic.clone(),
                    payload: publish.payload.to_vec(),
                    qos: publish.qos as u8,
                    retain: publish.retain,
                    dup: publish.dup,
                    properties: None,
                    received: Received::V4(publish),
                })),
                Ok(Happened::Outgoing(Outgoing::PubAck(_))) => Event::Sent("PUBACK"),
                Ok(Happened::Outgoing(Outgoing::PubComp(_))) => Event::Sent("PUBCOMP"),
                Ok(Happened::Outgoing(Outgoing::Disconnect)) => Event::Sent("DISCONNECT"),
                Ok(_) => continue,
                Err(error) => {
                    let _ = events.send(Event::Closed(format!("{error:?}")));
                    return;
                }
            };
            if events.send(event).is_err() {
                return;
            }
        }
    });
    (Api::V4(api), polling)
}

fn connect_v5(broker: &Broker, connect: Connect, events: UnboundedSender<Event>) -> (Api, JoinHandle<()>) {
    use packets5::Packet;
    use rumqttc::Outgoing;
    use rumqttc::v5::Event as Happened;

    let mut options = rumqttc::v5::MqttOptions::new(connect.id, broker.addr().ip().to_string(), broker.addr().port());
    options
        .set_clean_start(!connect.keeps_session)
        .set_session_expiry_interval(connect.keeps_session.then_some(3600))
        .set_max_packet_size(Some(LARGEST_PACKET))
        .set_authentication_method(connect.authentication_method.map(str::to_owned))
        .set_manual_acks(connect.manual_acks);
    if let Some((user, password)) = connect.login {
        options.set_credentials(user, password);
    }
    let mut network = options.network_options();
    network.set_tcp_nodelay(true);
    options.set_network_options(network);
    let (api, mut connection) = rumqttc::v5::AsyncClient::new(options, 100);
    let polling = tokio::spawn(async move {
        loop {
            let event = match connection.poll().await {
                Ok(Happened::Incoming(Packet::ConnAck(ack))) => {
                    Event::Connected { session_present: ack.session_present }
                }
                Ok(Happened::Incoming(Packet::SubAck(_))) => Event::Subscribed,
                Ok(Happened::Incoming(Packet::UnsubAck(_))) => Event::Unsubscribed,
                Ok(Happened::Incoming(Packet::PubAck(_) | Packet::PubComp(_))) => Event::Taken,
                Ok(Happened::Incoming(Packet::Publish(publish))) => Event::Message(Box::new(Message {
                    topic: String::from_utf8(publish.topic.to_vec()).unwrap(),
                    payload: publish.payload.to_vec(),
                    qos: publish.qos as u8,
                    retain: publish.retain,
                    dup: publish.dup,
                    properties: publish.properties.clone(),
                    received: Received::V5(publish),
                })),
                Ok(Happened::Outgoing(Outgoing::PubAck(_))) => Event::Sent("PUBACK"),
                Ok(Happened::Outgoing(Outgoing::PubComp(_))) => Event::Sent("PUBCOMP"),
                Ok(Happened::Outgoing(Outgoing::Disconnect)) => Event::Sent("DISCONNECT"),
                Ok(_) => continue,
                Err(error) => {
                    let _ = events.send(Event::Closed(format!("{error:?}")));
                    return;
                }
            };
            if events.send(event).is_err() {
                return;
            }
        }
    });
    (Api::V5(api), polling)
}
