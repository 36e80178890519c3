//! A node that answers one question otherwise than the one behind it: how a node looks to which something has happened that
//! a network in this process never meets.

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Ends when dropped.
pub struct AlteredNode {
    url: String,
    task: JoinHandle<()>,
}

/// A request or a reply of HTTP.
struct Exchange {
    head: String,
    body: Vec<u8>,
}

impl AlteredNode {
    /// Passes on all that the node at `url` is asked, and changes what it answers to `method`.
    pub async fn of(url: &str, method: &'static str, alter: fn(&mut Value)) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let own = format!("http://{}", listener.local_addr().unwrap());
        let node = url.strip_prefix("http://").unwrap().to_owned();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass_on(client, node.clone(), method, alter));
            }
        });
        Self { url: own, task }
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        self.url.clone()
    }
}

impl Drop for AlteredNode {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers one request; whoever has another one connects again.
async fn pass_on(mut client: TcpStream, node: String, method: &str, alter: fn(&mut Value)) -> Option<()> {
    let request = Exchange::read(&mut client).await?;
    let mut behind = TcpStream::connect(node).await.ok()?;
    behind.write_all(&request.bytes()).await.ok()?;
    let mut reply = Exchange::read(&mut behind).await?;
    let asked: Value = serde_json::from_slice(&request.body).ok()?;
    if let (true, Ok(mut answer)) = (asked["method"] == method, serde_json::from_slice::<Value>(&reply.body)) {
        alter(&mut answer["result"]);
        reply.body = answer.to_string().into_bytes();
    }
    client.write_all(&reply.bytes()).await.ok()
}

impl Exchange {
    async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).ok()?;
        let mut body = vec![0; header(&head, "content-length")?.parse().ok()?];
        stream.read_exact(&mut body).await.ok()?;
        Some(Self { head, body })
    }

    /// With the length that the body has now, and without a promise to stay.
    fn bytes(&self) -> Vec<u8> {
        let is_own = |line: &&str| {
            let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
            !line.is_empty() && name != "content-length" && name != "connection"
        };
        let lines: Vec<&str> = self.head.split("\r\n").filter(is_own).collect();
        let length = self.body.len();
        let head = format!("{}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n", lines.join("\r\n"));
        [head.as_bytes(), &self.body].concat()
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let fields = head.split("\r\n").filter_map(|line| line.split_once(':'));
    fields.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}
