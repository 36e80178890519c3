//! Which messages are under way to the broker. The client library gives a message its packet identifier only when it
//! writes it, and says so in the order in which the messages were handed over.
//!
//! A plain state machine; the session tells it what the library reports.

use std::collections::{HashMap, VecDeque};

use crate::message::Qos;
use crate::store::RowId;

/// Messages handed to the client library and not taken over by the broker.
#[derive(Debug, Default)]
pub(crate) struct Deliveries {
    handed_over: VecDeque<(RowId, Qos)>,
    written: HashMap<u16, RowId>,
}

impl Deliveries {
    /// A message was handed to the client library.
    pub(crate) fn handle_handed_over(&mut self, row: RowId, qos: Qos) {
        self.handed_over.push_back((row, qos));
    }

    /// The library has written a message under `packet`, 0 for quality of service 0. Returns the row if the broker
    /// will not answer: then writing is all there is.
    pub(crate) fn handle_written(&mut self, packet: u16) -> Option<RowId> {
        if packet != 0 && self.written.contains_key(&packet) {
            return None; // The same message again, after a reconnection.
        }
        let (row, qos) = self.handed_over.pop_front()?;
        if qos == Qos::AtMostOnce {
            return Some(row);
        }
        self.written.insert(packet, row);
        None
    }

    /// The broker has taken the message over.
    pub(crate) fn handle_acknowledged(&mut self, packet: u16) -> Option<RowId> {
        self.written.remove(&packet)
    }

    /// The broker knows nothing of the session: whatever was under way is not.
    pub(crate) fn handle_session_lost(&mut self) {
        self.handed_over.clear();
        self.written.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_delivered_when_the_broker_says_so() {
        let mut deliveries = Deliveries::default();
        deliveries.handle_handed_over(10, Qos::AtLeastOnce);
        deliveries.handle_handed_over(11, Qos::ExactlyOnce);
        assert_eq!(deliveries.handle_written(1), None);
        assert_eq!(deliveries.handle_written(2), None);
        assert_eq!(deliveries.handle_acknowledged(2), Some(11));
        assert_eq!(deliveries.handle_acknowledged(1), Some(10));
        assert_eq!(deliveries.handle_acknowledged(1), None);
    }

    #[test]
    fn a_message_that_needs_no_answer_is_delivered_when_it_is_written() {
        let mut deliveries = Deliveries::default();
        deliveries.handle_handed_over(10, Qos::AtMostOnce);
        assert_eq!(deliveries.handle_written(0), Some(10));
    }

    #[test]
    fn a_message_written_again_after_a_reconnection_is_still_the_same() {
        let mut deliveries = Deliveries::default();
        deliveries.handle_handed_over(10, Qos::AtLeastOnce);
        deliveries.handle_written(1);
        deliveries.handle_handed_over(11, Qos::AtLeastOnce);
        assert_eq!(deliveries.handle_written(1), None);
        assert_eq!(deliveries.handle_written(2), None);
        assert_eq!(deliveries.handle_acknowledged(1), Some(10));
        assert_eq!(deliveries.handle_acknowledged(2), Some(11));
    }

    #[test]
    fn a_lost_session_leaves_nothing_under_way() {
        let mut deliveries = Deliveries::default();
        deliveries.handle_handed_over(10, Qos::AtLeastOnce);
        deliveries.handle_written(1);
        deliveries.handle_session_lost();
        assert_eq!(deliveries.handle_acknowledged(1), None);
        deliveries.handle_handed_over(10, Qos::AtLeastOnce);
        deliveries.handle_written(1);
        assert_eq!(deliveries.handle_acknowledged(1), Some(10));
    }
}
