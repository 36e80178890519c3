//! Whether a reply is like the recorded one: the same kinds of values in the same places, and the same codes. Numbers, texts
//! and how many there are depend on the network, and are compared only where the caller chose them.

use serde_json::{Map, Value};

use super::scenario::LARGE;

/// What of a call's result is demanded, where a node may leave out the rest.
const DEMANDED_MEMBERS: &[(&str, &[&str])] = &[
    ("getinfo", &["version", "protocolversion", "blocks", "connections", "timeoffset", "dht_nodes", "ext_addr_net2"]),
    ("getmininginfo", &["blocks", "generate", "genproclimit", "difficulty", "pooledtx"]),
    ("getblock", &["hash", "height", "confirmations", "time"]),
    ("torrentstatus", &["num_peers", "num_pieces", "has_incoming", "paused"]),
];

/// Members whose values the caller has given.
const GIVEN_MEMBERS: &[&str] = &["n", "k", "msg", "msg2", "mqtt", "n2", "t", "r", "username"];

/// Calls whose results have one number for each account: the numbers never fall, and may lag behind.
const COUNTS: &[&str] = &["getlasthave", "getnumpieces"];

/// So much of a long text is in a field of its own.
const FIRST_FIELD: usize = 140;

/// What the node said about why it refused, where the program reads it.
const REASONS: &[&str] = &[
    "TX rejected",
    "exists in wallet",
    "exists in tx database",
    "must exist in wallet",
    "too much posts from user",
    "bad bencoded post size",
    "signing",
    "encrypting",
    "group",
    "transaction",
];

/// What is unlike; `recorded` speaks of this network's accounts already.
pub fn differences(method: &str, recorded: &Value, actual: &Value) -> Vec<String> {
    let mut found = Vec::new();
    match (recorded, actual) {
        (Value::Array(recorded), Value::Array(actual)) if recorded.len() == actual.len() => {
            let pairs = recorded.iter().zip(actual);
            found.extend(pairs.flat_map(|(recorded, actual)| differences(method, recorded, actual)));
        }
        (Value::Object(_), Value::Object(_)) => {
            compare_errors(&recorded["error"], &actual["error"], &mut found);
            if recorded["error"].is_null() {
                compare_results(method, &recorded["result"], &actual["result"], &mut found);
            }
            if recorded["id"] != actual["id"] {
                found.push(format!("id is {}", actual["id"]));
            }
        }
        _ => found.push(format!("the reply is {actual}")),
    }
    found
}

fn compare_errors(recorded: &Value, actual: &Value, found: &mut Vec<String>) {
    if recorded["code"] != actual["code"] {
        found.push(format!("error is {actual}, was {recorded}"));
        return;
    }
    let said = |error: &Value, reason: &str| error["message"].as_str().is_some_and(|message| message.contains(reason));
    for reason in REASONS.iter().filter(|reason| said(recorded, reason) && !said(actual, reason)) {
        found.push(format!("the reason does not say {reason:?}: {}", actual["message"]));
    }
}

fn compare_results(method: &str, recorded: &Value, actual: &Value, found: &mut Vec<String>) {
    let demanded = DEMANDED_MEMBERS.iter().find(|(name, _)| *name == method).map(|(_, members)| *members);
    match (recorded, actual) {
        (Value::Object(recorded), Value::Object(_)) if demanded.is_some() => {
            let is_demanded = |name: &String| demanded.is_some_and(|members| members.contains(&name.as_str()));
            let recorded: Map<String, Value> = recorded
                .iter()
                .filter(|(name, _)| is_demanded(name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            compare("", &Value::Object(recorded), actual, found);
        }
        (Value::Object(recorded), Value::Object(actual)) if COUNTS.contains(&method) => {
            for (name, least) in recorded {
                if actual.get(name).and_then(Value::as_i64) < least.as_i64() {
                    found.push(format!("{name} has {:?}, should have {least}", actual.get(name)));
                }
            }
        }
        (Value::Array(recorded), Value::Array(actual)) if method == "getposts" => {
            let signed = |posts: &[Value]| -> Value {
                posts.iter().filter(|post| post["sig_userpost"] != "").cloned().collect()
            };
            compare("", &signed(recorded), &signed(actual), found);
        }
        _ => compare("", recorded, actual, found),
    }
}

fn compare(path: &str, recorded: &Value, actual: &Value, found: &mut Vec<String>) {
    let name = path.rsplit('/').next().unwrap_or_default();
    match (recorded, actual) {
        (Value::Object(recorded), Value::Object(actual)) => {
            for (name, recorded) in recorded {
                match actual.get(name) {
                    Some(actual) => compare(&format!("{path}/{name}"), recorded, actual, found),
                    None => found.push(format!("{path}/{name} is missing")),
                }
            }
        }
        (Value::Array(recorded), Value::Array(actual)) => compare_lists(path, recorded, actual, found),
        // What is as long as a post may be has another length here.
        (Value::String(recorded), Value::String(_)) if recorded.len() + FIRST_FIELD >= LARGE => {}
        (Value::Number(_) | Value::String(_), _) if GIVEN_MEMBERS.contains(&name) => {
            if recorded != actual {
                found.push(format!("{path} is {actual}, should be {recorded}"));
            }
        }
        (Value::Null, Value::Null)
        | (Value::Bool(_), Value::Bool(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::String(_), Value::String(_)) => {}
        _ => found.push(format!("{path} is {actual}, was {recorded}")),
    }
}

/// Lists have no useful order. What all recorded elements have in common, every element has to have.
fn compare_lists(path: &str, recorded: &[Value], actual: &[Value], found: &mut Vec<String>) {
    if recorded.is_empty() != actual.is_empty() {
        found.push(format!("{path} has {} elements, had {}", actual.len(), recorded.len()));
        return;
    }
    let Some(common) = recorded.iter().cloned().reduce(|one, other| in_common(&one, &other)) else { return };
    for (index, actual) in actual.iter().enumerate() {
        compare(&format!("{path}/{index}"), &common, actual, found);
    }
}

/// What two values have in common; of members whose values differ, only the kind. A value that was given is kept only if it
/// is the same in both.
fn in_common(one: &Value, other: &Value) -> Value {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let common = one.iter().filter_map(|(name, value)| {
                let theirs = other.get(name)?;
                let is_told_apart = GIVEN_MEMBERS.contains(&name.as_str()) && value != theirs;
                (!is_told_apart).then(|| (name.clone(), in_common(value, theirs)))
            });
            Value::Object(common.collect())
        }
        (Value::Array(one), Value::Array(other)) => one.iter().chain(other).cloned().collect(),
        _ => one.clone(),
    }
}
