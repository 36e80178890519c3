//! The client as a whole, connected to a node that answers with anything.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use twister::{
    Client, Credentials, CustomFields, DhtKind, DhtPut, GroupAlias, MessageRange, NodeUrl, Peer, PostFlags, PostNumber,
    PostRange, RpcError, SelfCopy, Username,
};

/// How many calls [`Node::check`] can make.
pub const CALLS: u8 = 27;

/// A node that gives the reply that it is told.
pub struct Node {
    runtime: Runtime,
    listener: TcpListener,
    url: NodeUrl,
}

impl Node {
    /// Listens on a free port.
    pub fn start() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
        let url = NodeUrl::loopback(listener.local_addr()?.port());
        Ok(Self { runtime, listener, url })
    }

    /// The client takes any reply to any of its calls, and fails with a reason or not at all; it neither waits for more nor
    /// sets anything up in vain.
    pub fn check(&self, which: u8, status: u16, body: &[u8]) {
        self.runtime.block_on(async {
            // A fresh client, whose first request has id 0.
            let client = Client::new(&self.url, &Credentials::new("user", "password")).expect("it can be set up");
            let client = client.with_timeout(Duration::from_secs(4));
            let (_, outcome) = tokio::join!(self.answer(status, body), call(&client, which % CALLS));
            if let Err(error) = outcome {
                let is_ours = matches!(error, RpcError::Setup { .. } | RpcError::TimedOut { .. });
                assert!(!is_ours && !error.to_string().is_empty(), "{error:?}");
            }
        });
    }

    async fn answer(&self, status: u16, body: &[u8]) {
        let (stream, _) = self.listener.accept().await.expect("a connection comes");
        let mut stream = BufStream::new(stream);
        read_request(&mut stream).await.expect("a request comes");
        let head = format!(
            "HTTP/1.1 {status} Reply\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        // Who has read enough may close the connection.
        let _ = stream.write_all(&[head.as_bytes(), body].concat()).await;
        let _ = stream.flush().await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
}

async fn read_request(stream: &mut BufStream<TcpStream>) -> std::io::Result<()> {
    let (mut line, mut len) = (String::new(), 0);
    while line != "\r\n" {
        line.clear();
        stream.read_line(&mut line).await?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            len = value.trim().parse().expect("a length is a number");
        }
    }
    stream.read_exact(&mut vec![0; len]).await.map(|_| ())
}

async fn call(client: &Client, which: u8) -> Result<(), RpcError> {
    let alice = || "mqtt_alice".parse::<Username>().expect("a name");
    let group = || "*duhpsjqr".parse::<GroupAlias>().expect("an alias");
    let peer = Peer::from(alice());
    let number = PostNumber(3);
    let short = Some(Duration::ZERO);
    match which {
        0 => client.info().await.map(drop),
        1 => client.block_count().await.map(drop),
        2 => client.best_block_hash().await.map(drop),
        3 => client.block("00").await.map(drop),
        4 => client.registration(&alice()).await.map(drop),
        5 => client.public_key(&alice()).await.map(drop),
        6 => client.names_starting_with("a", 9).await.map(drop),
        7 => client.mining_info().await.map(drop),
        8 => client.new_post(&alice(), number, "text", None).await.map(drop),
        9 => client.new_custom_post(&alice(), number, &CustomFields::new()).await.map(drop),
        10 => client.new_raw_post(&alice(), number, b"de").await,
        11 => client.posts(9, &[PostRange::all(alice())], Some(PostFlags::ALL)).await.map(drop),
        12 => client.peek_post(&alice(), number, short).await.map(drop),
        13 => client.mentions(&alice(), 9, MessageRange::default()).await.map(drop),
        14 => client.new_direct_message(&alice(), number, &peer, "text", SelfCopy::No).await.map(drop),
        15 => client.direct_messages(&alice(), &peer, MessageRange::default(), 9).await.map(drop),
        16 => client.create_group("group").await.map(drop),
        17 => client.groups(None).await.map(drop),
        18 => client.group_info(&group()).await.map(drop),
        19 => client.wallet_users().await.map(drop),
        20 => client.create_wallet_user(&alice()).await.map(drop),
        21 => client.following(&alice()).await.map(drop),
        22 => client.last_have(&alice()).await.map(drop),
        23 => client.piece_counts(&alice()).await.map(drop),
        24 => client.torrent_status(&alice()).await.map(drop),
        25 => client.dht_get("mqtt_alice", "profile", DhtKind::Single, short).await.map(drop),
        _ => client.dht_put("mqtt_alice", "profile", DhtPut::Single { seq: 1 }, &json!({}), &alice()).await,
    }
}
