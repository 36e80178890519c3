//! The people of a running bridge, and its posts over time.

use std::collections::BTreeMap;
use std::time::Duration;

use twister::{PostNumber, RpcError, Username};

use super::Context;
use super::subscriptions::named_peers;
use crate::clock::now_s;
use crate::people::Person;
use crate::quota::{QuotaHistory, QuotaSample};
use crate::route::Receiver;
use crate::store::StoreError;

/// How long the node may take: without it, the database has the most of it.
const PATIENCE: Duration = Duration::from_secs(3);

impl Context {
    /// What is known of each account that the bridge follows or sends to, in the order of their names.
    pub(crate) async fn people(&self) -> Result<Vec<Person>, StoreError> {
        let facts = self.store.peer_facts().await?;
        let waiting = self.sending(|sender, now| sender.waiting(now)).await?;
        // A node that is away is no reason to show nothing.
        let (following, highest) =
            self.ask_node().await.map_or((None, BTreeMap::new()), |(following, highest)| (Some(following), highest));
        let config = self.config();
        let person = |name: Username| {
            let known = facts.get(&name).copied().unwrap_or_default();
            let receiver = Receiver::Account(name.clone());
            let out = waiting.totals.get(&receiver).copied().unwrap_or_default();
            let receipt_ms = waiting.last_heard.get(&receiver).copied();
            let behind =
                |highest: PostNumber| highest.next().0.saturating_sub(known.looked_at.map_or(0, |at| at.next().0));
            let followed = config.following.contains(&name);
            Person {
                followed,
                addressed: config.forwards.iter().any(|forward| forward.to.contains(&name)),
                // The node takes in nobody who is not registered.
                registered: following.as_ref().filter(|_| followed).map(|names| names.contains(&name)),
                wants: self.published.borrow().get(&name).cloned(),
                packs: self.packers.borrow().contains(&name),
                since_s: known.first_contact_s,
                last_seen_ms: known.last_arrival_ms.max(receipt_ms),
                posts_behind: following.as_ref().map(|_| highest.get(&name).copied().map_or(0, behind)),
                waiting_out: out.waiting + out.held + out.packed,
                oldest_out_ms: out.oldest_ms,
                unheard: out.posted,
                waiting_in: known.waiting_in,
                quarantined: known.quarantined,
                name: name.into(),
            }
        };
        Ok(named_peers(self).into_iter().map(person).collect())
    }

    /// The posts over time, up to now.
    pub(crate) async fn quota_history(&self) -> Result<QuotaHistory, StoreError> {
        let mut samples = self.store.quota_samples().await?;
        samples.extend(self.quota_now());
        Ok(QuotaHistory::new(samples))
    }

    /// How many posts there are, once that is known.
    pub(crate) fn quota_now(&self) -> Option<QuotaSample> {
        let quota = self.board.state().quota?;
        Some(QuotaSample { time_s: now_s(), used: quota.next_number, left: quota.left })
    }

    /// Whom the account follows at the node, and the highest post number that it knows of each.
    async fn ask_node(&self) -> Result<(Vec<Username>, BTreeMap<Username, PostNumber>), RpcError> {
        let (client, account) = (self.client.clone().with_timeout(PATIENCE), &self.account);
        let following = client.following(account).await?;
        let highest = client.last_have(account).await?;
        Ok((following, highest.into_iter().filter_map(|(name, number)| Some((name, number?))).collect()))
    }
}
