//! The queue of a running bridge: what waits, why, and what a person does with it.

use twister::Username;

use super::{Context, Moved};
use crate::clock::now_ms;
use crate::event::{BridgeState, PartState, Phase, Step};
use crate::outgoing::Waiting;
use crate::pack::Pace;
use crate::queue::{
    Delay, DelayCode, MOST_ENTRIES, Outlook, QueueAction, QueueChange, QueuePage, QueueSummary, QueueTotals, Selection,
    Span, delays,
};
use crate::route::Receiver;
use crate::store::{RowId, StoreError};

impl Context {
    /// What waits for each receiver, and why.
    pub(crate) async fn queue(&self) -> Result<Vec<QueueSummary>, StoreError> {
        let Waiting { totals, last_heard, tries, unreachable } =
            self.sending(|sender, now| sender.waiting(now)).await?;
        let summary = |(receiver, totals): (Receiver, QueueTotals)| {
            let outlook = Outlook {
                leaving: self.why_not_leaving(&receiver, &unreachable),
                last_heard_ms: last_heard.get(&receiver).copied(),
                tries: tries.get(&receiver).copied().unwrap_or(0),
            };
            let delays = delays(&receiver, &totals, &outlook, now_ms());
            QueueSummary { receiver, totals, last_heard_ms: outlook.last_heard_ms, delays }
        };
        Ok(totals.into_iter().map(summary).collect())
    }

    /// The selected messages after row `after`.
    pub(crate) async fn queue_page(
        &self,
        selection: Selection,
        after: RowId,
        limit: usize,
    ) -> Result<QueuePage, StoreError> {
        let limit = limit.min(MOST_ENTRIES);
        self.sending(move |sender, now| sender.queue_page(&selection, after, limit, now)).await
    }

    /// How many messages a selection means.
    pub(crate) async fn count_queue(&self, selection: Selection) -> Result<QueueTotals, StoreError> {
        self.sending(move |sender, now| sender.count_queue(&selection, now)).await
    }

    /// Does what a person wants with the selected messages.
    pub(crate) async fn change_queue(
        &self,
        action: QueueAction,
        selection: Selection,
    ) -> Result<QueueChange, StoreError> {
        let change = self.sending(move |sender, now| {
            let change = sender.change_queue(action, &selection, now)?;
            Ok((change, sender.poll_dropped()))
        });
        let (change, dropped) = change.await?;
        dropped.iter().for_each(|message| self.tell(|| Moved::sent(self, Step::Dropped, message)));
        self.signals.outbox.notify_one();
        self.signals.counted.notify_one();
        Ok(change)
    }

    /// Why what waits for `receiver` does not go out now. What concerns everybody comes first: while the node is away, nobody
    /// can be heard of.
    fn why_not_leaving(&self, receiver: &Receiver, unreachable: &[Username]) -> Delay {
        if let Receiver::Account(name) = receiver
            && !self.config().names(name)
        {
            let text = format!("no forward goes to {name} any more: add one again, or drop them");
            return Delay::new(DelayCode::NotNamed, text);
        }
        let state = self.board.state();
        if let Some(delay) = not_ready(&state) {
            return delay;
        }
        if let Receiver::Account(name) = receiver {
            if !self.published.borrow().contains_key(name) {
                let text = format!("nobody knows yet what {name} wants: its profile is not in the network");
                return Delay::new(DelayCode::NotHeardOf, text);
            }
            if unreachable.contains(name) {
                let text = format!("{name} is not a registered account (yet): check the name in the forwards");
                return Delay::new(DelayCode::NotRegistered, text);
            }
        }
        match state.quota {
            Some(quota) if quota.pace == Pace::Out => {
                let more = Span(quota.more_at_ms.saturating_sub(now_ms()).max(60_000));
                Delay::new(DelayCode::NoPosts, format!("the posts are used up; the next are expected in about {more}"))
            }
            Some(quota) if quota.pace == Pace::Scarce => {
                let text = "posts are scarce, so they wait for others to share one, as long as their rules let them";
                Delay::new(DelayCode::Gathering, text)
            }
            _ => Delay::new(DelayCode::Gathering, "they leave in a moment, with those that come meanwhile"),
        }
    }
}

/// What keeps the bridge from posting at all.
fn not_ready(state: &BridgeState) -> Option<Delay> {
    if state.phase != Phase::Running {
        return Some(Delay::new(DelayCode::NotRunning, "the bridge is stopping; they leave when it runs again"));
    }
    let parts = [&state.node, &state.account, &state.network];
    let problems = parts.into_iter().filter_map(|part| match part {
        PartState::Down { problem } => Some(problem.message.clone()),
        PartState::Idle | PartState::Connecting | PartState::Up => None,
    });
    let problem = problems.into_iter().next();
    let problem = problem.or_else(|| {
        let all_up = parts.into_iter().all(|part| *part == PartState::Up);
        (!all_up).then(|| "the node has not said yet whether the account can post".to_owned())
    });
    problem.map(|text| Delay::new(DelayCode::NotReady, text))
}
