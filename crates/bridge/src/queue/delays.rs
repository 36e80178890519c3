//! Why messages have not arrived, in words.

use super::{Delay, DelayCode, QueueTotals, Span};
use crate::route::Receiver;

/// What is known of a receiver, beside how much waits for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outlook {
    /// Why what is not out does not go out.
    pub leaving: Delay,
    /// When the receiver last said what it has received.
    pub last_heard_ms: Option<u64>,
    /// How often the oldest frame that it is silent about was posted again.
    pub tries: u32,
}

impl Delay {
    pub(crate) fn new(code: DelayCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// A reason for each of the states that messages for `receiver` are in.
pub(crate) fn delays(receiver: &Receiver, totals: &QueueTotals, outlook: &Outlook, now_ms: u64) -> Vec<Delay> {
    let mut delays = Vec::new();
    if totals.waiting + totals.packed > 0 {
        delays.push(outlook.leaving.clone());
    }
    if totals.held > 0 {
        delays.push(Delay::new(DelayCode::Held, "held back by you, until you release them"));
    }
    if totals.posted > 0 {
        delays.push(silent(receiver, outlook, now_ms));
    }
    if totals.seen > 0 {
        let text = format!("{receiver} has received them, and its broker has not taken them over yet");
        delays.push(Delay::new(DelayCode::NotTakenOver, text));
    }
    delays
}

fn silent(receiver: &Receiver, outlook: &Outlook, now_ms: u64) -> Delay {
    let heard = match outlook.last_heard_ms {
        Some(at) => format!(", and was last heard of {} ago", Span(now_ms.saturating_sub(at))),
        None => String::new(),
    };
    let again = match (outlook.leaving.code, outlook.tries) {
        (DelayCode::NotRunning, _) => "they are posted again when the bridge runs".to_owned(),
        (_, 0) => "they are posted again after a while".to_owned(),
        (_, 1) => "the oldest were posted again once so far".to_owned(),
        (_, tries) => format!("the oldest were posted again {tries} times so far"),
    };
    Delay::new(DelayCode::Silent, format!("out, but {receiver} has not said that it has them{heard}; {again}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_state_that_messages_are_in_has_its_reason() {
        let bob = Receiver::Account("mqtt_bob".parse().unwrap());
        let leaving = Delay::new(DelayCode::NoPosts, "no posts");
        let mut outlook = Outlook { leaving: leaving.clone(), last_heard_ms: Some(1000), tries: 2 };
        let codes = |totals: QueueTotals, outlook: &Outlook| {
            let delays = delays(&bob, &totals, outlook, 301_000);
            delays.iter().map(|delay| delay.code).collect::<Vec<_>>()
        };
        assert_eq!(codes(QueueTotals::default(), &outlook), []);
        let all = QueueTotals { waiting: 1, held: 1, packed: 1, posted: 1, seen: 1, ..QueueTotals::default() };
        let expected = [DelayCode::NoPosts, DelayCode::Held, DelayCode::Silent, DelayCode::NotTakenOver];
        assert_eq!(codes(all, &outlook), expected);
        let out = QueueTotals { posted: 1, ..QueueTotals::default() };
        let words = |outlook: &Outlook| delays(&bob, &out, outlook, 301_000).remove(0).message;
        assert_eq!(
            words(&outlook),
            "out, but mqtt_bob has not said that it has them, and was last heard of 5 minutes ago; \
             the oldest were posted again 2 times so far"
        );
        outlook.last_heard_ms = None;
        assert!(!words(&outlook).contains("last heard"));
    }
}
