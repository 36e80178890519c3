//! Takes messages over from the local broker: route, write down, and only then acknowledge.

use std::time::Duration;

use tokio::sync::mpsc;

use super::Context;
use super::context::Moved;
use crate::backoff::Backoff;
use crate::clock::now_ms;
use crate::config::BridgeConfig;
use crate::event::{Direction, Part, ProblemCode, Step};
use crate::message::{Message, Qos};
use crate::mqtt::{Command, Incoming};
use crate::route::{Route, route};
use crate::store::Taken;
use crate::topic::Topic;

/// Messages that share one transaction at most.
const BATCH: usize = 256;

/// Pauses between attempts to write, when the disk is full or busy.
const RETRY: Backoff = Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(10) };

pub(super) async fn drive(
    context: Context,
    mut incoming: mpsc::Receiver<Incoming>,
    commands: mpsc::UnboundedSender<Command>,
) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        tokio::select! {
            biased;
            () = context.stop.cancelled() => return,
            count = incoming.recv_many(&mut batch, BATCH) => if count == 0 { return },
        }
        let config = context.config();
        let taken: Vec<Taken> = batch.iter().map(|message| take(&context, &config, message)).collect();
        if !write_down(&context, &taken).await {
            return;
        }
        for message in batch.drain(..).filter(|message| message.qos != Qos::AtMostOnce) {
            // The session is gone only when the bridge stops; then the broker keeps the message.
            let _ = commands.send(Command::Acknowledge(message.receipt));
        }
        for Route { receiver, message, .. } in taken.iter().flat_map(|taken| &taken.routes) {
            context.tell_moved(Direction::Out, Step::Queued, Moved::to(receiver, message, None));
        }
        context.signals.outbox.notify_one();
        context.signals.counted.notify_one();
    }
}

/// Checks a message and finds its receivers. What cannot cross is told.
fn take(context: &Context, config: &BridgeConfig, incoming: &Incoming) -> Taken {
    let unreleased = (incoming.qos == Qos::ExactlyOnce).then_some(incoming.packet);
    let again = incoming.again;
    let topic = match topic_of(incoming) {
        Ok(topic) => topic,
        Err(reason) => {
            let text = format!("the local broker sent a message whose topic is not valid: {reason}. It was left out");
            context.board.report(Part::Message, ProblemCode::MessageRefused, text);
            return Taken { routes: Vec::new(), refused: true, unreleased, again };
        }
    };
    let Incoming { payload, qos, retain, properties, path, .. } = incoming;
    let (properties, path) = (properties.clone(), path.clone());
    let message = Message { topic, payload: payload.clone(), qos: *qos, retain: *retain, properties, path };
    context.seen().note(&message, now_ms());
    let routes = route(&message, config, &context.published.borrow());
    Taken { routes, refused: false, unreleased, again }
}

fn topic_of(incoming: &Incoming) -> Result<Topic, String> {
    let text = String::from_utf8(incoming.topic.clone()).map_err(|error| error.to_string())?;
    Topic::try_from(text).map_err(|error| error.to_string())
}

/// Writes the messages down, however long it takes; false if the bridge stops first.
async fn write_down(context: &Context, taken: &[Taken]) -> bool {
    for attempt in 0.. {
        let batch = taken.to_vec();
        let Err(error) = context.sending(move |sender, now| sender.take(&batch, now)).await else { return true };
        context.store_trouble(&error);
        if !context.pause(RETRY.pause(attempt)).await {
            return false;
        }
    }
    false
}
