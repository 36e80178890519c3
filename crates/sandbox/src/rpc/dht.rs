//! Calls that read and write the DHT.

use twister::bencode::Value;

use crate::dht::{Entry, Target};
use crate::json::Json;
use crate::post;
use crate::rpc::error::RpcError;
use crate::rpc::{Answer, Call, Method, Outcome};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "dhtput",
        counts: 5..=6,
        help: "dhtput <username> <resource> <s(ingle)/m(ulti)> <value> <sig_user> <seq>\nStore resource in dht network",
        run: put,
    },
    Method {
        name: "dhtget",
        counts: 3..=6,
        help: "dhtget <username> <resource> <s(ingle)/m(ulti)> [timeout_ms] [timeout_multi_ms] [min_multi]\n\
            Get resource from dht network",
        run: get,
    },
];

fn put(call: &mut Call<'_>) -> Answer {
    let params = call.params;
    let target = target(call)?;
    let value = post::unhex_members(&params.at(3).0.to_bencode());
    let signer = params.at(4).text()?;
    if call.state().wallet.key(&signer).is_none() {
        return Err(RpcError::new(RpcError::ACCOUNT_NAME, "Error: no sig_user in wallet"));
    }
    if !target.multi && params.len() != 6 {
        return Err(RpcError::new(RpcError::WALLET, "Seq parameter required for single"));
    }
    let seq = params.optional(5).map_or(Ok(-1), |param| param.int())?;
    if !target.multi && target.username != signer.as_bytes() {
        return Err(RpcError::new(RpcError::WALLET, "Username must be the same as sig_user for single"));
    }
    call.world.dht_put(call.node, target, value, &signer, seq);
    Ok(Json::Null.into())
}

fn get(call: &mut Call<'_>) -> Answer {
    let params = call.params;
    let target = target(call)?;
    for index in 3..params.len() {
        params.at(index).int()?;
    }
    let found = call.world.dht_get(call.node, &target);
    let shown = Json::Array(found.iter().map(|entry| shown(entry)).collect());
    // Once it has a reply, a node waits for better ones; when nobody has anything, it knows at once.
    Ok(if found.is_empty() { Outcome::Done(shown) } else { Outcome::After(call.world.dht_wait, shown) })
}

fn target(call: &Call<'_>) -> Result<Target, RpcError> {
    let username = call.params.at(0).bytes()?.to_vec();
    let resource = call.params.at(1).bytes()?.to_vec();
    let multi = call.params.at(2).bytes()? == b"m";
    Ok(Target { username, resource, multi })
}

fn shown(entry: &Entry) -> Json {
    let mut framed = entry.framed.clone();
    if let Value::Dictionary(members) = &mut framed
        && let Some(value) = members.get_mut(b"v".as_slice())
    {
        *value = post::hex_members(value);
    }
    Json::object([
        ("p", Json::from(&framed)),
        ("sig_p", Json::text(twister::hex::encode(&entry.signature))),
        ("sig_user", Json::text(&entry.signer)),
    ])
}
