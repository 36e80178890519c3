//! When a frame is posted again of which its receiver has not said that it has it.
//!
//! Only the oldest such frame of each receiver is tried: it is the probe that finds out whether the receiver is there. What
//! else is missing, its receipts then say.

use std::collections::HashMap;
use std::time::Duration;

use crate::backoff::Backoff;
use crate::route::Receiver;
use crate::store::RowId;

/// Pauses between two tries. Posts are what is scarce, and most receivers that are silent are switched off.
const RETRY: Backoff = Backoff { first: Duration::from_secs(60), longest: Duration::from_secs(6 * 3600) };

/// How many times longer the pauses are when posts are scarce.
const SCARCE_FACTOR: u32 = 4;

/// How long after a frame went out it is not missing yet, although later ones have arrived.
const REORDERING: Duration = Duration::from_secs(10);

/// When which frame is tried again.
#[derive(Debug, Default)]
pub(super) struct Retries {
    due: HashMap<Receiver, Due>,
    /// When frames went out in this run.
    out_at: HashMap<RowId, Duration>,
}

#[derive(Debug, Clone, Copy)]
struct Due {
    frame: RowId,
    at: Duration,
}

impl Retries {
    /// A frame was read back.
    pub(super) fn handle_out(&mut self, frame: RowId, now: Duration) {
        self.out_at.insert(frame, now);
    }

    /// Nothing more happens to a frame.
    pub(super) fn handle_settled(&mut self, frame: RowId) {
        self.out_at.remove(&frame);
    }

    /// A sign of life of `receiver`: its silence begins anew.
    pub(super) fn handle_heard(&mut self, receiver: &Receiver) {
        self.due.remove(receiver);
    }

    /// Whether a frame that its receiver says to lack may still be under way.
    pub(super) fn is_under_way(&self, frame: RowId, now: Duration) -> bool {
        self.out_at.get(&frame).is_some_and(|at| now < *at + REORDERING)
    }

    /// Which frames to try again now. `oldest` has each receiver's oldest frame that is out and unheard of, with how often
    /// it was tried again.
    pub(super) fn poll(&mut self, oldest: &[(Receiver, RowId, u32)], scarce: bool, now: Duration) -> Vec<RowId> {
        self.due.retain(|receiver, _| oldest.iter().any(|(other, ..)| other == receiver));
        let mut again = Vec::new();
        for (receiver, frame, tries) in oldest {
            let pause = RETRY.doubled(*tries) * if scarce { SCARCE_FACTOR } else { 1 };
            let due = self.due.entry(receiver.clone()).or_insert(Due { frame: *frame, at: now + pause });
            if due.frame != *frame {
                *due = Due { frame: *frame, at: now + pause };
            } else if due.at <= now {
                again.push(*frame);
                self.due.remove(receiver);
            }
        }
        again
    }

    /// When to poll again.
    pub(super) fn timeout(&self) -> Option<Duration> {
        self.due.values().map(|due| due.at).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn the_oldest_frame_is_tried_again_ever_more_rarely() {
        let mut retries = Retries::default();
        let oldest = |tries| [(Receiver::Everybody, 7, tries)];
        assert!(retries.poll(&oldest(0), false, MINUTE).is_empty());
        assert!(retries.poll(&oldest(0), false, MINUTE + MINUTE / 2).is_empty());
        assert_eq!(retries.poll(&oldest(0), false, MINUTE * 3), [7]);
        assert!(retries.poll(&oldest(1), false, MINUTE * 3).is_empty());
        assert!(retries.poll(&oldest(1), false, MINUTE * 4).is_empty());
        assert_eq!(retries.poll(&oldest(1), false, MINUTE * 6), [7]);
    }

    #[test]
    fn the_silence_begins_anew_with_another_frame_or_a_sign_of_life() {
        let mut retries = Retries::default();
        retries.poll(&[(Receiver::Everybody, 7, 0)], false, Duration::ZERO);
        assert!(retries.poll(&[(Receiver::Everybody, 8, 0)], false, MINUTE * 2).is_empty());
        retries.handle_heard(&Receiver::Everybody);
        assert!(retries.poll(&[(Receiver::Everybody, 8, 0)], false, MINUTE * 4).is_empty());
        assert!(retries.timeout().is_some_and(|at| at > MINUTE * 4));
    }

    #[test]
    fn a_frame_just_posted_is_not_missing_yet() {
        let mut retries = Retries::default();
        retries.handle_out(7, MINUTE);
        assert!(retries.is_under_way(7, MINUTE + REORDERING / 2));
        assert!(!retries.is_under_way(7, MINUTE + REORDERING));
        assert!(!retries.is_under_way(8, MINUTE));
    }
}
