//! The two networks as they were when the exchanges were recorded, and what happened between these.

use mqtt_twister_sandbox::{Arrivals, Clock, ManualClock, Network, Node, ReleaseOrder, SelfCopy, Via};
use serde_json::{Value, json};

use crate::http::{Auth, Connection, Reply, call};
use crate::masks::Masks;
use crate::recording::{Before, Step};

/// When the first recorded post of each network was made.
const JOINED_START: i64 = 1_795_397_288;
const UNJOINED_START: i64 = 1_795_399_191;

pub struct Scenario {
    network: Network,
    clock: ManualClock,
}

impl Scenario {
    /// Joined swarms, `mqtt_alice` in A's wallet and `mqtt_bob` in B's, 300 blocks.
    pub async fn joined() -> Self {
        let scenario = Self::start(JOINED_START, true, 300).await;
        scenario.network.set_self_copy(SelfCopy::First);
        scenario
    }

    /// Swarms that are not joined, four blocks, and three posts of which two were carried to B.
    pub async fn unjoined() -> Self {
        let scenario = Self::start(UNJOINED_START, false, 4).await;
        let (a, b) = (scenario.network.node(0), scenario.network.node(1));
        let message = call(a, "newdirectmsg", json!(["mqtt_alice", 0, "mqtt_bob", "carried by hand"])).await.unwrap();
        let post = call(a, "newpostmsg", json!(["mqtt_alice", 1, "carried"])).await.unwrap();
        call(a, "newpostmsg", json!(["mqtt_alice", 2, "not carried"])).await.unwrap();
        for (number, signed) in [(0, message), (1, post)] {
            call(b, "newpostraw", json!(["mqtt_alice", number, raw(&signed)])).await.unwrap();
        }
        scenario
    }

    async fn start(now: i64, joined: bool, height: u32) -> Self {
        let clock = ManualClock::new(now);
        let builder = Network::builder().nodes(2).swarms_joined(joined).start_height(2);
        let network = builder.clock(Clock::Manual(clock.clone())).start().await.unwrap();
        let accounts = [(network.node(0), "mqtt_alice"), (network.node(1), "mqtt_bob")];
        for (node, name) in accounts {
            call(node, "createwalletuser", json!([name])).await.unwrap();
            call(node, "sendnewusertransaction", json!([name])).await.unwrap();
        }
        network.mine(height - 2);
        for (node, name) in accounts {
            call(node, "follow", json!([name, ["mqtt_alice", "mqtt_bob"]])).await.unwrap();
        }
        Self { network, clock }
    }

    /// Lets time pass and happen what happened before a step.
    pub async fn prepare(&mut self, step: &Step, steps: &[&Step]) {
        let shown_later = || entry_time(step, steps);
        if let Some(time) = step.newest_time().or_else(shown_later) {
            self.clock.advance((time - self.clock.now()).max(0));
        }
        let (a, b) = (self.network.node(0), self.network.node(1));
        match step.before() {
            None => {}
            Some(Before::Mine) => self.network.mine(3),
            Some(Before::HoldPosts) => {
                a.set_arrivals(Via::Rpc, Arrivals::Held);
                b.set_arrivals(Via::Peer, Arrivals::Held);
            }
            Some(Before::StorePosts) => a.set_arrivals(Via::Rpc, Arrivals::AtOnce),
            Some(Before::DeliverPosts) => {
                b.release_arrivals(Via::Peer, &ReleaseOrder::Numbers(vec![17, 15, 16, 18, 14]));
                b.set_arrivals(Via::Peer, Arrivals::AtOnce);
            }
        }
    }

    /// Sends a step's request, with the values of this network in place of the recorded ones.
    pub async fn send(&self, step: &Step, masks: &Masks) -> Reply {
        let node = self.node(step);
        let own = Auth::Password { user: node.user(), password: node.password() };
        let (method, auth, body) = match step.request.as_str() {
            Some(_) if step.step == "raw: GET /" => ("GET", own, String::new()),
            Some(body) if step.step == "raw: no auth" => ("POST", Auth::Nothing, body.to_owned()),
            Some(body) if step.step == "raw: bad password" => {
                ("POST", Auth::Password { user: node.user(), password: "wrong" }, body.to_owned())
            }
            Some(body) => ("POST", own, body.to_owned()),
            None => ("POST", own, masks.translate(&step.request).to_string()),
        };
        let mut connection = Connection::open(node).await;
        let reply = connection.send(method, "/", &auth, &body).await.expect("a reply");
        if reply.header("connection") != Some("keep-alive") {
            assert!(connection.is_closed().await, "{}: the connection is not closed", step.name());
        }
        reply
    }

    pub async fn stop(self) {
        self.network.stop().await.unwrap();
    }

    fn node(&self, step: &Step) -> &Node {
        match step.node.as_str() {
            "A" => self.network.node(0),
            "B" => self.network.node(1),
            other => panic!("node {other}"),
        }
    }
}

/// When the DHT entry was made that a step puts: the time that the next look at it shows.
fn entry_time(step: &Step, steps: &[&Step]) -> Option<i64> {
    if step.method() != "dhtput" {
        return None;
    }
    let at = steps.iter().position(|other| other.name() == step.name()).unwrap();
    let is_look = |look: &&&Step| look.method() == "dhtget" && (0..3).all(|i| look.params()[i] == step.params()[i]);
    steps[at..].iter().find(is_look).and_then(|look| look.newest_time())
}

/// A post in the form that `newpostraw` takes.
fn raw(signed: &Value) -> String {
    use twister::bencode::Value as Bencode;
    fn encode(name: &str, value: &Value) -> Bencode {
        match value {
            Value::String(text) if ["sig_userpost", "body", "key", "mac"].contains(&name) => {
                Bencode::Bytes(twister::hex::decode(text).unwrap())
            }
            Value::String(text) => Bencode::from(text.as_str()),
            Value::Number(number) => Bencode::from(number.as_i64().unwrap()),
            Value::Object(members) => members.iter().map(|(name, value)| (name, encode(name, value))).collect(),
            other => panic!("{other} in a post"),
        }
    }
    twister::hex::encode(&encode("", signed).encode())
}
