//! The task that keeps the bridge's session at the broker: it connects, subscribes, reconnects, and carries messages
//! both ways. Incoming messages are acknowledged only when [`Command::Acknowledge`] says so.
//!
//! It drives the state machines [`Deliveries`], [`EchoGuard`] and [`Copies`], and writes down what has to be known after a
//! restart before the broker hears of it.

mod link;
mod packets;
mod publishing;
mod subscribing;

use std::collections::HashSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};
use twister::Username;

use self::link::Link;
use super::codec::CodecError;
use super::connection::{Connection, ConnectionError, Progress};
use super::copies::Copies;
use super::deliveries::Deliveries;
use super::echo::EchoGuard;
use super::fault::Fault;
use super::options::Login;
use super::packet::{Hello, Packet, SessionKind, Welcome};
use super::state_topic;
use crate::backoff::Backoff;
use crate::engine::Board;
use crate::event::{Part, ProblemCode};
use crate::message::{Message, Properties, Qos};
use crate::store::{BrokerSession, RowId, Store, StoreError, Subscribed};
use crate::topic::TopicFilter;

/// Messages from the broker that may wait to be taken.
pub(crate) const INCOMING_CAPACITY: usize = 4096;

/// Of these, what is kept free for messages that must not be lost.
const RESERVED_CAPACITY: usize = 1024;

/// Pauses between attempts to connect.
const RETRY: Backoff = Backoff { first: Duration::from_millis(250), longest: Duration::from_secs(15) };

/// Pauses where somebody has to change something first.
const LASTING_RETRY: Backoff = Backoff { first: Duration::from_secs(60), longest: Duration::from_secs(60) };

/// A connection that held this long was a good one: after it the pauses begin anew.
const STABLE: Duration = Duration::from_secs(10);

/// What a session needs.
pub(crate) struct Setup {
    pub login: Login,
    /// The same at every start, so that the broker knows the session again.
    pub client_id: String,
    /// What to subscribe to, as of now.
    pub publications: watch::Receiver<Vec<TopicFilter>>,
    /// Told what is subscribed to, as soon as it is.
    pub subscribed: Arc<watch::Sender<Vec<TopicFilter>>>,
    pub board: Board,
    pub store: Store,
}

/// Proof that a message arrived, to acknowledge it with. Good for the connection that it came by; after another one the
/// broker sends the message again.
#[derive(Debug, Clone)]
pub(crate) struct Receipt {
    connection: u64,
    packet: u16,
    qos: Qos,
}

/// A message from the broker.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// Topic as it came, not checked.
    pub topic: Vec<u8>,
    pub payload: Vec<u8>,
    pub qos: Qos,
    pub retain: bool,
    pub properties: Properties,
    /// The accounts that it came through, its origin first.
    pub path: Vec<Username>,
    pub packet: u16,
    /// The broker has sent it before.
    pub again: bool,
    pub receipt: Receipt,
}

/// What the session is told.
#[derive(Debug)]
pub(crate) enum Command {
    /// The message is safe: acknowledge it.
    Acknowledge(Receipt),
    /// Deliver a message to the broker, unless it has forgotten the session more often than `generation` times. Its expiry
    /// counts from now.
    Deliver { generation: u64, row: RowId, message: Message },
}

/// What became of messages for the broker.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// The broker has taken the message over.
    Done(RowId),
    /// The broker refuses the message, for good.
    Refused(RowId, String),
    /// The broker has forgotten the session: everything not done has to be delivered again.
    StartOver,
}

pub(crate) struct Session {
    setup: Setup,
    commands: mpsc::UnboundedReceiver<Command>,
    incoming: mpsc::Sender<Incoming>,
    deliveries_out: mpsc::UnboundedSender<Delivery>,
    deliveries: Deliveries,
    guard: EchoGuard,
    copies: Copies,
    /// How often the broker has forgotten the session.
    generation: u64,
    /// The broker has forgotten the session, and the database does not know yet.
    forgotten: bool,
    /// QoS 2 packet identifiers that were acknowledged and that the broker has not released.
    unreleased: HashSet<u16>,
    subscribed: Subscribed,
    /// What it should subscribe to.
    wanted: Vec<TopicFilter>,
    /// Counts connections.
    connections: u64,
    /// The first connection of this generation.
    generation_began: u64,
}

/// Why a connection cannot go on.
#[derive(Debug, thiserror::Error)]
enum Interruption {
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CodecError> for Interruption {
    fn from(error: CodecError) -> Self {
        Self::Connection(error.into())
    }
}

impl Session {
    /// A session that goes on where the program ended.
    pub(crate) fn new(
        setup: Setup,
        known: BrokerSession,
        commands: mpsc::UnboundedReceiver<Command>,
        incoming: mpsc::Sender<Incoming>,
        deliveries_out: mpsc::UnboundedSender<Delivery>,
    ) -> Self {
        Self {
            wanted: Vec::new(),
            setup,
            commands,
            incoming,
            deliveries_out,
            deliveries: Deliveries::resume(known.in_flight),
            guard: EchoGuard::resume(known.echoes, known.own_retained),
            copies: Copies::default(),
            generation: 0,
            forgotten: false,
            unreleased: known.unreleased.into_iter().collect(),
            subscribed: known.subscribed,
            connections: 0,
            generation_began: 0,
        }
    }

    /// Runs until the commands' sender is gone, then takes leave of the broker.
    pub(crate) async fn drive(mut self) {
        let mut attempt = 0;
        loop {
            let began = Instant::now();
            let interruption = match self.connect().await {
                Ok(None) => return,
                Ok(Some((connection, welcome))) => match self.serve(connection, welcome).await {
                    Ok(()) => return,
                    Err(interruption) => interruption,
                },
                Err(interruption) => interruption,
            };
            if began.elapsed() > STABLE {
                attempt = 0;
            }
            let retry = self.handle_interruption(&interruption);
            if !self.pause(retry.pause(attempt)).await {
                return;
            }
            attempt += 1;
        }
    }

    /// Connects; none if the session is to end.
    async fn connect(&mut self) -> Result<Option<(Connection, Welcome)>, Interruption> {
        self.wanted = self.setup.publications.borrow_and_update().clone();
        self.note_intended().await?;
        let hello = Hello {
            client_id: self.setup.client_id.clone(),
            session: SessionKind::Lasting,
            will: Some(state_topic::last_will(self.setup.board.bridge())),
        };
        let mut login = self.setup.login.clone();
        let outcome = {
            let mut connecting = pin!(login.connect(&hello));
            loop {
                tokio::select! {
                    outcome = connecting.as_mut() => break outcome,
                    command = self.commands.recv() => match command {
                        Some(command) => self.handle_command(command, None)?,
                        None => return Ok(None),
                    },
                }
            }
        };
        // It may know now which version the broker speaks.
        self.setup.login = login;
        Ok(Some(outcome?))
    }

    /// Carries messages over a connection; returns when the session is to end.
    async fn serve(&mut self, connection: Connection, welcome: Welcome) -> Result<(), Interruption> {
        self.connections += 1;
        let mut link = Link::new(connection, welcome, self.connections);
        let mut states = self.setup.board.watch();
        let outcome = self.exchange(&mut link, &mut states).await;
        // The next connection begins without unanswered questions.
        for packet in link.asked.keys().chain(&link.state_packet) {
            self.deliveries.free_packet(*packet);
        }
        match outcome {
            Ok(()) => {
                self.leave(link).await;
                Ok(())
            }
            Err(interruption) => Err(interruption),
        }
    }

    async fn exchange(
        &mut self,
        link: &mut Link,
        states: &mut tokio::sync::watch::Receiver<crate::event::BridgeState>,
    ) -> Result<(), Interruption> {
        self.handle_connected(link).await?;
        loop {
            self.answer(link).await?;
            self.publish_waiting(link).await?;
            self.tell_state(link)?;
            let now = Instant::now();
            self.guard.handle_timeout(now);
            let done = self.guard.poll_done(now);
            if !done.is_empty() {
                self.setup.store.forget_echoes(done).await?;
            }
            // If messages are taken slower than they come, the broker has to wait.
            let free = self.incoming.capacity() > 0 || self.incoming.is_closed();
            let wake = self.guard.poll_timeout();
            tokio::select! {
                progress = link.connection.next(free) => match progress? {
                    Progress::Packet(packet) => self.handle_packets(packet, link).await?,
                    Progress::Room => {}
                },
                () = async { drop(self.incoming.reserve().await) }, if !free => {}
                _ = states.changed() => link.state_due = true,
                // One change at a time: what the broker keeps is known when it has answered.
                Ok(()) = self.setup.publications.changed(), if link.asked.is_empty() => self.resubscribe(link).await?,
                () = sleep_until(wake.unwrap_or(now)), if wake.is_some() => {}
                command = self.commands.recv() => match command {
                    None => return Ok(()),
                    Some(command) => {
                        self.handle_command(command, Some(link))?;
                        // Those that came together share a transaction.
                        while let Ok(command) = self.commands.try_recv() {
                            self.handle_command(command, Some(link))?;
                        }
                    }
                },
            }
        }
    }

    /// Says what holds from now on, and ends the connection in a way that the broker does not take for a failure.
    async fn leave(&mut self, mut link: Link) {
        let offline = self.state_message(&link, state_topic::offline(), None);
        if link.connection.send(&Packet::Publish(offline)).is_ok() {
            link.connection.leave().await;
        }
        let done = self.guard.last_done();
        if let Err(error) = self.setup.store.forget_echoes(done).await {
            self.tell_store_trouble(&error);
        }
    }

    /// Waits before the next attempt; false if the session is to end.
    async fn pause(&mut self, pause: Duration) -> bool {
        let mut pause = pin!(sleep(pause));
        loop {
            tokio::select! {
                () = pause.as_mut() => return true,
                command = self.commands.recv() => match command {
                    Some(command) => drop(self.handle_command(command, None)),
                    None => return false,
                },
            }
        }
    }

    fn handle_command(&mut self, command: Command, link: Option<&mut Link>) -> Result<(), CodecError> {
        match command {
            Command::Acknowledge(Receipt { connection, packet, qos }) => {
                if qos == Qos::ExactlyOnce && connection >= self.generation_began {
                    self.unreleased.insert(packet);
                }
                if let Some(link) = link.filter(|link| link.number == connection) {
                    link.acknowledge(packet, qos)?;
                }
            }
            Command::Deliver { generation, row, message } if generation == self.generation => {
                self.deliveries.handle_deliver(row, message, Instant::now());
            }
            Command::Deliver { .. } => {}
        }
        Ok(())
    }

    /// Says why there is no connection, and when to try again.
    fn handle_interruption(&self, interruption: &Interruption) -> Backoff {
        match interruption {
            Interruption::Store(error) => {
                // Without the database nothing can be promised to the broker. It is asked again by a new connection.
                self.tell_store_trouble(error);
                self.setup.board.unknown(Part::Broker);
                RETRY
            }
            Interruption::Connection(error) => {
                tracing::debug!(%error, "there is no connection to the broker");
                let fault = Fault::of(error, &self.setup.login.url);
                let message = format!("{}. The bridge goes on trying, and nothing is lost", fault.message);
                self.setup.board.down(Part::Broker, fault.code, message);
                if fault.lasting { LASTING_RETRY } else { RETRY }
            }
        }
    }

    fn tell(&self, delivery: Delivery) {
        // The receiver goes only when the bridge stops.
        let _ = self.deliveries_out.send(delivery);
    }

    fn tell_store_trouble(&self, error: &StoreError) {
        self.setup.board.report(Part::Storage, ProblemCode::StorageFailed, error.to_string());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
