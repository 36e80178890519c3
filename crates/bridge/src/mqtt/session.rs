//! The task that keeps the bridge's session at the broker: it connects, subscribes, reconnects, and carries messages
//! both ways. Incoming messages are acknowledged only when [`Command::Acknowledge`] says so.

mod packets;

use std::collections::{HashSet, VecDeque};
use std::pin::pin;
use std::time::Duration;

use rumqttc::Outgoing;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Packet, Publish};
use rumqttc::v5::{AsyncClient, ConnectionError, Event, EventLoop, StateError};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::deliveries::Deliveries;
use super::fault::Fault;
use super::options::{Login, to_rumqttc};
use super::state_topic;
use crate::backoff::Backoff;
use crate::engine::Board;
use crate::event::{Part, ProblemCode};
use crate::message::{Message, Qos};
use crate::store::{RowId, Store};
use crate::topic::TopicFilter;

/// Requests that may wait in the client library: acknowledgements and deliveries are both bounded far below it.
const REQUEST_CAPACITY: usize = 1024;

/// Messages from the broker that may wait to be taken.
pub(crate) const INCOMING_CAPACITY: usize = 4096;

/// Of these, what is kept free for messages that must not be lost. The broker sends few of them at a time.
const RESERVED_CAPACITY: usize = 1024;

/// Pauses between attempts to connect.
const RETRY: Backoff = Backoff { first: Duration::from_millis(250), longest: Duration::from_secs(15) };

/// A connection that held this long was a good one: after it the pauses begin anew.
const STABLE: Duration = Duration::from_secs(10);

/// Stands for the bridge's own state among the rows of the inbox, which begin at 1.
const STATE_ROW: RowId = 0;

/// How long a stopping session waits for the broker to take leave.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(2);

/// What a session needs.
pub(crate) struct Setup {
    pub login: Login,
    /// The same at every start, so that the broker knows the session again.
    pub client_id: String,
    pub publications: Vec<TopicFilter>,
    pub board: Board,
    pub store: Store,
}

/// Proof that a message arrived, to acknowledge it with. Good for the connection that it came by; after another one the
/// broker sends the message again.
#[derive(Debug, Clone)]
pub(crate) struct Receipt {
    connection: u64,
    publish: Publish,
}

/// A message from the broker.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// Topic as it came, not checked.
    pub topic: Vec<u8>,
    pub payload: Vec<u8>,
    pub qos: QoS,
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
    /// Deliver a message to the broker, unless it has forgotten the session more often than `generation` times.
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
    client: AsyncClient,
    commands: mpsc::UnboundedReceiver<Command>,
    incoming: mpsc::Sender<Incoming>,
    deliveries_out: mpsc::UnboundedSender<Delivery>,
    deliveries: Deliveries,
    /// Messages to deliver that came while there was no connection.
    waiting: VecDeque<(RowId, Message)>,
    /// How often the broker has forgotten the session.
    generation: u64,
    /// QoS 2 packet identifiers that were acknowledged and that the broker has not released.
    unreleased: HashSet<u16>,
    /// What the state topic says.
    told_state: String,
    connected_at: Option<Instant>,
    /// Counts connections; none while there is no connection.
    connection: Option<u64>,
    connections: u64,
}

impl Session {
    /// A session and the loop that drives it.
    pub(crate) fn new(
        setup: Setup,
        unreleased: Vec<u16>,
        commands: mpsc::UnboundedReceiver<Command>,
        incoming: mpsc::Sender<Incoming>,
        deliveries_out: mpsc::UnboundedSender<Delivery>,
    ) -> (Self, EventLoop) {
        let mut options = setup.login.lasting(&setup.client_id);
        options.set_last_will(state_topic::last_will(setup.board.bridge()));
        let (client, eventloop) = AsyncClient::new(options, REQUEST_CAPACITY);
        let session = Self {
            setup,
            client,
            commands,
            incoming,
            deliveries_out,
            deliveries: Deliveries::default(),
            waiting: VecDeque::new(),
            generation: 0,
            unreleased: unreleased.into_iter().collect(),
            told_state: String::new(),
            connected_at: None,
            connection: None,
            connections: 0,
        };
        (session, eventloop)
    }

    /// Runs until the commands' sender is gone, then takes leave of the broker.
    pub(crate) async fn drive(mut self, mut eventloop: EventLoop) {
        let mut states = self.setup.board.watch();
        let mut attempt = 0;
        let mut leaving: Option<Instant> = None;
        self.restore_unreleased(&mut eventloop);
        loop {
            let event = {
                // Polling must not be cancelled: the library may be in the middle of writing a packet.
                let mut poll = pin!(eventloop.poll());
                loop {
                    tokio::select! {
                        event = poll.as_mut() => break event,
                        () = sleep_until(leaving.unwrap_or_else(Instant::now)), if leaving.is_some() => return,
                        _ = states.changed(), if leaving.is_none() => self.tell_state(),
                        command = self.commands.recv(), if leaving.is_none() => match command {
                            Some(command) => self.handle_command(command),
                            None if self.connection.is_none() => return,
                            None => {
                                self.say_goodbye();
                                leaving = Some(Instant::now() + LEAVE_TIMEOUT);
                            }
                        },
                    }
                }
            };
            match event {
                Ok(Event::Outgoing(Outgoing::Disconnect)) | Err(_) if leaving.is_some() => return,
                Ok(Event::Incoming(packet)) => self.handle_packet(packet, &mut eventloop).await,
                Ok(Event::Outgoing(Outgoing::Publish(packet))) => {
                    let done = self.deliveries.handle_written(packet);
                    self.tell(done.map(Delivery::Done));
                }
                Ok(Event::Outgoing(_)) => {}
                Err(error) => {
                    if self.connected_at.take().is_some_and(|since| since.elapsed() > STABLE) {
                        attempt = 0;
                    }
                    self.handle_disconnected(&error, &mut eventloop);
                    if !self.pause(RETRY.pause(attempt)).await {
                        return;
                    }
                    attempt += 1;
                }
            }
        }
    }

    fn say_goodbye(&self) {
        let _ = self.client.try_publish(self.state_topic(), QoS::AtMostOnce, true, state_topic::offline());
        let _ = self.client.try_disconnect();
    }

    /// Tells the broker's clients how the bridge is, if that has changed.
    fn tell_state(&mut self) {
        let state = state_topic::online(&self.setup.board.state());
        if self.connection.is_none() || state == self.told_state {
            return;
        }
        if self.client.try_publish(self.state_topic(), QoS::AtLeastOnce, true, state.clone()).is_ok() {
            self.deliveries.handle_handed_over(STATE_ROW, Qos::AtLeastOnce);
            self.told_state = state;
        }
    }

    fn state_topic(&self) -> String {
        state_topic::topic(self.setup.board.bridge())
    }

    /// Waits before the next attempt; false if the session is to end.
    async fn pause(&mut self, pause: Duration) -> bool {
        let mut pause = pin!(tokio::time::sleep(pause));
        loop {
            tokio::select! {
                () = pause.as_mut() => return true,
                command = self.commands.recv() => match command {
                    Some(command) => self.handle_command(command),
                    None => return false,
                },
            }
        }
    }

    fn handle_command(&mut self, command: Command) {
        match command {
            Command::Acknowledge(Receipt { connection, publish }) => {
                if publish.qos == QoS::ExactlyOnce {
                    self.unreleased.insert(publish.pkid);
                }
                // The library has room for more than the broker may send without an acknowledgement.
                if self.connection == Some(connection)
                    && let Err(error) = self.client.try_ack(&publish)
                {
                    tracing::warn!(%error, "an acknowledgement was not sent; the broker will send the message again");
                }
            }
            Command::Deliver { generation, row, message } if generation == self.generation => {
                self.waiting.push_back((row, message));
                self.deliver_waiting();
            }
            Command::Deliver { .. } => {}
        }
    }

    fn deliver_waiting(&mut self) {
        while self.connection.is_some() {
            let Some((row, Message { topic, payload, qos, .. })) = self.waiting.pop_front() else { return };
            match self.client.try_publish(topic.as_str(), to_rumqttc(qos), false, payload) {
                Ok(()) => self.deliveries.handle_handed_over(row, qos),
                Err(error) => self.tell(Some(Delivery::Refused(row, error.to_string()))),
            }
        }
    }

    fn handle_disconnected(&mut self, error: &ConnectionError, eventloop: &mut EventLoop) {
        tracing::debug!(%error, "the connection to the broker is gone");
        self.connection = None;
        if let ConnectionError::MqttState(StateError::Unsolicited(packet)) = error {
            // The broker released a message of which the library knew nothing. It will do so again.
            self.unreleased.insert(*packet);
        }
        let fault = Fault::of(error, &self.setup.login.url);
        let message = format!("{}. The bridge goes on trying, and nothing is lost", fault.message);
        self.setup.board.down(Part::Broker, fault.code, message);
        self.restore_unreleased(eventloop);
    }

    /// The library forgets with each connection which QoS 2 messages the broker has yet to release, and then takes the
    /// release for a protocol error, for ever. So it is reminded of them.
    fn restore_unreleased(&self, eventloop: &mut EventLoop) {
        for packet in &self.unreleased {
            let mut reminder = Publish::new("reminder", QoS::ExactlyOnce, "", None);
            reminder.pkid = *packet;
            if eventloop.state.handle_incoming_packet(Packet::Publish(reminder)).is_ok() {
                eventloop.state.events.pop_back();
            }
        }
    }

    fn tell(&self, delivery: Option<Delivery>) {
        match delivery {
            None | Some(Delivery::Done(STATE_ROW) | Delivery::Refused(STATE_ROW, _)) => {}
            // The receiver goes only when the bridge stops.
            Some(delivery) => drop(self.deliveries_out.send(delivery)),
        }
    }

    fn note(&self, outcome: Result<(), crate::store::StoreError>) {
        if let Err(error) = outcome {
            self.setup.board.report(Part::Storage, ProblemCode::StorageFailed, error.to_string());
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
