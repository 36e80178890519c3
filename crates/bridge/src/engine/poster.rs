//! Posts the frames that the sending half makes: a number, the post, and the look whether it is really out.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use twister::{CustomFields, FieldValue, NodeFault, Peer, PostNumber, RpcError, SelfCopy, SignedPost, Username};

use super::Context;
use super::proof::{Posted, Proof};
use super::readback::own_posts;
use super::subscriptions;
use crate::backoff::Backoff;
use crate::clock::now_s;
use crate::event::{BridgeState, Part, ProblemCode};
use crate::frame::v1;
use crate::outgoing::{Fate, Outgoing, PeerTerms};
use crate::pack::Pace;
use crate::route::Receiver;
use crate::store::{FrameRow, StoreError};

/// Frames that are posted before the look whether they are out. That look is taken, and others are made, while the next are
/// posted.
const BATCH: usize = 8;

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
    proof: Proof,
    /// What the node took in the last round. Whether it is out is seen while the next frames are posted.
    unproven: Vec<Posted>,
    /// Accounts that cannot be written to, until when.
    unreachable: HashMap<Username, Instant>,
}

pub(super) async fn drive(context: Context, carrier: mpsc::UnboundedSender<SignedPost>) {
    let proof = Proof { context: context.clone(), carrier };
    let mut poster = Poster { context, proof, unproven: Vec::new(), unreachable: HashMap::new() };
    let mut published = poster.context.published.subscribe();
    let mut packers = poster.context.packers.subscribe();
    let mut attempt = 0;
    while poster.context.prepared().await {
        let outcome = poster.post_some().await;
        let wake = match outcome {
            Ok(Some(wake)) => wake,
            Ok(None) => {
                attempt = 0;
                continue;
            }
            Err(halt) => {
                if !poster.handle_halt(halt, RETRY.pause(attempt)).await {
                    return;
                }
                attempt += 1;
                continue;
            }
        };
        attempt = 0;
        tokio::select! {
            () = poster.context.stop.cancelled() => return,
            () = poster.context.signals.outbox.notified() => {}
            _ = published.changed() => {}
            _ = packers.changed() => {}
            () = sleep_until(wake) => {}
            () = tokio::time::sleep(UNKNOWN_RECIPIENT_PAUSE), if !poster.unreachable.is_empty() => {}
        }
        if poster.context.stop.is_cancelled() {
            return;
        }
    }
}

/// Sleeps until `at`; for ever if there is none.
pub(super) async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Makes frames while others are posted, one at a time: nobody else gets at the sending half meanwhile.
async fn pack_ahead(context: &Context) -> Result<(), StoreError> {
    loop {
        let pack_one = |sender: &mut Outgoing, now| {
            let before = sender.count_to_post()?;
            let outcomes = sender.pack_some(1, now)?;
            Ok((outcomes, sender.count_to_post()? > before))
        };
        let (outcomes, made) = context.sending(pack_one).await?;
        context.tell_outcomes(outcomes);
        if !made {
            return Ok(());
        }
    }
}

impl Poster {
    /// Makes and posts some frames. If there was nothing to post: when there may be.
    async fn post_some(&mut self) -> Result<Option<Option<Instant>>, Halt> {
        let context = self.context.clone();
        if let Some(announcement) = subscriptions::pending_announcement(&context).await? {
            self.announce(announcement).await?;
        }
        let now = Instant::now();
        self.unreachable.retain(|_, until| *until > now);
        // After an error, and at the start, only the database knows what may be out.
        let unproven = std::mem::take(&mut self.unproven);
        if unproven.is_empty() {
            self.proof.settle_doubtful().await?;
        }
        // To see whether there is anything to post, what is known here is enough: the node is asked before posting.
        let (peers, pace) = (self.peers(), self.pace(self.context.store.next_number().await?));
        let packed = context.sending(move |sender, now| {
            sender.set_peers(peers)?;
            sender.set_pace(pace);
            let outcomes = sender.pack(now)?;
            Ok((outcomes, sender.frames_to_post(BATCH)?, sender.timeout(now)?, sender.is_stuck()?))
        });
        let (outcomes, frames, timeout, stuck) = packed.await?;
        context.tell_outcomes(outcomes);
        if frames.is_empty() {
            if !unproven.is_empty() {
                self.proof.read_back(unproven).await?;
                return Ok(None);
            }
            let wake = timeout.map(|at| context.start + at);
            return if stuck { Err(Halt::QuotaExhausted) } else { Ok(Some(wake)) };
        }
        let next = self.next_number().await?;
        let (proof, mut posted) = (self.proof.clone(), Vec::new());
        let meanwhile = async {
            // What is out makes room for frames.
            proof.read_back(unproven).await?;
            pack_ahead(&context).await.map_err(Halt::Store)
        };
        let (outcome, done) = tokio::join!(self.post_frames(frames, next, &mut posted), meanwhile);
        if outcome.is_err() || context.stop.is_cancelled() {
            // The next round may be far off.
            proof.read_back(std::mem::take(&mut posted)).await?;
        }
        done?;
        outcome?;
        self.unproven = posted;
        Ok(None)
    }

    /// What is known of the accounts that something may go to.
    fn peers(&self) -> BTreeMap<Username, PeerTerms> {
        let config = self.context.config();
        let published = self.context.published.borrow();
        let packers = self.context.packers.borrow();
        let named = config.forwards.iter().flat_map(|forward| &forward.to).chain(&config.following);
        let terms = |name: &Username| PeerTerms {
            packed: packers.contains(name),
            receipts: config.following.contains(name),
            reachable: published.contains_key(name) && !self.unreachable.contains_key(name),
        };
        named.map(|name| (name.clone(), terms(name))).collect()
    }

    /// How freely posts may be used if `next` is the next number.
    fn pace(&self, next: PostNumber) -> Pace {
        let allowed = *self.context.highest_allowed.borrow();
        Pace::of((allowed.0 + 1).saturating_sub(next.0))
    }

    async fn post_frames(
        &mut self,
        frames: Vec<FrameRow>,
        mut next: PostNumber,
        posted: &mut Vec<Posted>,
    ) -> Result<(), Halt> {
        for frame in frames {
            if self.context.stop.is_cancelled() {
                break;
            }
            if let Receiver::Account(name) = &frame.receiver
                && self.unreachable.contains_key(name)
            {
                continue;
            }
            self.check_quota(next)?;
            let id = frame.id;
            self.context.sending(move |sender, _| sender.assign_post(id, next)).await?;
            match self.post(&frame, next).await {
                Ok(post) => {
                    posted.push(Posted { frame, number: next, post });
                    next = next.next();
                }
                Err(error) => self.handle_post_failed(frame, next, error).await?,
            }
        }
        Ok(())
    }

    async fn post(&self, frame: &FrameRow, number: PostNumber) -> Result<SignedPost, RpcError> {
        let author = &self.context.account;
        let client = &self.context.client;
        match &frame.receiver {
            Receiver::Everybody if frame.number.is_some() => {
                // The text of the post is left to people.
                let fields = CustomFields::from([(v1::FIELD.to_owned(), FieldValue::from(frame.text.as_str()))]);
                client.new_custom_post(author, number, &fields).await
            }
            Receiver::Everybody => client.new_post(author, number, &frame.text, None).await,
            Receiver::Account(name) => {
                let peer = Peer::User(name.clone());
                client.new_direct_message(author, number, &peer, &frame.text, SelfCopy::No).await
            }
        }
    }

    /// What to do with a frame that the node did not take. An error means: stop for now.
    async fn handle_post_failed(&mut self, frame: FrameRow, number: PostNumber, error: RpcError) -> Result<(), Halt> {
        if error.leaves_outcome_open() {
            // The frame keeps its number: when the node answers again, it is looked for.
            return Err(error.into());
        }
        match (error.node_fault(), &frame.receiver) {
            (Some(NodeFault::PostTooLarge), _) => {
                let id = frame.id;
                let refused = self.context.sending(move |sender, _| sender.refuse(id)).await?;
                self.context.tell_outcomes(refused);
                Ok(())
            }
            (Some(NodeFault::UnknownRecipient), Receiver::Account(name)) => {
                let text = format!(
                    "{name} is not a registered account (yet), so nothing can be sent to it; its messages wait. \
                     Check the name in the forwards"
                );
                self.context.board.report(Part::Account, ProblemCode::PeerNotRegistered, text);
                self.unreachable.insert(name.clone(), Instant::now() + UNKNOWN_RECIPIENT_PAUSE);
                Ok(self.proof.settle(frame, number, Fate::Absent).await?)
            }
            _ => {
                self.proof.settle(frame, number, Fate::Absent).await?;
                Err(error.into())
            }
        }
    }

    /// The next number that nobody has used, as far as this bridge and its node know.
    async fn next_number(&self) -> Result<PostNumber, Halt> {
        let account = &self.context.account;
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
        let author = &self.context.account;
        self.context.sending(move |sender, _| sender.skip_number(number)).await?;
        let post = self.context.client.new_custom_post(author, number, &announcement.fields).await?;
        let stored = own_posts(&self.context, number, number).await?;
        // A post that the node has not listed yet counts as made: peers read the profile anyway, and asking again and
        // again would cost a number each time.
        if stored.iter().all(|stored| stored.signature == post.signature) {
            self.context.store.set_announced_seq(announcement.seq).await?;
            self.proof.carry(post);
        }
        Ok(())
    }

    /// What people are told when no posts are left, with an estimate of how long that goes on.
    fn exhausted(&self) -> String {
        let BridgeState { counters, quota, .. } = self.context.board.state();
        let more_at_s = quota.map_or(0, |quota| quota.more_at_ms / 1000);
        let minutes = more_at_s.saturating_sub(now_s()).div_ceil(60).max(1);
        let waiting = counters.waiting_out;
        format!(
            "the account has used up its posts; the next block allows two more, in about {minutes} minutes, and so does \
             each one after it, every ten minutes. {waiting} messages wait and go out then, many to a post"
        )
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
                let text = self.exhausted();
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
