//! Calls about accounts: keys, registration, and who follows whom.

use std::collections::BTreeSet;

use crate::chain::{Registration, hash_text};
use crate::json::Json;
use crate::keys::Key;
use crate::rpc::error::RpcError;
use crate::rpc::{Answer, Call, Method};
use crate::swarm::Swarm;

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "listwalletusers",
        counts: 0..=0,
        help: "listwalletusers\nReturns the list of wallet usernames.",
        run: |call| Ok(Json::texts(call.state().wallet.accounts()).into()),
    },
    Method {
        name: "createwalletuser",
        counts: 1..=2,
        help: "createwalletuser <username> [replacekey]\n\
            Create a new key pair for user and add it to wallet\n\
            Use sendnewusertransaction to publish it to the network.\n\
            Returns key secret (keep it safe)",
        run: create_key,
    },
    Method {
        name: "sendnewusertransaction",
        counts: 1..=1,
        help: "sendnewusertransaction <username>\n\
            Send a transaction registering a previously created new user\n\
            using createwalletuser or imported to the wallet\n\
            Submits raw transaction (serialized, hex-encoded) to local node and network.",
        run: register,
    },
    Method {
        name: "dumppubkey",
        counts: 1..=1,
        help: "dumppubkey <username>\nReturns the public key of <username>.",
        run: public_key,
    },
    Method {
        name: "listusernamespartial",
        counts: 2..=3,
        help: "listusernamespartial <username_starts_with> <count> [exact_match=false]\n\
            get list of usernames starting with",
        run: names_from,
    },
    Method {
        name: "follow",
        counts: 2..=2,
        help: "follow <username> [follow_username1,follow_username2,...]\nstart following users",
        run: follow,
    },
    Method {
        name: "unfollow",
        counts: 2..=2,
        help: "unfollow <username> [unfollow_username1,unfollow_username2,...]\nstop following users",
        run: unfollow,
    },
    Method {
        name: "getfollowing",
        counts: 1..=1,
        help: "getfollowing <username>\nget list of users we follow",
        run: following,
    },
    Method {
        name: "getlasthave",
        counts: 1..=2,
        help: "getlasthave <username> | <groupname> [user1,user2...]\n\
            get last 'have' (higher post number) of each user local user follows.\n\
            if a groupname with an array is given, only those users' last 'have' values will be returned.",
        run: last_have,
    },
    Method {
        name: "getnumpieces",
        counts: 1..=1,
        help: "getnumpieces <username>\nget number of posts already downloaded for each user user we follow",
        run: piece_counts,
    },
];

fn create_key(call: &mut Call<'_>) -> Answer {
    let name = call.params.at(0).text()?;
    let replaces = call.params.optional(1).map_or(Ok(false), |param| param.bool())?;
    let refuse = |message: &str| Err(RpcError::new(RpcError::ACCOUNT_NAME, message));
    let has_key = call.state().wallet.key(&name).is_some();
    match (has_key, replaces) {
        (true, false) => return refuse("Error: this username exists in wallet"),
        (false, true) => return refuse("Error: replacekey given but old key not in wallet"),
        (true, true) => return Err(RpcError::new(RpcError::WALLET, "Error: moving key for replacement")),
        (false, false) => {}
    }
    if call.world.chain.account(&name).is_some() {
        return refuse("Error: this username exists in tx database");
    }
    let key = Key::generate();
    let secret = Json::text(key.to_backup_text());
    call.state().wallet.insert(name, key);
    call.world.is_changed = true;
    Ok(secret.into())
}

fn register(call: &mut Call<'_>) -> Answer {
    let username = call.params.at(0).text()?;
    let refuse = |message: &str| RpcError::new(RpcError::ACCOUNT_NAME, message);
    let public = call.state().wallet.key(&username).map(|key| *key.public());
    let public = public.ok_or_else(|| refuse("Error: username must exist in wallet"))?;
    if call.world.chain.account(&username).is_some() {
        return Err(refuse("Error: this username exists in tx database"));
    }
    let registration = Registration { username, public };
    let id = Json::text(hash_text(&registration.id()));
    if !call.world.chain.accept(registration) {
        return Err(RpcError::new(RpcError::REJECTED, "TX rejected"));
    }
    call.world.is_changed = true;
    Ok(id.into())
}

fn public_key(call: &mut Call<'_>) -> Answer {
    let account = call.world.chain.account(&call.params.at(0).text()?);
    let hex = account.map(|account| twister::hex::encode(&account.registration.public.serialize()));
    Ok(Json::text(hex.unwrap_or_default()).into())
}

fn names_from(call: &mut Call<'_>) -> Answer {
    let prefix = call.params.at(0).text()?;
    let count = call.params.at(1).count()?;
    // The node reads whether it is to be exact, but finds longer names in the chain all the same.
    call.params.optional(2).map_or(Ok(false), |param| param.bool())?;
    Ok(Json::texts(call.world.chain.names_from(&prefix).take(count)).into())
}

fn follow(call: &mut Call<'_>) -> Answer {
    let (follower, authors) = (call.params.at(0).text()?, call.params.at(1).texts()?);
    let node = call.node;
    authors.iter().for_each(|author| call.world.follow(node, &follower, author));
    Ok(Json::Null.into())
}

fn unfollow(call: &mut Call<'_>) -> Answer {
    let (follower, authors) = (call.params.at(0).text()?, call.params.at(1).texts()?);
    if let Some(user) = call.state().users.get_mut(&follower) {
        user.following.retain(|author| !authors.contains(author));
    }
    call.world.is_changed = true;
    Ok(Json::Null.into())
}

fn following(call: &mut Call<'_>) -> Answer {
    let names = followed_by(call, &call.params.at(0).text()?);
    Ok(Json::texts(names).into())
}

fn last_have(call: &mut Call<'_>) -> Answer {
    let names = match call.params.optional(1) {
        Some(names) => names.texts()?.into_iter().collect(),
        None => followed_by(call, &call.params.at(0).text()?),
    };
    Ok(of_swarms(call, names, Swarm::highest).into())
}

fn piece_counts(call: &mut Call<'_>) -> Answer {
    let names = followed_by(call, &call.params.at(0).text()?);
    Ok(of_swarms(call, names, |swarm| i64::try_from(swarm.len()).unwrap_or(i64::MAX)).into())
}

fn followed_by(call: &Call<'_>, follower: &str) -> BTreeSet<String> {
    let user = call.world.nodes[call.node].users.get(follower);
    user.map(|user| user.following.clone()).unwrap_or_default()
}

/// A number of each account's swarm; -1 where the node does not collect its posts.
fn of_swarms(call: &Call<'_>, names: BTreeSet<String>, number: impl Fn(&Swarm) -> i64) -> Json {
    let swarms = &call.world.nodes[call.node].swarms;
    Json::object(names.into_iter().map(|name| {
        let number = swarms.get(&name).map_or(-1, &number);
        (name, Json::Integer(number))
    }))
}
