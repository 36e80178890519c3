//! The recorded people under names of this network, and what their requests become here.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use twister::limits::{PostNumbers, post_room};
use twister::{BlockHeight, PostNumber, Username};

use super::http::{Auth, Connection, Reply};
use super::recording::Step;
use crate::network::{Network, random_name};
use crate::node::Node;

/// Recorded texts of this length or more are as long as a post may be.
pub const LARGE: usize = 1500;

/// Who stands for whom, and which of this network's texts stands for which recorded one.
pub struct Scenario<'a> {
    network: &'a Network,
    texts: BTreeMap<String, String>,
    pub carol: Username,
    pub dave: Username,
}

impl<'a> Scenario<'a> {
    /// Carol and dave are names that nobody has; mqtt_alice and mqtt_bob have accounts on A and B, as they had.
    pub async fn new(network: &'a Network) -> Self {
        // As long as the recorded ones, which count towards the sizes of posts.
        let (carol, dave) = (unknown_name(network, 5).await, unknown_name(network, 4).await);
        let nobody = unknown_name(network, 11).await;
        let texts = [
            ("carol", carol.to_string()),
            ("car", carol.as_str()[..3].to_owned()),
            ("caro", carol.as_str()[..4].to_owned()),
            ("@dave look #mqtt", format!("@{dave} look #mqtt")),
            ("dave", dave.to_string()),
            ("mqtt_alice", network.account(0).await.to_string()),
            ("mqtt_bob", network.account(1).await.to_string()),
            ("nobody_here", nobody.to_string()),
            ("nokeyhere", unknown_name(network, 9).await.to_string()),
        ];
        let texts = texts.into_iter().map(|(recorded, own)| (recorded.to_owned(), own)).collect();
        Self { network, texts, carol, dave }
    }

    pub fn node(&self, step: &Step) -> &'a Node {
        self.network.node(usize::from(step.node == "B"))
    }

    /// Sends what was recorded, with this network's values in place of the recorded ones.
    pub async fn send(&self, step: &Step) -> Reply {
        let node = self.node(step);
        let (user, password) = (node.credentials.user(), node.credentials.expose_password());
        let own = Auth::Password { user, password };
        let (auth, body) = match step.request.as_str() {
            Some(body) if step.step == "raw: no auth" => (Auth::Nothing, body.to_owned()),
            Some(body) if step.step == "raw: bad password" => {
                (Auth::Password { user, password: "wrong" }, body.to_owned())
            }
            Some(body) => (own, body.to_owned()),
            None => (own, self.request(step).await.to_string()),
        };
        let mut connection = Connection::to(node.url.host(), node.url.port()).await;
        connection.send("POST", "/", &auth, &body).await.expect("a reply")
    }

    async fn request(&self, step: &Step) -> Value {
        let mut request = self.translate(&step.request);
        let text = request.pointer_mut("/params/2").filter(|_| step.method() == "newpostmsg");
        if let Some(text) = text.filter(|text| text.as_str().is_some_and(|text| text.len() >= LARGE)) {
            // How much fits depends on how many digits the chain's height has.
            let over = usize::from(step.status != 200);
            let room = post_room(&self.carol, self.numbers(step).await);
            *text = json!("a".repeat(room + over));
        }
        request
    }

    async fn numbers(&self, step: &Step) -> PostNumbers {
        let number = step.params()[1].as_u64().unwrap().try_into().unwrap();
        let height = self.node(step).client.block_count().await.unwrap();
        let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        PostNumbers {
            number: PostNumber(number),
            height: BlockHeight(height.0 - 1),
            time: time.try_into().unwrap(),
            last_public: Some(PostNumber(number - 1)),
        }
    }

    /// Remembers which text of this network stands for a recorded one that later requests name.
    pub fn remember(&mut self, step: &Step, reply: &Value) {
        let own = reply["result"].as_str();
        if let (Some(recorded), Some(own)) = (step.response["result"].as_str(), own)
            && ["getbestblockhash", "creategroup"].contains(&step.method())
        {
            self.texts.insert(recorded.to_owned(), own.to_owned());
        }
    }

    /// A recorded value in this network's words.
    pub fn translate(&self, value: &Value) -> Value {
        let own = |text: &String| self.texts.get(text).unwrap_or(text).clone();
        match value {
            Value::String(text) => Value::String(own(text)),
            Value::Array(items) => items.iter().map(|item| self.translate(item)).collect(),
            Value::Object(members) => members.iter().map(|(name, value)| (own(name), self.translate(value))).collect(),
            other => other.clone(),
        }
    }
}

/// A name that is not registered.
async fn unknown_name(network: &Network, length: usize) -> Username {
    loop {
        let name = random_name(length);
        if network.node(0).client.registration(&name).await.unwrap().is_none() {
            return name;
        }
    }
}
