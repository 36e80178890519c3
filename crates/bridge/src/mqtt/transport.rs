//! Opens the stream of bytes to a broker.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::config::BrokerUrl;

/// A stream of bytes both ways, whatever lies below it.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Why there is no stream to a broker.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransportError {
    /// The address cannot be reached, or hung up.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Opens a stream to the broker at `url`.
pub(crate) async fn open(url: &BrokerUrl) -> Result<Box<dyn Stream>, TransportError> {
    let tcp = TcpStream::connect((url.host(), url.port())).await?;
    // Small packets follow each other all the time; waiting to join them would cost 40 ms each.
    tcp.set_nodelay(true)?;
    Ok(Box::new(tcp))
}
