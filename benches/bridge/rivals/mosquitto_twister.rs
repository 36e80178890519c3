//! What mosquitto-twister does, the script of 2014 that this program descends from: one loop that waits for its broker, posts each
//! message alone as it comes, and looks once for new posts. Without Python and on one connection it is quicker than the script was.

use std::time::Duration;

use mqtt_twister_bridge::frame::v0::{self, Frame};
use mqtt_twister_bridge::message::Qos;
use mqtt_twister_sandbox::Network;
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, Publish, QoS};
use tokio::task::JoinHandle;
use twister::{Client, Credentials, PostNumber, PostRange, Username};

use crate::pair::{PASSWORD, USER};

/// How long the loop waits for the broker before it looks for posts: what paho's `loop()` does unless told otherwise.
const LOOP_TIMEOUT: Duration = Duration::from_secs(1);

/// Posts that it asks for at a time.
const COUNT: u32 = 100;

/// One of them, for one account. It ends when dropped.
pub struct MosquittoTwister(JoinHandle<()>);

struct Side {
    node: Client,
    account: Username,
    following: Option<Username>,
    broker: AsyncClient,
    events: EventLoop,
    last_seen: Option<PostNumber>,
}

impl MosquittoTwister {
    /// Posts for everybody what is published below `publications`.
    pub fn sending(network: &Network, node: usize, account: &str, port: u16, publications: &str) -> Self {
        let side = Side::new(network, node, account, None, port);
        let publications = format!("{publications}/#");
        Self(tokio::spawn(async move {
            side.broker.subscribe(publications, QoS::AtLeastOnce).await.unwrap();
            side.run().await;
        }))
    }

    /// Publishes what `following` posts.
    pub fn receiving(network: &Network, node: usize, account: &str, port: u16, following: &str) -> Self {
        let side = Side::new(network, node, account, Some(following), port);
        network.follow(node, account, &[following]);
        Self(tokio::spawn(side.run()))
    }
}

impl Drop for MosquittoTwister {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Side {
    fn new(network: &Network, node: usize, account: &str, following: Option<&str>, port: u16) -> Self {
        let node = network.node(node).url().parse().unwrap();
        let (broker, events) = AsyncClient::new(MqttOptions::new(format!("{account}_script"), "127.0.0.1", port), 1000);
        Self {
            node: Client::new(&node, &Credentials::new(USER, PASSWORD)).unwrap(),
            account: account.parse().unwrap(),
            following: following.map(|name| name.parse().unwrap()),
            broker,
            events,
            last_seen: None,
        }
    }

    async fn run(mut self) {
        if let Some(following) = &self.following {
            self.last_seen = self.node.last_have(&self.account).await.unwrap().get(following).copied().flatten();
        }
        loop {
            if let Ok(event) = tokio::time::timeout(LOOP_TIMEOUT, self.events.poll()).await
                && let Event::Incoming(Packet::Publish(message)) = event.unwrap()
            {
                self.post(message).await;
            }
            self.look().await;
        }
    }

    async fn post(&mut self, Publish { topic, payload, .. }: Publish) {
        let topic = topic.parse().unwrap();
        let text = v0::encode(&Frame { topic, payload: payload.to_vec(), qos: Qos::AtLeastOnce, id: None });
        let last = self.node.last_have(&self.account).await.unwrap()[&self.account];
        let next = last.map_or(PostNumber(0), PostNumber::next);
        self.node.new_post(&self.account, next, &text, None).await.unwrap();
    }

    async fn look(&mut self) {
        let Some(following) = self.following.clone() else { return };
        let range = PostRange { username: following, since: self.last_seen, max: None };
        let mut posts = self.node.posts(COUNT, &[range], None).await.unwrap();
        posts.retain(|found| !found.is_promoted());
        posts.sort_by_key(|found| found.post.number);
        for found in posts {
            self.last_seen = Some(found.post.number);
            if let Ok(Frame { topic, payload, .. }) = v0::decode(found.post.text()) {
                self.broker.publish(topic.as_str(), QoS::AtLeastOnce, false, payload).await.unwrap();
            }
        }
    }
}
