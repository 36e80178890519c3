//! A gate between session and broker that closes at a chosen packet, as if the network or the program had ended there.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::support::LIMIT;

/// Types of packets, as in their first four bits.
pub const PUBLISH: u8 = 3;
pub const PUBACK: u8 = 4;
pub const PUBREC: u8 = 5;
pub const PUBREL: u8 = 6;
pub const PUBCOMP: u8 = 7;

/// From the session or from the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    Session,
    Broker,
}

/// The first packet of this type and topic that the gate does not let through, and none after it.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    pub from: From,
    pub kind: u8,
}

pub struct Gate {
    pub addr: SocketAddr,
    cut: Arc<Mutex<Option<Cut>>>,
    closed: mpsc::UnboundedReceiver<()>,
}

impl Gate {
    /// A gate to `broker`.
    pub async fn new(broker: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let cut = Arc::new(Mutex::new(None));
        let (closed_out, closed) = mpsc::unbounded_channel();
        let ours = Arc::clone(&cut);
        tokio::spawn(async move {
            while let Ok((session, _)) = listener.accept().await {
                let Ok(broker) = TcpStream::connect(broker).await else { continue };
                tokio::spawn(pass(session, broker, Arc::clone(&ours), closed_out.clone()));
            }
        });
        Self { addr, cut, closed }
    }

    /// Closes the connection at the next such packet.
    pub fn cut_at(&self, cut: Cut) {
        *self.cut.lock().unwrap() = Some(cut);
    }

    /// Waits until it has closed a connection. New ones pass.
    pub async fn closed(&mut self) {
        timeout(LIMIT, self.closed.recv()).await.unwrap().unwrap();
    }
}

async fn pass(session: TcpStream, broker: TcpStream, cut: Arc<Mutex<Option<Cut>>>, closed: mpsc::UnboundedSender<()>) {
    let (mut from_session, mut to_session) = session.into_split();
    let (mut from_broker, mut to_broker) = broker.into_split();
    let ends = |from: From, packet: &[u8]| {
        let mut cut = cut.lock().unwrap();
        // The state of the bridge is not what these tests are about.
        let hit =
            cut.is_some_and(|cut| cut.from == from && cut.kind == packet[0] >> 4) && !holds(packet, b"mqtt-twister/");
        hit.then(|| cut.take()).is_some()
    };
    let session = async {
        while let Some(packet) = read_packet(&mut from_session).await {
            if ends(From::Session, &packet) {
                return true;
            }
            if to_broker.write_all(&packet).await.is_err() {
                return false;
            }
        }
        false
    };
    let broker = async {
        while let Some(packet) = read_packet(&mut from_broker).await {
            if ends(From::Broker, &packet) {
                return true;
            }
            if to_session.write_all(&packet).await.is_err() {
                return false;
            }
        }
        false
    };
    let was_cut = tokio::select! { was_cut = session => was_cut, was_cut = broker => was_cut };
    if was_cut {
        let _ = closed.send(());
    }
}

fn holds(packet: &[u8], text: &[u8]) -> bool {
    packet.windows(text.len()).any(|window| window == text)
}

async fn read_packet(from: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let mut packet = vec![from.read_u8().await.ok()?];
    let (mut len, mut shift) = (0, 0);
    loop {
        let byte = from.read_u8().await.ok()?;
        packet.push(byte);
        len |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    let begin = packet.len();
    packet.resize(begin + len, 0);
    from.read_exact(&mut packet[begin..]).await.ok()?;
    Some(packet)
}
