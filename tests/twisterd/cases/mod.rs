//! What the whole program does over the two nodes, each case with accounts and brokers of its own.

pub mod kinds;
pub mod limits;
pub mod messages;
pub mod outages;

use crate::support::Message;

/// Messages on one topic, numbered.
fn numbered(topic: &str, numbers: std::ops::Range<usize>) -> Vec<Message> {
    numbers.map(|number| Message::new(topic, number.to_string())).collect()
}

/// The messages without the copies of earlier ones: QoS 1 is at least once.
fn first_copies(messages: &[Message]) -> Vec<Message> {
    let is_first = |(index, message): &(usize, &Message)| !messages[..*index].contains(message);
    messages.iter().enumerate().filter(is_first).map(|(_, message)| message.clone()).collect()
}
