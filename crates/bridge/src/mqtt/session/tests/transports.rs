//! The ways to a broker: TCP, TLS and WebSocket; and the versions of the protocol.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::mosquitto::Mosquitto;
use super::support::*;
use crate::check::{CheckError, check_broker};
use crate::config::{BrokerConfig, ProtocolChoice};
use crate::event::{PartState, ProblemCode};
use crate::message::Qos;
use crate::mqtt::Login;
use crate::mqtt::session::Delivery;
use crate::secrets::Password;
use crate::store::Store;

/// Certificates in files.
struct Papers {
    dir: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Papers {
    /// A new authority; its certificate is in `ca.pem`.
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Two authorities of one name would be taken for each other.
        params.distinguished_name.push(DnType::CommonName, format!("authority {}", rand::random::<u32>()));
        let key = KeyPair::generate().unwrap();
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { dir, issuer: Issuer::new(params, key) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes `NAME.pem` and `NAME.key` for a host.
    fn issue(&self, name: &str, host: &str, change: impl FnOnce(&mut CertificateParams)) {
        let mut params = CertificateParams::new([host.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        fs::write(self.path(&format!("{name}.pem")), params.signed_by(&key, &self.issuer).unwrap().pem()).unwrap();
        fs::write(self.path(&format!("{name}.key")), key.serialize_pem()).unwrap();
    }

    /// A broker with the certificate `server`.
    async fn broker(&self, more: &str) -> Mosquitto {
        let (cert, key) = (self.path("server.pem"), self.path("server.key"));
        let lines = format!("certfile {}\nkeyfile {}\n{more}", cert.display(), key.display());
        Mosquitto::start_with(&lines).await
    }

    /// A broker with a good certificate for `localhost`.
    async fn good_broker(&self, more: &str) -> Mosquitto {
        self.issue("server", "localhost", |_| {});
        self.broker(more).await
    }

    fn config(&self, url: &str) -> BrokerConfig {
        BrokerConfig { ca_file: Some(self.path("ca.pem")), ..BrokerConfig::new(url.parse().unwrap()) }
    }
}

async fn try_out(config: &BrokerConfig) -> Result<(), CheckError> {
    check_broker(config, &Password::default()).await.map(drop)
}

async fn problem(config: &BrokerConfig) -> (ProblemCode, String) {
    let CheckError { code, message } = try_out(config).await.unwrap_err();
    (code, message)
}

#[tokio::test]
async fn messages_cross_on_every_way_to_a_broker_in_both_versions() {
    let papers = Papers::new();
    let brokers = [
        ("mqtts", papers.good_broker("").await),
        ("ws", Mosquitto::start_with("protocol websockets").await),
        ("wss", papers.good_broker("protocol websockets").await),
    ];
    for (scheme, broker) in &brokers {
        for protocol in BOTH {
            let url = format!("{scheme}://localhost:{}", broker.front());
            let tls = scheme.ends_with('s') && *scheme != "ws";
            let ca_file = tls.then(|| papers.path("ca.pem"));
            let config = BrokerConfig { protocol, ca_file, ..BrokerConfig::new(url.parse().unwrap()) };
            let login = Login::new(&config, Password::default()).unwrap();
            let mut session = start_at(login, &Store::in_memory(), &["doors/#"]).await;
            session.is_up().await;
            // More than is read at a time.
            let large = "x".repeat(50_000);
            for payload in ["small", &large] {
                let sent = message(payload, Qos::ExactlyOnce);
                crate::publish::publish(&config, &Password::default(), sent).await.unwrap();
                assert!(session.take().await == payload, "{url} {protocol:?}");
            }
            session.deliver(1, message(&large, Qos::ExactlyOnce));
            assert_eq!(session.outcome().await, Delivery::Done(1));
            session.stop().await;
        }
    }
}

#[tokio::test]
async fn a_broker_is_trusted_only_if_its_certificate_is_good() {
    let (papers, others) = (Papers::new(), Papers::new());
    let broker = papers.good_broker("").await;
    let url = format!("mqtts://localhost:{}", broker.front());
    try_out(&papers.config(&url)).await.unwrap();

    let (code, message) = problem(&others.config(&url)).await;
    assert_eq!(code, ProblemCode::BrokerCertificate);
    assert!(message.contains("broker.ca_file"), "{message}");

    let (code, message) = problem(&papers.config(&format!("mqtts://127.0.0.1:{}", broker.front()))).await;
    assert_eq!(code, ProblemCode::BrokerCertificate);
    assert!(message.contains("localhost"), "{message}");

    papers.issue("server", "localhost", |params| params.not_after = rcgen::date_time_ymd(2020, 1, 1));
    let expired = papers.broker("").await;
    let (code, message) = problem(&papers.config(&format!("mqtts://localhost:{}", expired.front()))).await;
    assert_eq!(code, ProblemCode::BrokerCertificate);
    assert!(message.contains("expired"), "{message}");
}

#[tokio::test]
async fn a_broker_may_want_a_certificate_from_the_bridge() {
    let (papers, others) = (Papers::new(), Papers::new());
    let wants = format!("require_certificate true\ncafile {}", papers.path("ca.pem").display());
    let broker = papers.good_broker(&wants).await;
    for issuer in [&papers, &others] {
        issuer.issue("client", "bridge", |_| {});
    }
    let url = format!("mqtts://localhost:{}", broker.front());
    let with_client = |of: &Papers| BrokerConfig {
        client_cert_file: Some(of.path("client.pem")),
        client_key_file: Some(of.path("client.key")),
        ..papers.config(&url)
    };
    try_out(&with_client(&papers)).await.unwrap();
    for config in [papers.config(&url), with_client(&others)] {
        let (code, message) = problem(&config).await;
        assert_eq!(code, ProblemCode::BrokerClientCertificate, "{message}");
        assert!(message.contains("broker.client_cert_file"), "{message}");
    }
}

#[tokio::test]
async fn a_session_says_why_it_does_not_trust_its_broker() {
    let (papers, others) = (Papers::new(), Papers::new());
    let broker = papers.good_broker("").await;
    let config = others.config(&format!("mqtts://localhost:{}", broker.front()));
    let login = Login::new(&config, Password::default()).unwrap();
    let session = start_at(login, &Store::in_memory(), &["doors/#"]).await;
    session.is_down().await;
    let PartState::Down { problem } = session.board.state().broker else { panic!("it is down") };
    assert_eq!(problem.code, ProblemCode::BrokerCertificate);
}

#[tokio::test]
async fn a_wrong_port_is_told() {
    let plain = Mosquitto::start().await;
    for (scheme, hint) in [("mqtts", "plain MQTT"), ("ws", "WebSocket"), ("wss", "plain MQTT")] {
        let papers = Papers::new();
        let mut config = papers.config(&format!("{scheme}://localhost:{}", plain.addr().port()));
        if scheme == "ws" {
            config.ca_file = None;
        }
        let (_, message) = problem(&config).await;
        assert!(message.contains(hint), "{message}");
    }
}

#[test]
fn a_file_that_cannot_be_used_is_told_by_its_setting() {
    let (papers, others) = (Papers::new(), Papers::new());
    papers.issue("client", "bridge", |_| {});
    others.issue("client", "bridge", |_| {});
    fs::write(papers.path("empty"), "").unwrap();
    fs::write(papers.path("torn"), "-----BEGIN CERTIFICATE-----\nMIIB\n").unwrap();
    let secret = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
    fs::write(papers.path("bad.key"), secret).unwrap();
    let (cert, key) = (papers.path("client.pem"), papers.path("client.key"));
    let with = |ca: PathBuf, cert: &PathBuf, key: &PathBuf| {
        let (client_cert_file, client_key_file) = (Some(cert.clone()), Some(key.clone()));
        let url = "mqtts://localhost".parse().unwrap();
        BrokerConfig { ca_file: Some(ca), client_cert_file, client_key_file, ..BrokerConfig::new(url) }.check_files()
    };
    let ca = || papers.path("ca.pem");
    with(ca(), &cert, &key).unwrap();
    for (outcome, field) in [
        (with(papers.path("nowhere"), &cert, &key), "broker.ca_file"),
        (with(papers.path("empty"), &cert, &key), "broker.ca_file"),
        (with(papers.path("torn"), &cert, &key), "broker.ca_file"),
        (with(ca(), &key, &key), "broker.client_cert_file"),
        (with(ca(), &cert, &cert), "broker.client_key_file"),
        (with(ca(), &cert, &papers.path("bad.key")), "broker.client_key_file"),
        (with(ca(), &cert, &others.path("client.key")), "broker.client_key_file"),
    ] {
        let error = outcome.unwrap_err();
        assert_eq!(error.field(), field, "{error}");
        let text = format!("{error} {error:?}");
        assert!(error.to_string().starts_with(field) && !text.contains("c2VjcmV0"), "{text}");
    }
}

/// In front of `broker`, one that knows MQTT 3.1.1 only, and says so or hangs up.
async fn older(broker: SocketAddr, says_so: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            // Fixed header with one byte of length, the protocol's name, and its version.
            let mut first = [0; 9];
            if client.read_exact(&mut first).await.is_err() {
                continue;
            }
            if first[8] == 5 {
                if says_so {
                    let _ = client.write_all(&[0x20, 2, 0, 1]).await;
                    let _ = client.shutdown().await;
                    let _ = client.read_to_end(&mut Vec::new()).await;
                }
                continue;
            }
            let Ok(mut broker) = TcpStream::connect(broker).await else { continue };
            tokio::spawn(async move {
                if broker.write_all(&first).await.is_ok() {
                    let _ = copy_bidirectional(&mut client, &mut broker).await;
                }
            });
        }
    });
    addr
}

#[tokio::test]
async fn a_broker_that_knows_only_the_older_version_is_spoken_to_in_it() {
    for says_so in [true, false] {
        let place = Place::new().await;
        let addr = older(place.broker.addr(), says_so).await;
        let config = BrokerConfig::new(url(addr));
        try_out(&config).await.unwrap();
        let (_, message) = problem(&BrokerConfig { protocol: ProtocolChoice::V5, ..config }).await;
        assert!(!says_so || message.contains("broker.protocol"), "{message}");
    }
}

#[tokio::test]
async fn a_broker_that_falls_silent_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let session = start_anyhow(listener.local_addr().unwrap(), &Store::in_memory(), ProtocolChoice::V5, &[]).await;
    let (mut client, _) = listener.accept().await.unwrap();
    // CONNACK with a keep alive of one second.
    client.write_all(&[0x20, 6, 0, 0, 3, 0x13, 0, 1]).await.unwrap();
    session.is_up().await;
    session.is_down().await;
    let PartState::Down { problem } = session.board.state().broker else { panic!("it is down") };
    assert!(problem.message.contains("does not answer"), "{}", problem.message);
}
