//! Compares a reply with the recorded one, except for what must differ.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::http::Reply;
use crate::recording::Step;

/// Members whose texts differ from network to network, and are the same within one.
const OWN_TEXTS: &[&str] = &[
    "sig_userpost",
    "sig_p",
    "body",
    "key",
    "mac",
    "hex",
    "txid",
    "pubKey",
    "blockhash",
    "hash",
    "merkleroot",
    "tx",
    "previousblockhash",
    "alias",
];

/// Methods whose whole result is such a text, or a list of such.
const OWN_RESULTS: &[&str] = &[
    "createwalletuser",
    "sendnewusertransaction",
    "getrawmempool",
    "getrawtransaction",
    "dumppubkey",
    "getblockhash",
    "getbestblockhash",
    "creategroup",
    "listgroups",
];

/// Members that depend on the network that the sandbox does not have.
const OWN_NUMBERS: &[&str] = &[
    "connections",
    "dht_nodes",
    "dht_global_nodes",
    "ext_port1",
    "ext_port2",
    "difficulty",
    "download_rate",
    "upload_rate",
    "dht_download_rate",
    "dht_upload_rate",
    "total_download",
    "total_upload",
    "total_dht_download",
    "total_dht_upload",
];

/// Methods whose times are those of blocks, which had other ones when they were recorded.
const BLOCK_METHODS: &[&str] = &["getrawtransaction", "getblock"];

/// Shorter texts are not looked for inside others.
const LONG_TEXT: usize = 64;

/// Which text of this network stands for which recorded one.
#[derive(Debug, Default)]
pub struct Masks {
    own_texts: BTreeMap<String, String>,
}

impl Masks {
    /// A recorded request with this network's texts in place of the recorded ones.
    pub fn translate(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.translate_text(text)),
            Value::Array(items) => items.iter().map(|item| self.translate(item)).collect(),
            Value::Object(members) => {
                members.iter().map(|(name, value)| (self.translate_text(name), self.translate(value))).collect()
            }
            other => other.clone(),
        }
    }

    /// The differences between a reply and the recorded one.
    pub fn compare(&mut self, step: &Step, reply: &Reply) -> Vec<String> {
        let mut found = Differences::default();
        found.check("status", &step.status, &reply.status);
        found.check("HTTP version", &step.http_version, &reply.http_version);
        found.check("content type", &step.content_type.as_deref(), &reply.header("content-type"));
        found.check("connection", &step.connection.as_deref(), &reply.header("connection"));
        if let Value::String(page) = &step.response {
            found.check("page", &page.as_str(), &String::from_utf8_lossy(&reply.body).as_ref());
            return found.0;
        }
        let (mut recorded, mut actual) = (step.response.clone(), reply.json());
        if ["getposts", "listwalletusers"].contains(&step.method()) {
            sort(&mut recorded["result"]);
            sort(&mut actual["result"]);
        }
        self.compare_value(step.method(), "", &recorded, &actual, &mut found);
        found.0
    }

    fn compare_value(&mut self, method: &str, path: &str, recorded: &Value, actual: &Value, found: &mut Differences) {
        let name = path.rsplit('/').find(|part| part.parse::<usize>().is_err()).unwrap_or_default();
        match (recorded, actual) {
            (Value::Object(recorded), Value::Object(actual)) => {
                self.compare_members(method, path, recorded, actual, found);
            }
            (Value::Array(recorded), Value::Array(actual)) => {
                found.check(&format!("length of {path}"), &recorded.len(), &actual.len());
                for (i, (recorded, actual)) in recorded.iter().zip(actual).enumerate() {
                    self.compare_value(method, &format!("{path}/{i}"), recorded, actual, found);
                }
            }
            (Value::String(recorded), Value::String(actual)) if is_own_text(method, name, recorded) => {
                let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
                found.check(&format!("length of {path}"), &recorded.len(), &actual.len());
                found.check(&format!("kind of {path}"), &is_hex(recorded), &is_hex(actual));
                let bound = self.own_texts.entry(recorded.clone()).or_insert_with(|| actual.clone());
                found.check(path, &*bound, actual);
            }
            (Value::Number(_), Value::Number(_)) if OWN_NUMBERS.contains(&name) => {}
            (Value::Number(_), Value::Number(_)) if is_block_time(method, name) => {}
            _ => found.check(path, recorded, actual),
        }
    }

    fn compare_members(
        &mut self,
        method: &str,
        path: &str,
        recorded: &Map<String, Value>,
        actual: &Map<String, Value>,
        found: &mut Differences,
    ) {
        let names: Vec<_> = recorded.keys().map(|name| self.translate_text(name)).collect();
        found.check(&format!("members of {path}"), &names, &actual.keys().cloned().collect());
        for (name, recorded) in recorded {
            if let Some(actual) = actual.get(&self.translate_text(name)) {
                self.compare_value(method, &format!("{path}/{name}"), recorded, actual, found);
            }
        }
    }

    fn translate_text(&self, text: &str) -> String {
        if let Some(own) = self.own_texts.get(text) {
            return own.clone();
        }
        let long = self.own_texts.iter().filter(|(recorded, _)| recorded.len() >= LONG_TEXT);
        long.fold(text.to_owned(), |text, (recorded, own)| text.replace(recorded, own))
    }
}

/// What differs.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn check<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, recorded: &T, actual: &T) {
        if recorded != actual {
            self.0.push(format!("{what} was {recorded:?}, is {actual:?}"));
        }
    }
}

fn is_own_text(method: &str, name: &str, text: &str) -> bool {
    !text.is_empty() && (OWN_TEXTS.contains(&name) || (name == "result" && OWN_RESULTS.contains(&method)))
}

fn is_block_time(method: &str, name: &str) -> bool {
    BLOCK_METHODS.contains(&method) && ["time", "blocktime"].contains(&name)
}

/// Sorts a list whose order says nothing: names, and posts of one second, which real nodes show in either order.
fn sort(list: &mut Value) {
    let Value::Array(items) = list else {
        return;
    };
    items.sort_by_key(|item| {
        let post = &item["userpost"];
        let (time, number) = (post["time"].as_i64().unwrap_or(0), post["k"].as_i64().unwrap_or(0));
        (std::cmp::Reverse(time), number, item.as_str().unwrap_or_default().to_owned())
    });
}
