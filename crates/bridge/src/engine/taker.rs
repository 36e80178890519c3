//! Takes messages over from the local broker: route, write down, and only then acknowledge.

use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use tokio::sync::mpsc;

use super::Context;
use super::context::Moved;
use super::readback::text_of;
use crate::backoff::Backoff;
use crate::clock::now_ms;
use crate::event::{Direction, Part, ProblemCode, Step};
use crate::fit::fits;
use crate::message::Message;
use crate::mqtt::{Command, Incoming, qos_of};
use crate::route::{Receiver, Route, route};
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
        let taken: Vec<Taken> = batch.iter().map(|message| take(&context, message)).collect();
        if !write_down(&context, &taken).await {
            return;
        }
        for message in batch.drain(..).filter(|message| message.qos != QoS::AtMostOnce) {
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
fn take(context: &Context, incoming: &Incoming) -> Taken {
    let unreleased = (incoming.qos == QoS::ExactlyOnce).then_some(incoming.packet);
    let again = incoming.again;
    let topic = match topic_of(incoming) {
        Ok(topic) => topic,
        Err(reason) => {
            let text = format!("the local broker sent a message whose topic is not valid: {reason}. It was left out");
            context.board.report(Part::Message, ProblemCode::MessageRefused, text);
            return Taken { routes: Vec::new(), refused: true, unreleased, again };
        }
    };
    let qos = qos_of(incoming.qos);
    let message = Message::new(topic, incoming.payload.clone(), qos);
    let routes = route(&message, &context.config, &context.published.borrow());
    let account = &context.config.twister.account;
    let (routes, too_large): (Vec<_>, Vec<_>) = routes
        .into_iter()
        .partition(|route| fits(account, &route.receiver, &text_of(context, u64::MAX, &route.message)));
    for route in &too_large {
        tell_too_large(context, &route.receiver, &route.message);
    }
    Taken { routes, refused: !too_large.is_empty(), unreleased, again }
}

fn topic_of(incoming: &Incoming) -> Result<Topic, String> {
    let text = String::from_utf8(incoming.topic.clone()).map_err(|error| error.to_string())?;
    Topic::try_from(text).map_err(|error| error.to_string())
}

/// A message that one post cannot carry.
pub(super) fn tell_too_large(context: &Context, receiver: &Receiver, message: &Message) {
    let text = format!(
        "the message on {} for {receiver} has {} bytes and does not fit one post, so it was not sent. Send less at a \
         time, or leave its topic out of the forwards",
        message.topic,
        message.payload.len()
    );
    context.board.report(Part::Message, ProblemCode::PayloadTooLarge, text);
    context.tell_moved(Direction::Out, Step::Refused, Moved::to(receiver, message, None));
}

/// Writes the messages down, however long it takes; false if the bridge stops first.
async fn write_down(context: &Context, taken: &[Taken]) -> bool {
    for attempt in 0.. {
        let Err(error) = context.store.take(taken.to_vec(), now_ms()).await else { return true };
        context.store_trouble(&error);
        if !context.pause(RETRY.pause(attempt)).await {
            return false;
        }
    }
    false
}
