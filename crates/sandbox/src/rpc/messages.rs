//! Calls that send and read direct messages.

use rand::Rng;
use secp256k1::PublicKey;
use twister::bencode::Value;

use crate::direct_messages::StoredMessage;
use crate::ecies;
use crate::json::Json;
use crate::post::Draft;
use crate::rpc::error::RpcError;
use crate::rpc::params::{Param, Selection};
use crate::rpc::posts::sign;
use crate::rpc::{Answer, Call, Method};
use crate::world::SelfCopy;

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "newdirectmsg",
        counts: 4..=5,
        help: "newdirectmsg <from> <k> <to> <msg> [copy_self=false]\n\
            Post a new dm to swarm.\n\
            if copy_self true will increase k twice (two DMs).",
        run: new_message,
    },
    Method {
        name: "getdirectmsgs",
        counts: 3..=3,
        help: "getdirectmsgs <localuser> <count_per_user> \
            '[{\"username\":username,\"max_id\":max_id,\"since_id\":since_id},...]'\n\
            get (locally stored) decrypted direct messages sent/received by user <localuser>\n\
            max_id and since_id may be omited. up to <count_per_user> are returned for each remote user.",
        run: messages,
    },
    Method {
        name: "rescandirectmsgs",
        counts: 1..=1,
        help: "rescandirectmsgs <username>\n\
            rescan all streams of users we follow for new and old directmessages",
        run: rescan,
    },
];

/// Encrypts a payload for an account or a group; `refusal` is the answer if it has no key.
pub(super) fn seal(call: &Call<'_>, receiver: &str, payload: &Value, refusal: &str) -> Result<Value, RpcError> {
    // Keys of the wallet come first: only there are those of groups and of accounts that wait for a block.
    let own = call.world.nodes[call.node].wallet.key(receiver).map(|key| *key.public());
    let registered = || call.world.chain.account(receiver).map(|account| account.registration.public);
    let public: Option<PublicKey> = own.or_else(registered);
    let sealed = public.and_then(|public| ecies::encrypt(&payload.encode(), &public));
    sealed.ok_or_else(|| RpcError::new(RpcError::INTERNAL, refusal))
}

fn new_message(call: &mut Call<'_>) -> Answer {
    let params = call.params;
    let (from, first) = (params.at(0).text()?, params.at(1).int()?);
    let (to, text) = (params.at(2).text()?, params.at(3).bytes()?.to_vec());
    let copies_self = params.optional(4).map_or(Ok(false), |param| param.bool())?;

    let payload = [("msg", Value::Bytes(text.clone())), ("to", Value::from(to.as_str()))].into_iter().collect();
    let mut sealed = vec![seal(call, &to, &payload, "error encrypting to pubkey of destination user")?];
    if copies_self {
        let copy = seal(call, &from, &payload, "error encrypting to pubkey to ourselve")?;
        let is_first = match call.world.self_copy {
            SelfCopy::ByChance => rand::rng().random(),
            SelfCopy::First => true,
            SelfCopy::Last => false,
        };
        sealed.insert(usize::from(!is_first), copy);
    }

    let mut last = Json::Null;
    for (number, message) in (first..).zip(sealed) {
        let post = sign(call, &from, number, Draft { message: Some(message), ..Draft::default() })?;
        last = post.json();
        if !copies_self {
            // Before the post is stored, so that a message to a group is not listed again when it arrives here as well.
            let sent = StoredMessage { time: post.time, text: text.clone(), from_me: true, from: from.clone(), number };
            call.state().users.entry(from.clone()).or_default().append_sent(&to, sent);
        }
        call.world.publish(call.node, post);
    }
    Ok(last.into())
}

fn messages(call: &mut Call<'_>) -> Answer {
    let (username, count) = (call.params.at(0).text()?, call.params.at(1).count()?);
    let mut found = Vec::new();
    for peer in call.params.at(2).array()? {
        let selection = Selection::parse(Param(peer))?;
        let user = call.world.nodes[call.node].users.get(&username);
        let Some(list) = user.and_then(|user| user.messages.get(&selection.username)) else {
            continue;
        };
        let shown: Vec<_> =
            selection.positions(count, list.len()).map(|position| shown(position, &list[position])).collect();
        if !shown.is_empty() {
            found.push((selection.username, Json::Array(shown)));
        }
    }
    Ok(Json::object(found).into())
}

fn rescan(call: &mut Call<'_>) -> Answer {
    call.world.rescan(call.node, &call.params.at(0).text()?);
    Ok(Json::Null.into())
}

fn shown(position: usize, message: &StoredMessage) -> Json {
    Json::object([
        ("id", Json::from(position)),
        ("time", Json::Integer(message.time)),
        ("text", Json::text(&message.text)),
        ("fromMe", Json::Bool(message.from_me)),
        ("from", Json::text(&message.from)),
        ("k", Json::Integer(message.number)),
    ])
}
