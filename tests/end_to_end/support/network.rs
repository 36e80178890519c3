//! A sandbox network in the test's own process. The program under test reaches it only by its nodes' ports.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mqtt_twister_sandbox::{Clock, ManualClock, NodeConfig};
use serde_json::Value;
use twister::names::highest_allowed_number;
use twister::{Client, Credentials, DhtPut, MessageRange, Peer, Username};

/// What every node wants to hear.
pub const USER: &str = "user";
pub const PASSWORD: &str = "xyzzy-plugh";

/// Blocks enough for more than a thousand posts of each account.
const HEIGHT: u32 = 600;

/// Blocks that a node has which is behind. Its accounts are registered in the first.
const HEIGHT_WHILE_BEHIND: u32 = 200;

const DAY: Duration = Duration::from_secs(86_400);

/// A network of nodes whose swarms are joined.
pub struct Network {
    sandbox: mqtt_twister_sandbox::Network,
    clock: ManualClock,
}

impl Network {
    /// Two nodes: mqtt_alice is on node 0, mqtt_bob on node 1.
    pub async fn of_alice_and_bob() -> Self {
        Self::start([&["mqtt_alice"], &["mqtt_bob"]], Duration::ZERO).await
    }

    /// One node with carol, which has seen no block for three days.
    pub async fn syncing() -> Self {
        Self::start([&["carol"]], 3 * DAY).await
    }

    /// Two nodes: carol is on node 0, which has not caught up with node 1.
    pub async fn behind() -> Self {
        let network = Self::start([&["carol"], &[]], Duration::ZERO).await;
        network.sandbox.node(0).hold_chain_at(Some(HEIGHT_WHILE_BEHIND));
        network
    }

    async fn start<const N: usize>(nodes: [&[&str]; N], age: Duration) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() - age;
        let clock = ManualClock::new(now.as_secs().try_into().unwrap());
        let mut builder = mqtt_twister_sandbox::Network::builder().start_height(HEIGHT);
        if age > Duration::ZERO {
            builder = builder.clock(Clock::Manual(clock.clone()));
        }
        for accounts in nodes {
            let node = NodeConfig::new().user(USER).password(PASSWORD);
            builder = builder.node(accounts.iter().fold(node, |node, account| node.account(*account)));
        }
        Self { sandbox: builder.start().await.unwrap(), clock }
    }

    /// Where a node answers.
    pub fn url(&self, node: usize) -> String {
        self.sandbox.node(node).url()
    }

    /// The same with user and password in it, as mosquitto-twister's configuration has it.
    pub fn url_with_password(&self, node: usize) -> String {
        self.sandbox.node(node).rpc_url_with_credentials()
    }

    pub async fn take_down(&self, node: usize) {
        self.sandbox.node(node).take_down().await;
    }

    pub async fn bring_up(&self, node: usize) {
        self.sandbox.node(node).bring_up().await.unwrap();
    }

    /// Lets another client of the account be quicker with the next `count` post numbers.
    pub fn steal_numbers(&self, account: &str, count: u32) {
        self.sandbox.steal_numbers(account, count);
    }

    /// Makes a key for an account, and leaves it unregistered.
    pub async fn create_key(&self, node: usize, account: &str) {
        self.client(node).create_wallet_user(&name(account)).await.unwrap();
    }

    /// Registers an account whose key is there.
    pub async fn register(&self, node: usize, account: &str) {
        self.client(node).send_new_user_transaction(&name(account)).await.unwrap();
        self.sandbox.mine(10);
    }

    /// Posts under the highest number that an account may use now: what is left of its posts is lost.
    pub async fn use_up_posts(&self, node: usize, account: &str) {
        let client = self.client(node);
        let registered = client.registration(&name(account)).await.unwrap().unwrap().height;
        let highest = highest_allowed_number(registered, client.block_count().await.unwrap());
        client.new_post(&name(account), highest, "the last one", None).await.unwrap();
    }

    /// Makes blocks.
    pub fn mine(&self, count: u32) {
        self.sandbox.mine(count);
    }

    /// Has an account follow another one.
    pub async fn follow(&self, node: usize, account: &str, other: &str) {
        self.client(node).follow(&name(account), &[name(other)]).await.unwrap();
    }

    /// Writes the first profile of an account.
    pub async fn put_profile(&self, node: usize, account: &str, profile: &Value) {
        let put = DhtPut::Single { seq: 1 };
        self.client(node).dht_put(account, "profile", put, profile, &name(account)).await.unwrap();
    }

    /// The texts of the direct messages that an account's node has for it from another one.
    pub async fn direct_messages(&self, node: usize, account: &str, from: &str) -> Vec<String> {
        let (from, range) = (Peer::User(name(from)), MessageRange::default());
        let messages = self.client(node).direct_messages(&name(account), &from, range, 1000).await.unwrap();
        messages.into_iter().filter(|message| !message.from_me).map(|message| message.text).collect()
    }

    /// Brings a network that was syncing, or behind, up to date.
    pub fn catch_up(&self) {
        self.clock.advance((3 * DAY).as_secs().try_into().unwrap());
        self.sandbox.node(0).hold_chain_at(None);
        self.sandbox.mine(1);
    }

    fn client(&self, node: usize) -> Client {
        let url = self.url(node).parse().unwrap();
        Client::new(&url, &Credentials::new(USER, PASSWORD)).unwrap()
    }
}

fn name(account: &str) -> Username {
    account.parse().unwrap()
}
