//! Looks after what the bridge stands on: the node, the network, the account, whom it follows, and the post quota. The
//! other tasks wait until it says that the account can be used.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;
use twister::names::highest_allowed_number;
use twister::{PostNumber, RpcError, Username};

use super::footing::Footing;
use super::{Context, NodeTrouble};
use crate::backoff::Backoff;
use crate::clock::now_s;
use crate::config::CatchUp;
use crate::event::{Part, ProblemCode, Quota};
use crate::node::Ground;
use crate::pack::Pace;
use crate::rhythm::Rhythm;
use crate::store::{PeerRecord, StoreError};

/// When to look again while all is well, by how long it has been. Whoever meets trouble calls earlier.
const LOOKS: Rhythm = Rhythm { shortest: Duration::from_secs(3), longest: Duration::from_secs(15), share: 0.25 };

/// Time between two samples of the post quota.
const QUOTA_PERIOD: Duration = Duration::from_secs(300);

/// Pauses between looks while something is not.
const RETRY: Backoff = Backoff { first: Duration::from_millis(250), longest: Duration::from_secs(10) };

/// Posts from before the first contact that are looked at, at most.
pub(super) const MOST_BEFORE: u32 = 10_000;

/// Time between two blocks, about, in seconds.
const BLOCK_PERIOD_S: u64 = 600;

/// What is wrong.
enum Trouble {
    Shown(NodeTrouble),
    Store(StoreError),
}

impl From<RpcError> for Trouble {
    fn from(error: RpcError) -> Self {
        Self::Shown(NodeTrouble::of(&error))
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

pub(super) async fn drive(context: Context) {
    let mut strangers = BTreeSet::new();
    let mut footing = Footing::default();
    let mut attempt = 0;
    let mut noted_quota = None;
    let mut well_since = Instant::now();
    loop {
        let pause = match look(&context, &mut footing, &mut strangers).await {
            Ok(()) => {
                attempt = 0;
                note_quota(&context, &mut noted_quota).await;
                context.prepared.send_replace(true);
                // A new block is what everything waits for when no posts are left.
                if context.quota_now().is_some_and(|quota| quota.left == 0) {
                    well_since = Instant::now();
                }
                LOOKS.pause(well_since.elapsed())
            }
            Err(trouble) => {
                context.prepared.send_replace(false);
                show(&context, trouble);
                well_since = Instant::now();
                attempt += 1;
                RETRY.pause(attempt - 1)
            }
        };
        tokio::select! {
            () = context.stop.cancelled() => return,
            () = context.signals.steward.notified(), if attempt == 0 => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Writes down now and then how many posts there are.
async fn note_quota(context: &Context, noted: &mut Option<Instant>) {
    if noted.is_none_or(|at| at.elapsed() >= QUOTA_PERIOD)
        && let Some(sample) = context.quota_now()
    {
        *noted = Some(Instant::now());
        if let Err(error) = context.store.note_quota(sample).await {
            context.store_trouble(&error);
        }
    }
}

/// When the next block is expected, in Unix seconds: ten minutes after the last, or soon if it is late.
fn next_block_s(newest_s: u64, now_s: u64) -> u64 {
    let due = newest_s + BLOCK_PERIOD_S;
    due.max(now_s + BLOCK_PERIOD_S / 10)
}

async fn look(context: &Context, footing: &mut Footing, strangers: &mut BTreeSet<Username>) -> Result<(), Trouble> {
    let account = &context.account;
    let client = &context.client;

    let ground = Ground::ask(client).await?;
    context.board.up(Part::Node);
    match footing.look(&ground, now_s(), Instant::now()) {
        Some(weakness) if weakness.stops_posts => return Err(Trouble::Shown(weakness.trouble)),
        Some(weakness) => show(context, Trouble::Shown(weakness.trouble)),
        None => context.board.up(Part::Network),
    }
    if let Some(text) = footing.news_of_being_alone(&ground) {
        context.board.report(Part::Network, ProblemCode::NoPeers, text);
    }

    if !client.wallet_users().await?.iter().any(|name| name == account.as_str()) {
        let text = format!(
            "the node's wallet has no key for {account}. Choose an account that is in the wallet, create it there, or \
             import its key into the node"
        );
        return Err(shown(Part::Account, ProblemCode::AccountNotInWallet, text));
    }
    let Some(registration) = client.registration(account).await? else {
        let text = format!(
            "{account} is not registered in the chain yet. A registration takes effect with the next block, in about \
             ten minutes; if none was sent, register the name at the node"
        );
        return Err(shown(Part::Account, ProblemCode::AccountNotRegistered, text));
    };

    follow(context, strangers).await?;
    let known = client.last_have(account).await?;
    meet_peers(context, |peer| known.get(peer).copied().flatten()).await?;

    let allowed = highest_allowed_number(registration.height, ground.height());
    let tried = context.store.next_number().await?;
    let next = known.get(account).copied().flatten().map_or(tried, |known| known.next().max(tried));
    context.highest_allowed.send_if_modified(|old| std::mem::replace(old, allowed) != allowed);
    let left = (allowed.0 + 1).saturating_sub(next.0);
    context.board.set_quota(Quota {
        next_number: next.0,
        highest_allowed: allowed.0,
        left,
        pace: Pace::of(left),
        more_at_ms: next_block_s(ground.newest_block_s(), now_s()) * 1000,
    });
    // Until peers can read what this account wants, they send it nothing.
    if *context.profile_out.borrow() {
        context.board.up(Part::Account);
    }
    Ok(())
}

/// Follows whom the owner wants and the account itself, without which neither posting nor reading back works. Others that
/// a person follows with the account are left alone.
async fn follow(context: &Context, strangers: &mut BTreeSet<Username>) -> Result<(), Trouble> {
    let account = &context.account;
    let config = context.config();
    let wanted: BTreeSet<&Username> = config.following.iter().chain([account]).collect();
    let following = context.client.following(account).await?;
    let missing: Vec<Username> =
        wanted.iter().filter(|name| !following.contains(name)).map(|name| (*name).clone()).collect();
    if missing.is_empty() {
        strangers.clear();
        return Ok(());
    }
    context.client.follow(account, &missing).await?;
    // The node accepts an unregistered name and does nothing, so whoever is not followed now is not registered.
    let following = context.client.following(account).await?;
    for name in missing.into_iter().filter(|name| !following.contains(name)) {
        if strangers.insert(name.clone()) {
            let text = format!(
                "{name} is not a registered account (yet), so it cannot be followed. Check the name; the bridge tries \
                 again by itself"
            );
            context.board.report(Part::Account, ProblemCode::PeerNotRegistered, text);
        }
    }
    Ok(())
}

/// Writes the first contact with each followed account down, and what of its earlier posts is looked at.
async fn meet_peers(context: &Context, highest: impl Fn(&Username) -> Option<PostNumber>) -> Result<(), StoreError> {
    let config = context.config();
    for peer in config.following.iter().chain(config.forwards.iter().flat_map(|forward| &forward.to)) {
        if context.store.peer(peer).await?.is_none() {
            let from_now_on = highest(peer).map_or(PostNumber(0), PostNumber::next);
            let first_contact = config.first_contact(peer);
            let begins_at = match first_contact {
                CatchUp::FromNowOn => from_now_on,
                CatchUp::Everything | CatchUp::Retained => PostNumber(from_now_on.0.saturating_sub(MOST_BEFORE)),
            };
            context.store.meet(peer, PeerRecord { first_contact_s: now_s(), begins_at }).await?;
            context.store.set_old(peer, from_now_on, first_contact).await?;
        }
    }
    Ok(())
}

fn shown(part: Part, code: ProblemCode, message: String) -> Trouble {
    Trouble::Shown(NodeTrouble { part, code, message })
}

fn show(context: &Context, trouble: Trouble) {
    match trouble {
        Trouble::Store(error) => context.store_trouble(&error),
        Trouble::Shown(NodeTrouble { part, code, message }) => {
            if part == Part::Node {
                context.board.unknown(Part::Account);
                context.board.unknown(Part::Network);
            }
            context.board.down(part, code, message);
        }
    }
}
