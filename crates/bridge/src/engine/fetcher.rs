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

/// Time between two looks at an account that has left posts in the DHT lately.
const PERIOD: Duration = Duration::from_millis(400);

/// The same for one that has not. A look that finds nothing is dear: the whole DHT is asked.
const QUIET_PERIOD: Duration = Duration::from_secs(5);

/// How long an account that has left posts is looked at often.
const ATTENTION: Duration = Duration::from_secs(24 * 3600);

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
    next_look: Option<Instant>,
    news_at: Option<Instant>,
}

pub(super) async fn drive(context: Context) {
    let mut sources: BTreeMap<Username, Source> = BTreeMap::new();
    while context.prepared().await {
        let mut looks = JoinSet::new();
        let mut known = std::mem::take(&mut sources);
        for peer in context.config().following.iter().filter(|peer| **peer != context.account) {
            let source = known.remove(peer).unwrap_or_default();
            looks.spawn(look(context.clone(), peer.clone(), source));
        }
        while let Some(looked) = looks.join_next().await {
            sources.extend(looked);
        }
        if !context.pause(PERIOD).await {
            return;
        }
    }
}

/// Looks after one account, if it is time to.
async fn look(context: Context, peer: Username, mut source: Source) -> (Username, Source) {
    if source.next_look.is_some_and(|at| at > Instant::now()) {
        return (peer, source);
    }
    tokio::select! {
        () = context.stop.cancelled() => return (peer, source),
        outcome = fetch(&context, &peer, &mut source) => if let Err(error) = outcome {
            tracing::debug!(%peer, %error, "what the account left in the DHT was not fetched; it is tried again");
        },
    }
    let attentive = source.news_at.is_some_and(|at| at.elapsed() < ATTENTION);
    source.next_look = Some(Instant::now() + if attentive { PERIOD } else { QUIET_PERIOD });
    (peer, source)
}

async fn fetch(context: &Context, peer: &Username, source: &mut Source) -> Result<(), RpcError> {
    if context.client.torrent_status(peer).await?.is_some_and(|status| status.num_peers > 0) {
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
    source.news_at = Some(Instant::now());
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
