//! Takes messages over from the local broker: route, write down, and only then acknowledge.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::{Context, Moved};
use crate::backoff::Backoff;
use crate::clock::now_ms;
use crate::config::BridgeConfig;
use crate::event::{Part, ProblemCode};
use crate::message::{Message, Qos};
use crate::mqtt::{Command, Incoming};
use crate::outgoing::Outcome;
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
        let taken_ms = now_ms();
        let config = context.config();
        let expected = batch.iter().filter(|message| message.qos != Qos::AtMostOnce);
        let receipts: Vec<_> = expected.map(|message| message.receipt.clone()).collect();
        let (messages, taken): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|message| take(&context, &config, message)).unzip();
        let taken = Arc::new(taken);
        let Some((numbers, outcomes)) = write_down(&context, &taken).await else { return };
        for receipt in receipts {
            // The session is gone only when the bridge stops; then the broker keeps the message.
            let _ = commands.send(Command::Acknowledge(receipt));
        }
        for ((message, taken), number) in messages.iter().zip(taken.iter()).zip(numbers) {
            if let Some(message) = message {
                tell(&context, message, taken, number, taken_ms);
            }
        }
        context.tell_outcomes(outcomes);
        context.signals.outbox.notify_one();
        context.signals.counted.notify_one();
    }
}

/// Tells people where a message goes, or that it goes nowhere. One that was taken before has no number.
fn tell(context: &Context, message: &Message, taken: &Taken, number: Option<u64>, taken_ms: u64) {
    if taken.routes.is_empty() && !message.topic.is_local() {
        context.tell(|| Moved::taken(context, message, taken_ms));
    }
    let Some(number) = number else { return };
    for Route { receiver, message: sent, .. } in &taken.routes {
        context.tell(|| Moved::queued(context, receiver, number, sent, &message.topic, taken_ms));
    }
}

/// Checks a message and finds its receivers. What cannot cross is told.
fn take(context: &Context, config: &BridgeConfig, incoming: Incoming) -> (Option<Message>, Taken) {
    let Incoming { topic, payload, qos, retain, properties, path, packet, again, .. } = incoming;
    let unreleased = (qos == Qos::ExactlyOnce).then_some(packet);
    let topic = match to_topic(topic) {
        Ok(topic) => topic,
        Err(reason) => {
            let text = format!("the local broker sent a message whose topic is not valid: {reason}. It was left out");
            context.board.report(Part::Message, ProblemCode::MessageRefused, text);
            return (None, Taken { routes: Vec::new(), refused: true, unreleased, again });
        }
    };
    let message = Message { topic, payload, qos, retain, properties, path };
    context.seen().note(&message, now_ms());
    let routes = route(&message, config, &context.published.borrow());
    (Some(message), Taken { routes, refused: false, unreleased, again })
}

fn to_topic(bytes: Vec<u8>) -> Result<Topic, String> {
    let text = String::from_utf8(bytes).map_err(|error| error.to_string())?;
    Topic::try_from(text).map_err(|error| error.to_string())
}

/// Writes the messages down, however long it takes; none if the bridge stops first.
async fn write_down(context: &Context, taken: &Arc<Vec<Taken>>) -> Option<(Vec<Option<u64>>, Vec<Outcome>)> {
    for attempt in 0.. {
        let batch = Arc::clone(taken);
        match context.sending(move |sender, now| sender.take(&batch, now)).await {
            Ok(written) => return Some(written),
            Err(error) => context.store_trouble(&error),
        }
        if !context.pause(RETRY.pause(attempt)).await {
            return None;
        }
    }
    None
}
