//! A caller that sees everything of a reply: HTTP version, headers, and whether the connection is closed.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mqtt_twister_sandbox::Node;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// What a caller says about itself.
pub enum Auth<'a> {
    Nothing,
    Password { user: &'a str, password: &'a str },
}

/// A reply as it came over the wire.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub http_version: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    /// A header's value, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A connection that is kept for as long as the node keeps it.
pub struct Connection(BufReader<TcpStream>);

impl Connection {
    pub async fn open(node: &Node) -> Self {
        Self::to("127.0.0.1", node.port()).await
    }

    pub async fn to(host: &str, port: u16) -> Self {
        Self(BufReader::new(TcpStream::connect((host, port)).await.unwrap()))
    }

    /// Sends a request and reads the reply; `None` if the node closes the connection instead.
    pub async fn send(&mut self, method: &str, path: &str, auth: &Auth<'_>, body: &str) -> Option<Reply> {
        let auth = match auth {
            Auth::Nothing => String::new(),
            Auth::Password { user, password } => {
                format!("Authorization: Basic {}\r\n", BASE64_STANDARD.encode(format!("{user}:{password}")))
            }
        };
        let len = body.len();
        let request = format!("{method} {path} HTTP/1.1\r\nHost: node\r\n{auth}Content-Length: {len}\r\n\r\n{body}");
        self.0.write_all(request.as_bytes()).await.ok()?;
        self.read().await
    }

    /// Whether the node has closed the connection.
    pub async fn is_closed(&mut self) -> bool {
        matches!(self.0.read(&mut [0; 1]).await, Ok(0) | Err(_))
    }

    async fn read(&mut self) -> Option<Reply> {
        let line = self.line().await?;
        let mut words = line.splitn(3, ' ');
        let http_version = words.next().unwrap().strip_prefix("HTTP/").unwrap().to_owned();
        let status = words.next().unwrap().parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(": ").unwrap();
            headers.push((name.to_lowercase(), value.to_owned()));
        }
        let mut reply = Reply { status, http_version, headers, body: Vec::new() };
        let len: usize = reply.header("content-length").unwrap().parse().unwrap();
        reply.body.resize(len, 0);
        self.0.read_exact(&mut reply.body).await.ok()?;
        Some(reply)
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let len = self.0.read_line(&mut line).await.ok()?;
        (len > 0).then(|| line.trim_end().to_owned())
    }
}

/// Sends one request over a connection of its own, with the node's own password.
pub async fn send(node: &Node, body: &str) -> Option<Reply> {
    let auth = Auth::Password { user: node.user(), password: node.password() };
    Connection::open(node).await.send("POST", "/", &auth, body).await
}

/// Calls a method: the result, or the error's code and message.
pub async fn call(node: &Node, method: &str, params: Value) -> Result<Value, (i64, String)> {
    let request = json!({"id": 1, "method": method, "params": params});
    let mut reply = send(node, &request.to_string()).await.unwrap().json();
    match reply["error"].take() {
        Value::Null => Ok(reply["result"].take()),
        error => Err((error["code"].as_i64().unwrap(), error["message"].as_str().unwrap().to_owned())),
    }
}
