//! Opens the stream of bytes to a broker.

use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use tokio_rustls::TlsConnector;

use super::websocket;
use crate::config::BrokerUrl;

/// A stream of bytes both ways, whatever lies below it.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Why there is no stream to a broker.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransportError {
    /// The address cannot be reached, or hung up; or TLS failed, with a `rustls::Error` inside.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The broker hung up instead of answering in TLS.
    #[error("no TLS")]
    NoTls,
    /// A host that cannot have a certificate.
    #[error("no certificate can be for this host")]
    NoServerName,
    /// A web server answered, but not with a WebSocket.
    #[error("HTTP status {0}")]
    WebSocketStatus(u16),
    /// What answered is no WebSocket.
    #[error("no WebSocket: {0}")]
    NotAWebSocket(String),
}

/// Opens a stream to the broker at `url`; `tls` is there if the address asks for it.
pub(crate) async fn open(url: &BrokerUrl, tls: Option<&Arc<ClientConfig>>) -> Result<Box<dyn Stream>, TransportError> {
    let tcp = TcpStream::connect((url.host(), url.port())).await?;
    // Small packets follow each other all the time; waiting to join them would cost 40 ms each.
    tcp.set_nodelay(true)?;
    let stream: Box<dyn Stream> = match tls {
        None => Box::new(tcp),
        Some(tls) => {
            let name = ServerName::try_from(url.host().to_owned()).map_err(|_| TransportError::NoServerName)?;
            let handshake = TlsConnector::from(Arc::clone(tls)).connect(name, tcp).await;
            Box::new(handshake.map_err(|error| if is_hang_up(&error) { TransportError::NoTls } else { error.into() })?)
        }
    };
    if url.is_websocket() { websocket::open(url, stream).await } else { Ok(stream) }
}

/// Whether the other side has closed the connection.
pub(crate) fn is_hang_up(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}
