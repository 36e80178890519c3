//! The calls that a node answers: which there are, and how one is carried out.
//!
//! Carrying out a call never waits. A call that takes its time at a real node says so in its [`Outcome`], and whoever
//! called does the waiting. Not in it: HTTP.

mod accounts;
mod blocks;
mod dht;
pub(crate) mod error;
mod groups;
mod keys;
mod messages;
mod params;
mod peek;
mod posts;
mod status;

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::json::Json;
use crate::node_state::NodeState;
use crate::world::World;
use error::RpcError;
use params::Params;
pub(crate) use peek::Peek;

/// How a call ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// With a result.
    Done(Json),
    /// With a result that comes later.
    After(Duration, Json),
    /// It looks for a post, until that is found or the time is over.
    Peeking(Peek),
}

impl From<Json> for Outcome {
    fn from(result: Json) -> Self {
        Self::Done(result)
    }
}

/// A call that is being carried out.
pub(crate) struct Call<'a> {
    pub(crate) world: &'a mut World,
    /// Index of the node that was called.
    pub(crate) node: usize,
    pub(crate) params: Params<'a>,
}

impl Call<'_> {
    fn state(&mut self) -> &mut NodeState {
        &mut self.world.nodes[self.node]
    }

    /// Height of the node's copy of the chain.
    fn height(&self) -> u32 {
        self.world.height_at(self.node)
    }
}

type Answer = Result<Outcome, RpcError>;

/// A method of a node.
struct Method {
    name: &'static str,
    /// How many parameters it takes.
    counts: RangeInclusive<usize>,
    /// What it answers when it gets another number of them.
    help: &'static str,
    run: fn(&mut Call<'_>) -> Answer,
}

/// Carries out a call.
pub(crate) fn call(world: &mut World, node: usize, method: &str, params: &[Json]) -> Answer {
    let tables = [blocks::METHODS, status::METHODS, accounts::METHODS, posts::METHODS, messages::METHODS];
    let more_tables = [dht::METHODS, groups::METHODS, peek::METHODS, keys::METHODS];
    let method = tables.iter().chain(&more_tables).flat_map(|table| table.iter()).find(|entry| entry.name == method);
    let Some(method) = method else {
        return Err(RpcError::new(RpcError::METHOD_NOT_FOUND, "Method not found"));
    };
    if !method.counts.contains(&params.len()) {
        return Err(wrong_count(method.help));
    }
    (method.run)(&mut Call { world, node, params: Params(params) })
}

/// The refusal of a call with a wrong number of parameters: the method's help text.
fn wrong_count(help: &str) -> RpcError {
    RpcError::new(RpcError::MISC, help)
}
