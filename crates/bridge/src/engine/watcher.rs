//! Brings in what the followed accounts have posted. The node's list of direct messages has no stable positions, so a
//! direct message is known by its author and number alone, and looked for in the list when its post turns up.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::Instant;
use twister::wire::PostKind;
use twister::{PostNumber, RpcError, SignedPost, Username};

use super::Context;
use super::context::Moved;
use super::readback::{listed_since, posts_between};
use super::subscriptions::{self, TOPICS, TOPICS_SEQ};
use crate::admit::{Admission, admit};
use crate::clock::now_ms;
use crate::event::{Direction, Part, ProblemCode, Step};
use crate::message::Message;
use crate::store::{Arrival, Arrived, PeerRecord, StoreError};
use crate::watch::{Search, Watch};

/// Time between two looks for news.
const PERIOD: Duration = Duration::from_millis(200);

/// A post older than the first contact by more than this, in seconds, is from before it, even if its number became
/// known only later. It allows for clocks that are not right.
const CLOCK_TOLERANCE_S: u64 = 3600;

/// How long a direct message that is not in the list is looked for before it counts as meant for somebody else: the node
/// lists a message only after it has decrypted it.
const UNLISTED_PATIENCE: Duration = Duration::from_secs(60);

/// How long a search beyond the node's own copy of a swarm may take.
const PEEK_TIMEOUT: Duration = Duration::from_secs(10);

struct Watcher {
    context: Context,
    start: Instant,
    peers: BTreeMap<Username, Followed>,
    /// Ends of searches beyond the node's own copy; the permit is given back when the search is dropped.
    peeks: mpsc::Sender<()>,
    peeked: mpsc::Receiver<()>,
}

/// A followed account.
struct Followed {
    record: PeerRecord,
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
    let (peeks, peeked) = mpsc::channel(1);
    let mut watcher = Watcher { context, start: Instant::now(), peers: BTreeMap::new(), peeks, peeked };
    while watcher.context.prepared().await {
        match watcher.look().await {
            Ok(()) => {}
            Err(Trouble::Node(error)) => watcher.context.node_trouble(&error),
            Err(Trouble::Store(error)) => watcher.context.store_trouble(&error),
        }
        if !watcher.context.pause(PERIOD).await {
            return;
        }
    }
}

impl Watcher {
    async fn look(&mut self) -> Result<(), Trouble> {
        let account = self.context.config.twister.account.clone();
        let known = self.context.client.last_have(&account).await?;
        let following = self.context.config.following.clone();
        for peer in following.iter().filter(|peer| **peer != account) {
            if !self.peers.contains_key(peer) {
                let Some(followed) = self.followed(peer).await? else { continue };
                self.peers.insert(peer.clone(), followed);
            }
            let Some(followed) = self.peers.get_mut(peer) else { continue };
            if let Some(highest) = known.get(peer).copied().flatten() {
                followed.watch.handle_highest(highest);
            }
            if let Err(trouble) = self.look_at(peer).await {
                // What was found and not written down has to be found again: begin with what the database knows.
                self.peers.remove(peer);
                return Err(trouble);
            }
        }
        Ok(())
    }

    /// What is known of a peer from earlier runs; none while the steward has not met it.
    async fn followed(&self, peer: &Username) -> Result<Option<Followed>, StoreError> {
        let Some(record) = self.context.store.peer(peer).await? else { return Ok(None) };
        let looked_at = self.context.store.looked_at(peer).await?;
        let watch = Watch::new(record.begins_at, &looked_at, self.start.elapsed());
        Ok(Some(Followed { record, watch, undecided: BTreeMap::new() }))
    }

    async fn look_at(&mut self, peer: &Username) -> Result<(), Trouble> {
        let now = self.start.elapsed();
        let Some(followed) = self.peers.get(peer) else { return Ok(()) };
        for search in followed.watch.poll_searches(now) {
            let posts = posts_between(&self.context, peer, search.first, search.last).await?;
            if search.again && posts.is_empty() {
                self.peek(peer, search.first);
            }
            self.handle_searched(peer, search, posts).await?;
        }
        self.decide(peer).await
    }

    /// Goes through what a search has found.
    async fn handle_searched(
        &mut self,
        peer: &Username,
        search: Search,
        posts: Vec<SignedPost>,
    ) -> Result<(), Trouble> {
        let now = self.start.elapsed();
        let Some(followed) = self.peers.get_mut(peer) else { return Ok(()) };
        let oldest = followed.record.first_contact_s.saturating_sub(CLOCK_TOLERANCE_S);
        let mut arrivals = Vec::new();
        for found in &posts {
            let number = found.post.number;
            // A direct message is looked at when it is decided; until then it must not be forgotten over a restart.
            followed.watch.handle_looked_at(number, now);
            let time = u64::try_from(found.post.time).unwrap_or(0);
            let outcome = match &found.post.kind {
                _ if time < oldest => Arrived::Nothing,
                PostKind::DirectMessage(_) => {
                    let undecided = Undecided { time: found.post.time, since: Instant::now() };
                    followed.undecided.insert(number, undecided);
                    continue;
                }
                PostKind::Public | PostKind::Reply(_) => {
                    if let Some((topics, seq)) = announced(found) {
                        subscriptions::handle_published(&self.context, peer, &topics, seq).await?;
                    }
                    outcome(&self.context, peer, found.post.text(), true)
                }
                PostKind::Retweet(_) | PostKind::Other => Arrived::Nothing,
            };
            arrivals.push(Arrival { sender: peer.clone(), number, outcome });
        }
        followed.watch.handle_searched(search, now);
        receive(&self.context, arrivals).await?;
        Ok(())
    }

    /// Finds out which direct messages are for this account.
    async fn decide(&mut self, peer: &Username) -> Result<(), Trouble> {
        let Some(followed) = self.peers.get_mut(peer) else { return Ok(()) };
        let Some(oldest) = followed.undecided.values().map(|undecided| undecided.time).min() else { return Ok(()) };
        let listed = listed_since(&self.context, peer, oldest).await?;
        let mut arrivals = Vec::new();
        for message in listed.iter().filter(|message| !message.from_me && message.from == peer.as_str()) {
            if followed.undecided.remove(&message.number).is_some() {
                let outcome = outcome(&self.context, peer, &message.text, false);
                arrivals.push(Arrival { sender: peer.clone(), number: message.number, outcome });
            }
        }
        followed.undecided.retain(|number, undecided| {
            let patient = undecided.since.elapsed() < UNLISTED_PATIENCE;
            if !patient {
                arrivals.push(Arrival { sender: peer.clone(), number: *number, outcome: Arrived::Nothing });
            }
            patient
        });
        receive(&self.context, arrivals).await?;
        Ok(())
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

/// What becomes of a text that `peer` wrote.
fn outcome(context: &Context, peer: &Username, text: &str, public: bool) -> Arrived {
    match admit(text, &context.config.wanted()) {
        Admission::Wanted(frame) => {
            let message = Message::new(frame.topic, frame.payload, frame.qos);
            Arrived::Message { message, id: frame.id, public }
        }
        Admission::Unwanted => Arrived::Unwanted,
        Admission::ForPeople => Arrived::Nothing,
        Admission::Refused(refusal) => {
            let text = format!("a message from {peer} was turned away: {refusal}");
            context.board.report(Part::Message, ProblemCode::MessageRefused, text);
            Arrived::Refused
        }
    }
}

/// Takes over what came in, in the order of its numbers.
async fn receive(context: &Context, mut arrivals: Vec<Arrival>) -> Result<(), StoreError> {
    if arrivals.is_empty() {
        return Ok(());
    }
    arrivals.sort_by_key(|arrival| arrival.number);
    for row in context.store.receive(arrivals, now_ms()).await? {
        let moved = Moved {
            peer: Some(row.sender.to_string()),
            public: row.public,
            message: &row.message,
            number: Some(row.number),
        };
        context.tell_moved(Direction::In, Step::Received, moved);
    }
    context.signals.inbox.notify_one();
    context.signals.counted.notify_one();
    Ok(())
}

/// The subscriptions that a post announces, with the sequence number of the profile that has them.
fn announced(found: &SignedPost) -> Option<(Value, u64)> {
    let topics = serde_json::from_str(found.post.fields.get(TOPICS)?.as_str()?).ok()?;
    Some((topics, found.post.fields.get(TOPICS_SEQ)?.as_u64()?))
}
