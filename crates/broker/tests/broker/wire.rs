//! MQTT 5 by hand, for exchanges that break off where no client library would.

use mqtt_twister_broker::Broker;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::in_time;

/// A connection that sends only what it is told to, byte by byte. Lengths here are below 128, so one byte holds them.
pub struct Wire(TcpStream);

impl Wire {
    /// Connects as `id` (one letter), continuing its session or beginning one that is kept for an hour.
    pub async fn connect(broker: &Broker, id: u8, clean_start: bool) -> Self {
        let mut wire = Self(TcpStream::connect(broker.addr()).await.unwrap());
        let flags = if clean_start { 2 } else { 0 };
        wire.send(&[0x10, 19, 0, 4, b'M', b'Q', b'T', b'T', 5, flags, 0, 60, 5, 0x11, 0, 0, 14, 16, 0, 1, id]).await;
        let (kind, body) = wire.receive().await;
        assert_eq!((kind, body[0], body[1]), (0x20, u8::from(!clean_start), 0), "CONNACK");
        wire
    }

    pub async fn send(&mut self, packet: &[u8]) {
        self.0.write_all(packet).await.unwrap();
    }

    /// First byte and body of the next packet.
    pub async fn receive(&mut self) -> (u8, Vec<u8>) {
        in_time("a packet", async {
            let kind = self.0.read_u8().await.unwrap();
            let mut body = vec![0; usize::from(self.0.read_u8().await.unwrap())];
            self.0.read_exact(&mut body).await.unwrap();
            (kind, body)
        })
        .await
    }
}
