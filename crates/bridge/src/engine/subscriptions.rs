//! Who wants what: publishes this bridge's subscriptions in the account's profile, and learns those of its peers.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use twister::limits::{MAX_POST_SIZE, PostNumbers, custom_post_size};
use twister::{CustomFields, DhtKind, FieldValue, RpcError, Username};

use super::Context;
use crate::event::{Part, ProblemCode};
use crate::profile::{self, DHT_TIMEOUT, PROFILE, newest};
use crate::rhythm::Rhythm;
use crate::store::{KnownProfile, StoreError};
use crate::topic::TopicFilter;

/// The member of the profile, and of announcements, that lists the filters.
pub(super) const TOPICS: &str = "mqtt_topics";

/// The member of the profile, and of announcements, that lists the versions of packed frames that the account understands.
pub(super) const FRAMES: &str = "mqtt_frames";

/// The versions of packed frames that this program understands.
const VERSIONS: &[u64] = &[1];

/// The member of announcements with the profile's sequence number.
pub(super) const TOPICS_SEQ: &str = "mqtt_topics_seq";

/// Time between two looks at the profile of a peer that was heard of: what it wants it announces in a post as well.
const KNOWN_PERIOD: Duration = Duration::from_secs(600);

/// When to look for the profile of one that was not, by the time that it has been looked for.
const LOOKS: Rhythm = Rhythm { shortest: Duration::from_secs(2), longest: KNOWN_PERIOD, share: 2.0 };

/// Time between two looks whether somebody is due.
const PERIOD: Duration = Duration::from_secs(2);

/// When the profile of a peer was first looked for, and when it is to be looked for next.
struct Looks {
    first: Instant,
    next: Instant,
}

/// A post that tells followers at once what the profile now says.
pub(super) struct Announcement {
    pub fields: CustomFields,
    pub seq: u64,
}

pub(super) async fn drive(context: Context) {
    let mut looks: HashMap<Username, Looks> = HashMap::new();
    let mut changes = context.live.watch();
    while context.prepared().await {
        if !*context.profile_out.borrow() {
            let wanted = context.config().wanted();
            match publish(&context, &wanted).await {
                Ok(true) => {
                    // Settings that came meanwhile have yet to go out: they say so after they have taken their place.
                    context.profile_out.send_modify(|out| *out = context.config().wanted() == wanted);
                    context.signals.steward.notify_one();
                }
                Ok(false) => {}
                Err(trouble) => trouble.show(&context),
            }
        }
        for peer in named_peers(&context) {
            let known = context.published.borrow().contains_key(&peer);
            let now = Instant::now();
            let looks = looks.entry(peer.clone()).or_insert(Looks { first: now, next: now });
            if now < looks.next {
                continue;
            }
            looks.next = now + if known { KNOWN_PERIOD } else { LOOKS.pause(now - looks.first) };
            if let Err(trouble) = learn(&context, &peer).await {
                trouble.show(&context);
                break;
            }
        }
        tokio::select! {
            _ = changes.changed() => {}
            awake = context.pause(PERIOD) => if !awake { return },
        }
    }
}

/// The announcement that is still to be made, if any.
pub(super) async fn pending_announcement(context: &Context) -> Result<Option<Announcement>, StoreError> {
    let Some(profile) = context.store.known_profile().await? else { return Ok(None) };
    if context.store.announced_seq().await? >= profile.seq {
        return Ok(None);
    }
    let Some(topics) = profile.fields.get(TOPICS) else { return Ok(None) };
    let mut fields = CustomFields::new();
    fields.insert(TOPICS.to_owned(), FieldValue::Text(topics.to_string()));
    if let Some(versions) = profile.fields.get(FRAMES) {
        fields.insert(FRAMES.to_owned(), FieldValue::Text(versions.to_string()));
    }
    fields.insert(TOPICS_SEQ.to_owned(), FieldValue::Integer(i32::try_from(profile.seq).unwrap_or(i32::MAX)));
    let size = custom_post_size(&context.account, &fields, PostNumbers::WIDEST);
    if size > MAX_POST_SIZE {
        // Too many filters for a post: peers read them in the profile, ten minutes later at most.
        context.store.set_announced_seq(profile.seq).await?;
        return Ok(None);
    }
    Ok(Some(Announcement { fields, seq: profile.seq }))
}

/// A peer has published these filters, and which frames it understands, in the profile of this sequence number.
pub(super) async fn handle_published(
    context: &Context,
    peer: &Username,
    topics: &Value,
    versions: &Value,
    seq: u64,
) -> Result<(), StoreError> {
    // A filter that is not valid matches nothing; the others are good all the same.
    let texts = topics.as_array().into_iter().flatten().filter_map(Value::as_str);
    let filters: Vec<TopicFilter> = texts.filter_map(|text| text.parse().ok()).collect();
    let packed = versions.as_array().into_iter().flatten().any(|version| version.as_u64() == Some(1));
    if context.store.set_published_topics(peer, &filters, packed, seq).await? {
        let (name, wanted) = (peer.clone(), filters.clone());
        context.sending(move |sender, _| sender.handle_published(&name, &wanted)).await?;
        context.packers.send_if_modified(|packers| match packed {
            true => packers.insert(peer.clone()),
            false => packers.remove(peer),
        });
        context.published.send_modify(|published| {
            published.insert(peer.clone(), filters);
        });
    }
    Ok(())
}

/// Writes the subscriptions into the profile and leaves its other members as they are. False if it has to be tried
/// again.
async fn publish(context: &Context, wanted: &[TopicFilter]) -> Result<bool, Trouble> {
    let account = &context.account;
    let mine: Vec<Value> = wanted.iter().map(|filter| filter.as_str().into()).collect();
    let known = context.store.known_profile().await?;
    let Some(mut profile) = read_own_profile(context, known).await? else { return Ok(false) };
    let versions = Value::from(VERSIONS);
    if profile.fields.get(TOPICS) == Some(&Value::Array(mine.clone())) && profile.fields.get(FRAMES) == Some(&versions)
    {
        context.store.set_known_profile(profile).await?;
        return Ok(true);
    }
    profile.fields.insert(TOPICS.to_owned(), Value::Array(mine));
    profile.fields.insert(FRAMES.to_owned(), versions);
    profile.seq += 1;
    let out = profile::write(&context.client, account, &profile, &[TOPICS, FRAMES]).await?;
    match out {
        true => {
            context.store.set_known_profile(profile).await?;
            context.signals.outbox.notify_one();
        }
        false => {
            let text = "the subscriptions were written into the account's profile but are not to be found there yet; \
                        the node may have no others to keep it. The bridge tries again by itself";
            context.board.down(Part::Account, ProblemCode::ProfileUnreadable, text);
        }
    }
    Ok(out)
}

/// The account's profile as it is now; none if that cannot be said for certain.
async fn read_own_profile(context: &Context, known: Option<KnownProfile>) -> Result<Option<KnownProfile>, Trouble> {
    let account = &context.account;
    let profile = profile::read(&context.client, account, known).await?.into_merged();
    if profile.is_none() {
        let text = format!(
            "the profile of {account} is not a list of fields, so the subscriptions were not added to it: \
             save the profile once in a Twister client"
        );
        context.board.down(Part::Account, ProblemCode::ProfileUnreadable, text);
    }
    Ok(profile)
}

/// Looks up what `peer` wants.
async fn learn(context: &Context, peer: &Username) -> Result<(), Trouble> {
    let entries = context.client.dht_get(peer.as_str(), PROFILE, DhtKind::Single, Some(DHT_TIMEOUT)).await?;
    let Some(entry) = newest(entries) else { return Ok(()) };
    let nothing = Value::Array(Vec::new());
    let topics = entry.value.get(TOPICS).unwrap_or(&nothing);
    let versions = entry.value.get(FRAMES).unwrap_or(&nothing);
    Ok(handle_published(context, peer, topics, versions, entry.seq.unwrap_or(0)).await?)
}

/// The accounts that private messages or receipts may go to.
pub(super) fn named_peers(context: &Context) -> BTreeSet<Username> {
    let config = context.config();
    let named = config.forwards.iter().flat_map(|forward| &forward.to).chain(&config.following);
    named.filter(|name| **name != context.account).cloned().collect()
}

enum Trouble {
    Node(RpcError),
    Store(StoreError),
}

impl Trouble {
    fn show(&self, context: &Context) {
        match self {
            Self::Node(error) => context.node_trouble(error),
            Self::Store(error) => context.store_trouble(error),
        }
    }
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
