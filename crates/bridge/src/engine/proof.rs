//! Whether what the node took is out: only then a frame is done.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::mpsc;
use twister::{PostNumber, SignedPost};

use super::Context;
use super::poster::Halt;
use super::readback::{find_out, own_posts};
use crate::outgoing::Fate;
use crate::store::{FrameRow, StoreError};

/// Looks for a post that the node took before it counts as lost, and the pause between two.
const READBACK_ATTEMPTS: u32 = 10;
const READBACK_PAUSE: Duration = Duration::from_millis(100);

/// Finds out what became of posts.
#[derive(Clone)]
pub(super) struct Proof {
    pub context: Context,
    /// Takes posts that are out, to leave them in the DHT where that is needed.
    pub carrier: mpsc::UnboundedSender<SignedPost>,
}

/// A frame that the node took, with the proof to look for.
pub(super) struct Posted {
    pub frame: FrameRow,
    pub number: PostNumber,
    pub post: SignedPost,
}

impl Proof {
    /// Frames that may have gone out before a crash or a lost reply: those that are out are done, the others wait for a
    /// new number.
    pub(super) async fn settle_doubtful(&self) -> Result<(), Halt> {
        for frame in self.context.sending(|sender, _| sender.doubtful_frames()).await? {
            let Some(number) = frame.post else { continue };
            let found = find_out(&self.context, &frame, number).await?;
            let fate = if found.is_some() { Fate::Out } else { Fate::Absent };
            self.settle(frame, number, fate).await?;
            found.into_iter().for_each(|post| self.carry(post));
        }
        Ok(())
    }

    pub(super) async fn settle(&self, frame: FrameRow, number: PostNumber, fate: Fate) -> Result<(), StoreError> {
        let settled = self.context.sending(move |sender, now| sender.settle_post(frame.id, number, fate, now));
        self.context.tell_outcomes(settled.await?);
        Ok(())
    }

    /// Looks whether the posts are out. One whose number another client took is posted again under a new one.
    pub(super) async fn read_back(&self, mut posted: Vec<Posted>) -> Result<(), Halt> {
        for attempt in 0..READBACK_ATTEMPTS {
            let (Some(first), Some(last)) = (posted.first(), posted.last()) else { return Ok(()) };
            if attempt > 0 {
                tokio::time::sleep(READBACK_PAUSE).await;
            }
            let found = own_posts(&self.context, first.number, last.number).await?;
            let signatures: HashMap<PostNumber, String> =
                found.into_iter().map(|found| (found.post.number, found.signature)).collect();
            let (mut out, mut absent) = (Vec::new(), Vec::new());
            for one in posted {
                match signatures.get(&one.number) {
                    Some(signature) if *signature == one.post.signature => out.push(one),
                    Some(_) => {
                        let number = one.number;
                        tracing::info!(%number, "another client of the account has used this number; posting again");
                        self.settle(one.frame, number, Fate::Stolen).await?;
                    }
                    None => absent.push(one),
                }
            }
            if !out.is_empty() {
                let frames: Vec<_> = out.iter().map(|one| (one.frame.id, one.number)).collect();
                let settled = self.context.sending(move |sender, now| sender.settle_out(&frames, now)).await?;
                self.context.tell_outcomes(settled);
                out.into_iter().for_each(|one| self.carry(one.post));
            }
            posted = absent;
        }
        for one in posted {
            tracing::warn!(number = one.number.0, "the node took a post and does not have it; it is posted again");
            self.settle(one.frame, one.number, Fate::Absent).await?;
        }
        Ok(())
    }

    pub(super) fn carry(&self, post: SignedPost) {
        // The carrier is gone only when the bridge stops.
        let _ = self.carrier.send(post);
    }
}
