//! Brings in what the followed accounts have posted. The node's list of direct messages has no stable positions, so a
//! direct message is known by its author and number alone, and looked for in the list when its post turns up.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::Instant;
use twister::wire::PostKind;
use twister::{PostNumber, RpcError, SignedPost, Username};

use super::absence::{Absence, is_before};
use super::readback::{frame_text, listed_since, posts_between};
use super::steward::MOST_BEFORE;
use super::subscriptions::{self, FRAMES, TOPICS, TOPICS_SEQ};
use super::{Context, Moved};
use crate::clock::Now;
use crate::config::{BridgeConfig, CatchUp};
use crate::event::{Part, ProblemCode, Step};
use crate::incoming::{Found, FoundContent, Incoming, MOST_POSTS, News, Refused};
use crate::limits::PeerLimits;
use crate::rhythm::Rhythm;
use crate::store::{PeerRecord, StoreError};
use crate::watch::{Search, Watch};

/// When to look for news, by the time since there were any.
const LOOKS: Rhythm = Rhythm { shortest: Duration::from_millis(20), longest: Duration::from_secs(2), share: 0.01 };

/// The longest time between two looks while something is waited for: a receipt, or a frame that is missing.
const WAITING_PERIOD: Duration = Duration::from_millis(200);

/// How long a direct message that is not in the list is looked for before it counts as meant for somebody else: the node
/// lists a message only after it has decrypted it.
const UNLISTED_PATIENCE: Duration = Duration::from_secs(60);

/// How long a search beyond the node's own copy of a swarm may take.
const PEEK_TIMEOUT: Duration = Duration::from_secs(10);

/// People are told of a refused message of each sender once in this time at most. All are counted, and the last are kept.
const REFUSAL_PERIOD: Duration = Duration::from_secs(1);

struct Watcher {
    context: Context,
    /// The settings that this look goes by.
    config: Arc<BridgeConfig>,
    peers: BTreeMap<Username, Followed>,
    incoming: Arc<Mutex<Incoming>>,
    /// How fast messages of each account may come in.
    limits: PeerLimits,
    absence: Absence,
    /// When there was news last.
    news_at: Instant,
    /// When people were last told of a refused message, by sender.
    told_refused: HashMap<Username, Instant>,
    /// Ends of searches beyond the node's own copy; the permit is given back when the search is dropped.
    peeks: mpsc::Sender<()>,
    peeked: mpsc::Receiver<()>,
}

/// A followed account.
struct Followed {
    record: PeerRecord,
    /// None of its posts was looked at.
    fresh: bool,
    watch: Watch,
    /// Direct messages of which it is not known yet whether they are for this account.
    undecided: BTreeMap<PostNumber, Undecided>,
}

struct Undecided {
    /// The post's own time, in seconds since 1970.
    time: i64,
    since: Instant,
}

enum Trouble {
    Node(RpcError),
    Store(StoreError),
}

impl From<RpcError> for Trouble {
    fn from(error: RpcError) -> Self {
        Self::Node(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

pub(super) async fn drive(context: Context) {
    let incoming = loop {
        let (store, config) = (context.store.clone(), context.config());
        let begun = tokio::task::spawn_blocking(move || Incoming::new(store, config)).await;
        match begun.unwrap_or(Err(StoreError::ShuttingDown)) {
            Ok(incoming) => break Arc::new(Mutex::new(incoming)),
            Err(error) => context.store_trouble(&error),
        }
        if !context.pause(LOOKS.longest).await {
            return;
        }
    };
    let (peeks, peeked) = mpsc::channel(1);
    let mut watcher = Watcher {
        config: context.config(),
        peers: BTreeMap::new(),
        incoming,
        limits: PeerLimits::new(&context.config(), context.start.elapsed()),
        absence: Absence::default(),
        news_at: Instant::now(),
        told_refused: HashMap::new(),
        peeks,
        peeked,
        context,
    };
    let mut changes = watcher.context.live.watch();
    while watcher.context.prepared().await {
        match watcher.look().await {
            Ok(()) => {}
            Err(Trouble::Node(error)) => watcher.context.node_trouble(&error),
            Err(Trouble::Store(error)) => watcher.context.store_trouble(&error),
        }
        let period = watcher.period();
        tokio::select! {
            _ = changes.changed() => {}
            awake = watcher.context.pause(period) => if !awake { return },
        }
    }
}

impl Watcher {
    /// How long until the next look for news.
    fn period(&self) -> Duration {
        let waits = self.context.board.state().counters.unheard > 0 || self.incoming().is_waiting();
        let longest = if waits { WAITING_PERIOD } else { LOOKS.longest };
        LOOKS.pause(self.news_at.elapsed()).min(longest)
    }

    /// Goes by the newest settings from now on. Whoever is not followed any more is forgotten here; what of it was looked
    /// at is in the database.
    fn read_config(&mut self) {
        let config = self.context.config();
        if Arc::ptr_eq(&config, &self.config) {
            return;
        }
        self.incoming().set_config(Arc::clone(&config));
        self.limits.handle_config(&config, self.context.start.elapsed());
        self.peers.retain(|peer, _| config.following.contains(peer));
        self.config = config;
    }

    async fn look(&mut self) -> Result<(), Trouble> {
        self.absence.note_run(&self.context.store).await?;
        let account = self.context.account.clone();
        let known = self.context.client.last_have(&account).await?;
        self.read_config();
        let config = Arc::clone(&self.config);
        for peer in config.following.iter().filter(|peer| **peer != account) {
            if !self.peers.contains_key(peer) {
                let Some(followed) = self.followed(peer).await? else { continue };
                self.peers.insert(peer.clone(), followed);
            }
            let Some(followed) = self.peers.get_mut(peer) else { continue };
            if let Some(highest) = known.get(peer).copied().flatten() {
                if std::mem::take(&mut followed.fresh) {
                    // It is known only now how much there was before the first contact.
                    let begins_at = PostNumber(highest.0.saturating_sub(MOST_BEFORE)).max(followed.record.begins_at);
                    self.context.store.skip_posts(peer, begins_at).await?;
                    followed.watch = Watch::new(begins_at, &[], self.context.start.elapsed());
                }
                followed.watch.handle_highest(highest);
                self.absence.mark_off(&self.context, peer, highest).await?;
            }
            if let Err(trouble) = self.look_at(peer).await {
                // What was found and not written down has to be found again: begin with what the database knows.
                self.peers.remove(peer);
                return Err(trouble);
            }
        }
        self.take_due().await
    }

    /// What is known of a peer from earlier runs; none while the steward has not met it.
    async fn followed(&self, peer: &Username) -> Result<Option<Followed>, StoreError> {
        let Some(record) = self.context.store.peer(peer).await? else { return Ok(None) };
        let looked_at = self.context.store.looked_at(peer).await?;
        let watch = Watch::new(record.begins_at, &looked_at, self.context.start.elapsed());
        Ok(Some(Followed { record, fresh: looked_at.is_empty(), watch, undecided: BTreeMap::new() }))
    }

    async fn look_at(&mut self, peer: &Username) -> Result<(), Trouble> {
        let now = self.context.start.elapsed();
        let Some(followed) = self.peers.get(peer) else { return Ok(()) };
        for search in followed.watch.poll_searches(now) {
            if self.has_enough(peer) {
                return Ok(());
            }
            let posts = posts_between(&self.context, peer, search.first, search.last).await?;
            if search.again && posts.is_empty() {
                self.peek(peer, search.first);
            }
            self.handle_searched(peer, search, posts).await?;
        }
        self.decide(peer).await
    }

    /// Whether no more of `peer` should come in for now: its posts wait at the node.
    fn has_enough(&self, peer: &Username) -> bool {
        !self.limits.wait(peer, self.context.start.elapsed()).is_zero() || self.incoming().is_busy(peer)
    }

    /// Goes through what a search has found.
    async fn handle_searched(
        &mut self,
        peer: &Username,
        search: Search,
        posts: Vec<SignedPost>,
    ) -> Result<(), Trouble> {
        let now = self.context.start.elapsed();
        let Some(record) = self.peers.get(peer).map(|followed| followed.record) else { return Ok(()) };
        let mut old: Option<(PostNumber, CatchUp)> = None;
        let mut taken = Vec::new();
        for found in &posts {
            let number = found.post.number;
            let time = u64::try_from(found.post.time).unwrap_or(0);
            let catch_up = self.absence.catch_up(&self.config, peer, record, time);
            let skipped = catch_up == CatchUp::FromNowOn && is_before(time, record.first_contact_s);
            if catch_up != CatchUp::Everything && !skipped {
                let below = old.map_or(number.next(), |(below, _)| below.max(number.next()));
                old = Some((below, catch_up));
            }
            let Some(followed) = self.peers.get_mut(peer) else { return Ok(()) };
            // A direct message is looked at when it is decided; until then it must not be forgotten over a restart.
            followed.watch.handle_looked_at(number, now);
            let content = match &found.post.kind {
                _ if skipped => FoundContent::Nothing,
                PostKind::DirectMessage(_) => {
                    let undecided = Undecided { time: found.post.time, since: Instant::now() };
                    followed.undecided.insert(number, undecided);
                    continue;
                }
                PostKind::Public | PostKind::Reply(_) => {
                    if let Some((topics, versions, seq)) = announced(found) {
                        subscriptions::handle_published(&self.context, peer, &topics, &versions, seq).await?;
                    }
                    FoundContent::Text { text: frame_text(found).to_owned(), public: true }
                }
                PostKind::Retweet(_) | PostKind::Other => FoundContent::Nothing,
            };
            taken.push(Found { number, content });
        }
        if let Some(followed) = self.peers.get_mut(peer) {
            followed.watch.handle_searched(search, now);
        }
        if let Some((below, take)) = old {
            self.context.store.set_old(peer, below, take).await?;
        }
        self.take_in(peer, taken).await
    }

    /// Finds out which direct messages are for this account.
    async fn decide(&mut self, peer: &Username) -> Result<(), Trouble> {
        let Some(followed) = self.peers.get_mut(peer) else { return Ok(()) };
        let Some(oldest) = followed.undecided.values().map(|undecided| undecided.time).min() else { return Ok(()) };
        let numbers: Vec<PostNumber> = followed.undecided.keys().copied().collect();
        let listed = listed_since(&self.context, peer, oldest, peer, &numbers).await?;
        let mut taken = Vec::new();
        for message in listed.iter().filter(|message| !message.from_me && message.from == peer.as_str()) {
            if followed.undecided.remove(&message.number).is_some() {
                let content = FoundContent::Text { text: message.text.clone(), public: false };
                taken.push(Found { number: message.number, content });
            }
        }
        followed.undecided.retain(|number, undecided| {
            let patient = undecided.since.elapsed() < UNLISTED_PATIENCE;
            if !patient {
                taken.push(Found { number: *number, content: FoundContent::Nothing });
            }
            patient
        });
        self.take_in(peer, taken).await
    }

    /// Hands over what was found, in the order of its numbers.
    async fn take_in(&mut self, peer: &Username, mut found: Vec<Found>) -> Result<(), Trouble> {
        found.sort_by_key(|found| found.number);
        while !found.is_empty() {
            let rest = found.split_off(found.len().min(MOST_POSTS));
            let (posts, sender) = (std::mem::replace(&mut found, rest), peer.clone());
            self.step(move |incoming, now| incoming.handle_posts(&sender, posts, now)).await?;
        }
        Ok(())
    }

    /// Takes in what was held until now.
    async fn take_due(&mut self) -> Result<(), Trouble> {
        let is_due = |incoming: &Incoming, now| incoming.poll_timeout().is_some_and(|at| at <= now);
        while is_due(&self.incoming(), self.context.start.elapsed()) && !self.context.stop.is_cancelled() {
            self.step(Incoming::poll).await?;
        }
        Ok(())
    }

    /// Has the receiving half do a step, on a thread that may block, and tells others what came of it.
    async fn step<F>(&mut self, work: F) -> Result<(), Trouble>
    where
        F: FnOnce(&mut Incoming, Now) -> Result<News, StoreError> + Send + 'static,
    {
        let (incoming, now) = (Arc::clone(&self.incoming), Now::since(self.context.start));
        let work = move || work(&mut incoming.lock().unwrap_or_else(PoisonError::into_inner), now);
        let news = tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::ShuttingDown)??;
        self.spread(news).await
    }

    async fn spread(&mut self, News { rows, receipts, refused }: News) -> Result<(), Trouble> {
        self.context.signals.counted.notify_one();
        // Even what is nothing new may have to be answered: its author has not heard that it is here.
        self.context.signals.outbox.notify_one();
        if rows.is_empty() && receipts.is_empty() && refused.is_empty() {
            return Ok(());
        }
        self.news_at = Instant::now();
        let now = self.context.start.elapsed();
        let senders = rows.iter().map(|row| &row.sender).chain(refused.iter().map(|refused| &refused.sender));
        senders.for_each(|sender| self.limits.handle_messages(sender, 1, now));
        for row in &rows {
            self.context.tell(|| Moved::received(Step::Received, row));
        }
        refused.iter().for_each(|refused| self.tell_refused(refused));
        self.context.signals.inbox.notify_one();
        for (peer, receipts) in receipts {
            let settled =
                self.context.sending(move |sender, now| sender.handle_receipts(&peer, &receipts, now)).await?;
            self.context.tell_outcomes(settled);
        }
        Ok(())
    }

    fn tell_refused(&mut self, Refused { sender, number, reason, message }: &Refused) {
        if let Some(message) = message {
            self.context.tell(|| Moved::turned_away(sender, *number, message, reason.to_string()));
        }
        let now = Instant::now();
        if self.told_refused.get(sender).is_some_and(|at| now - *at < REFUSAL_PERIOD) {
            return;
        }
        self.told_refused.insert(sender.clone(), now);
        let text = format!("a message from {sender} was turned away: {reason}");
        self.context.board.report(Part::Message, ProblemCode::MessageRefused, text);
    }

    fn incoming(&self) -> MutexGuard<'_, Incoming> {
        // Each step is complete in the database or has not happened; what a panic left here is made anew from it.
        self.incoming.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the node fetch a post that its copy of the swarm lacks, one at a time: the node fetches no two at once, and
    /// the look for news must not wait for it. What is fetched is handed to the node, which checks it and takes it in
    /// as if it had come by the swarm.
    fn peek(&mut self, peer: &Username, number: PostNumber) {
        while self.peeked.try_recv().is_ok() {}
        let Ok(permit) = self.peeks.clone().try_reserve_owned() else { return };
        let (context, peer) = (self.context.clone(), peer.clone());
        tokio::spawn(async move {
            let fetch = async {
                let found = context.client.peek_post(&peer, number, Some(PEEK_TIMEOUT)).await?;
                match found.bencode() {
                    Ok(bytes) => context.client.new_raw_post(&peer, number, &bytes).await,
                    Err(_) => Ok(()),
                }
            };
            tokio::select! {
                () = context.stop.cancelled() => {}
                outcome = fetch => if let Err(error) = outcome {
                    tracing::debug!(%peer, %number, %error, "a missing post was not found elsewhere either");
                },
            }
            permit.send(());
        });
    }
}

/// The subscriptions that a post announces and the frames that its author understands, with the sequence number of the
/// profile that has them.
fn announced(found: &SignedPost) -> Option<(Value, Value, u64)> {
    let list = |member: &str| serde_json::from_str(found.post.fields.get(member)?.as_str()?).ok();
    Some((list(TOPICS)?, list(FRAMES).unwrap_or_default(), found.post.fields.get(TOPICS_SEQ)?.as_u64()?))
}
