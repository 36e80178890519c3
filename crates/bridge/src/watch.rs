//! Which posts of an account still have to be looked at. The highest number known says nothing about the ones below:
//! pieces of a swarm arrive in any order, and a number may never have been used.
//!
//! A plain state machine: [`Watch::handle_highest`] and [`Watch::handle_looked_at`] tell it what happened,
//! [`Watch::poll_searches`] says what to look for at `now`. No socket, no clock and no task is inside.

use std::collections::BTreeMap;
use std::time::Duration;

use twister::PostNumber;

/// A missing number is looked for again after this long, then after twice as long, and so on.
const FIRST_RETRY: Duration = Duration::from_millis(500);

/// Longest pause between two searches for a missing number.
const LONGEST_RETRY: Duration = Duration::from_secs(600);

/// Most missing numbers of one account that are looked for; above it the oldest are given up.
const MOST_MISSING: usize = 10_000;

/// Most numbers in one search.
const LONGEST_SEARCH: u32 = 200;

/// Most searches that are asked for at once; the rest follows when these are done.
const MOST_SEARCHES: usize = 64;

/// The posts of one account.
#[derive(Debug, Clone)]
pub struct Watch {
    /// Every number below it was looked at, is missing, or was given up.
    next: PostNumber,
    /// Numbers below `next` that were not found, each with its next search and the pause after that.
    missing: BTreeMap<PostNumber, Retry>,
    /// The highest number known to be used.
    highest: Option<PostNumber>,
}

#[derive(Debug, Clone, Copy)]
struct Retry {
    at: Duration,
    pause: Duration,
}

/// Numbers to look for, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Search {
    /// The lowest.
    pub first: PostNumber,
    /// The highest.
    pub last: PostNumber,
    /// Whether they were looked for before in vain.
    pub again: bool,
}

impl Watch {
    /// A watch that knows what was looked at already, in ascending order, and begins at `begins_at`.
    pub fn new(begins_at: PostNumber, looked_at: &[PostNumber], now: Duration) -> Self {
        let mut watch = Self { next: begins_at, missing: BTreeMap::new(), highest: None };
        for number in looked_at.iter().filter(|number| **number >= begins_at) {
            watch.note_missing(*number, now);
            watch.next = number.next();
        }
        watch
    }

    /// The account has used `number`, and perhaps any number below.
    pub fn handle_highest(&mut self, number: PostNumber) {
        self.highest = self.highest.max(Some(number));
    }

    /// `number` needs no further look.
    pub fn handle_looked_at(&mut self, number: PostNumber, now: Duration) {
        if number >= self.next {
            self.note_missing(number, now);
            self.next = number.next();
        } else {
            self.missing.remove(&number);
        }
    }

    /// A search is over. Numbers of it that were not handed to [`Watch::handle_looked_at`] are missing.
    pub fn handle_searched(&mut self, search: Search, now: Duration) {
        if search.last >= self.next {
            self.note_missing(search.last.next(), now);
            self.next = search.last.next();
        }
        for (_, retry) in self.missing.range_mut(search.first..=search.last).filter(|(_, retry)| retry.at <= now) {
            retry.pause = (retry.pause * 2).min(LONGEST_RETRY);
            retry.at = now + retry.pause;
        }
    }

    /// What to look for now, the oldest first.
    pub fn poll_searches(&self, now: Duration) -> Vec<Search> {
        let mut searches: Vec<Search> = Vec::new();
        for (&number, _) in self.missing.iter().filter(|(_, retry)| retry.at <= now) {
            match searches.last_mut() {
                Some(search) if search.last.next() == number && number.0 - search.first.0 < LONGEST_SEARCH => {
                    search.last = number;
                }
                _ => searches.push(Search { first: number, last: number, again: true }),
            }
        }
        if let Some(highest) = self.highest {
            let mut first = self.next;
            while first <= highest && searches.len() < MOST_SEARCHES {
                let last = PostNumber(first.0.saturating_add(LONGEST_SEARCH - 1)).min(highest);
                searches.push(Search { first, last, again: false });
                first = last.next();
            }
        }
        searches
    }

    /// Everything from `next` up to `end`, not included, is missing.
    fn note_missing(&mut self, end: PostNumber, now: Duration) {
        let retry = Retry { at: now + FIRST_RETRY, pause: FIRST_RETRY };
        let oldest = end.0.saturating_sub(MOST_MISSING as u32).max(self.next.0);
        self.missing.extend((oldest..end.0).map(|number| (PostNumber(number), retry)));
        while self.missing.len() > MOST_MISSING {
            self.missing.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(100);

    fn numbers(searches: &[Search]) -> Vec<(u32, u32)> {
        searches.iter().map(|search| (search.first.0, search.last.0)).collect()
    }

    fn looked(watch: &mut Watch, numbers: &[u32], now: Duration) {
        for number in numbers {
            watch.handle_looked_at(PostNumber(*number), now);
        }
    }

    #[test]
    fn new_numbers_are_looked_for_at_once_and_then_no_more() {
        let mut watch = Watch::new(PostNumber(3), &[], START);
        watch.handle_highest(PostNumber(5));
        let searches = watch.poll_searches(START);
        assert_eq!(numbers(&searches), [(3, 5)]);
        looked(&mut watch, &[4, 3, 5], START);
        watch.handle_searched(searches[0], START);
        assert!(watch.poll_searches(START + LONGEST_RETRY).is_empty());
    }

    #[test]
    fn a_number_that_was_not_found_is_looked_for_again_and_again() {
        let mut watch = Watch::new(PostNumber(0), &[], START);
        watch.handle_highest(PostNumber(4));
        let searches = watch.poll_searches(START);
        looked(&mut watch, &[0, 4], START);
        watch.handle_searched(searches[0], START);
        assert!(watch.poll_searches(START).is_empty());
        let mut now = START;
        for _ in 0..20 {
            now += LONGEST_RETRY;
            let again = watch.poll_searches(now);
            assert_eq!(numbers(&again), [(1, 3)]);
            watch.handle_searched(again[0], now);
            assert!(watch.poll_searches(now).is_empty());
        }
        looked(&mut watch, &[2], now);
        assert_eq!(numbers(&watch.poll_searches(now + LONGEST_RETRY)), [(1, 1), (3, 3)]);
    }

    #[test]
    fn after_a_restart_the_gaps_are_looked_for_again() {
        let looked_at = [PostNumber(2), PostNumber(3), PostNumber(6)];
        let mut watch = Watch::new(PostNumber(2), &looked_at, START);
        watch.handle_highest(PostNumber(7));
        assert_eq!(numbers(&watch.poll_searches(START)), [(7, 7)]);
        assert_eq!(numbers(&watch.poll_searches(START + FIRST_RETRY)), [(4, 5), (7, 7)]);
    }

    #[test]
    fn what_was_before_the_first_contact_is_left_alone() {
        let mut watch = Watch::new(PostNumber(1000), &[PostNumber(5)], START);
        watch.handle_highest(PostNumber(1001));
        assert_eq!(numbers(&watch.poll_searches(START + LONGEST_RETRY)), [(1000, 1001)]);
    }

    #[test]
    fn a_long_absence_is_looked_through_in_pieces() {
        let mut watch = Watch::new(PostNumber(0), &[], START);
        watch.handle_highest(PostNumber(450));
        assert_eq!(numbers(&watch.poll_searches(START)), [(0, 199), (200, 399), (400, 450)]);
    }

    #[test]
    fn a_forged_highest_number_costs_bounded_memory() {
        let mut watch = Watch::new(PostNumber(0), &[], START);
        let search = Search { first: PostNumber(0), last: PostNumber(4_000_000_000), again: false };
        watch.handle_searched(search, START);
        assert!(watch.missing.len() <= MOST_MISSING);
        let mut watch = Watch::new(PostNumber(0), &[], START);
        watch.handle_highest(PostNumber(u32::MAX));
        assert_eq!(watch.poll_searches(START).len(), MOST_SEARCHES);
    }
}
