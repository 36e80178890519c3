//! A node as seen from outside: where it listens, what it is called, and the faults that it can be given.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;

use crate::arrivals::{Arrivals, ReleaseOrder};
use crate::config::NodeConfig;
use crate::error::SandboxError;
use crate::http::{Credentials, Server, Site};
use crate::pace::PostPace;
use crate::shared::Shared;
use crate::world::Via;

/// A node of a [`Network`](crate::Network).
pub struct Node {
    index: usize,
    address: SocketAddr,
    user: String,
    password: String,
    site: Arc<Site>,
    server: Mutex<Option<Server>>,
}

impl Node {
    pub(crate) async fn start(index: usize, config: &NodeConfig, shared: Arc<Shared>) -> Result<Self, SandboxError> {
        let listener = listen(index, config.port).await?;
        let address = listener.local_addr();
        let address = address.map_err(|source| SandboxError::Listen { node: index, port: config.port, source })?;
        let (user, password) = (config.user.clone(), config.password_or_random());
        let site = Arc::new(Site { shared, node: index, credentials: Credentials::new(&user, &password) });
        let server = Mutex::new(Some(Server::spawn(listener, Arc::clone(&site))));
        Ok(Self { index, address, user, password, site, server })
    }

    /// The node's index in its network.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The port at which the node's RPC listens. It stays the same when the node goes down and up.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Where the node's RPC listens, without credentials: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The user name that callers have to give.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password that callers have to give. A secret: not for logs and files.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// `http://USER:PASSWORD@127.0.0.1:PORT`, to be shown to a person who asked for it. A secret: not for logs and files.
    pub fn rpc_url_with_credentials(&self) -> String {
        format!("http://{}:{}@{}", percent_encoded(&self.user), percent_encoded(&self.password), self.address)
    }

    /// Names of the accounts in the node's wallet, registered or not, in no useful order.
    pub fn accounts(&self) -> Vec<String> {
        self.site.shared.with(|world| world.nodes[self.index].wallet.accounts().map(str::to_owned).collect())
    }

    /// Sets how posts come to this node from now on. Posts that the old rule held are handed over.
    pub fn set_arrivals(&self, via: Via, rule: Arrivals) {
        self.site.shared.with(|world| world.set_rule(self.index, via, rule));
    }

    /// Author and number of the posts that [`Arrivals::Held`] holds, as they were posted.
    pub fn held_arrivals(&self, via: Via) -> Vec<(String, u32)> {
        self.site.shared.with(|world| {
            let node = &world.nodes[self.index];
            let mailbox = match via {
                Via::Rpc => &node.landing,
                Via::Peer => &node.arrivals,
            };
            mailbox.held().iter().map(|post| (post.author.clone(), post.number)).collect()
        })
    }

    /// Hands over the posts that [`Arrivals::Held`] holds. Later ones are held as before.
    pub fn release_arrivals(&self, via: Via, order: &ReleaseOrder) {
        self.site.shared.with(|world| world.release(self.index, via, order));
    }

    /// Sets how fast the node takes posts of its own accounts; none for as fast as the machine can.
    pub fn set_post_pace(&self, pace: Option<PostPace>) {
        self.site.shared.with(|world| world.nodes[self.index].turnstile.set_pace(pace));
    }

    /// How many calls the node was asked so far, by method.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.site.shared.with(|world| world.nodes[self.index].calls.clone())
    }

    /// Lets a method be carried out as ever, but answered so much later; zero makes it well.
    pub fn slow_down(&self, method: &str, delay: Duration) {
        self.site.shared.with(|world| world.nodes[self.index].faults.slow_down(method, delay));
    }

    /// Lets the next `count` calls of a method be carried out, and the connection be closed without a reply.
    pub fn drop_replies(&self, method: &str, count: u32) {
        self.site.shared.with(|world| world.nodes[self.index].faults.drop_replies(method, count));
    }

    /// Lets the node's copy of the chain end at `height`, while the others know more; none lets it catch up.
    pub fn hold_chain_at(&self, height: Option<u32>) {
        self.site.shared.with(|world| world.nodes[self.index].network_faults.chain_ends_at = height);
    }

    /// Takes the node's connections to all others away, or gives them back: chain, DHT and swarms.
    pub fn cut_off(&self, is_cut_off: bool) {
        self.site.shared.with(|world| world.cut_off(self.index, is_cut_off));
    }

    /// Lets the node reach nobody in the DHT, or everybody again.
    pub fn lose_dht(&self, has_lost_dht: bool) {
        self.site.shared.with(|world| world.nodes[self.index].network_faults.has_lost_dht = has_lost_dht);
    }

    /// Lets the node say that the clocks of its peers are so many seconds ahead of its own.
    pub fn set_clock_offset(&self, seconds: i64) {
        self.site.shared.with(|world| world.nodes[self.index].network_faults.clock_offset_s = seconds);
    }

    /// Whether the node runs.
    pub fn is_up(&self) -> bool {
        self.site.shared.with(|world| world.nodes[self.index].is_up)
    }

    /// Stops the node: connections are closed and refused, posts do not come, and its part of the DHT is out of reach.
    pub async fn take_down(&self) {
        self.site.shared.with(|world| world.set_up(self.index, false));
        self.close().await;
    }

    /// Starts the node again, on the same port and with everything it had. It gets the posts that it missed.
    pub async fn bring_up(&self) -> Result<(), SandboxError> {
        if self.is_up() {
            return Ok(());
        }
        let listener = listen(self.index, self.port()).await?;
        self.site.shared.with(|world| world.set_up(self.index, true));
        *self.server() = Some(Server::spawn(listener, Arc::clone(&self.site)));
        Ok(())
    }

    /// Frees the port.
    pub(crate) async fn close(&self) {
        let server = self.server().take();
        if let Some(server) = server {
            server.stop().await;
        }
    }

    fn server(&self) -> std::sync::MutexGuard<'_, Option<Server>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("index", &self.index)
            .field("address", &self.address)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

async fn listen(node: usize, port: u16) -> Result<TcpListener, SandboxError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => SandboxError::PortInUse { node, port },
        _ => SandboxError::Listen { node, port, source },
    })
}

/// `text` as it may stand before the `@` of a URL.
fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_of_any_kind_fit_into_a_url() {
        assert_eq!(percent_encoded("user_1-x.~"), "user_1-x.~");
        assert_eq!(percent_encoded("p@ss:w/rd é"), "p%40ss%3Aw%2Frd%20%C3%A9");
    }
}
