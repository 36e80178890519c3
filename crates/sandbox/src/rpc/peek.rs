//! The call that fetches a single post from wherever it is.

use std::time::Duration;

use twister::bencode::Value;

use crate::dht::Target;
use crate::json::Json;
use crate::post;
use crate::rpc::error::RpcError;
use crate::rpc::{Answer, Call, Method, Outcome};
use crate::world::World;

/// How long a node looks for a post unless told otherwise.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(90);

pub(super) const METHODS: &[Method] = &[Method {
    name: "peekpost",
    counts: 2..=4,
    help: "peekpost <username> <k> [field='*'] [timeout_sec=90]\n\
        Peek post from best/faster available source, either\n\
        local torrent, DHT or remote torrent (peek extension).\n\
        field is a convenience to return specific post field(s)\n\
        instead of the whole post (eg. 'url' or 'url,mimetype')",
    run: peek,
}];

/// A look for a post that is not at hand.
#[derive(Debug)]
pub(crate) struct Peek {
    pub(crate) author: String,
    pub(crate) timeout: Duration,
    number: u32,
    field: String,
}

impl Peek {
    /// Looks in the DHT and at joined nodes.
    pub(crate) fn find(&self, world: &World, node: usize) -> Option<Json> {
        let target = Target::single(&self.author, &format!("post{}", self.number));
        let announced = world.dht_get(node, &target).into_iter().next();
        let announced = announced.and_then(|entry| entry.framed.as_dictionary()?.get(b"v".as_slice()).cloned());
        let collected = || {
            let mut peers = world.peers_of(node, &self.author).into_iter();
            peers.find_map(|peer| world.nodes[peer].swarms.get(&self.author)?.get(self.number))
        };
        let signed = announced.or_else(|| Some(collected()?.signed.clone()))?;
        Some(self.pick(&signed))
    }

    /// What the call answers when the time is over.
    pub(crate) fn timed_out() -> RpcError {
        RpcError::new(RpcError::TIMEOUT, "timeout or post not found")
    }

    /// The whole post or the fields that were asked for.
    fn pick(&self, signed: &Value) -> Json {
        let signed = post::hex_members(signed);
        let fields = signed.as_dictionary().and_then(|post| post.get(b"userpost".as_slice())?.as_dictionary());
        let text = |name: &str| {
            let text = fields.and_then(|fields| fields.get(name.as_bytes())?.as_bytes());
            text.map(Json::text)
        };
        match self.field.as_str() {
            "*" => Json::from(&signed),
            list if list.contains(',') => {
                Json::Array(list.split(',').map(|name| text(name).unwrap_or_else(|| Json::text(""))).collect())
            }
            name => text(name).unwrap_or(Json::Null),
        }
    }
}

fn peek(call: &mut Call<'_>) -> Answer {
    let params = call.params;
    let author = params.at(0).text()?;
    let number = u32::try_from(params.at(1).int()?).unwrap_or(0);
    let field = params.optional(2).map_or_else(|| Ok("*".to_owned()), |param| param.text())?;
    let timeout = params.optional(3).map(|param| param.count()).transpose()?;
    let timeout =
        timeout.map_or(DEFAULT_TIMEOUT, |seconds| Duration::from_secs(seconds.try_into().unwrap_or(u64::MAX)));
    let peek = Peek { author, timeout, number, field };

    if let Some(swarm) = call.world.nodes[call.node].swarms.get(&peek.author) {
        // A node that collects the posts does not look elsewhere.
        let post = swarm.get(number).ok_or_else(Peek::timed_out)?;
        return Ok(peek.pick(&post.signed).into());
    }
    let is_registered = call.world.chain.account(&peek.author).is_some();
    if !is_registered || call.state().peeking.contains(&peek.author) {
        return Err(RpcError::new(RpcError::BUSY, "resource busy, try again"));
    }
    if let Some(found) = peek.find(call.world, call.node) {
        return Ok(found.into());
    }
    call.state().peeking.insert(peek.author.clone());
    Ok(Outcome::Peeking(peek))
}
