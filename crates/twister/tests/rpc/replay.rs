//! Every recorded exchange, replayed.

use std::time::Duration;

use serde_json::{Value, json};
use twister::wire::EncryptedMessage;
use twister::{
    BlockHeight, Client, CustomFields, DhtEntry, DhtKind, DhtPut, DirectMessage, FieldValue, MessageRange, NodeFault,
    Peer, PostFlags, PostKind, PostNumber, PostRange, PostRef, RpcError, SelfCopy, SignedPost, Username,
};

use crate::raw;
use crate::support::{Act, Recording, ScriptedServer, recordings};

/// Steps that no typed method can ask for: wrong on purpose, or of no use to a caller.
const UNTYPED: [&str; 10] = [
    "unknown method",
    "wrong parameter count: the help text is the error",
    "wrong parameter type",
    "create key, upper case",
    "create key, too long",
    "create key, empty",
    "negative k",
    "registration not verbose",
    "names exact",
    "dht put without seq",
];

/// What each recorded error means.
const FAULTS: [(&str, NodeFault); 30] = [
    ("unknown method", NodeFault::UnknownCommand),
    ("wrong parameter count: the help text is the error", NodeFault::Usage),
    ("wrong parameter type", NodeFault::Usage),
    ("raw: named params", NodeFault::MalformedRequest),
    ("raw: not json", NodeFault::MalformedRequest),
    ("create key again", NodeFault::NameInWallet),
    ("post before registration", NodeFault::QuotaExhausted),
    ("registration height before registration", NodeFault::NotRegistered),
    ("register twice while pending", NodeFault::RegistrationRefused),
    ("register: unknown key", NodeFault::KeyNotInWallet),
    ("register: name taken by another", NodeFault::NameTaken),
    ("register: name taken by another, send", NodeFault::KeyNotInWallet),
    ("registration while pending", NodeFault::NotRegistered),
    ("k over quota", NodeFault::QuotaExhausted),
    ("negative k", NodeFault::QuotaExhausted),
    ("post as a user whose key is not in this wallet", NodeFault::KeyNotInWallet),
    ("raw: post with \\u escapes is damaged", NodeFault::KeyNotInWallet),
    ("too large post", NodeFault::PostTooLarge),
    ("dm to unknown", NodeFault::UnknownRecipient),
    ("dm too large", NodeFault::PostTooLarge),
    ("dht put without seq", NodeFault::DhtPutRefused),
    ("dht put for another", NodeFault::DhtPutRefused),
    ("group info at dave", NodeFault::UnknownGroup),
    ("no swarm: peekpost times out", NodeFault::PostNotFound),
    ("carry: damaged", NodeFault::AuthorMismatch),
    ("carry: wrong number", NodeFault::NumberMismatch),
    ("carry: wrong author", NodeFault::AuthorMismatch),
    ("carry: not bencode", NodeFault::InvalidPost),
    ("carry: a node that does not follow the author", NodeFault::AuthorMismatch),
    // Part of a batch.
    ("raw: batch", NodeFault::UnknownCommand),
];

#[tokio::test]
async fn every_recorded_exchange_gives_its_typed_result_or_error() {
    let recordings = recordings();
    let mut server = ScriptedServer::start(recordings.iter().cloned().map(Box::new).map(Act::Replay)).await;
    let client = server.client();
    let mut replayed = 0;
    for recording in &recordings {
        match recording.is_raw() {
            true => raw::replay(recording, &mut server).await,
            false => replay(recording, &client, &mut server).await,
        }
        replayed += 1;
    }
    assert_eq!(replayed, 159);
    let named = UNTYPED.iter().copied().chain(FAULTS.map(|(step, _)| step));
    for step in named {
        assert!(recordings.iter().any(|recording| recording.step == step), "{step} is not recorded");
    }
}

/// What the error of `step` means.
pub fn fault(step: &str) -> NodeFault {
    let found = FAULTS.iter().find(|(of, _)| *of == step);
    found.unwrap_or_else(|| panic!("{step}: a recorded error that nobody has classified")).1
}

async fn replay(recording: &Recording, client: &Client, server: &mut ScriptedServer) {
    match UNTYPED.contains(&recording.step.as_str()) {
        true => {
            let outcome = client.call(recording.method(), recording.params().to_vec()).await;
            settle(recording, outcome, |result, recorded| assert_eq!(result, *recorded));
        }
        false => replay_typed(recording, client).await,
    }
    let request = server.request().await;
    let sent = request.json();
    assert_eq!(request.verb, "POST");
    assert_eq!(request.authorization.as_deref(), Some("Basic dXNlcjpjb3JyZWN0IGhvcnNl"));
    assert_eq!(sent["method"], recording.method());
    assert_eq!(sent["params"], Value::from(recording.params()), "{}", recording.step);
    assert!(sent["id"].is_number());
}

async fn replay_typed(recording: &Recording, client: &Client) {
    let params = recording.params();
    let user = |at: usize| -> Username { params[at].as_str().unwrap().parse().unwrap() };
    let number = |at: usize| PostNumber(params[at].as_u64().unwrap().try_into().unwrap());
    let count = |at: usize| -> u32 { params[at].as_u64().unwrap().try_into().unwrap() };
    let string = |at: usize| params[at].as_str().unwrap();
    let users = |at: usize| -> Vec<Username> { serde_json::from_value(params[at].clone()).unwrap() };
    match recording.method() {
        "getinfo" => settle(recording, client.info().await, |info, recorded| {
            let seen = json!({
                "version": info.version, "protocolversion": info.protocol_version, "blocks": info.blocks,
                "connections": info.connections, "dht_nodes": info.dht_nodes,
                "dht_global_nodes": info.dht_global_nodes, "dht_torrents": info.dht_torrents,
                "num_peers": info.num_peers, "ext_port1": info.ext_port1, "ext_port2": info.ext_port2,
                "ext_addr_net1": info.ext_addr_net1, "ext_addr_net2": info.ext_addr_net2, "testnet": info.testnet,
                "errors": info.warnings,
            });
            assert_members(&seen, recorded);
            assert_eq!(info.has_outside_address(), recording.step == "info");
        }),
        "getblockcount" => settle(recording, client.block_count().await, same),
        "getconnectioncount" => settle(recording, client.connection_count().await, same),
        "getbestblockhash" => settle(recording, client.best_block_hash().await, same),
        "getblockhash" => settle(recording, client.block_hash(BlockHeight(count(0))).await, same),
        "getblock" => settle(recording, client.block(string(0)).await, |block, recorded| {
            let seen = json!({
                "hash": block.hash, "height": block.height, "confirmations": block.confirmations, "time": block.time,
                "usernames": block.usernames, "tx": block.transactions, "previousblockhash": block.previous_hash,
            });
            assert_members(&seen, recorded);
        }),
        "getrawtransaction" => check_registration(recording, client.registration(&user(0)).await),
        "dumppubkey" => settle(recording, client.public_key(&user(0)).await, |key, recorded| {
            assert_eq!(key.as_deref(), recorded.as_str().filter(|key| !key.is_empty()));
        }),
        "listusernamespartial" => settle(recording, client.names_starting_with(string(0), count(1)).await, same),
        "getrawmempool" => settle(recording, client.pending_registrations().await, same),
        "getmininginfo" => settle(recording, client.mining_info().await, |info, recorded| {
            let seen = json!({
                "blocks": info.blocks, "generate": info.generate, "genproclimit": info.threads,
                "hashespersec": info.hashes_per_second, "difficulty": info.difficulty,
                "pooledtx": info.pending_registrations,
            });
            assert_members(&seen, recorded);
        }),
        "listwalletusers" => settle(recording, client.wallet_users().await, same),
        "createwalletuser" => settle(recording, client.create_wallet_user(&user(0)).await, |secret, recorded| {
            assert_eq!(secret.expose(), recorded);
        }),
        "sendnewusertransaction" => settle(recording, client.send_new_user_transaction(&user(0)).await, same),
        "follow" => settle(recording, client.follow(&user(0), &users(1)).await, nothing),
        "unfollow" => settle(recording, client.unfollow(&user(0), &users(1)).await, nothing),
        "getfollowing" => settle(recording, client.following(&user(0)).await, same),
        "getlasthave" => settle(recording, client.last_have(&user(0)).await, |numbers, recorded| {
            let seen = numbers.iter().map(|(name, number)| (name.to_string(), number.map_or(json!(-1), |n| json!(n))));
            assert_eq!(seen.collect::<Value>(), *recorded);
        }),
        "getnumpieces" => settle(recording, client.piece_counts(&user(0)).await, same),
        "torrentstatus" => settle(recording, client.torrent_status(&user(0)).await, |status, recorded| {
            let status = status.unwrap();
            let seen = json!({
                "num_peers": status.num_peers, "list_peers": status.list_peers,
                "connect_candidates": status.connect_candidates, "num_connections": status.num_connections,
                "num_pieces": status.num_pieces, "bitfield": status.bitfield, "has_incoming": status.has_incoming,
                "paused": status.paused,
            });
            assert_members(&seen, recorded);
        }),
        "newpostmsg" => {
            let reply = (params.len() > 3).then(|| PostRef { author: string(3).to_owned(), number: number(4) });
            let outcome = client.new_post(&user(0), number(1), string(2), reply.as_ref()).await;
            settle(recording, outcome, |post, recorded| {
                check_post(&post, recorded);
                assert_eq!(post.post.text(), string(2));
                assert_eq!(post.post.kind, reply.map_or(PostKind::Public, PostKind::Reply));
            });
        }
        "newpostcustom" => {
            let outcome = client.new_custom_post(&user(0), number(1), &custom_fields(&params[2])).await;
            settle(recording, outcome, |post, recorded| {
                check_post(&post, recorded);
                assert_eq!(post.post.fields["mqtt"], params[2]["mqtt"]);
                assert_eq!(post.post.fields.get("n2"), params[2].get("n2"));
                assert_eq!(post.post.text(), "", "the node drops the text of a custom post");
            });
        }
        "newpostraw" => {
            let bytes = twister::hex::decode(string(2)).unwrap();
            settle(recording, client.new_raw_post(&user(0), number(1), &bytes).await, nothing);
        }
        "newdirectmsg" => {
            let to: Peer = string(2).parse().unwrap();
            let copy = if params.len() > 4 { SelfCopy::Yes } else { SelfCopy::No };
            let outcome = client.new_direct_message(&user(0), number(1), &to, string(3), copy).await;
            settle(recording, outcome, |post, recorded| {
                check_post(&post, recorded);
                assert!(matches!(post.post.kind, PostKind::DirectMessage(_)));
                let taken = if copy == SelfCopy::Yes { number(1).next() } else { number(1) };
                assert_eq!(post.post.number, taken);
            });
        }
        "newgroupinvite" => {
            let group = string(2).parse().unwrap();
            settle(recording, client.new_group_invite(&user(0), number(1), &group, &users(3)).await, nothing);
        }
        "creategroup" => settle(recording, client.create_group(string(0)).await, same),
        "listgroups" => {
            let member = (!params.is_empty()).then(|| user(0));
            settle(recording, client.groups(member.as_ref()).await, same);
        }
        "getgroupinfo" => {
            settle(recording, client.group_info(&string(0).parse().unwrap()).await, |group, recorded| {
                let seen = json!({
                    "alias": group.alias, "description": group.description, "members": group.members,
                });
                assert_eq!(seen, *recorded);
            });
        }
        "getposts" => {
            let ranges: Vec<PostRange> = params[1].as_array().unwrap().iter().map(post_range).collect();
            let flags = params.get(2).map(|flags| {
                assert_eq!(*flags, 255);
                PostFlags::ALL
            });
            settle(recording, client.posts(count(0), &ranges, flags).await, check_posts);
        }
        "peekpost" => {
            let timeout = params.get(3).map(|seconds| Duration::from_secs(seconds.as_u64().unwrap()));
            let outcome = client.peek_post(&user(0), number(1), timeout).await;
            settle(recording, outcome, |post, recorded| check_post(&post, recorded));
        }
        "getmentions" => {
            let outcome = client.mentions(&user(0), count(1), MessageRange::default()).await;
            settle(recording, outcome, |mentions, recorded| {
                assert_eq!(mentions.len(), recorded.as_array().unwrap().len());
                for (mention, recorded) in mentions.iter().zip(recorded.as_array().unwrap()) {
                    assert_eq!(recorded["id"], mention.id);
                    assert_eq!(mention.post.signature, recorded["sig_userpost"]);
                    assert_eq!(mention.post.post.text(), recorded["userpost"]["msg"]);
                    assert_eq!(mention.post.as_json().get("id"), None);
                }
            });
        }
        "getdirectmsgs" => {
            let peer: Peer = params[2][0]["username"].as_str().unwrap().parse().unwrap();
            let bound = |name| params[2][0].get(name).map(|id: &Value| id.as_u64().unwrap().try_into().unwrap());
            let range = MessageRange { since: bound("since_id"), max: bound("max_id") };
            let outcome = client.direct_messages(&user(0), &peer, range, count(1)).await;
            settle(recording, outcome, |messages, recorded| {
                let seen: Vec<Value> = messages.iter().map(message_json).collect();
                assert_eq!(Value::from(seen), recorded.get(peer.as_str()).cloned().unwrap_or(json!([])));
            });
        }
        "rescandirectmsgs" => settle(recording, client.rescan_direct_messages(&user(0)).await, nothing),
        "dhtget" => {
            let kind = if string(2) == "s" { DhtKind::Single } else { DhtKind::Multi };
            let timeout = params.get(3).map(|millis| Duration::from_millis(millis.as_u64().unwrap()));
            settle(recording, client.dht_get(string(0), string(1), kind, timeout).await, check_entries);
        }
        "dhtput" => {
            let put = params.get(5).map_or(DhtPut::Multi, |_| DhtPut::Single { seq: count(5) });
            let outcome = client.dht_put(string(0), string(1), put, &params[3], &user(4)).await;
            settle(recording, outcome, nothing);
        }
        other => panic!("{}: nothing replays {other}", recording.step),
    }
}

/// Compares an outcome with the recorded one: an error by its code, words and meaning, a result by `check`.
fn settle<T: std::fmt::Debug>(recording: &Recording, outcome: Result<T, RpcError>, check: impl FnOnce(T, &Value)) {
    let recorded_error = &recording.response["error"];
    match outcome {
        Ok(result) => {
            assert!(recorded_error.is_null(), "{}: {result:?}", recording.step);
            check(result, recording.result());
        }
        Err(error) => {
            let message = recorded_error["message"].as_str().unwrap_or_else(|| panic!("{}: {error}", recording.step));
            let code = recorded_error["code"].as_i64().unwrap();
            assert_eq!(error, RpcError::Node { code, message: message.to_owned() });
            assert_eq!(error.node_fault(), Some(fault(&recording.step)), "{}", recording.step);
            assert!(!error.leaves_outcome_open());
        }
    }
}

fn same(result: impl serde::Serialize, recorded: &Value) {
    assert_eq!(json!(result), *recorded);
}

fn nothing((): (), recorded: &Value) {
    assert_eq!(*recorded, Value::Null);
}

/// Each member of `seen` is as recorded.
fn assert_members(seen: &Value, recorded: &Value) {
    for (name, value) in seen.as_object().unwrap() {
        assert_eq!(value, recorded.get(name).unwrap_or_else(|| panic!("{name} is not recorded")), "{name}");
    }
}

fn check_registration(recording: &Recording, outcome: Result<Option<twister::Registration>, RpcError>) {
    let Some(registration) = outcome.unwrap() else {
        assert_eq!(recording.response["error"]["code"], -5);
        assert_eq!(fault(&recording.step), NodeFault::NotRegistered);
        return;
    };
    let seen = json!({
        "username": registration.username, "height": registration.height, "txid": registration.txid,
        "confirmations": registration.confirmations, "pubKey": registration.public_keys,
        "blockhash": registration.block_hash, "blocktime": registration.block_time,
    });
    assert_members(&seen, recording.result());
}

fn check_post(signed: &SignedPost, recorded: &Value) {
    let (post, userpost) = (&signed.post, &recorded["userpost"]);
    assert_eq!(signed.signature, recorded["sig_userpost"]);
    assert_eq!(signed.as_json(), recorded);
    assert_eq!(signed.is_promoted(), userpost["n"] == "nobody");
    assert_eq!(post.author, userpost["n"]);
    assert_eq!(json!(post.number), userpost["k"]);
    assert_eq!(post.time, userpost["time"]);
    assert_eq!(json!(post.height), userpost["height"]);
    assert_eq!(json!(post.last_public), userpost["lastk"]);
    let halves = ["msg", "msg2"].map(|member| userpost[member].as_str().unwrap_or_default());
    assert_eq!(post.text(), halves.concat());
    let extra = |(name, _): &(&String, &Value)| ["mqtt", "n2"].contains(&name.as_str());
    let extra = userpost.as_object().unwrap().iter().filter(extra).map(|(name, value)| (name.clone(), value.clone()));
    assert_eq!(post.fields, extra.collect());
    match &post.kind {
        PostKind::DirectMessage(EncryptedMessage { body, key, mac, original_len }) => {
            assert_eq!(userpost["dm"]["body"], twister::hex::encode(body));
            assert_eq!(userpost["dm"]["key"], twister::hex::encode(key));
            assert_eq!(userpost["dm"]["mac"], twister::hex::encode(mac));
            assert_eq!(userpost["dm"]["orig"], *original_len);
        }
        PostKind::Reply(PostRef { author, number }) => {
            assert_eq!(userpost["reply"], json!({"n": author, "k": number}));
        }
        PostKind::Public => assert!(userpost.get("dm").is_none() && userpost.get("reply").is_none()),
        other => panic!("nothing of the kind was recorded: {other:?}"),
    }
}

fn check_posts(posts: Vec<SignedPost>, recorded: &Value) {
    let recorded = recorded.as_array().unwrap();
    assert_eq!(posts.len(), recorded.len());
    posts.iter().zip(recorded).for_each(|(post, recorded)| check_post(post, recorded));
}

fn check_entries(entries: Vec<DhtEntry>, recorded: &Value) {
    let recorded = recorded.as_array().unwrap();
    assert_eq!(entries.len(), recorded.len());
    for (entry, recorded) in entries.iter().zip(recorded) {
        assert_eq!(entry.value, recorded["p"]["v"]);
        assert_eq!(json!(entry.seq), recorded["p"]["seq"]);
        assert_eq!(entry.time, recorded["p"]["time"]);
        assert_eq!(json!(entry.height), recorded["p"]["height"]);
        assert_eq!(entry.signer, recorded["sig_user"]);
        if entry.value.get("userpost").is_some() {
            check_post(&SignedPost::from_json(entry.value.clone()).unwrap(), &recorded["p"]["v"]);
        }
    }
}

fn message_json(message: &DirectMessage) -> Value {
    json!({
        "id": message.id, "time": message.time, "text": message.text, "fromMe": message.from_me, "from": message.from,
        "k": message.number,
    })
}

fn post_range(recorded: &Value) -> PostRange {
    let bound =
        |name| recorded.get(name).map(|number: &Value| PostNumber(number.as_u64().unwrap().try_into().unwrap()));
    let username = recorded["username"].as_str().unwrap().parse().unwrap();
    PostRange { username, since: bound("since_id"), max: bound("max_id") }
}

pub fn custom_fields(recorded: &Value) -> CustomFields {
    let fields = recorded.as_object().unwrap().iter().map(|(name, value)| {
        let value = match value.as_str() {
            Some(text) => FieldValue::from(text),
            None => FieldValue::Integer(value.as_i64().unwrap().try_into().unwrap()),
        };
        (name.clone(), value)
    });
    fields.collect()
}
