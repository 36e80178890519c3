//! A node that speaks TLS: whose certificate is accepted, and what is told of one that is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{CertificateParams, KeyPair};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use twister::{Client, Credentials, NodeUrl, RpcError, TlsFailure};

/// A node with a certificate that it has made itself, as `openssl req -x509` makes it.
struct Node {
    url: NodeUrl,
    /// Requests that it has read.
    asked: Arc<AtomicUsize>,
}

impl Node {
    async fn start() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port()).parse().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let Ok(stream) = acceptor.accept(stream).await else { continue };
                let mut stream = BufStream::new(stream);
                answer(&mut stream, &counted).await;
            }
        });
        Self { url, asked }
    }
}

async fn answer(
    stream: &mut BufStream<impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>,
    asked: &AtomicUsize,
) {
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    asked.fetch_add(1, Ordering::Relaxed);
    let request: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let reply = serde_json::json!({ "result": "hello", "error": null, "id": request["id"] }).to_string();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", reply.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(reply.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    stream.shutdown().await.ok();
}

async fn ask(url: &NodeUrl) -> Result<serde_json::Value, RpcError> {
    Client::new(url, &Credentials::new("user", "pwd")).unwrap().call("help", Vec::new()).await
}

fn failure(error: RpcError) -> TlsFailure {
    match error {
        RpcError::Tls { failure, .. } => failure,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused_and_accepted_by_its_fingerprint() {
    let node = Node::start().await;
    let TlsFailure::Untrusted { shown, .. } = failure(ask(&node.url).await.unwrap_err()) else {
        panic!("it is trusted")
    };
    assert_eq!(Client::certificate_at(&node.url).await.unwrap(), shown);
    assert_eq!(node.asked.load(Ordering::Relaxed), 0, "something was sent to a node that nobody trusts");

    let pinned: NodeUrl = format!("{}#{shown}", node.url).parse().unwrap();
    assert_eq!(ask(&pinned).await.unwrap(), "hello");
}

#[tokio::test]
async fn another_certificate_than_the_named_one_is_refused_and_told() {
    let (node, other) = (Node::start().await, Node::start().await);
    let pinned = node.url.pinned(Client::certificate_at(&other.url).await.unwrap());
    let TlsFailure::OtherCertificate { shown } = failure(ask(&pinned).await.unwrap_err()) else {
        panic!("it is accepted")
    };
    assert_eq!(shown, Client::certificate_at(&node.url).await.unwrap());
    assert_eq!(node.asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_node_without_tls_is_told_from_one_with_the_wrong_certificate() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url: NodeUrl = format!("https://localhost:{}", listener.local_addr().unwrap().port()).parse().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.ok();
        }
    });
    assert_eq!(failure(ask(&url).await.unwrap_err()), TlsFailure::NotTls);
}
