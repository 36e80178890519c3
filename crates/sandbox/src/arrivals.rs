//! How posts come to a node: at once, late, out of order, or when told to.

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

use crate::post::Post;

/// How posts come to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Arrivals {
    /// In order, before the reply to whoever posted them.
    #[default]
    AtOnce,
    /// In order, each so much later.
    After(Duration),
    /// Each after its own time, drawn from zero up to `most`, so that later posts overtake earlier ones.
    Scattered {
        /// The longest delay.
        most: Duration,
        /// Equal seeds draw equal delays.
        seed: u64,
    },
    /// Not before they are released.
    Held,
}

/// In which order held posts are released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReleaseOrder {
    /// As they were posted.
    AsPosted,
    /// The last one first.
    Reversed,
    /// In an order drawn by chance; equal seeds draw equal orders.
    Shuffled {
        /// What the order is drawn from.
        seed: u64,
    },
    /// These numbers first, in this order, then the others as they were posted.
    Numbers(Vec<u32>),
}

/// When a post is to be handed over.
pub(crate) enum When {
    Now,
    In(Duration),
    /// The post stays in the mailbox.
    OnRelease,
}

/// Posts on their way, and the rule by which they come.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    rule: Arrivals,
    dice: Option<StdRng>,
    held: Vec<Arc<Post>>,
}

impl Mailbox {
    /// Sets the rule for posts to come. Answers with the posts that the old rule held, which are due now.
    pub(crate) fn set_rule(&mut self, rule: Arrivals) -> Vec<Arc<Post>> {
        self.rule = rule;
        self.dice = match rule {
            Arrivals::Scattered { seed, .. } => Some(StdRng::seed_from_u64(seed)),
            _ => None,
        };
        match rule {
            Arrivals::Held => Vec::new(),
            _ => std::mem::take(&mut self.held),
        }
    }

    /// Takes a post in and says when it is due.
    pub(crate) fn accept(&mut self, post: &Arc<Post>) -> When {
        match self.rule {
            Arrivals::AtOnce => When::Now,
            Arrivals::After(delay) => When::In(delay),
            Arrivals::Scattered { most, .. } => {
                let share = self.dice.as_mut().map_or(0.0, Rng::random::<f64>);
                When::In(most.mul_f64(share))
            }
            Arrivals::Held => {
                let is_held = |held: &Arc<Post>| (&held.author, held.number) == (&post.author, post.number);
                if !self.held.iter().any(is_held) {
                    self.held.push(Arc::clone(post));
                }
                When::OnRelease
            }
        }
    }

    pub(crate) fn held(&self) -> &[Arc<Post>] {
        &self.held
    }

    /// The held posts, to be handed over in this order. Later ones are held as before.
    pub(crate) fn release(&mut self, order: &ReleaseOrder) -> Vec<Arc<Post>> {
        let mut posts = std::mem::take(&mut self.held);
        match order {
            ReleaseOrder::AsPosted => {}
            ReleaseOrder::Reversed => posts.reverse(),
            ReleaseOrder::Shuffled { seed } => posts.shuffle(&mut StdRng::seed_from_u64(*seed)),
            ReleaseOrder::Numbers(numbers) => {
                let place = |post: &Arc<Post>| numbers.iter().position(|number| *number == post.number);
                posts.sort_by_key(|post| place(post).unwrap_or(numbers.len()));
            }
        }
        posts
    }
}
