//! Recorded exchanges, and an HTTP server that answers as it is told.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use twister::{Client, Credentials, NodeUrl};

/// One exchange with a real node.
#[derive(Debug, Clone, Deserialize)]
pub struct Recording {
    pub step: String,
    /// An object for an ordinary call, a text for what was sent as it stands.
    pub request: Value,
    pub status: u16,
    pub http_version: String,
    pub content_type: String,
    pub connection: Option<String>,
    /// JSON, or a text for a body that is not.
    pub response: Value,
}

impl Recording {
    pub fn method(&self) -> &str {
        self.request["method"].as_str().unwrap_or_default()
    }

    pub fn params(&self) -> &[Value] {
        self.request["params"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    pub fn result(&self) -> &Value {
        &self.response["result"]
    }

    pub fn is_raw(&self) -> bool {
        self.request.is_string()
    }
}

pub fn recordings() -> Vec<Recording> {
    let lines = include_str!("../../testdata/recordings.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub fn recording(step: &str) -> Recording {
    recordings().into_iter().find(|recording| recording.step == step).unwrap_or_else(|| panic!("no step {step:?}"))
}

/// What came in.
#[derive(Debug)]
pub struct Request {
    pub verb: String,
    pub authorization: Option<String>,
    pub connection: Option<String>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What to do with the next request.
pub enum Act {
    /// Answer as recorded. The id of a reply to an ordinary call is that of the request.
    Replay(Box<Recording>),
    /// Write these bytes and close the connection.
    Write(Vec<u8>),
    /// Close the connection without a word.
    HangUp,
    /// Keep the connection open and say nothing.
    Silence,
}

/// A server that does its acts one after the other.
pub struct ScriptedServer {
    pub url: NodeUrl,
    requests: mpsc::UnboundedReceiver<Request>,
    /// The most connections that waited for their first reply at once.
    pub most_waiting: Arc<AtomicUsize>,
}

impl ScriptedServer {
    pub async fn start(acts: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = NodeUrl::loopback(listener.local_addr().unwrap().port());
        let (seen, requests) = mpsc::unbounded_channel();
        let acts = Arc::new(Mutex::new(acts.into_iter().collect::<VecDeque<_>>()));
        let most_waiting = Arc::new(AtomicUsize::new(0));
        let most = most_waiting.clone();
        tokio::spawn(async move {
            let waiting = Arc::new(());
            while let Ok((stream, _)) = listener.accept().await {
                let (this, acts, seen) = (waiting.clone(), acts.clone(), seen.clone());
                most.fetch_max(Arc::strong_count(&waiting) - 1, Ordering::Relaxed);
                tokio::spawn(serve(stream, acts, seen, this));
            }
        });
        Self { url, requests, most_waiting }
    }

    pub fn client(&self) -> Client {
        Client::new(&self.url, &Credentials::new("user", "correct horse")).unwrap()
    }

    /// The oldest request that was not asked for yet.
    pub async fn request(&mut self) -> Request {
        let next = tokio::time::timeout(Duration::from_secs(10), self.requests.recv());
        next.await.expect("no request came").unwrap()
    }
}

async fn serve(
    stream: TcpStream,
    acts: Arc<Mutex<VecDeque<Act>>>,
    seen: mpsc::UnboundedSender<Request>,
    waiting: Arc<()>,
) {
    let mut stream = BufStream::new(stream);
    let mut waiting = Some(waiting);
    while let Some(request) = read_request(&mut stream).await {
        let act = acts.lock().unwrap().pop_front().expect("a request more than there are acts");
        let (reply, keep_alive) = match act {
            Act::Replay(recording) => recorded_reply(&recording, &request),
            Act::Write(bytes) => (bytes, false),
            Act::HangUp => (vec![], false),
            Act::Silence => {
                seen.send(request).unwrap();
                // Until the client gives up.
                let _ = stream.read_to_end(&mut Vec::new()).await;
                return;
            }
        };
        waiting.take();
        // A test may have ended meanwhile.
        let _ = seen.send(request);
        let _ = stream.write_all(&reply).await;
        let _ = stream.flush().await;
        if !keep_alive {
            return;
        }
    }
}

async fn read_request(stream: &mut BufStream<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok().filter(|len| *len > 0)?;
    let verb = line.split(' ').next()?.to_owned();
    let (mut authorization, mut connection, mut body_len) = (None, None, 0);
    loop {
        line.clear();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => authorization = Some(value.to_owned()),
            "connection" => connection = Some(value.to_owned()),
            "content-length" => body_len = value.parse().unwrap(),
            _ => {}
        }
    }
    let mut body = vec![0; body_len];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request { verb, authorization, connection, body })
}

fn recorded_reply(recording: &Recording, request: &Request) -> (Vec<u8>, bool) {
    let body = match &recording.response {
        Value::String(text) => text.clone(),
        json if recording.is_raw() => json.to_string(),
        json => {
            let mut json = json.clone();
            json["id"] = request.json()["id"].clone();
            json.to_string()
        }
    };
    let connection = recording.connection.as_ref().map(|value| format!("Connection: {value}\r\n")).unwrap_or_default();
    let head = format!(
        "HTTP/{} {} Recorded\r\n{connection}Content-Length: {}\r\nContent-Type: {}\r\nServer: twister-json-rpc\r\n\r\n",
        recording.http_version,
        recording.status,
        body.len(),
        recording.content_type,
    );
    ([head, body].concat().into_bytes(), recording.connection.as_deref() == Some("keep-alive"))
}
