//! Calls that make and read public posts.

use std::collections::BTreeMap;
use std::sync::Arc;

use twister::bencode::Value;

use crate::dht::Target;
use crate::json::Json;
use crate::node_state::{promoted_post, words};
use crate::post::{self, Draft, FLAGS_HOME, Flags, Post};
use crate::rpc::error::RpcError;
use crate::rpc::params::{Param, Selection};
use crate::rpc::{Answer, Call, Method, wrong_count};
use crate::swarm::Range;
use crate::world::Via;

const NEWPOSTMSG_HELP: &str = "newpostmsg <username> <k> <msg> [reply_n] [reply_k]\nPost a new message to swarm";

pub(super) const METHODS: &[Method] = &[
    Method { name: "newpostmsg", counts: 3..=5, help: NEWPOSTMSG_HELP, run: new_text },
    Method {
        name: "newpostcustom",
        counts: 3..=3,
        help: "newpostcustom <username> <k> '{\"field1\":value,\"field2\":value,...}'\n\
            Create a post with custom fields and add it to swarm",
        run: new_custom,
    },
    Method {
        name: "newpostraw",
        counts: 3..=3,
        help: "newpostraw <username> <k> <hexdata>\nPost a new raw post (already signed) to swarm",
        run: new_raw,
    },
    Method {
        name: "getposts",
        counts: 2..=4,
        help: "getposts <count> '[{\"username\":username,\"max_id\":max_id,\"since_id\":since_id},...]' \
            [allowed_flags=~2] [required_flags=0]\n\
            get posts from users\n\
            max_id and since_id may be omited\n\
            (optional) allowed/required flags are bitwise fields (1=RT,2=DM,4=FAV,12=PFAV)",
        run: posts,
    },
    Method {
        name: "getmentions",
        counts: 2..=3,
        help: "getmentions <localuser> <count> '{\"max_id\":max_id,\"since_id\":since_id}'\n\
            get (locally stored) mentions to user <localuser> by users followed.\n\
            (use 'dhtget user mention m' for non-followed mentions)\n\
            max_id and since_id may be omited. up to <count> posts are returned.",
        run: mentions,
    },
];

/// Signs a draft and lets the node take it in. Answers with the signed post, which is proof of nothing but that.
pub(super) fn publish(call: &mut Call<'_>, author: &str, number: i64, draft: Draft) -> Result<Value, RpcError> {
    let post = sign(call, author, number, draft)?;
    let signed = post.signed.clone();
    call.world.publish(call.node, post);
    Ok(signed)
}

/// Signs a draft, and checks the post as every node does before it takes one in.
pub(super) fn sign(call: &mut Call<'_>, author: &str, number: i64, draft: Draft) -> Result<Post, RpcError> {
    let signed = call.world.sign(call.node, author, number, draft);
    let signed =
        signed.ok_or_else(|| RpcError::new(RpcError::INTERNAL, "error signing post with private key of user"))?;
    let post = Post::accept(&signed.encode(), author, number, &call.world.chain);
    post.map_err(|reason| RpcError::new(RpcError::INVALID_PARAMS, reason))
}

fn new_text(call: &mut Call<'_>) -> Answer {
    let params = call.params;
    if params.len() == 4 {
        return Err(wrong_count(NEWPOSTMSG_HELP));
    }
    let (author, number) = (params.at(0).text()?, params.at(1).int()?);
    let text = params.at(2).bytes()?.to_vec();
    let reply_to = match params.len() {
        5 => Some((params.at(3).bytes()?.to_vec(), params.at(4).int()?)).filter(|(name, _)| !name.is_empty()),
        _ => None,
    };
    let fields = last_public(call, &author);
    let draft = Draft { fields, text: text.clone(), reply_to: reply_to.clone(), message: None };
    let signed = publish(call, &author, number, draft)?;

    announce(call, &author, number, &signed);
    if let Some((name, answered)) = reply_to {
        let target = Target::multi(name, &format!("replies{answered}"));
        call.world.dht_put(call.node, target, signed.clone(), &author, -1);
    }
    announce_words(call, &author, &String::from_utf8_lossy(&text), &signed);
    Ok(shown(&signed).into())
}

fn new_custom(call: &mut Call<'_>) -> Answer {
    let params = call.params;
    let (author, number) = (params.at(0).text()?, params.at(1).int()?);
    let mut fields = last_public(call, &author);
    for (name, value) in params.at(2).object()? {
        // Values of other types are left out without a word.
        let value = match value {
            Json::Text(text) => Value::Bytes(text.clone()),
            Json::Integer(_) => Value::Integer(Param(value).int()?),
            _ => continue,
        };
        fields.insert(name.clone(), value);
    }
    let signed = publish(call, &author, number, Draft { fields, ..Draft::default() })?;
    announce(call, &author, number, &signed);
    Ok(shown(&signed).into())
}

fn new_raw(call: &mut Call<'_>) -> Answer {
    let params = call.params;
    let (author, number) = (params.at(0).text()?, params.at(1).int()?);
    let bytes = post::parse_hex(params.at(2).bytes()?);
    let post = Post::accept(&bytes, &author, number, &call.world.chain);
    let post = post.map_err(|reason| RpcError::new(RpcError::INVALID_PARAMS, reason))?;
    if !call.state().swarms.contains_key(&author) {
        return Err(RpcError::new(RpcError::INTERNAL, "swarm resource forwarding not implemented"));
    }
    call.world.offer(call.node, Via::Rpc, &Arc::new(post));
    Ok(Json::Null.into())
}

fn posts(call: &mut Call<'_>) -> Answer {
    let count = call.params.at(0).count()?;
    let flags = |index: usize, default: Flags| match call.params.optional(index) {
        // Only the lowest bits stand for something.
        Some(param) => param.int().map(|flags| flags.to_le_bytes()[0]),
        None => Ok(default),
    };
    let (allowed, required) = (flags(2, FLAGS_HOME)?, flags(3, 0)?);
    let users = call.params.at(1).array()?;
    let selections: Vec<_> = users.iter().map(|user| Selection::parse(Param(user))).collect::<Result<_, _>>()?;

    let node = &call.world.nodes[call.node];
    let mut by_time: BTreeMap<i64, Vec<&Arc<Post>>> = BTreeMap::new();
    for selection in &selections {
        let range = Range { since: selection.since, max: selection.max, allowed, required };
        let swarm = node.swarms.get(&selection.username);
        for post in swarm.into_iter().flat_map(|swarm| swarm.newest(count, range)) {
            by_time.entry(post.time).or_default().push(post);
        }
    }
    // Newest second first; within a second the other way round.
    let newest = by_time.values().rev().flat_map(|second| second.iter().rev()).take(count);
    let mut found: Vec<_> = newest.map(|post| post.json()).collect();

    let now = call.world.clock.now();
    if let Some(height) = call.state().promoted.take_due(now) {
        found.insert(0, Json::from(&promoted_post(height, now)));
        call.world.is_changed = true;
    }
    Ok(Json::Array(found).into())
}

fn mentions(call: &mut Call<'_>) -> Answer {
    let (username, count) = (call.params.at(0).text()?, call.params.at(1).count()?);
    let selection = call.params.optional(2).map_or_else(|| Ok(Selection::all()), Selection::parse)?;
    let mentions = call.world.nodes[call.node].users.get(&username).map(|user| user.mentions.as_slice());
    let mentions = mentions.unwrap_or_default();
    let numbered = |position: usize| {
        let mut signed = post::hex_members(&mentions[position].signed);
        if let (Value::Dictionary(members), Ok(id)) = (&mut signed, i64::try_from(position)) {
            members.insert(b"id".to_vec(), Value::Integer(id));
        }
        Json::from(&signed)
    };
    Ok(Json::Array(selection.positions(count, mentions.len()).map(numbered).collect()).into())
}

/// The number of the author's public post before this one, in the form of a post's field.
fn last_public(call: &Call<'_>, author: &str) -> post::Dictionary {
    let swarm = call.world.nodes[call.node].swarms.get(author);
    let last = swarm.and_then(|swarm| swarm.newest(1, Range::all(FLAGS_HOME)).next());
    last.map(|post| (b"lastk".to_vec(), Value::Integer(post.number.into()))).into_iter().collect()
}

/// Puts a public post into the DHT, by its number and as the author's newest one.
fn announce(call: &mut Call<'_>, author: &str, number: i64, signed: &Value) {
    let by_number = Target::single(author, &format!("post{number}"));
    call.world.dht_put(call.node, by_number, signed.clone(), author, 1);
    call.world.dht_put(call.node, Target::single(author, "status"), signed.clone(), author, number);
}

/// Puts a public post into the DHT for everybody that it mentions and under every hashtag.
fn announce_words(call: &mut Call<'_>, author: &str, text: &str, signed: &Value) {
    for (mark, resource) in [('@', "mention"), ('#', "hashtag")] {
        for word in words(text, mark) {
            call.world.dht_put(call.node, Target::multi(word, resource), signed.clone(), author, -1);
        }
    }
}

fn shown(signed: &Value) -> Json {
    Json::from(&post::hex_members(signed))
}
