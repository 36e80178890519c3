//! MQTT over WebSocket: binary messages, whose borders mean nothing, as a stream of bytes (MQTT 5, section 6).

use std::future::ready;
use std::io;

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _, TryStreamExt as _};
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::io::{CopyToBytes, SinkWriter, StreamReader};

use super::transport::{Stream, TransportError, is_hang_up};
use crate::config::BrokerUrl;

/// What MQTT calls itself there.
const SUBPROTOCOL: &str = "mqtt";

/// Shakes hands over `below`, which leads to the broker at `url`.
pub(crate) async fn open(url: &BrokerUrl, below: Box<dyn Stream>) -> Result<Box<dyn Stream>, TransportError> {
    let uri = url.to_string().parse().map_err(|_| TransportError::NotAWebSocket("its address is no URI".to_owned()))?;
    let request = ClientRequestBuilder::new(uri).with_sub_protocol(SUBPROTOCOL);
    // How large packets may be is the protocol's affair.
    let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
    let handshake = tokio_tungstenite::client_async_with_config(request, below, Some(config));
    let (websocket, _) = handshake.await.map_err(|error| match error {
        Error::Http(response) => TransportError::WebSocketStatus(response.status().as_u16()),
        Error::Io(error) if !is_hang_up(&error) => TransportError::Io(error),
        other => TransportError::NotAWebSocket(other.to_string()),
    })?;
    let (sink, stream) = websocket.split();
    let incoming = stream.map_err(to_io).try_filter_map(|message| {
        ready(match message {
            Message::Binary(bytes) => Ok(Some(bytes)),
            Message::Text(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "text instead of MQTT")),
            // Pings are answered below; after a close nothing more comes.
            _ => Ok(None),
        })
    });
    let outgoing = sink.sink_map_err(to_io).with(|bytes: Bytes| ready(Ok::<_, io::Error>(Message::Binary(bytes))));
    let (reader, writer) = (StreamReader::new(incoming), SinkWriter::new(CopyToBytes::new(outgoing)));
    Ok(Box::new(tokio::io::join(reader, writer)))
}

fn to_io(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        Error::ConnectionClosed | Error::AlreadyClosed => io::ErrorKind::ConnectionAborted.into(),
        other => io::Error::other(other),
    }
}
