//! A connection to a broker: packets in, packets out, and the pings that keep it alive.
//!
//! Deliberately not here: sessions. Nothing outlives the connection.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rumqttc::v5::mqttbytes::v5::{ConnectReturnCode, DisconnectReasonCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::time::{Instant, sleep_until, timeout};

use super::codec::{self, CodecError};
use super::options::Login;
use super::packet::{Ack, Hello, Packet, Protocol, Publish, Welcome};
use super::transport::{self, Stream, TransportError, is_hang_up};
use crate::message::Qos;

/// The longest silence towards the broker, unless it wants another.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// How long a broker may take to let the client in.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a broker may take to hang up.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(2);

/// Bytes that may wait to be written before new messages are held back.
const ROOM: usize = 256 * 1024;

/// Bytes that are read at a time.
const READ_SIZE: usize = 16 * 1024;

/// Why a connection was not made or has ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectionError {
    /// There is no stream of bytes to the broker.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The broker hung up.
    #[error("the connection was closed")]
    Closed,
    /// The broker hung up before it had let the client in.
    #[error("the connection was closed before it was accepted")]
    ClosedAtOnce,
    /// The broker does not answer.
    #[error("no answer")]
    Silent,
    /// The broker does not let the client in.
    #[error("refused: {0:?}")]
    Refused(ConnectReturnCode),
    /// The broker has said that it ends the connection.
    #[error("ended by the broker: {0:?}")]
    Ended(DisconnectReasonCode),
    /// What answers does not speak MQTT as it should.
    #[error("not MQTT: {0}")]
    Codec(#[from] CodecError),
}

/// Something that [`Connection::next`] has for its caller.
#[derive(Debug)]
pub(crate) enum Progress {
    /// The broker sent a packet.
    Packet(Packet),
    /// There is room for messages again.
    Room,
}

/// A connection that the broker has accepted.
pub(crate) struct Connection {
    protocol: Protocol,
    reader: ReadHalf<Box<dyn Stream>>,
    writer: WriteHalf<Box<dyn Stream>>,
    received: BytesMut,
    to_send: BytesMut,
    unflushed: bool,
    /// Somebody was told that there is no room.
    full: bool,
    ping_every: Option<Duration>,
    ping_due: Instant,
    /// A ping is not answered yet.
    pinged: bool,
}

impl Connection {
    /// Connects, and waits until the broker has let the client in.
    pub(crate) async fn open(
        login: &Login,
        hello: &Hello,
        protocol: Protocol,
    ) -> Result<(Self, Welcome), ConnectionError> {
        let opened = timeout(OPEN_TIMEOUT, Self::open_now(login, hello, protocol)).await;
        opened.map_err(|_| ConnectionError::Silent)?
    }

    async fn open_now(login: &Login, hello: &Hello, protocol: Protocol) -> Result<(Self, Welcome), ConnectionError> {
        let stream = transport::open(&login.url, login.tls.as_ref()).await?;
        let (reader, writer) = tokio::io::split(stream);
        let keep_alive_s = u16::try_from(KEEP_ALIVE.as_secs()).unwrap_or(u16::MAX);
        let first = codec::encode_hello(hello, &login.user, &login.password, keep_alive_s, protocol)?;
        let mut connection = Self {
            protocol,
            reader,
            writer,
            received: BytesMut::new(),
            to_send: BytesMut::from(&first[..]),
            unflushed: false,
            full: false,
            ping_every: Some(KEEP_ALIVE),
            ping_due: Instant::now() + KEEP_ALIVE,
            pinged: false,
        };
        let welcome = connection.welcome().await.map_err(|error| match error {
            ConnectionError::Closed => ConnectionError::ClosedAtOnce,
            ConnectionError::Transport(TransportError::Io(error)) if is_hang_up(&error) => {
                ConnectionError::ClosedAtOnce
            }
            other => other,
        })?;
        if let Some(seconds) = welcome.keep_alive_s {
            connection.ping_every = (seconds > 0).then(|| Duration::from_secs(seconds.into()));
            connection.ping_due = Instant::now() + connection.ping_every.unwrap_or_default();
        }
        Ok((connection, welcome))
    }

    async fn welcome(&mut self) -> Result<Welcome, ConnectionError> {
        loop {
            if let Some(answer) = codec::decode_welcome(&mut self.received)? {
                return answer.map_err(ConnectionError::Refused);
            }
            self.exchange(true).await?;
        }
    }

    /// The version that is spoken.
    pub(crate) fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Says that a message of the broker has arrived, to nobody who would keep it.
    pub(crate) fn acknowledge(&mut self, publish: &Publish) -> Result<(), CodecError> {
        match publish.qos {
            Qos::AtMostOnce => Ok(()),
            Qos::AtLeastOnce => self.send(&Packet::PubAck(Ack::taken(publish.packet))),
            Qos::ExactlyOnce => self.send(&Packet::PubRec(Ack::taken(publish.packet))),
        }
    }

    /// Queues a packet; [`next`](Self::next) and [`leave`](Self::leave) write it.
    ///
    /// # Errors
    /// A text in it is longer than MQTT can carry. Nothing is queued then.
    pub(crate) fn send(&mut self, packet: &Packet) -> Result<(), CodecError> {
        self.send_encoded(&codec::encode(packet, self.protocol)?);
        Ok(())
    }

    /// Queues a packet that is bytes already.
    pub(crate) fn send_encoded(&mut self, packet: &Bytes) {
        self.to_send.extend_from_slice(packet);
    }

    /// Whether more messages should be queued. If not, [`Progress::Room`] says when.
    pub(crate) fn has_room(&mut self) -> bool {
        self.full = self.to_send.len() >= ROOM;
        !self.full
    }

    /// A packet that has come already.
    pub(crate) fn buffered(&mut self) -> Result<Option<Packet>, ConnectionError> {
        loop {
            match codec::decode(&mut self.received, self.protocol)? {
                Some(Packet::PingResp) => self.pinged = false,
                Some(Packet::Disconnect(reason)) => return Err(ConnectionError::Ended(reason)),
                packet => return Ok(packet),
            }
        }
    }

    /// Writes what is queued, sends pings, and waits for news. Without `reading`, packets of the broker are left where they
    /// are. May be cancelled at any time.
    pub(crate) async fn next(&mut self, reading: bool) -> Result<Progress, ConnectionError> {
        loop {
            if reading && let Some(packet) = self.buffered()? {
                return Ok(Progress::Packet(packet));
            }
            if self.full && self.to_send.len() < ROOM {
                self.full = false;
                return Ok(Progress::Room);
            }
            if !reading {
                // The answer may be among what is not read.
                self.pinged = false;
            }
            self.exchange(reading).await?;
        }
    }

    /// Takes leave: writes all that is queued, says goodbye, and waits a moment for the broker to hang up.
    pub(crate) async fn leave(mut self) {
        if self.send(&Packet::Disconnect(DisconnectReasonCode::NormalDisconnection)).is_ok() {
            // A broker that does not listen any more finds out by itself.
            let _ = timeout(LEAVE_TIMEOUT, self.finish()).await;
        }
    }

    async fn finish(&mut self) -> io::Result<()> {
        self.writer.write_all_buf(&mut self.to_send).await?;
        self.writer.flush().await?;
        self.writer.shutdown().await?;
        // To hang up on something unread could take what was just written from the broker.
        loop {
            self.received.clear();
            self.received.reserve(READ_SIZE);
            if self.reader.read_buf(&mut self.received).await? == 0 {
                return Ok(());
            }
        }
    }

    /// Reads, writes or pings, whatever is possible first.
    async fn exchange(&mut self, reading: bool) -> Result<(), ConnectionError> {
        let Self { reader, writer, received, to_send, unflushed, .. } = self;
        received.reserve(READ_SIZE);
        let due = !to_send.is_empty() || *unflushed;
        let write = async {
            if to_send.is_empty() {
                writer.flush().await?;
                *unflushed = false;
            } else if writer.write_buf(to_send).await? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            } else {
                *unflushed = true;
            }
            Ok::<_, io::Error>(())
        };
        tokio::select! {
            read = reader.read_buf(received), if reading => match read.map_err(TransportError::Io)? {
                0 => Err(ConnectionError::Closed),
                _ => Ok(()),
            },
            written = write, if due => Ok(written.map_err(TransportError::Io)?),
            () = sleep_until(self.ping_due), if self.ping_every.is_some() => self.ping(),
        }
    }

    fn ping(&mut self) -> Result<(), ConnectionError> {
        if self.pinged {
            return Err(ConnectionError::Silent);
        }
        self.pinged = true;
        self.ping_due = Instant::now() + self.ping_every.unwrap_or(KEEP_ALIVE);
        Ok(self.send(&Packet::PingReq)?)
    }
}
