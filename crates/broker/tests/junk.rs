//! Bytes that are no MQTT, or MQTT gone wrong, end one connection and nothing else. On its own, since it watches for panics
//! anywhere in the process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mqtt_twister_broker::{Broker, BrokerOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

static PANICS: AtomicUsize = AtomicUsize::new(0);

const CONNECT_V4: &[u8] = &[0x10, 13, 0, 4, b'M', b'Q', b'T', b'T', 4, 2, 0, 60, 0, 1, b'c'];
const CONNECT_V5: &[u8] = &[0x10, 14, 0, 4, b'M', b'Q', b'T', b'T', 5, 2, 0, 60, 0, 0, 1, b'c'];
const SUBSCRIBE_V5: &[u8] = &[0x82, 7, 0, 1, 0, 0, 1, b't', 2];
const PUBLISH_V5: &[u8] = &[0x34, 7, 0, 1, b't', 0, 9, 0, b'x'];
const PUBREL_V5: &[u8] = &[0x62, 2, 0, 9];

#[tokio::test]
async fn junk_ends_its_own_connection_and_nothing_else() {
    let default_hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        default_hook(panic);
    }));
    let broker = Broker::start(BrokerOptions::on(([127, 0, 0, 1], 0))).await.unwrap();

    send(&broker, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    send(&broker, b"").await;
    send(&broker, &[0; 64]).await;
    send(&broker, &[0xff; 64]).await;
    // A length that never ends, one far too large, and a message before CONNECT.
    send(&broker, &[0x10, 0xff, 0xff, 0xff, 0xff, 0xff]).await;
    send(&broker, &[0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1]).await;
    send(&broker, PUBLISH_V5).await;
    for connect in [CONNECT_V4, CONNECT_V5] {
        for kind in 0..=255 {
            send(&broker, &[connect, &[kind, 0]].concat()).await;
            send(&broker, &[connect, &[kind, 2, 0, 1]].concat()).await;
        }
    }
    let exchange = [CONNECT_V5, SUBSCRIBE_V5, PUBLISH_V5, PUBREL_V5].concat();
    for cut in 0..exchange.len() {
        send(&broker, &exchange[..cut]).await;
    }
    for place in 0..exchange.len() {
        for change in [1, 0x20, 0x80, 0xff] {
            let mut damaged = exchange.clone();
            damaged[place] ^= change;
            send(&broker, &damaged).await;
        }
    }

    let answer = send(&broker, CONNECT_V4).await;
    assert_eq!(answer, [0x20, 2, 0, 0], "an honest client is served");
    assert_eq!(PANICS.load(Ordering::SeqCst), 0);
}

/// Sends, says that no more will come, and returns what the broker answered before it closed the connection.
async fn send(broker: &Broker, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(broker.addr()).await.unwrap();
    // A broker that has seen enough may close before all is written or read.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer))
        .await
        .expect("the broker lets go of a connection whose client has gone");
    answer
}
