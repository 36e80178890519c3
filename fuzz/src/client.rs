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
        0 => drop(client.info().await?),
        1 => drop(client.block_count().await?),
        2 => drop(client.best_block_hash().await?),
        3 => drop(client.block("00").await?),
        4 => drop(client.registration(&alice()).await?),
        5 => drop(client.public_key(&alice()).await?),
        6 => drop(client.names_starting_with("a", 9).await?),
        7 => drop(client.mining_info().await?),
        8 => drop(client.new_post(&alice(), number, "text", None).await?),
        9 => drop(client.new_custom_post(&alice(), number, &CustomFields::new()).await?),
        10 => client.new_raw_post(&alice(), number, b"de").await?,
        11 => drop(client.posts(9, &[PostRange::all(alice())], Some(PostFlags::ALL)).await?),
        12 => drop(client.peek_post(&alice(), number, short).await?),
        13 => drop(client.mentions(&alice(), 9, MessageRange::default()).await?),
        14 => drop(client.new_direct_message(&alice(), number, &peer, "text", SelfCopy::No).await?),
        15 => drop(client.direct_messages(&alice(), &peer, MessageRange::default(), 9).await?),
        16 => drop(client.create_group("group").await?),
        17 => drop(client.groups(None).await?),
        18 => drop(client.group_info(&group()).await?),
        19 => drop(client.wallet_users().await?),
        20 => drop(client.create_wallet_user(&alice()).await?),
        21 => drop(client.following(&alice()).await?),
        22 => drop(client.last_have(&alice()).await?),
        23 => drop(client.piece_counts(&alice()).await?),
        24 => drop(client.torrent_status(&alice()).await?),
        25 => drop(client.dht_get("mqtt_alice", "profile", DhtKind::Single, short).await?),
        _ => client.dht_put("mqtt_alice", "profile", DhtPut::Single { seq: 1 }, &json!({}), &alice()).await?,
    }
    Ok(())
}
