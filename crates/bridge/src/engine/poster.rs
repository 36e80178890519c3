//! Posts what is in the outbox: a number, the post, and the look whether it is really out.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use twister::{NodeFault, Peer, PostNumber, RpcError, SelfCopy, SignedPost, Username};

use super::Context;
use super::context::Moved;
use super::readback::{find_out, own_posts, text_of};
use super::subscriptions;
use super::taker::tell_too_large;
use crate::backoff::Backoff;
use crate::clock::now_ms;
use crate::event::{Direction, Part, ProblemCode, Step};
use crate::route::Receiver;
use crate::store::{OutboxRow, RowId, StoreError};

/// Rows that are posted before the look whether they are out.
const BATCH: usize = 16;

/// Looks for a post that the node took before it counts as lost, and the pause between two.
const READBACK_ATTEMPTS: u32 = 10;
const READBACK_PAUSE: Duration = Duration::from_millis(100);

/// How long messages of quality of service 0 wait for an account that is not heard of yet, in milliseconds.
const STALE_MS: u64 = 120_000;

/// How long the messages for an account that the node cannot write to wait.
const UNKNOWN_RECIPIENT_PAUSE: Duration = Duration::from_secs(30);

/// Pauses after something went wrong.
const RETRY: Backoff = Backoff { first: Duration::from_millis(500), longest: Duration::from_secs(30) };

/// Why posting stops for now.
pub(super) enum Halt {
    Node(RpcError),
    Store(StoreError),
    /// The next number is past what the network accepts.
    QuotaExhausted,
}

impl From<RpcError> for Halt {
    fn from(error: RpcError) -> Self {
        match error.node_fault() {
            Some(NodeFault::QuotaExhausted) => Self::QuotaExhausted,
            _ => Self::Node(error),
        }
    }
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

struct Poster {
    context: Context,
    /// Takes posts that are out, to leave them in the DHT where that is needed.
    carrier: mpsc::UnboundedSender<SignedPost>,
    /// Accounts that cannot be written to, until when.
    unreachable: HashMap<Username, Instant>,
}

/// A row that the node took, with the proof to look for.
struct Posted {
    row: OutboxRow,
    number: PostNumber,
    post: SignedPost,
}

pub(super) async fn drive(context: Context, carrier: mpsc::UnboundedSender<SignedPost>) {
    let mut poster = Poster { context, carrier, unreachable: HashMap::new() };
    let mut published = poster.context.published.subscribe();
    let mut attempt = 0;
    while poster.context.prepared().await {
        let idle = match poster.post_some().await {
            Ok(posted) => !posted,
            Err(halt) => {
                if !poster.handle_halt(halt, RETRY.pause(attempt)).await {
                    return;
                }
                attempt += 1;
                continue;
            }
        };
        attempt = 0;
        if idle {
            tokio::select! {
                () = poster.context.stop.cancelled() => return,
                () = poster.context.signals.outbox.notified() => {}
                _ = published.changed() => {}
                () = tokio::time::sleep(UNKNOWN_RECIPIENT_PAUSE), if !poster.unreachable.is_empty() => {}
            }
        }
        if poster.context.stop.is_cancelled() {
            return;
        }
    }
}

impl Poster {
    /// Posts the oldest rows; false if there is nothing to post.
    async fn post_some(&mut self) -> Result<bool, Halt> {
        let context = self.context.clone();
        if let Some(fields) = subscriptions::pending_announcement(&context).await? {
            self.announce(fields).await?;
        }
        let now = Instant::now();
        self.unreachable.retain(|_, until| *until > now);
        let held = self.held();
        context.store.drop_stale(held.clone(), now_ms().saturating_sub(STALE_MS)).await?;
        let rows = context.store.outbox(held, BATCH).await?;
        if rows.is_empty() {
            return Ok(false);
        }
        let rows = self.settle_doubtful(rows).await?;
        let rows = self.drop_unwanted(rows).await?;
        let mut posted = Vec::new();
        let outcome = self.post_rows(rows, &mut posted).await;
        self.read_back(posted).await?;
        context.signals.counted.notify_one();
        outcome.map(|()| true)
    }

    /// Accounts whose messages wait: not heard of yet, or not to be written to.
    fn held(&self) -> Vec<Username> {
        let published = self.context.published.borrow();
        let named = self.context.config.forwards.iter().flat_map(|forward| &forward.to);
        let held = named.filter(|peer| !published.contains_key(*peer) || self.unreachable.contains_key(*peer));
        held.cloned().collect()
    }

    /// Rows that may have gone out before a crash or a lost reply: those that are out are done, the others wait for a
    /// new number.
    async fn settle_doubtful(&self, rows: Vec<OutboxRow>) -> Result<Vec<OutboxRow>, Halt> {
        let mut open = Vec::new();
        for mut row in rows {
            let Some(number) = row.number else {
                open.push(row);
                continue;
            };
            match find_out(&self.context, &row, number).await? {
                Some(post) => {
                    self.confirm(vec![(row, number)]).await?;
                    self.carry(post);
                }
                None => {
                    self.context.store.unassign_number(row.id).await?;
                    row.number = None;
                    open.push(row);
                }
            }
        }
        Ok(open)
    }

    /// Rows that were kept for an account while nobody could say what it wants.
    async fn drop_unwanted(&self, rows: Vec<OutboxRow>) -> Result<Vec<OutboxRow>, Halt> {
        let (wanted, unwanted): (Vec<_>, Vec<_>) = {
            let published = self.context.published.borrow();
            rows.into_iter().partition(|row| match &row.receiver {
                Receiver::Everybody => true,
                Receiver::Account(name) => published
                    .get(name)
                    .is_some_and(|filters| filters.iter().any(|filter| filter.matches(&row.message.topic))),
            })
        };
        if !unwanted.is_empty() {
            self.context.store.drop_unwanted(unwanted.iter().map(|row| row.id).collect()).await?;
        }
        Ok(wanted)
    }

    async fn post_rows(&mut self, rows: Vec<OutboxRow>, posted: &mut Vec<Posted>) -> Result<(), Halt> {
        let mut next = self.next_number().await?;
        for row in rows {
            if self.context.stop.is_cancelled() {
                break;
            }
            if let Receiver::Account(name) = &row.receiver
                && self.unreachable.contains_key(name)
            {
                continue;
            }
            self.check_quota(next)?;
            self.context.store.assign_number(row.id, next).await?;
            match self.post(&row, next).await {
                Ok(post) => {
                    posted.push(Posted { row, number: next, post });
                    next = next.next();
                }
                Err(error) => self.handle_post_failed(row, error).await?,
            }
        }
        Ok(())
    }

    async fn post(&self, row: &OutboxRow, number: PostNumber) -> Result<SignedPost, RpcError> {
        let author = &self.context.config.twister.account;
        let text = text_of(&self.context, row.message_number, &row.message);
        match &row.receiver {
            Receiver::Everybody => self.context.client.new_post(author, number, &text, None).await,
            Receiver::Account(name) => {
                let peer = Peer::User(name.clone());
                self.context.client.new_direct_message(author, number, &peer, &text, SelfCopy::No).await
            }
        }
    }

    /// What to do with a row that the node did not take. An error means: stop for now.
    async fn handle_post_failed(&mut self, row: OutboxRow, error: RpcError) -> Result<(), Halt> {
        if error.leaves_outcome_open() {
            // The row keeps its number: when the node answers again, it is looked for.
            return Err(error.into());
        }
        match (error.node_fault(), &row.receiver) {
            (Some(NodeFault::PostTooLarge), receiver) => {
                tell_too_large(&self.context, receiver, &row.message);
                self.context.store.refuse(row.id).await?;
                Ok(())
            }
            (Some(NodeFault::UnknownRecipient), Receiver::Account(name)) => {
                let text = format!(
                    "{name} is not a registered account (yet), so nothing can be sent to it; its messages wait. \
                     Check the name in the forwards"
                );
                self.context.board.report(Part::Account, ProblemCode::PeerNotRegistered, text);
                self.unreachable.insert(name.clone(), Instant::now() + UNKNOWN_RECIPIENT_PAUSE);
                self.context.store.unassign_number(row.id).await?;
                Ok(())
            }
            _ => {
                self.context.store.unassign_number(row.id).await?;
                Err(error.into())
            }
        }
    }

    /// Looks whether the posts are out. One whose number another client took is posted again under a new one.
    async fn read_back(&self, mut posted: Vec<Posted>) -> Result<(), Halt> {
        for attempt in 0..READBACK_ATTEMPTS {
            let (Some(first), Some(last)) = (posted.first(), posted.last()) else { return Ok(()) };
            if attempt > 0 {
                tokio::time::sleep(READBACK_PAUSE).await;
            }
            let found = own_posts(&self.context, first.number, last.number).await?;
            let signatures: HashMap<PostNumber, String> =
                found.into_iter().map(|found| (found.post.number, found.signature)).collect();
            let mut out = Vec::new();
            let mut absent = Vec::new();
            for one in posted {
                match signatures.get(&one.number) {
                    Some(signature) if *signature == one.post.signature => {
                        out.push((one.row, one.number));
                        self.carry(one.post);
                    }
                    Some(_) => self.handle_stolen(one.row.id, one.number).await?,
                    None => absent.push(one),
                }
            }
            self.confirm(out).await?;
            posted = absent;
        }
        for one in posted {
            tracing::warn!(number = one.number.0, "the node took a post and does not have it; it is posted again");
            self.context.store.unassign_number(one.row.id).await?;
        }
        Ok(())
    }

    fn carry(&self, post: SignedPost) {
        // The carrier is gone only when the bridge stops.
        let _ = self.carrier.send(post);
    }

    async fn handle_stolen(&self, row: RowId, number: PostNumber) -> Result<(), StoreError> {
        tracing::info!(number = number.0, "another client of the account has used this number; posting again");
        self.context.store.skip_number(number).await?;
        self.context.store.unassign_number(row).await
    }

    async fn confirm(&self, out: Vec<(OutboxRow, PostNumber)>) -> Result<(), StoreError> {
        if out.is_empty() {
            return Ok(());
        }
        self.context.store.confirm_posted(out.iter().map(|(row, _)| row.id).collect()).await?;
        for (row, number) in &out {
            self.context.tell_moved(
                Direction::Out,
                Step::Posted,
                Moved::to(&row.receiver, &row.message, Some(*number)),
            );
        }
        Ok(())
    }

    /// The next number that nobody has used, as far as this bridge and its node know.
    async fn next_number(&self) -> Result<PostNumber, Halt> {
        let account = &self.context.config.twister.account;
        let known = self.context.client.last_have(account).await?.get(account).copied().flatten();
        let tried = self.context.store.next_number().await?;
        Ok(known.map_or(tried, |known| known.next().max(tried)))
    }

    fn check_quota(&self, number: PostNumber) -> Result<(), Halt> {
        match number <= *self.context.highest_allowed.borrow() {
            true => Ok(()),
            false => Err(Halt::QuotaExhausted),
        }
    }

    /// Tells followers by a post what the profile now says.
    async fn announce(&self, announcement: subscriptions::Announcement) -> Result<(), Halt> {
        let number = self.next_number().await?;
        self.check_quota(number)?;
        let author = &self.context.config.twister.account;
        self.context.store.skip_number(number).await?;
        let post = self.context.client.new_custom_post(author, number, &announcement.fields).await?;
        let stored = own_posts(&self.context, number, number).await?;
        // A post that the node has not listed yet counts as made: peers read the profile anyway, and asking again and
        // again would cost a number each time.
        if stored.iter().all(|stored| stored.signature == post.signature) {
            self.context.store.set_announced_seq(announcement.seq).await?;
            self.carry(post);
        }
        Ok(())
    }

    /// Waits for what is missing; false if the bridge stops.
    async fn handle_halt(&self, halt: Halt, pause: Duration) -> bool {
        match halt {
            Halt::Node(error) => {
                self.context.node_trouble(&error);
                self.context.pause(pause).await
            }
            Halt::Store(error) => {
                self.context.store_trouble(&error);
                self.context.pause(pause).await
            }
            Halt::QuotaExhausted => {
                let text = "the account has used up its posts; each new block allows two more (one block takes about \
                            ten minutes). What waits is kept and goes out then";
                self.context.board.report(Part::Account, ProblemCode::QuotaExhausted, text);
                let mut allowed = self.context.highest_allowed.subscribe();
                self.context.signals.steward.notify_one();
                tokio::select! {
                    () = self.context.stop.cancelled() => false,
                    changed = allowed.changed() => changed.is_ok(),
                }
            }
        }
    }
}
