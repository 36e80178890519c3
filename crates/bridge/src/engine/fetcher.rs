//! Fetches what followed accounts have left in the DHT, while their swarms are not joined with the node's, and hands it to
//! the node. The node checks signature, author and number, takes the post in, and decrypts it if it is for one of its
//! accounts: from then on it is as if the swarm had brought it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::Instant;
use twister::{DhtKind, PostNumber, RpcError, SignedPost, Username};

use super::Context;
use crate::carry::{self, Found, RING, TAIL, ring_resource};
use crate::rhythm::Rhythm;

/// When to look at an account that leaves posts in the DHT, by the time since the last of them.
const LEAVES_POSTS: Rhythm = Rhythm { shortest: PERIOD, longest: Duration::from_secs(5), share: 0.01 };

/// Time between two looks at any of the others, whose swarms are joined or who have left nothing: they have their turns, because
/// a look that finds nothing is dear. The whole DHT is asked.
const TURN: Duration = Duration::from_secs(4);

/// Time between two looks at one of them, however few or many they are.
const SHORTEST_ROUND: Duration = Duration::from_secs(5);
const LONGEST_ROUND: Duration = Duration::from_secs(600);

/// Time between two looks whether some account is due.
const PERIOD: Duration = Duration::from_millis(400);

/// How long the DHT may take to find an entry.
const DHT_TIMEOUT: Duration = Duration::from_secs(2);

/// Numbers that are remembered as handed over; what is forgotten is handed over again, which does no harm.
const REMEMBERED: usize = 1000;

/// What is known of one account's entries.
#[derive(Default)]
struct Source {
    handed_over: BTreeSet<PostNumber>,
    tail: Option<Value>,
    turns: u32,
    /// When it left a post last, if its swarm is not joined.
    left_at: Option<Instant>,
    next_look: Option<Instant>,
}

pub(super) async fn drive(context: Context) {
    let mut sources: BTreeMap<Username, Source> = BTreeMap::new();
    while context.prepared().await {
        let mut looks = JoinSet::new();
        let mut known = std::mem::take(&mut sources);
        let config = context.config();
        let round = (TURN * config.following.len() as u32).clamp(SHORTEST_ROUND, LONGEST_ROUND);
        for peer in config.following.iter().filter(|peer| **peer != context.account) {
            let source = known.remove(peer).unwrap_or_default();
            match source.next_look.is_none_or(|at| at <= Instant::now()) {
                true => drop(looks.spawn(look(context.clone(), peer.clone(), source, round))),
                false => drop(sources.insert(peer.clone(), source)),
            }
        }
        while let Some(looked) = looks.join_next().await {
            sources.extend(looked);
        }
        if !context.pause(PERIOD).await {
            return;
        }
    }
}

/// Looks after one account. The next time is after `round`, unless it leaves posts.
async fn look(context: Context, peer: Username, mut source: Source, round: Duration) -> (Username, Source) {
    tokio::select! {
        () = context.stop.cancelled() => return (peer, source),
        outcome = fetch(&context, &peer, &mut source) => if let Err(error) = outcome {
            tracing::debug!(%peer, %error, "what the account left in the DHT was not fetched; it is tried again");
        },
    }
    let pause = match source.left_at {
        Some(at) => LEAVES_POSTS.pause(at.elapsed()),
        // Those that were met together are not looked at together for ever.
        None => round.mul_f64(rand::random_range(0.75..1.25)),
    };
    source.next_look = Some(Instant::now() + pause);
    (peer, source)
}

async fn fetch(context: &Context, peer: &Username, source: &mut Source) -> Result<(), RpcError> {
    if context.client.torrent_status(peer).await?.is_some_and(|status| status.num_peers > 0) {
        source.left_at = None;
        return Ok(());
    }
    let Some(tail) = entry(context, peer, TAIL).await? else { return Ok(()) };
    if source.tail.as_ref() == Some(&tail) {
        return Ok(());
    }
    let found = carry::read(&tail);
    // What left the tail since the last look, and at the first look as much as the ring holds.
    let known = if source.tail.is_some() { source.turns } else { 0 };
    for turn in known.max(found.turns.saturating_sub(RING))..found.turns {
        if let Some(value) = entry(context, peer, &ring_resource(turn)).await? {
            hand_over(context, peer, source, carry::read(&value)).await?;
        }
    }
    source.turns = found.turns;
    hand_over(context, peer, source, found).await?;
    source.tail = Some(tail);
    source.left_at = Some(Instant::now());
    Ok(())
}

async fn hand_over(context: &Context, peer: &Username, source: &mut Source, found: Found) -> Result<(), RpcError> {
    for value in found.posts {
        let Ok(post) = SignedPost::from_json(value) else { continue };
        let number = post.post.number;
        if post.post.author != peer.as_str() || source.handed_over.contains(&number) {
            continue;
        }
        let Ok(bytes) = post.bencode() else { continue };
        match context.client.new_raw_post(peer, number, &bytes).await {
            Ok(()) => {}
            // It is damaged or not the author's, and will be at the next look too.
            Err(error) if error.node_fault().is_some() => tracing::debug!(%peer, %number, %error, "a post was refused"),
            Err(error) => return Err(error),
        }
        source.handed_over.insert(number);
        if source.handed_over.len() > REMEMBERED {
            source.handed_over.pop_first();
        }
    }
    Ok(())
}

/// The account's entry of this name, as it was put last.
async fn entry(context: &Context, peer: &Username, resource: &str) -> Result<Option<Value>, RpcError> {
    let entries = context.client.dht_get(peer.as_str(), resource, DhtKind::Single, Some(DHT_TIMEOUT)).await?;
    Ok(entries.into_iter().max_by_key(|entry| entry.seq).map(|entry| entry.value))
}
