//! Leaves the account's posts in the DHT while its swarm has nobody in it: on a LAN, in a VPN or behind closed routers
//! swarms may never join, and then direct messages reach nobody otherwise.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use twister::{DhtKind, DhtPut, RpcError, SignedPost};

use super::Context;
use crate::backoff::Backoff;
use crate::carry::{Carry, Put};
use crate::clock::now_s;

/// How long the DHT may take to find an entry of the account's own.
const DHT_TIMEOUT: Duration = Duration::from_secs(2);

/// The network drops entries after about two weeks.
const RENEWAL: Duration = Duration::from_secs(5 * 24 * 3600);

/// Pauses after a put that failed.
const RETRY: Backoff = Backoff { first: Duration::from_millis(500), longest: Duration::from_secs(60) };

/// Posts that are taken into the entries at a time.
const BATCH: usize = 64;

struct Carrier {
    context: Context,
    carry: Carry,
    /// Sequence numbers that entries were last put with.
    seqs: HashMap<String, u64>,
}

pub(super) async fn drive(context: Context, mut posted: mpsc::UnboundedReceiver<SignedPost>) {
    let carry = context.store.carry().await.unwrap_or_else(|error| {
        context.store_trouble(&error);
        Carry::default()
    });
    let mut carrier = Carrier { context: context.clone(), carry, seqs: HashMap::new() };
    let mut renewal = Instant::now() + RENEWAL;
    let mut attempt = 0;
    let mut batch = Vec::new();
    while context.prepared().await {
        if let Err(error) = carrier.put_some().await {
            tracing::debug!(%error, "an entry for the DHT was not put; it is tried again");
            if !context.pause(RETRY.pause(attempt)).await {
                return;
            }
            attempt += 1;
            continue;
        }
        attempt = 0;
        tokio::select! {
            () = context.stop.cancelled() => return,
            () = tokio::time::sleep_until(renewal) => {
                carrier.carry.handle_renewal();
                renewal = Instant::now() + RENEWAL;
            }
            count = posted.recv_many(&mut batch, BATCH) => match count {
                0 => return,
                _ => carrier.handle_posted(std::mem::take(&mut batch)).await,
            },
        }
    }
}

impl Carrier {
    async fn handle_posted(&mut self, posts: Vec<SignedPost>) {
        let account = &self.context.account;
        // Somebody in the swarm carries the posts further, and the DHT is spared. When in doubt they are left there.
        if let Ok(Some(status)) = self.context.client.torrent_status(account).await
            && status.num_peers > 0
        {
            return;
        }
        for post in posts {
            self.carry.handle_posted(post.post.number, post.as_json().clone());
        }
        self.keep().await;
    }

    async fn put_some(&mut self) -> Result<(), RpcError> {
        let mut any = false;
        while let Some(put) = self.carry.poll_put() {
            self.put(&put).await?;
            self.carry.handle_put(&put);
            any = true;
        }
        if any {
            self.keep().await;
        }
        Ok(())
    }

    async fn put(&mut self, put: &Put) -> Result<(), RpcError> {
        let account = &self.context.account;
        let client = &self.context.client;
        let last = match self.seqs.get(&put.resource) {
            Some(seq) => *seq,
            None => {
                let found = client.dht_get(account.as_str(), &put.resource, DhtKind::Single, Some(DHT_TIMEOUT)).await?;
                found.iter().filter_map(|entry| entry.seq).max().unwrap_or(0)
            }
        };
        // An entry that the DHT did not find may be there all the same, but no entry was put a billion times: the time
        // is a number that none has reached.
        let seq = (last + 1).max(now_s());
        let how = DhtPut::Single { seq: u32::try_from(seq).unwrap_or(u32::MAX) };
        client.dht_put(account.as_str(), &put.resource, how, &put.value, account).await?;
        self.seqs.insert(put.resource.clone(), seq);
        Ok(())
    }

    /// Writes down what is in the entries, so that the next start goes on with them.
    async fn keep(&self) {
        if let Err(error) = self.context.store.set_carry(&self.carry).await {
            self.context.store_trouble(&error);
        }
    }
}
